//! A disk in memory that remembers every write and every sync in order, and can be cut off after any of them: what was not
//! synced is then lost, kept, reordered or torn.
//!
//! Its model: data of a file is safe once the file was synced after it was written; a name is safe once its directory was.
//! Data that was not synced survives sector by sector, in any combination; names survive in the order they changed.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io,
    ops::Range,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use super::{Disk, DiskFile, Space};

mod crash;
mod file;

pub(crate) use crash::Crash;
use file::SimulatedFile;

/// The system reads no less at once.
const PAGE_BYTES: usize = 4096;

/// One thing that happened.
#[derive(Debug, Clone)]
enum Operation {
    MakeDir {
        name: String,
    },
    Create {
        name: String,
        file: usize,
    },
    Rename {
        from: String,
        to: String,
    },
    Remove {
        name: String,
    },
    SyncDir {
        dir: String,
    },
    Write {
        file: usize,
        position: usize,
        bytes: Vec<u8>,
    },
    Resize {
        file: usize,
        size: usize,
    },
    Sync {
        file: usize,
    },
}

#[derive(Debug, Default, Clone)]
struct Files {
    names: BTreeMap<String, usize>,
    dirs: BTreeSet<String>,
    contents: HashMap<usize, Vec<u8>>,
}

#[derive(Debug, Default)]
struct State {
    /// What was there, safe, when this disk began.
    base: Files,
    now: Files,
    next_file: usize,
    operations: Vec<Operation>,
    locked: bool,
    held: bool,
    /// Syncs that wait to be let through.
    waiting: usize,
    /// Syncs of files to go until one fails.
    fail_after: Option<usize>,
    free_bytes: Option<u64>,
    /// Writes outside the shared log find no room.
    full: bool,
    /// Bytes of files that cannot be read.
    unreadable: Vec<(usize, Range<usize>)>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// The disk; clones are the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Simulated(Arc<Shared>);

impl Simulated {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much has happened.
    pub(crate) fn operation_count(&self) -> usize {
        self.state().operations.len()
    }

    /// The broker's process is gone: what it wrote is all there, and the lock is free.
    pub(crate) fn kill(&self) {
        self.state().locked = false;
    }

    /// The disk as it was when it began.
    pub(crate) fn rewind(&self) -> Self {
        self.crash(0, Crash::Kept, &mut || 0)
    }

    /// From now on a sync of a file does not return until this is lifted.
    pub(crate) fn hold_syncs(&self, held: bool) {
        self.state().held = held;
        self.0.changed.notify_all();
    }

    /// Waits until a sync is being held.
    pub(crate) fn wait_for_held_sync(&self) {
        self.wait_for_held_syncs(1);
    }

    /// Waits until so many syncs are being held.
    pub(crate) fn wait_for_held_syncs(&self, count: usize) {
        let mut state = self.state();
        while state.waiting < count {
            state = self
                .0
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets `count` more syncs of files pass and fails the one after.
    pub(crate) fn fail_sync_after(&self, count: usize) {
        self.state().fail_after = Some(count);
    }

    /// Whether writes that make a file of a partition longer find no room.
    pub(crate) fn set_full(&self, full: bool) {
        self.state().full = full;
    }

    pub(crate) fn set_free_bytes(&self, free_bytes: u64) {
        self.state().free_bytes = Some(free_bytes);
    }

    /// Flips bits of one byte of a file, as a failing disk does.
    pub(crate) fn damage(&self, name: &str, position: usize) {
        let mut state = self.state();
        let file = state.now.names[name];
        let content = state.now.contents.get_mut(&file).unwrap();
        content[position] ^= 0x55;
    }

    /// Has every read fail that touches the page of a byte of a file, as over a sector that the device has lost.
    pub(crate) fn lose(&self, name: &str, position: usize) {
        let mut state = self.state();
        let file = state.now.names[name];
        let first = position / PAGE_BYTES * PAGE_BYTES;
        state.unreadable.push((file, first..first + PAGE_BYTES));
    }

    /// Name and content of every file below a directory.
    pub(crate) fn files(&self, dir: &str) -> Vec<(String, Vec<u8>)> {
        let state = self.state();
        let below = state
            .now
            .names
            .iter()
            .filter(|(name, _)| parent(name) == dir);
        below
            .map(|(name, file)| (name.clone(), state.now.contents[file].clone()))
            .collect()
    }
}

fn write(content: &mut Vec<u8>, position: usize, bytes: &[u8]) {
    let end = position + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[position..end].copy_from_slice(bytes);
}

fn parent(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn not_found(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, name.to_owned())
}

impl Disk for Simulated {
    fn lock(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.locked {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.locked = true;
        Ok(())
    }

    fn create_dir(&self, dir: &str) -> io::Result<()> {
        if dir.is_empty() {
            return Ok(());
        }
        if !parent(dir).is_empty() {
            self.create_dir(parent(dir))?;
        }
        let mut state = self.state();
        if state.now.dirs.insert(dir.to_owned()) {
            state.operations.push(Operation::MakeDir {
                name: dir.to_owned(),
            });
        }
        Ok(())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        if !parent(name).is_empty() && !state.now.dirs.contains(parent(name)) {
            return Err(not_found(name));
        }
        let file = state.next_file;
        state.next_file += 1;
        state.now.names.insert(name.to_owned(), file);
        state.now.contents.insert(file, Vec::new());
        state.operations.push(Operation::Create {
            name: name.to_owned(),
            file,
        });
        Ok(Arc::new(SimulatedFile {
            disk: self.clone(),
            file,
        }))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = *self
            .state()
            .now
            .names
            .get(name)
            .ok_or_else(|| not_found(name))?;
        Ok(Arc::new(SimulatedFile {
            disk: self.clone(),
            file,
        }))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let state = self.state();
        if !dir.is_empty() && !state.now.dirs.contains(dir) {
            return Err(not_found(dir));
        }
        let all = state.now.names.keys().chain(&state.now.dirs);
        let below = all.filter(|name| parent(name) == dir);
        Ok(below
            .filter_map(|name| name.rsplit('/').next())
            .map(str::to_owned)
            .collect())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        let file = state
            .now
            .names
            .remove(from)
            .ok_or_else(|| not_found(from))?;
        state.now.names.insert(to.to_owned(), file);
        state.operations.push(Operation::Rename {
            from: from.to_owned(),
            to: to.to_owned(),
        });
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state
            .now
            .names
            .remove(name)
            .ok_or_else(|| not_found(name))?;
        state.operations.push(Operation::Remove {
            name: name.to_owned(),
        });
        Ok(())
    }

    fn remove_dir(&self, dir: &str) -> io::Result<()> {
        let mut state = self.state();
        if !state.now.dirs.remove(dir) {
            return Err(not_found(dir));
        }
        state.operations.push(Operation::Remove {
            name: dir.to_owned(),
        });
        Ok(())
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        let mut state = self.state();
        if !dir.is_empty() && !state.now.dirs.contains(dir) {
            return Err(not_found(dir));
        }
        state.operations.push(Operation::SyncDir {
            dir: dir.to_owned(),
        });
        Ok(())
    }

    fn space(&self) -> io::Result<Space> {
        let free_bytes = self.state().free_bytes.unwrap_or(1 << 40);
        Ok(Space {
            free_bytes,
            total_bytes: 1 << 40,
        })
    }
}
