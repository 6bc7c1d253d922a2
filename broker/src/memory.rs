//! The one memory budget: what requests may hold before their bytes are read.
//!
//! A frame's body is read only after its length was granted here, with what its decoded form may
//! take, so a client cannot make the broker allocate by announcing. Two pools, so that a few large
//! announcements (sent or not) never keep small requests waiting.

mod cgroup;

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::log::Options;

pub(crate) use cgroup::is_short;

/// The most the whole process uses for requests in flight.
const MOST_BYTES: usize = 128 << 20;
/// Below this nothing useful could run.
const LEAST_BYTES: usize = 8 << 20;
/// What needs no more than this draws from the small pool.
const SMALL_FRAME_BYTES: usize = 1 << 20;
/// What the decoded form of a request may take: so many times its frame, which names of a few bytes
/// need, and a little more for the smallest. Records are no part of it: they stay in their frame.
const DECODED_TIMES: usize = 8;
const DECODED_LEAST_BYTES: usize = 4 << 10;
/// What is granted for a request without records: so many times its frame. A fetch that waits holds
/// places, watches and, at each look, outcomes: many times the few bytes that named each.
const HELD_TIMES: usize = 16;
/// The part of the budget that the decoded form of a request with records may take.
const DECODED_WITH_RECORDS_PARTS: usize = 8;
/// The part of the budget that the records of one batch may unfold to: 32 MiB of the largest.
const UNFOLDED_PARTS: usize = 4;
/// The parts that the log holds: batches that wait for the disk, those at the end of partitions for readers, and what is
/// written to segments at once.
const QUEUED_PARTS: usize = 4;
const TAIL_PARTS: usize = 16;
const WRITE_BEHIND_PARTS: usize = 64;
/// The share of one reader in the memory for answers.
const LEAST_SHARE_BYTES: usize = 16 << 10;
const MOST_SHARE_BYTES: usize = 4 << 20;
/// Answers that read files at a time.
const FILE_READS: usize = 8;
/// What one permit stands for.
const PERMIT_BYTES: usize = 1 << 10;

/// Memory for requests in flight, shared by all connections.
#[derive(Debug, Clone)]
pub struct Budget {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    file_reads: Arc<Semaphore>,
    time_look_ups: Arc<Semaphore>,
    total_bytes: usize,
    large_bytes: usize,
}

/// Memory granted to one frame; given back when dropped.
#[derive(Debug)]
pub struct Grant {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// The budget of this process: 128 MiB, or half of what its cgroup allows.
    pub fn of_this_process() -> Self {
        Self::new(cgroup::limit_bytes().map_or(MOST_BYTES, |limit| limit / 2))
    }

    /// A budget of this many bytes, held to 8–128 MiB: a quarter for small frames, the rest for
    /// large ones.
    pub fn new(total_bytes: usize) -> Self {
        let total_bytes = total_bytes.clamp(LEAST_BYTES, MOST_BYTES);
        let small_bytes = total_bytes * 7 / 32;
        let large_bytes = total_bytes - small_bytes;
        let pool = |bytes: usize| Arc::new(Semaphore::new(bytes / PERMIT_BYTES));
        Self {
            small: pool(small_bytes),
            large: pool(large_bytes),
            file_reads: Arc::new(Semaphore::new(FILE_READS)),
            time_look_ups: Arc::new(Semaphore::new(1)),
            total_bytes,
            large_bytes,
        }
    }

    /// The whole budget in bytes.
    pub fn total_bytes(&self) -> usize {
        self.total_bytes
    }

    /// The longest frame this budget can ever grant; the effective `socket.request.max.bytes` is
    /// the lower of the two.
    pub fn max_frame_bytes(&self) -> usize {
        self.large_bytes
    }

    /// What the decoded form of a frame may take, its records aside.
    pub fn decoded_bytes(&self, frame_bytes: usize, has_records: bool) -> usize {
        let decoded = frame_bytes.saturating_mul(DECODED_TIMES);
        let most = if has_records {
            self.total_bytes / DECODED_WITH_RECORDS_PARTS
        } else {
            usize::MAX
        };
        decoded.min(most).saturating_add(DECODED_LEAST_BYTES)
    }

    /// What a frame and all that is made of it may take together. Of a frame with records it is the frame: most of it is
    /// records, and what is not has its own bound.
    pub fn needed_bytes(frame_bytes: usize, has_records: bool) -> usize {
        if has_records {
            return frame_bytes;
        }
        let held = frame_bytes.saturating_mul(HELD_TIMES);
        held.saturating_add(DECODED_LEAST_BYTES)
    }

    /// What the records of one batch may unfold to where the broker has to look at them.
    pub fn unfolded_bytes(&self) -> usize {
        self.total_bytes / UNFOLDED_PARTS
    }

    /// The bounds of the log that go by memory. What does not fit waits in its frames, which count.
    pub fn bound(&self, options: Options) -> Options {
        Options {
            unfolded_bytes: self.unfolded_bytes(),
            queue_bytes: self.total_bytes / QUEUED_PARTS,
            tail_bytes: self.total_bytes / TAIL_PARTS,
            write_behind_bytes: self.total_bytes / WRITE_BEHIND_PARTS,
            ..options
        }
    }

    /// What one answer may hold in memory until its client has taken it: with so many connections, all of them together
    /// stay within half of the budget. An answer always holds its first batch.
    pub fn reader_share_bytes(&self, connections: i64) -> usize {
        let connections = usize::try_from(connections).unwrap_or_default().max(1);
        (self.total_bytes / 2 / connections).clamp(LEAST_SHARE_BYTES, MOST_SHARE_BYTES)
    }

    /// Waits for a turn to read a file for an answer: each takes a thread and a buffer.
    pub async fn file_read(&self) -> Grant {
        let permit = Arc::clone(&self.file_reads).acquire_owned().await.ok();
        Grant { _permit: permit }
    }

    /// Waits for the one turn to look records up by time: a batch may unfold to many times its size.
    pub async fn time_look_up(&self) -> Grant {
        let permit = Arc::clone(&self.time_look_ups).acquire_owned().await.ok();
        Grant { _permit: permit }
    }

    /// Waits until a frame that needs so much may be read. Waiters are served in order.
    ///
    /// The caller has refused what needs more than [`Budget::max_frame_bytes`]: it would wait for ever.
    pub async fn grant(&self, needed_bytes: usize) -> Grant {
        let pool = if needed_bytes <= SMALL_FRAME_BYTES {
            &self.small
        } else {
            &self.large
        };
        let permits = u32::try_from(needed_bytes.div_ceil(PERMIT_BYTES)).unwrap_or(u32::MAX);
        // The pools are never closed, so the only error cannot come.
        let permit = Arc::clone(pool).acquire_many_owned(permits).await.ok();
        Grant { _permit: permit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_grant_is_given_back_and_small_frames_pass_large_ones() {
        let budget = Budget::new(64 << 20);
        assert_eq!(budget.total_bytes(), 64 << 20);
        let whole = budget.grant(budget.max_frame_bytes()).await;
        let mut second = Box::pin(budget.grant(2 << 20));
        assert!(
            futures_poll(&mut second).await.is_none(),
            "the large pool is taken"
        );
        budget.grant(SMALL_FRAME_BYTES).await;
        drop(whole);
        assert!(futures_poll(&mut second).await.is_some());
    }

    /// One poll of a future.
    async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
                std::task::Poll::Ready(output) => Some(output),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }

    #[test]
    fn readers_share_half_of_it() {
        let budget = Budget::new(128 << 20);
        for (connections, share) in [(0, 4 << 20), (1, 4 << 20), (64, 1 << 20), (4096, 16 << 10)] {
            assert_eq!(
                budget.reader_share_bytes(connections),
                share,
                "{connections}"
            );
        }
    }

    #[test]
    fn what_is_decoded_counts_where_it_is_not_records() {
        let budget = Budget::new(64 << 20);
        assert_eq!(Budget::needed_bytes(50 << 20, true), 50 << 20);
        assert_eq!(budget.decoded_bytes(50 << 20, true), (8 << 20) + 4096);
        assert_eq!(budget.decoded_bytes(100, true), 4896);
        assert_eq!(budget.decoded_bytes(1 << 20, false), (8 << 20) + 4096);
        assert_eq!(Budget::needed_bytes(100, false), 5696);
    }

    #[test]
    fn the_default_budget_takes_kafkas_largest_request() {
        assert_eq!(Budget::new(usize::MAX).max_frame_bytes(), 100 << 20);
        assert_eq!(Budget::new(0).total_bytes(), LEAST_BYTES);
    }
}
