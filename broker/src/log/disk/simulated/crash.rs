//! What a crash may leave of a disk.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Condvar, Mutex},
};

use super::{Files, Operation, Shared, Simulated, State, parent, write};

/// What becomes of data and names that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    /// All of it is lost: a power cut at the worst moment.
    Lost,
    /// All of it is kept: kill -9, or a power cut at the best moment.
    Kept,
    /// Each write as a whole is lost or kept.
    Reordered,
    /// Each 512 bytes of a write are lost or kept.
    TornSectors,
    /// Each 4096 bytes of a write are lost or kept.
    TornPages,
}

impl Simulated {
    /// The disk as it may be found after a crash behind the first `count` operations.
    pub(crate) fn crash(
        &self,
        count: usize,
        crash: Crash,
        random: &mut impl FnMut() -> u64,
    ) -> Self {
        let state = self.state();
        let done = &state.operations[..count];
        let mut files = Files {
            contents: contents(&state.base, done, crash, random),
            ..Files::default()
        };
        names(&state.base, done, crash, random, &mut files);
        let reachable: BTreeSet<usize> = files.names.values().copied().collect();
        files.contents.retain(|file, _| reachable.contains(file));
        for file in reachable {
            files.contents.entry(file).or_default();
        }
        let next_file = state.next_file;
        let state = State {
            base: files.clone(),
            now: files,
            next_file,
            ..State::default()
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }))
    }
}

/// Content of every file that may survive.
fn contents(
    base: &Files,
    done: &[Operation],
    crash: Crash,
    random: &mut impl FnMut() -> u64,
) -> HashMap<usize, Vec<u8>> {
    let mut synced_at = HashMap::new();
    for (place, operation) in done.iter().enumerate() {
        if let Operation::Sync { file } = operation {
            synced_at.insert(*file, place);
        }
    }
    let mut contents = base.contents.clone();
    for (place, operation) in done.iter().enumerate() {
        let (Operation::Write { file, .. } | Operation::Resize { file, .. }) = operation else {
            continue;
        };
        let is_safe = synced_at.get(file).is_some_and(|&synced| place < synced);
        let content = contents.entry(*file).or_default();
        match operation {
            Operation::Write {
                position, bytes, ..
            } => {
                let unit = match crash {
                    Crash::TornSectors => 512,
                    Crash::TornPages => 4096,
                    _ => bytes.len().max(1),
                };
                let mut at = 0;
                while at < bytes.len() {
                    // Units lie at multiples of their size in the file, as sectors and pages do.
                    let end = match crash {
                        Crash::TornSectors | Crash::TornPages => {
                            ((position + at) / unit + 1) * unit - position
                        }
                        _ => bytes.len(),
                    };
                    let end = end.min(bytes.len());
                    if is_safe || survives(crash, random) {
                        write(content, position + at, &bytes[at..end]);
                    }
                    at = end;
                }
            }
            Operation::Resize { size, .. } if is_safe || survives(crash, random) => {
                content.resize(*size, 0);
            }
            _ => {}
        }
    }
    contents
}

/// Names that may survive: per directory, what was synced and a first part of what was not.
fn names(
    base: &Files,
    done: &[Operation],
    crash: Crash,
    random: &mut impl FnMut() -> u64,
    files: &mut Files,
) {
    let mut kept = base.clone();
    for (synced, all) in changes_by_directory(done).values() {
        let open = all.len() - synced;
        let more = match crash {
            Crash::Lost => 0,
            Crash::Kept => open,
            _ => usize::try_from(random() % (open as u64 + 1)).unwrap(),
        };
        for operation in &all[..synced + more] {
            rename(&mut kept, operation);
        }
    }
    let dirs = kept.dirs;
    let exists = |dir: &str| dir.is_empty() || dirs.contains(dir);
    files.names = kept
        .names
        .into_iter()
        .filter(|(name, _)| exists(parent(name)))
        .collect();
    files.dirs = dirs
        .iter()
        .filter(|dir| exists(parent(dir)))
        .cloned()
        .collect();
}

/// What changed names in each directory, in order, and how many of the changes a sync of it covered.
fn changes_by_directory(done: &[Operation]) -> BTreeMap<String, (usize, Vec<&Operation>)> {
    let mut changes: BTreeMap<String, (usize, Vec<&Operation>)> = BTreeMap::new();
    for operation in done {
        match operation {
            Operation::MakeDir { name }
            | Operation::Create { name, .. }
            | Operation::Remove { name }
            | Operation::Rename { to: name, .. } => {
                let (_, all) = changes.entry(parent(name).to_owned()).or_default();
                all.push(operation);
            }
            Operation::SyncDir { dir } => {
                let (synced, all) = changes.entry(dir.clone()).or_default();
                *synced = all.len();
            }
            _ => {}
        }
    }
    changes
}

/// Does to names what an operation did.
fn rename(kept: &mut Files, operation: &Operation) {
    match operation {
        Operation::MakeDir { name } => {
            kept.dirs.insert(name.clone());
        }
        Operation::Create { name, file } => {
            kept.names.insert(name.clone(), *file);
        }
        Operation::Rename { from, to } => {
            if let Some(file) = kept.names.remove(from) {
                kept.names.insert(to.clone(), file);
            }
        }
        Operation::Remove { name } => {
            kept.names.remove(name);
            kept.dirs.remove(name);
        }
        _ => {}
    }
}

fn survives(crash: Crash, random: &mut impl FnMut() -> u64) -> bool {
    match crash {
        Crash::Lost => false,
        Crash::Kept => true,
        Crash::Reordered | Crash::TornSectors | Crash::TornPages => random().is_multiple_of(2),
    }
}
