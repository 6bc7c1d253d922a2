//! Start: the last manifest, the shared log from there on, and a new run on top. It ends with a checkpoint, so that the run
//! that begins never mixes with the one before; a crash half way leaves the old manifest and is repeated from the start.
//!
//! How far the shared log goes is decided by D, the highest lsn that any of its rounds names as durable: a round that is
//! torn or missing above D was never acknowledged as durable, and the log ends there. Below D it is damage to acknowledged
//! records: what can be saved is saved, the rest is named, and everything after it is kept.

use std::{io, sync::Arc};

use super::{
    Recovery,
    behind::Behind,
    checkpoint::{read_whole, remove_dir, write_manifest},
    disk::Disk,
    engine::Engine,
    folder,
    manifest::{self, Manifest},
    options::{OpenError, Options},
    segment::parse_dir_name,
    wal::{self, WalFile},
    writer::Writer,
};

mod load;
mod replay;
mod salvage;
pub(super) mod scan;

use replay::Replay;
pub(super) use replay::is_batch;
use scan::{Scan, scan};

/// An open log whose threads have not started.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) engine: Arc<Engine>,
    pub(super) behind: Behind,
    pub(super) writer: Writer,
    pub(super) recovery: Recovery,
}

/// What cannot be opened, without the path, which the disk does not know.
#[derive(Debug)]
pub(super) enum Refused {
    InUse,
    Format(String),
    Damaged { file: String, what: String },
    Io(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Refused {
    pub(super) fn at(self, path: &std::path::Path) -> OpenError {
        let path = path.to_owned();
        match self {
            Self::InUse => OpenError::InUse { path },
            Self::Format(found) => OpenError::Format {
                path,
                found,
                wanted: folder::FORMAT,
            },
            Self::Damaged { file, what } => OpenError::Damaged { path, file, what },
            Self::Io(error) => OpenError::Io { path, error },
        }
    }
}

/// Opens what is on `disk` and recovers it.
pub(super) fn open(disk: Arc<dyn Disk>, options: Options) -> Result<Opened, Refused> {
    let manifest = take_folder(disk.as_ref())?;
    let wal_names = disk.list(wal::DIR)?;
    let scan = scan(disk.as_ref(), &wal_names, manifest.run, manifest.lsn)?;
    let leader_epoch = manifest
        .leader_epoch
        .saturating_add(i32::from(!manifest.clean));
    let volume = disk.space()?;
    let engine = Arc::new(Engine::new(disk, options, volume, leader_epoch));
    engine.ring.find(engine.disk.as_ref())?;
    let run = manifest.run.saturating_add(1);
    let lsn = scan.next_lsn;
    let mut behind = Behind::new(Arc::clone(&engine), run, manifest.lsn);
    let mut replay = Replay::new(&mut behind, &manifest, &scan)?;
    replay.run(&scan)?;
    let mut recovery = replay.finish();
    recovery.clean = manifest.clean;
    recovery.leader_epoch = leader_epoch;
    if !manifest.clean {
        for partition in engine.partitions() {
            partition.hold().epochs.begin(leader_epoch, partition.end());
        }
    }
    let start_bytes = engine.options.start_file_bytes.min(engine.ring.file_bytes);
    let file = WalFile::begin(engine.disk.as_ref(), &engine.ring, lsn, start_bytes)?;
    engine.note_wal_file(lsn);
    behind.write_pending()?;
    behind.written_lsn = lsn;
    behind.checkpoint(Vec::new(), false)?;
    clear_away(&engine, &wal_names, lsn, &scan)?;
    engine.note_space(engine.disk.space()?);
    report(&recovery);
    let writer = Writer::new(Arc::clone(&engine), file, run);
    Ok(Opened {
        engine,
        behind,
        writer,
        recovery,
    })
}

/// Locks the folder and reads its manifest; a new folder is laid out. Nothing is touched when it is refused.
fn take_folder(disk: &dyn Disk) -> Result<Manifest, Refused> {
    if let folder::Found::Other(found) = folder::look(disk)? {
        return Err(Refused::Format(found));
    }
    disk.create_dir("")?;
    disk.lock().map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => Refused::InUse,
        _ => Refused::Io(error),
    })?;
    // Again, now that nobody else can change it.
    match folder::look(disk)? {
        folder::Found::Other(found) => return Err(Refused::Format(found)),
        folder::Found::New => folder::lay_out(disk)?,
        folder::Found::Known => {}
    }
    folder::make_dirs(disk)?;
    let damaged = |what: &str| Refused::Damaged {
        file: manifest::FILE.to_owned(),
        what: what.to_owned(),
    };
    match read_whole(disk, manifest::FILE)? {
        Some(content) => {
            Manifest::decode(&content).ok_or_else(|| damaged("its checksum does not match"))
        }
        None if disk.list(wal::DIR)?.is_empty() && disk.list("partitions")?.is_empty() => {
            // Before anything else is made, so that a missing one always means damage.
            let first = Manifest {
                clean: true,
                ..Manifest::default()
            };
            write_manifest(disk, &first)?;
            Ok(first)
        }
        None => Err(damaged("it is missing")),
    }
}

/// What the new manifest no longer refers to: the old shared log, and directories of partitions that were dropped just
/// before a crash. Where damage was found nothing is deleted.
fn clear_away(engine: &Engine, wal_names: &[String], lsn: u64, scan: &Scan) -> io::Result<()> {
    let disk = engine.disk.as_ref();
    for name in wal_names {
        if wal::parse_file_name(name).is_none_or(|first_lsn| first_lsn >= lsn) {
            continue;
        }
        let file = format!("{}/{name}", wal::DIR);
        if scan.is_damaged() {
            disk.create_dir("damaged")?;
            disk.rename(&file, &format!("damaged/{name}"))?;
        } else {
            engine.ring.give(disk, &file);
        }
    }
    if !scan.is_damaged() {
        for name in disk.list("partitions")? {
            if parse_dir_name(&name).is_some_and(|key| engine.partition(key).is_none()) {
                remove_dir(disk, &format!("partitions/{name}"));
            }
        }
    }
    Ok(())
}

fn report(recovery: &Recovery) {
    for damage in &recovery.damage {
        tracing::error!(
            topic = %damage.partition.topic,
            partition = damage.partition.partition,
            first_offset = damage.first_offset,
            last_offset = damage.next_offset - 1,
            "acknowledged records are damaged on disk; reads of them answer CORRUPT_MESSAGE",
        );
    }
    if recovery.replayed_batches > 0 {
        tracing::info!(
            batches = recovery.replayed_batches,
            epoch = recovery.leader_epoch,
            "recover the log"
        );
    }
}
