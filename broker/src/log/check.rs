//! Looks a data folder over that no broker has open, and changes nothing in it: every batch of every segment, and what the
//! shared log holds beyond them.
//!
//! It tells what a start would find; it mends nothing.

use std::{collections::HashMap, io, path::Path, sync::Arc};

use wire::record_batch::Batch;

use super::{
    Damage, OpenError, PartitionKey,
    checkpoint::read_whole,
    disk::{Disk, folder::Folder},
    folder::{self, Found as Kind},
    manifest::{self, Manifest, PartitionRecord},
    recovery::{
        Refused, is_batch,
        scan::{Found, scan},
    },
    retention::Span,
    round::Kind as EntryKind,
    segment::{Walk, file_name},
    verify, wal,
};

/// What was looked at, and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Every partition that the last checkpoint names.
    pub partitions: Vec<CheckedPartition>,
    /// Rounds of the shared log that a start replays.
    pub rounds: u64,
    /// Batches in them.
    pub round_batches: u64,
    /// The broker was stopped in order.
    pub clean: bool,
    /// Damage to acknowledged records; empty is good.
    pub findings: Vec<CheckFinding>,
}

/// One partition's segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckedPartition {
    /// Which.
    pub partition: PartitionKey,
    /// Its log start offset.
    pub start: i64,
    /// Offset after the last batch in its segments.
    pub end: i64,
    /// Segment files.
    pub segments: u64,
    /// Batches in them.
    pub batches: u64,
    /// Bytes of those batches.
    pub size_bytes: u64,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckFinding {
    /// File inside the data folder.
    pub file: String,
    /// The records it concerns, where they are known.
    pub records: Option<Damage>,
    /// What is wrong.
    pub what: String,
}

/// Takes a good batch of a partition, in the order of its offsets.
pub type EachBatch<'a> = dyn FnMut(PartitionKey, &Batch<'_>) + 'a;

/// Checks the data folder `dir` and gives `each` every good batch. Blocks on disk; reads all of it.
pub fn check(dir: &Path, each: &mut EachBatch<'_>) -> Result<Checked, OpenError> {
    let disk = Folder::new(dir);
    check_disk(&disk, each).map_err(|refused| refused.at(dir))
}

pub(super) fn check_disk(disk: &dyn Disk, each: &mut EachBatch<'_>) -> Result<Checked, Refused> {
    let missing = || Refused::Damaged {
        file: manifest::FILE.to_owned(),
        what: "it is missing or damaged".to_owned(),
    };
    match folder::look(disk)? {
        Kind::Known => {}
        Kind::Other(found) => return Err(Refused::Format(found)),
        Kind::New => return Err(Refused::Io(io::ErrorKind::NotFound.into())),
    }
    disk.lock().map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => Refused::InUse,
        _ => Refused::Io(error),
    })?;
    let content = read_whole(disk, manifest::FILE)?.ok_or_else(missing)?;
    let manifest = Manifest::decode(&content).ok_or_else(missing)?;
    let mut checked = Checked {
        clean: manifest.clean,
        ..Checked::default()
    };
    for record in &manifest.partitions {
        check_partition(disk, record, &mut checked, each)?;
    }
    check_wal(disk, &manifest, &mut checked, each)?;
    Ok(checked)
}

fn check_partition(
    disk: &dyn Disk,
    record: &PartitionRecord,
    checked: &mut Checked,
    each: &mut EachBatch<'_>,
) -> io::Result<()> {
    let mut partition = CheckedPartition {
        partition: record.partition,
        start: record.start,
        end: record.end,
        segments: 0,
        batches: 0,
        size_bytes: 0,
    };
    for known in record.damage() {
        checked.findings.push(CheckFinding {
            file: manifest::FILE.to_owned(),
            records: Some(known),
            what: "an earlier start found these records damaged".to_owned(),
        });
    }
    for span in &record.segments {
        let mut segment = Segment {
            name: file_name(record.partition, span),
            partition: record.partition,
            span: *span,
            findings: &mut checked.findings,
        };
        if let Some((batches, size_bytes)) = segment.check(disk, each)? {
            partition.segments += 1;
            partition.batches += batches;
            partition.size_bytes += size_bytes;
        }
    }
    checked.partitions.push(partition);
    Ok(())
}

/// A segment that is being read.
struct Segment<'a> {
    name: String,
    partition: PartitionKey,
    span: Span,
    findings: &'a mut Vec<CheckFinding>,
}

impl Segment<'_> {
    /// Reads it to the end. Batches and bytes; none when the file is not there.
    fn check(
        &mut self,
        disk: &dyn Disk,
        each: &mut EachBatch<'_>,
    ) -> io::Result<Option<(u64, u64)>> {
        let span = self.span;
        let file = match disk.open(&self.name) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.found(span.base_offset, span.next_offset, "the file is missing");
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let size_bytes = file.size_bytes()?.min(span.size_bytes);
        let mut walk = Walk::new(Arc::clone(&file), 0, size_bytes);
        let (mut batches, mut expected) = (0, span.base_offset);
        loop {
            let (position, header) = match walk.next() {
                Ok(Some(next)) => next,
                Ok(None) => break,
                Err(error) => {
                    let what = why(&error);
                    for (first_offset, next_offset) in verify::segment(&file, &span)?.damage {
                        if next_offset > expected {
                            self.found(first_offset.max(expected), next_offset, &what);
                        }
                    }
                    return Ok(Some((batches, size_bytes)));
                }
            };
            // Compaction leaves gaps, and nothing else does.
            if header.base_offset < expected
                || (span.revision == 0 && header.base_offset > expected)
            {
                self.found(expected, header.base_offset, "records are missing");
            }
            match walk.batch(position, &header) {
                Ok(bytes) => {
                    if let Ok((batch, _)) = Batch::split(&bytes) {
                        each(self.partition, &batch);
                    }
                }
                Err(error) => {
                    self.found(header.base_offset, header.next_offset(), &why(&error));
                }
            }
            batches += 1;
            expected = header.next_offset();
        }
        if size_bytes < span.size_bytes {
            self.found(expected, span.next_offset, "the file is cut short");
        } else if expected < span.next_offset && span.revision == 0 {
            self.found(expected, span.next_offset, "records are missing");
        } else if expected > span.next_offset {
            self.found(span.next_offset, expected, "offsets are given twice");
        }
        Ok(Some((batches, size_bytes)))
    }

    fn found(&mut self, first_offset: i64, next_offset: i64, what: &str) {
        self.findings.push(CheckFinding {
            file: self.name.clone(),
            records: Some(Damage {
                partition: self.partition,
                first_offset,
                next_offset,
            }),
            what: what.to_owned(),
        });
    }
}

/// What is wrong with a file that cannot be read.
fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::InvalidData => error.to_string(),
        _ => format!("the disk cannot read it: {error}"),
    }
}

fn check_wal(
    disk: &dyn Disk,
    manifest: &Manifest,
    checked: &mut Checked,
    each: &mut EachBatch<'_>,
) -> io::Result<()> {
    let names = disk.list(wal::DIR)?;
    let scan = scan(disk, &names, manifest.run, manifest.lsn)?;
    let records = manifest.partitions.iter();
    let mut ends: HashMap<_, _> = records
        .map(|record| (record.partition, record.end))
        .collect();
    for found in &scan.rounds {
        // Else what does not follow is of a partition that was dropped since.
        if scan.is_damaged() {
            check_ends(found, &mut ends, checked);
        }
        check_round(found, checked, each);
        checked.rounds += 1;
    }
    Ok(())
}

/// What a round says of rounds before it that nobody finds any more: as a start learns it, from the extents it names and from
/// the offsets its batches begin at.
fn check_ends(found: &Found, ends: &mut HashMap<PartitionKey, i64>, checked: &mut Checked) {
    let lsn = found.header.lsn;
    let named = found.header.previous.iter();
    let named = named.map(|extent| (extent.partition, extent.next_offset, extent.next_offset));
    let entries = found.header.entries.iter();
    let held = entries.map(|entry| (entry.partition, entry.base_offset, entry.next_offset()));
    for (partition, held_from, next_offset) in named.chain(held) {
        let end = ends.entry(partition).or_default();
        if held_from > *end {
            let records = Damage {
                partition,
                first_offset: *end,
                next_offset: held_from,
            };
            let what = format!("a round before lsn {lsn} is missing");
            checked.findings.push(wal_finding(Some(records), what));
        }
        *end = next_offset.max(*end);
    }
}

fn check_round(found: &Found, checked: &mut Checked, each: &mut EachBatch<'_>) {
    let mut position = found.payload_at;
    for entry in &found.header.entries {
        let size_bytes = entry.size_bytes as usize;
        let mut bytes = vec![0; size_bytes];
        let is_read = found.file.read_exact_at(position, &mut bytes).is_ok();
        position += size_bytes as u64;
        if entry.kind != EntryKind::Batch {
            continue;
        }
        checked.round_batches += 1;
        let good = Batch::split(&bytes).and_then(|(batch, _)| batch.verify().map(|()| batch));
        match good {
            // As a start judges it: no checksum but the round's covers the offset.
            Ok(batch) if is_read && (found.whole || is_batch(&bytes, entry)) => {
                each(entry.partition, &batch);
            }
            _ => {
                let records = Damage {
                    partition: entry.partition,
                    first_offset: entry.base_offset,
                    next_offset: entry.next_offset(),
                };
                let what = format!("the round at lsn {} is damaged", found.header.lsn);
                checked.findings.push(wal_finding(Some(records), what));
            }
        }
    }
}

fn wal_finding(records: Option<Damage>, what: String) -> CheckFinding {
    CheckFinding {
        file: wal::DIR.to_owned(),
        records,
        what,
    }
}
