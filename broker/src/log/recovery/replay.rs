//! Puts the rounds of the shared log back into their partitions.

use std::{io, sync::Arc};

use bytes::Bytes;
use wire::record_batch::Batch;

use super::{
    super::{
        Damage, PartitionKey, Recovery,
        behind::Behind,
        manifest::Manifest,
        partition::Partition,
        queue::Completed,
        round::{Entry, Kind},
        tail::TailBatch,
    },
    load::{cut_back, load},
    salvage::Salvage,
    scan::{Found, Scan},
};

/// Written behind when this much has been replayed, so that memory stays bounded.
const STEP_BYTES: usize = 8 << 20;

/// A replay under way.
#[derive(Debug)]
pub(super) struct Replay<'a> {
    behind: &'a mut Behind,
    salvage: Option<Salvage>,
    completed: Completed,
    recovery: Recovery,
    /// The epoch of the run that wrote the rounds.
    leader_epoch: i32,
}

impl<'a> Replay<'a> {
    /// Loads the partitions of `manifest`.
    pub(super) fn new(
        behind: &'a mut Behind,
        manifest: &Manifest,
        scan: &Scan,
    ) -> io::Result<Self> {
        let disk = Arc::clone(&behind.engine.disk);
        let salvage = if scan.is_damaged() {
            Some(Salvage::read(disk.as_ref(), manifest)?)
        } else {
            None
        };
        for record in &manifest.partitions {
            let partition = load(disk.as_ref(), record)?;
            // After an orderly stop there is nothing beyond the manifest.
            if !manifest.clean {
                cut_back(disk.as_ref(), record)?;
            }
            behind.engine.insert(partition);
        }
        let completed = Completed::new(manifest.lsn);
        let leader_epoch = manifest.leader_epoch;
        Ok(Self {
            behind,
            salvage,
            completed,
            recovery: Recovery::default(),
            leader_epoch,
        })
    }

    /// Replays every round.
    pub(super) fn run(&mut self, scan: &Scan) -> io::Result<()> {
        for found in &scan.rounds {
            for extent in &found.header.previous {
                self.fill_up_to(extent.partition, extent.next_offset);
            }
            self.replay_round(found)?;
            self.completed.end_lsn = found.header.end_lsn();
            if self.completed.size_bytes >= STEP_BYTES {
                self.write_behind()?;
            }
        }
        self.write_behind()
    }

    /// What was found, all damage of all partitions included.
    pub(super) fn finish(mut self) -> Recovery {
        for partition in self.behind.engine.partitions() {
            self.recovery
                .damage
                .extend(partition.hold().damage.iter().copied());
        }
        self.recovery
            .damage
            .sort_by_key(|damage| (damage.partition, damage.first_offset));
        self.recovery
    }

    fn write_behind(&mut self) -> io::Result<()> {
        let next = Completed::new(self.completed.end_lsn);
        self.behind
            .take(std::mem::replace(&mut self.completed, next));
        self.behind.write_pending()
    }

    fn replay_round(&mut self, found: &Found) -> io::Result<()> {
        let size_bytes = usize::try_from(found.header.payload_len).map_err(io::Error::other)?;
        let mut payload = vec![0; size_bytes];
        if found
            .file
            .read_exact_at(found.payload_at, &mut payload)
            .is_err()
        {
            payload.clear();
        }
        let payload = Bytes::from(payload);
        let mut at = 0;
        for entry in &found.header.entries {
            let end = at + entry.size_bytes as usize;
            match entry.kind {
                Kind::Create => self.create(entry.partition),
                Kind::Batch if end <= payload.len() => {
                    let bytes = payload.slice(at..end);
                    // Whatever the round's checksum says, a batch that is whole is good.
                    if found.whole || is_batch(&bytes, entry) {
                        self.append(entry, bytes);
                    }
                }
                Kind::Batch => {}
            }
            if entry.kind == Kind::Batch && !found.whole {
                self.fill_up_to(entry.partition, entry.next_offset());
            }
            at = end;
        }
        Ok(())
    }

    fn create(&mut self, key: PartitionKey) {
        if self.behind.engine.partition(key).is_some() {
            return;
        }
        let partition = Arc::new(Partition::new(key, 0, 0));
        partition.hold().epochs.begin(self.leader_epoch, 0);
        self.completed.note(&partition, 0, 0);
        self.behind.engine.insert(partition);
    }

    /// The partition of an entry. One that nothing created was dropped, unless damage took its beginning.
    fn partition(&mut self, key: PartitionKey) -> Option<Arc<Partition>> {
        if self.salvage.is_some() {
            self.create(key);
        }
        self.behind.engine.partition(key)
    }

    fn append(&mut self, entry: &Entry, bytes: Bytes) {
        let Some(partition) = self.partition(entry.partition) else {
            return;
        };
        self.fill_up_to(entry.partition, entry.base_offset);
        // Already there: a batch that was saved from a segment.
        if partition.end() != entry.base_offset {
            return;
        }
        self.push(&partition, bytes);
    }

    fn push(&mut self, partition: &Arc<Partition>, bytes: Bytes) {
        let Ok((batch, _)) = Batch::split(&bytes) else {
            return;
        };
        let header = *batch.header();
        self.completed
            .note(partition, header.next_offset(), bytes.len());
        self.recovery.replayed_batches += 1;
        partition.advance_end(header.next_offset());
        partition.publish(TailBatch {
            base_offset: header.base_offset,
            next_offset: header.next_offset(),
            max_timestamp: header.max_timestamp,
            bytes,
        });
    }

    /// Offsets below `next_offset` were given out. What is missing of them comes from segments or is named as damage.
    fn fill_up_to(&mut self, key: PartitionKey, next_offset: i64) {
        if self.salvage.is_none() {
            return;
        }
        let Some(partition) = self.partition(key) else {
            return;
        };
        while partition.end() < next_offset {
            let end = partition.end();
            let found = self
                .salvage
                .as_ref()
                .and_then(|salvage| salvage.first_between(key, end, next_offset));
            let saved_from = found
                .as_ref()
                .map_or(next_offset, |(base_offset, _)| *base_offset);
            if saved_from > end {
                note_damage(&partition, end, saved_from);
            }
            if let Some((_, bytes)) = found {
                self.push(&partition, bytes);
            }
        }
    }
}

/// Whether `bytes` are the batch that `entry` names, though the round around it is damaged.
pub(in crate::log) fn is_batch(bytes: &[u8], entry: &Entry) -> bool {
    Batch::split(bytes).is_ok_and(|(batch, rest)| {
        rest.is_empty()
            && batch.header().base_offset == entry.base_offset
            && batch.header().next_offset() == entry.next_offset()
            && batch.verify().is_ok()
    })
}

fn note_damage(partition: &Partition, first_offset: i64, next_offset: i64) {
    partition.advance_end(next_offset);
    let mut held = partition.hold();
    held.high_watermark = next_offset;
    held.damage.push(Damage {
        partition: partition.key,
        first_offset,
        next_offset,
    });
}
