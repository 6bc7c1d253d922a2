//! A data folder that a real log wrote, kept in memory, and copies of it on a disk that costs nothing.
//!
//! What is in it is the same for every process, so that an input means the same everywhere: one append after the other, each
//! in its own round, and a checkpoint half way.

use std::{collections::BTreeMap, fs, io, path::Path, sync::Arc, time::Duration};

use broker::log::{
    Append, FatalHandler, Flush, Log, Options, Origin, PartitionKey, Policy, Snapshot,
};
use tempfile::TempDir;
use wire::{Uuid, record_batch::BatchBuilder};

use crate::{
    damage::Patch,
    reading::{Served, read_all},
};

/// Of the snapshot that the folder holds.
pub const SNAPSHOT: &str = "state";
/// Partitions 0 to this, less one.
pub const PARTITIONS: i32 = 3;
/// Appends before the checkpoint and after it; so many that partition 0 has closed segments on both sides.
const APPENDS: i64 = 12;
/// The segments of partition 0 are small, so that there are many and they have indexes.
const SEGMENT_BYTES: u64 = 600;

/// Changes to one folder; more of them leave nothing to look at.
const MAX_PATCHES: usize = 4;

/// The files of a data folder by their names.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A folder and what it holds.
#[derive(Debug)]
pub struct Base {
    /// Its files.
    pub files: Files,
    /// Every batch that was acknowledged.
    pub served: BTreeMap<PartitionKey, Served>,
}

/// A partition of the folder.
pub fn key(partition: i32) -> PartitionKey {
    PartitionKey {
        topic: Uuid([7; 16]),
        partition,
    }
}

/// Small files, and nothing that happens by time: threads wake up only for what a target asks.
pub fn options() -> Options {
    let never = Duration::from_hours(1);
    Options {
        tail_bytes: 4096,
        wal_file_bytes: Some(32 * 1024),
        start_file_bytes: 32 * 1024,
        write_behind_bytes: 1 << 20,
        write_behind_delay: never,
        checkpoint_bytes: 1 << 30,
        checkpoint_interval: never,
        follower_delay: never,
        reserve_bytes: 0,
        // The default ends the process, which the fuzzer takes for a crash; a log that has ended says so to its callers.
        on_fatal: FatalHandler(Arc::new(|_| {})),
        ..Options::default()
    }
}

impl Base {
    /// A folder that a broker left without an orderly stop. What came after its checkpoint is in the shared log alone, or
    /// with `written_behind` in segments too.
    pub fn crashed(written_behind: bool) -> Self {
        let options = Options {
            write_behind_delay: if written_behind {
                Duration::from_millis(1)
            } else {
                options().write_behind_delay
            },
            ..options()
        };
        Self::make(options, |log| {
            while written_behind && log.stats().behind_bytes > 0 {
                std::thread::yield_now();
            }
        })
    }

    /// A folder after an orderly stop: everything is in segments.
    pub fn closed() -> Self {
        Self::make(options(), |log| log.close().expect("an orderly stop"))
    }

    fn make(options: Options, end: impl FnOnce(&Log)) -> Self {
        let dir = memory_dir();
        let log = Log::open(dir.path(), options).expect("a new folder opens");
        for partition in 0..PARTITIONS {
            log.create(key(partition), policy(partition))
                .expect("the log runs");
        }
        for number in 0..APPENDS {
            put(&log, number);
        }
        log.save_snapshot(
            SNAPSHOT,
            &Snapshot {
                at: 5,
                bytes: vec![1; 40],
            },
        )
        .expect("room for a snapshot");
        log.trim(key(0), 1).expect("offset 1 is there");
        for number in APPENDS..2 * APPENDS {
            put(&log, number);
        }
        let served = (0..PARTITIONS)
            .map(|partition| (key(partition), read_all(&log, key(partition))))
            .collect();
        end(&log);
        drop(log);
        let mut files = Files::new();
        collect(dir.path(), "", &mut files).expect("the folder can be read");
        Self { files, served }
    }
}

fn policy(partition: i32) -> Policy {
    Policy {
        segment_bytes: if partition == 0 {
            SEGMENT_BYTES
        } else {
            1 << 20
        },
        ..Policy::default()
    }
}

/// Two of three appends go to partition 0, the others to the rest in turn.
fn put(log: &Log, number: i64) {
    let partition = if number % 3 < 2 {
        0
    } else {
        i32::from(number % 2 == 0) + 1
    };
    append(log, key(partition), number).expect("the log takes it");
}

/// Appends one batch of three records that say which they are; gives its first offset.
pub fn append(log: &Log, partition: PartitionKey, number: i64) -> Option<i64> {
    let mut builder = BatchBuilder::default();
    for record in 0..3 {
        let value = format!("value {number} {record} of {partition}");
        builder.push(
            Some(&number.to_be_bytes()),
            Some(value.as_bytes()),
            1000 * number + record,
        );
    }
    let append = Append {
        partition,
        batch: builder.build(),
        flush: Flush::Sync,
        sync_every: None,
        origin: Origin::Broker,
    };
    let ticket = log.append(vec![append]).ok()?;
    let appended = ticket.durable_blocking().ok()?;
    appended.first().map(|appended| appended.base_offset)
}

/// A folder in memory where the system has that.
fn memory_dir() -> TempDir {
    let made = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    made.expect("a temporary folder")
}

/// `files` in a folder that goes with its handle.
pub fn lay_out(files: &Files) -> TempDir {
    let dir = memory_dir();
    for name in ["wal", "partitions", "snapshots"] {
        fs::create_dir_all(dir.path().join(name)).expect("room for a folder");
    }
    for (name, content) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().expect("inside the folder")).expect("room for a folder");
        fs::write(path, content).expect("room for a file");
    }
    dir
}

/// Every file below `dir`, by its name from there.
pub fn files_in(dir: &Path) -> Files {
    let mut files = Files::new();
    collect(dir, "", &mut files).expect("the folder can be read");
    files
}

fn collect(root: &Path, below: &str, files: &mut Files) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|_| io::ErrorKind::InvalidData)?;
        let name = if below.is_empty() {
            name
        } else {
            format!("{below}/{name}")
        };
        if entry.file_type()?.is_dir() {
            collect(root, &name, files)?;
        } else {
            files.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(())
}

/// `files` with the first few of `patches` in those that `is_prey` names. What is changed goes through `seal`.
pub fn damaged(
    files: &Files,
    patches: &[Patch],
    is_prey: fn(&str) -> bool,
    seal: impl Fn(&str, &mut [u8]),
) -> Files {
    let mut files = files.clone();
    let names: Vec<_> = files.keys().filter(|name| is_prey(name)).cloned().collect();
    for patch in patches.iter().take(MAX_PATCHES) {
        let name = &names[usize::from(patch.file) % names.len()];
        let content = files.remove(name);
        if let Some(mut content) = content.and_then(|content| patch.change.apply(content)) {
            seal(name, &mut content);
            files.insert(name.clone(), content);
        }
    }
    files
}

/// Whether a file's name ends so.
pub fn is_kind(name: &str, end: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, found)| found == end)
}
