//! The end of a partition in memory: what readers that keep up are served from, and where batches wait to be written
//! behind. Pure: what is kept here and for how long is decided elsewhere.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::{Slice, Slices, reading::Want};

/// Batches smaller than this are put together for a reader: thousands of tiny pieces cost more than a copy.
const COPY_BELOW_BYTES: usize = 4096;

/// One batch, with what is asked of it most.
#[derive(Debug, Clone)]
pub(super) struct TailBatch {
    pub(super) base_offset: i64,
    pub(super) next_offset: i64,
    pub(super) max_timestamp: i64,
    pub(super) bytes: Bytes,
}

/// Batches in offset order.
#[derive(Debug, Default)]
pub(super) struct Tail {
    batches: VecDeque<TailBatch>,
}

impl Tail {
    pub(super) fn push(&mut self, batch: TailBatch) {
        self.batches.push_back(batch);
    }

    /// Offset of the first batch here.
    pub(super) fn first_offset(&self) -> Option<i64> {
        self.batches.front().map(|batch| batch.base_offset)
    }

    /// Forgets every batch that ends at or below `offset`.
    pub(super) fn forget_below(&mut self, offset: i64) {
        while self
            .batches
            .front()
            .is_some_and(|batch| batch.next_offset <= offset)
        {
            self.batches.pop_front();
        }
    }

    /// The batch that contains `offset` and those after it.
    pub(super) fn from(&self, offset: i64) -> impl Iterator<Item = &TailBatch> {
        let place = self
            .batches
            .partition_point(|batch| batch.next_offset <= offset);
        self.batches.range(place..)
    }

    /// Adds the batches that `want` asks for and gives the offset after them. Stops at a gap in the offsets.
    pub(super) fn read(&self, want: &Want, slices: &mut Slices) -> i64 {
        let mut small = BytesMut::new();
        let mut room_bytes = want.room_bytes.min(want.memory_bytes);
        let mut next_offset = want.offset;
        for (place, batch) in self.from(want.offset).enumerate() {
            let fits = batch.bytes.len() <= room_bytes || (place == 0 && want.first_anyway);
            let follows = place == 0 || next_offset == batch.base_offset;
            if batch.next_offset > want.below || !fits || !follows {
                break;
            }
            room_bytes = room_bytes.saturating_sub(batch.bytes.len());
            next_offset = batch.next_offset;
            if batch.bytes.len() < COPY_BELOW_BYTES {
                small.extend_from_slice(&batch.bytes);
                continue;
            }
            if !small.is_empty() {
                slices.push(Slice::Memory(small.split().freeze()));
            }
            slices.push(Slice::Memory(batch.bytes.clone()));
        }
        if !small.is_empty() {
            slices.push(Slice::Memory(small.freeze()));
        }
        next_offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(sizes: &[usize]) -> Tail {
        let mut tail = Tail::default();
        for (number, size) in (0_i64..).zip(sizes) {
            tail.push(TailBatch {
                base_offset: number * 10,
                next_offset: number * 10 + 10,
                max_timestamp: number,
                bytes: Bytes::from(vec![0; *size]),
            });
        }
        tail
    }

    fn read(tail: &Tail, want: Want) -> (i64, usize) {
        let mut slices = Slices::default();
        let next = tail.read(&want, &mut slices);
        (next, slices.size_bytes())
    }

    #[test]
    fn a_read_gives_whole_batches_within_its_bounds() {
        let tail = tail(&[100, 5_000, 100, 100]);
        let want = Want {
            offset: 0,
            below: 40,
            room_bytes: 10_000,
            memory_bytes: 10_000,
            first_anyway: true,
        };
        assert_eq!(read(&tail, want), (40, 5_300));
        let little = Want {
            memory_bytes: 150,
            ..want
        };
        assert_eq!(read(&tail, little), (10, 100));
        assert_eq!(read(&tail, Want { offset: 15, ..want }), (40, 5_200));
        assert_eq!(read(&tail, Want { below: 29, ..want }), (20, 5_100));
        assert_eq!(
            read(
                &tail,
                Want {
                    room_bytes: 150,
                    ..want
                }
            ),
            (10, 100)
        );
        assert_eq!(
            read(
                &tail,
                Want {
                    offset: 12,
                    room_bytes: 1,
                    ..want
                }
            ),
            (20, 5_000)
        );
        assert_eq!(
            read(
                &tail,
                Want {
                    offset: 12,
                    room_bytes: 1,
                    first_anyway: false,
                    ..want
                }
            ),
            (12, 0)
        );
    }

    #[test]
    fn a_read_stops_at_a_gap() {
        let mut tail = tail(&[100, 100]);
        tail.push(TailBatch {
            base_offset: 25,
            next_offset: 26,
            max_timestamp: 0,
            bytes: Bytes::from_static(b"x"),
        });
        let want = Want {
            offset: 0,
            below: 40,
            room_bytes: 10_000,
            memory_bytes: 10_000,
            first_anyway: true,
        };
        assert_eq!(read(&tail, want), (20, 200));
    }

    #[test]
    fn what_is_forgotten_is_whole_batches() {
        let mut tail = tail(&[1, 1, 1]);
        tail.forget_below(15);
        assert_eq!(tail.first_offset(), Some(10));
        tail.forget_below(30);
        assert_eq!(tail.first_offset(), None);
    }
}
