//! What a broker's system calls promise about its data folder: bytes are on the disk once their file was synced, names once their
//! folder was. A sync covers what happened before it began, from the moment it returned.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::calls::{Call, moments};

/// What a trace shows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Writes to the shared log, its syncs, and answers to clients.
    pub(super) writes: usize,
    pub(super) syncs: usize,
    pub(super) answers: usize,
    /// Answers while bytes of the shared log, or the name of a file of it that has bytes, were not synced.
    pub(super) early: Vec<String>,
    /// Names made below the data folder, by creation and by renaming.
    pub(super) created: usize,
    pub(super) renamed: usize,
    /// Files that got their last name before their bytes were synced.
    pub(super) hasty: Vec<String>,
    /// Names whose folder was not synced in the end.
    pub(super) nameless: BTreeSet<String>,
}

#[derive(Default)]
struct State {
    data: String,
    /// The thread that writes the shared log.
    writer: String,
    /// Files with bytes, and folders with names, that no sync covers yet.
    bytes: BTreeSet<String>,
    names: BTreeMap<String, BTreeSet<String>>,
    known: BTreeSet<String>,
    written: BTreeSet<String>,
    /// Of each thread that is in a sync: the files and names that it covers when it returns.
    covers: HashMap<String, Cover>,
    seen: Seen,
}

#[derive(Default)]
struct Cover {
    bytes: BTreeSet<String>,
    names: BTreeSet<String>,
}

/// Follows a whole trace of a broker with its data in `data`, to which one client at a time waits for its answer.
pub(super) fn follow(trace: &str, data: &str) -> Seen {
    let calls = moments(trace);
    let log = format!("{data}/wal/");
    let mut state = State {
        data: data.to_owned(),
        writer: writer(&calls, &log),
        ..State::default()
    };
    for call in &calls {
        state.step(call);
    }
    state.seen.nameless = state.names.into_values().flatten().collect();
    state.seen
}

/// The thread that most often syncs the shared log. Another one may fill files of it with zeros that hold nothing yet.
fn writer(calls: &[Call], log: &str) -> String {
    let mut syncs: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls {
        if call.name.ends_with("sync") && call.did() && call.file().starts_with(log) {
            *syncs.entry(&call.process).or_default() += 1;
        }
    }
    let most = syncs.into_iter().max_by_key(|(_, count)| *count);
    most.map_or_else(String::new, |(process, _)| process.to_owned())
}

impl State {
    fn step(&mut self, call: &Call) {
        match call.name.as_str() {
            "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" if call.begins() => {
                self.write(&call.file(), &call.process);
            }
            "fdatasync" | "fsync" | "syncfs" if call.begins() => self.sync_begins(call),
            "fdatasync" | "fsync" | "syncfs" if call.did() => self.synced(call),
            "openat" if call.did() && call.has("O_CREAT") => self.name(&call.paths()[0], false),
            "mkdir" | "mkdirat" if call.did() => self.name(&call.paths()[0], false),
            "rename" | "renameat" | "renameat2" if call.did() => self.rename(&call.paths()),
            "unlink" | "unlinkat" if call.did() => self.forget(&call.paths()[0]),
            "sendto" | "sendmsg" if call.begins() && call.has("<socket:[") => self.answer(),
            _ => {}
        }
    }

    fn is_log(&self, path: &str) -> bool {
        path.starts_with(&format!("{}/wal/", self.data))
    }

    fn write(&mut self, file: &str, process: &str) {
        let nothing_yet = self.is_log(file) && process != self.writer;
        if !file.starts_with(&self.data) || nothing_yet {
            return;
        }
        self.seen.writes += usize::from(self.is_log(file));
        // A sync that is under way need not cover this.
        for cover in self.covers.values_mut() {
            cover.bytes.remove(file);
        }
        self.bytes.insert(file.to_owned());
        self.written.insert(file.to_owned());
    }

    fn sync_begins(&mut self, call: &Call) {
        let (everything, path) = (call.name == "syncfs", call.file());
        let names = self.names.iter();
        let names = names.filter(|(folder, _)| everything || **folder == path);
        let bytes = self.bytes.iter();
        let cover = Cover {
            bytes: bytes
                .filter(|file| everything || **file == path)
                .cloned()
                .collect(),
            names: names.flat_map(|(_, names)| names.clone()).collect(),
        };
        self.covers.insert(call.process.clone(), cover);
    }

    fn synced(&mut self, call: &Call) {
        self.seen.syncs += usize::from(self.is_log(&call.file()));
        let cover = self.covers.remove(&call.process).unwrap_or_default();
        for names in self.names.values_mut() {
            names.retain(|name| !cover.names.contains(name));
        }
        self.bytes.retain(|file| !cover.bytes.contains(file));
    }

    fn name(&mut self, path: &str, renamed: bool) {
        if !path.starts_with(&self.data) || !self.known.insert(path.to_owned()) && !renamed {
            return;
        }
        self.seen.created += usize::from(!renamed);
        self.seen.renamed += usize::from(renamed);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        // The data folder's own name is its owner's business, and a lock has no content.
        if folder.starts_with(&self.data) && !path.ends_with("/lock") {
            let names = self.names.entry(folder.to_owned()).or_default();
            names.insert(path.to_owned());
        }
    }

    fn rename(&mut self, paths: &[String]) {
        let [from, to] = paths else {
            return;
        };
        if self.bytes.remove(from) {
            self.seen.hasty.push(to.clone());
            self.bytes.insert(to.clone());
        }
        if self.written.remove(from) {
            self.written.insert(to.clone());
        }
        self.forget(from);
        self.name(to, true);
    }

    fn forget(&mut self, path: &str) {
        self.known.remove(path);
        self.bytes.remove(path);
        for names in self.names.values_mut() {
            names.remove(path);
        }
    }

    fn answer(&mut self) {
        self.seen.answers += 1;
        let bytes = self.bytes.iter().filter(|file| self.is_log(file));
        let names = self.names.values().flatten();
        let names = names.filter(|name| self.is_log(name) && self.written.contains(*name));
        let open: Vec<String> = bytes.chain(names).cloned().collect();
        self.seen.early.extend(open);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [&str; 12] = [
        r#"1 openat(3</x>, "/d/wal/0", O_RDWR|O_CREAT, 0666) = 4</d/wal/0>"#,
        r"1 fsync(5</d/wal>) = 0",
        r"2 writev(4</d/wal/0>, [...], 1) = 4096",
        r"2 fdatasync(4</d/wal/0>) = 0",
        r#"3 sendto(9<socket:[77]>, ""..., 46, MSG_NOSIGNAL, NULL, 0) = 46"#,
        r#"1 openat(3</x>, "/d/m.new", O_RDWR|O_CREAT, 0666) = 6</d/m.new>"#,
        r"1 fdatasync(6</d/m.new>) = 0",
        r#"1 rename("/d/m.new", "/d/m") = 0"#,
        r"1 fsync(7</d>) = 0",
        // The next round.
        r"2 writev(4</d/wal/0>, [...], 1) = 4096",
        r"2 fsync(4</d/wal/0>) = 0",
        r#"3 sendto(9<socket:[77]>, ""..., 46, MSG_NOSIGNAL, NULL, 0) = 46"#,
    ];

    /// What is seen when the lines that hold `without` are left out.
    fn seen(without: &str) -> Seen {
        let lines = GOOD
            .iter()
            .filter(|line| without.is_empty() || !line.contains(without));
        follow(&lines.copied().collect::<Vec<_>>().join("\n"), "/d")
    }

    #[test]
    fn all_promises_kept() {
        let expected = Seen {
            writes: 2,
            syncs: 2,
            answers: 2,
            created: 2,
            renamed: 1,
            ..Seen::default()
        };
        assert_eq!(seen(""), expected);
    }

    #[test]
    fn each_missing_sync_is_seen() {
        assert_eq!(seen("fdatasync(4").early, ["/d/wal/0"]);
        assert_eq!(seen("fsync(5").early, ["/d/wal/0"; 2]);
        assert_eq!(
            seen("fsync(7").nameless,
            BTreeSet::from(["/d/m".to_owned()])
        );
    }

    #[test]
    fn zeros_for_later_do_not_hold_answers_up() {
        let zeros = "7 pwrite64(8</d/wal/1>, ..., 4096, 0) = 4096";
        let trace = [&GOOD[..4], &[zeros], &GOOD[4..]].concat().join("\n");
        assert!(follow(&trace, "/d").early.is_empty());
    }

    #[test]
    fn a_sync_counts_from_its_return() {
        let trace = [
            GOOD[0],
            GOOD[1],
            GOOD[2],
            "2 fdatasync(4</d/wal/0> <unfinished ...>",
            GOOD[4],
            "2 <... fdatasync resumed>)   = 0",
        ];
        assert_eq!(follow(&trace.join("\n"), "/d").early, ["/d/wal/0"]);
    }

    #[test]
    fn a_file_is_not_renamed_before_it_is_synced() {
        let trace = [
            "1 writev(6</d/m.new>, [...], 1) = 30",
            r#"1 rename("/d/m.new", "/d/m") = 0"#,
        ];
        assert_eq!(follow(&trace.join("\n"), "/d").hasty, ["/d/m"]);
    }
}
