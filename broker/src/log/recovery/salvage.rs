//! Where the shared log is damaged, the same batches may already lie in segments, written behind it after the last
//! checkpoint: read them before those files are cut back.

use std::{
    collections::{BTreeMap, HashMap},
    io,
};

use bytes::Bytes;

use super::super::{
    PartitionKey,
    disk::Disk,
    manifest::Manifest,
    segment::{Walk, dir_name, parse_dir_name, parse_file_name},
};

/// Whole batches with a matching checksum, by partition and base offset.
#[derive(Debug, Default)]
pub(super) struct Salvage(HashMap<PartitionKey, BTreeMap<i64, Bytes>>);

impl Salvage {
    /// Reads what every partition holds beyond `manifest`.
    pub(super) fn read(disk: &dyn Disk, manifest: &Manifest) -> io::Result<Self> {
        let mut salvage = Self::default();
        for name in disk.list("partitions")? {
            if let Some(partition) = parse_dir_name(&name) {
                let batches = read_partition(disk, manifest, partition)?;
                salvage.0.insert(partition, batches);
            }
        }
        Ok(salvage)
    }

    /// The first batch that lies between two offsets.
    pub(super) fn first_between(
        &self,
        partition: PartitionKey,
        first_offset: i64,
        next_offset: i64,
    ) -> Option<(i64, Bytes)> {
        let batches = self.0.get(&partition)?;
        let (base_offset, batch) = batches.range(first_offset..next_offset).next()?;
        Some((*base_offset, batch.clone()))
    }
}

fn read_partition(
    disk: &dyn Disk,
    manifest: &Manifest,
    partition: PartitionKey,
) -> io::Result<BTreeMap<i64, Bytes>> {
    let known = manifest
        .partitions
        .iter()
        .find(|record| record.partition == partition);
    let dir = dir_name(partition);
    let mut batches = BTreeMap::new();
    for name in disk.list(&dir)? {
        let Some((base_offset, revision)) = parse_file_name(&name) else {
            continue;
        };
        let span = known.and_then(|record| {
            record
                .segments
                .iter()
                .find(|span| (span.base_offset, span.revision) == (base_offset, revision))
        });
        // What an interrupted compaction wrote is not all there is.
        if span.is_none() && revision > 0 {
            continue;
        }
        let from = span.map_or(0, |span| span.size_bytes);
        let file = disk.open(&format!("{dir}/{name}"))?;
        let end = file.size_bytes()?;
        let mut walk = Walk::new(file, from, end);
        // What is not whole, or cannot be read, ends it.
        while let Ok(Some((position, header))) = walk.next() {
            let Ok(bytes) = walk.batch(position, &header) else {
                break;
            };
            batches.insert(header.base_offset, bytes);
        }
    }
    Ok(batches)
}
