//! The manifest: what a checkpoint made durable, in one file that is replaced as a whole. Pure: bytes ↔ value.

use bytes::{Buf, BufMut};

use super::{
    Damage, PartitionKey,
    retention::Span,
    round::{put_key, take_key},
};

pub(super) const FILE: &str = "manifest";
pub(super) const NEW_FILE: &str = "manifest.new";

const MAGIC: &[u8; 8] = b"EDDYMAN2";
const CRC_LEN: usize = 4;

/// What a start begins from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    /// Counts starts; rounds of another run are not of this log.
    pub(super) run: u64,
    /// Everything before it is in the segments; replay begins here.
    pub(super) lsn: u64,
    pub(super) leader_epoch: i32,
    /// Written by an orderly stop: there is nothing to replay.
    pub(super) clean: bool,
    pub(super) partitions: Vec<PartitionRecord>,
}

/// One partition at the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartitionRecord {
    pub(super) partition: PartitionKey,
    pub(super) start: i64,
    /// Offset after the last batch in the segments.
    pub(super) end: i64,
    /// Everything below it is compacted.
    pub(super) cleaned_to: i64,
    pub(super) epochs: Vec<(i32, i64)>,
    pub(super) damage: Vec<(i64, i64)>,
    pub(super) segments: Vec<Span>,
}

impl PartitionRecord {
    /// The damaged ranges with their partition.
    pub(super) fn damage(&self) -> impl Iterator<Item = Damage> {
        let partition = self.partition;
        self.damage
            .iter()
            .map(move |&(first_offset, next_offset)| Damage {
                partition,
                first_offset,
                next_offset,
            })
    }
}

impl Manifest {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.put_slice(MAGIC);
        out.put_u64_le(self.run);
        out.put_u64_le(self.lsn);
        out.put_i32_le(self.leader_epoch);
        out.put_u8(u8::from(self.clean));
        put_count(&mut out, self.partitions.len());
        for record in &self.partitions {
            put_key(&mut out, record.partition);
            out.put_i64_le(record.start);
            out.put_i64_le(record.end);
            out.put_i64_le(record.cleaned_to);
            put_count(&mut out, record.epochs.len());
            for &(epoch, start) in &record.epochs {
                out.put_i32_le(epoch);
                out.put_i64_le(start);
            }
            put_count(&mut out, record.damage.len());
            for &(first, next) in &record.damage {
                out.put_i64_le(first);
                out.put_i64_le(next);
            }
            put_count(&mut out, record.segments.len());
            for span in &record.segments {
                out.put_i64_le(span.base_offset);
                out.put_u32_le(span.revision);
                out.put_i64_le(span.next_offset);
                out.put_u64_le(span.size_bytes);
                out.put_i64_le(span.first_timestamp);
                out.put_i64_le(span.max_timestamp);
            }
        }
        let crc = crc32c::crc32c(&out);
        out.put_u32_le(crc);
        out
    }

    /// None when the checksum, a count or the length does not fit.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, crc) = bytes.split_at_checked(bytes.len().checked_sub(CRC_LEN)?)?;
        if crc32c::crc32c(body).to_le_bytes() != crc {
            return None;
        }
        let mut rest = body.strip_prefix(MAGIC)?;
        let mut manifest = Self {
            run: rest.try_get_u64_le().ok()?,
            lsn: rest.try_get_u64_le().ok()?,
            leader_epoch: rest.try_get_i32_le().ok()?,
            clean: rest.try_get_u8().ok()? != 0,
            partitions: Vec::new(),
        };
        for _ in 0..take_count(&mut rest, 20)? {
            manifest.partitions.push(take_partition(&mut rest)?);
        }
        let plausible = manifest.run < MOST
            && manifest.lsn < MOST
            && (0..i32::MAX).contains(&manifest.leader_epoch);
        (plausible && rest.is_empty()).then_some(manifest)
    }
}

fn take_partition(rest: &mut &[u8]) -> Option<PartitionRecord> {
    if rest.len() < 20 {
        return None;
    }
    let mut record = PartitionRecord {
        partition: take_key(rest),
        start: rest.try_get_i64_le().ok()?,
        end: rest.try_get_i64_le().ok()?,
        cleaned_to: rest.try_get_i64_le().ok()?,
        epochs: Vec::new(),
        damage: Vec::new(),
        segments: Vec::new(),
    };
    for _ in 0..take_count(rest, 12)? {
        record
            .epochs
            .push((rest.try_get_i32_le().ok()?, rest.try_get_i64_le().ok()?));
    }
    for _ in 0..take_count(rest, 16)? {
        record
            .damage
            .push((rest.try_get_i64_le().ok()?, rest.try_get_i64_le().ok()?));
    }
    for _ in 0..take_count(rest, 44)? {
        record.segments.push(Span {
            base_offset: rest.try_get_i64_le().ok()?,
            revision: rest.try_get_u32_le().ok()?,
            next_offset: rest.try_get_i64_le().ok()?,
            size_bytes: rest.try_get_u64_le().ok()?,
            first_timestamp: rest.try_get_i64_le().ok()?,
            max_timestamp: rest.try_get_i64_le().ok()?,
        });
    }
    record.is_plausible().then_some(record)
}

/// No offset, position or count of bytes comes near to this: sums of them never wrap.
const MOST: u64 = 1 << 60;
/// Nor does a single file come near to this.
const MOST_SEGMENT_BYTES: u64 = 1 << 40;

fn is_offset(offset: i64) -> bool {
    u64::try_from(offset).is_ok_and(|offset| offset < MOST)
}

impl PartitionRecord {
    /// Numbers that can be: a checksum that fits says nothing about what wrote it.
    fn is_plausible(&self) -> bool {
        let Self {
            start,
            end,
            cleaned_to,
            ..
        } = *self;
        let is_range = |&(first, next): &(i64, i64)| is_offset(first) && is_offset(next);
        [start, end, cleaned_to].into_iter().all(is_offset)
            && self.damage.iter().all(is_range)
            && is_in_order(&self.segments)
    }
}

/// Segments follow each other, and each offset is in one at most.
fn is_in_order(segments: &[Span]) -> bool {
    let follow = |pair: &[Span]| {
        pair[0].base_offset < pair[1].base_offset && pair[0].next_offset <= pair[1].base_offset
    };
    let forward = |span: &Span| {
        is_offset(span.base_offset)
            && is_offset(span.next_offset)
            && span.base_offset <= span.next_offset
            && span.revision < u32::MAX
            && span.size_bytes < MOST_SEGMENT_BYTES
    };
    segments.iter().all(forward) && segments.windows(2).all(follow)
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    out.put_u32_le(u32::try_from(count).unwrap_or(u32::MAX));
}

/// A count of elements of `size` bytes that must all be there.
fn take_count(rest: &mut &[u8], size: usize) -> Option<usize> {
    let count = rest.try_get_u32_le().ok()? as usize;
    (count.checked_mul(size)? <= rest.len()).then_some(count)
}

#[cfg(test)]
mod tests {
    use wire::Uuid;

    use super::*;

    fn sample() -> Manifest {
        let span = Span {
            base_offset: 3,
            revision: 6,
            next_offset: 30,
            size_bytes: 999,
            first_timestamp: 5,
            max_timestamp: 8,
        };
        let later = Span {
            base_offset: 30,
            next_offset: 40,
            ..span
        };
        let record = PartitionRecord {
            partition: PartitionKey {
                topic: Uuid([9; 16]),
                partition: 4,
            },
            start: 3,
            end: 40,
            cleaned_to: 12,
            epochs: vec![(0, 0), (2, 12)],
            damage: vec![(30, 40)],
            segments: vec![span, later],
        };
        Manifest {
            run: 4,
            lsn: 8192,
            leader_epoch: 2,
            clean: true,
            partitions: vec![record.clone(), record],
        }
    }

    #[test]
    fn segments_that_overlap_are_no_manifest() {
        let mut manifest = sample();
        let segments = &mut manifest.partitions[0].segments;
        segments[1].base_offset -= 1;
        assert_eq!(Manifest::decode(&manifest.encode()), None);
    }

    #[test]
    fn it_reads_back_and_any_damage_is_noticed() {
        let good = sample().encode();
        assert_eq!(Manifest::decode(&good), Some(sample()));
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 4;
            assert_eq!(Manifest::decode(&bad), None, "byte {at}");
            assert_eq!(Manifest::decode(&good[..at]), None, "length {at}");
        }
    }
}
