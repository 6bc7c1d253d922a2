//! How a log is opened, what it keeps of each partition, and what can end it.

use std::{fmt, io, path::PathBuf, sync::Arc, time::Duration};

use thiserror::Error;

use super::PartitionKey;

const MIB: usize = 1024 * 1024;

/// Bounds and times of the engine. The defaults are what a broker runs with; tests make them small.
#[derive(Debug, Clone)]
pub struct Options {
    /// Batches kept in memory for readers at the end of their partitions, over all partitions.
    pub tail_bytes: usize,
    /// Bytes that may wait for the writer; more is [`super::Full::Queue`], and half of it is what [`super::Log::room`] waits
    /// for. One append larger than this is let in alone, and the broker's own records may take as much once more.
    pub queue_bytes: usize,
    /// Where the log itself looks into a batch, its records unfold to this at most. Of one that unfolds to more compaction keeps
    /// all, and a look-up by time finds its first record.
    pub unfolded_bytes: usize,
    /// Bytes gathered into one round. One append larger than this gets a round of its own.
    pub round_bytes: usize,
    /// Size of the files of the shared log; when not given, 1/128 of the volume between 8 and 128 MiB.
    pub wal_file_bytes: Option<u64>,
    /// Size of the file that a new folder begins with.
    pub start_file_bytes: u64,
    /// Bytes written behind to segment files in one go, at least; less waits up to [`Options::write_behind_delay`].
    pub write_behind_bytes: usize,
    /// How long a batch waits at most before it is written behind.
    pub write_behind_delay: Duration,
    /// Shared-log bytes after which a checkpoint is due.
    pub checkpoint_bytes: u64,
    /// Time after which a checkpoint is due when anything was appended.
    pub checkpoint_interval: Duration,
    /// A synced round that nothing follows is followed by an empty one after this time, so that recovery knows it was
    /// durable.
    pub follower_delay: Duration,
    /// Free bytes kept for the broker's own records; two files of the shared log, or 1 % of the volume up to 1 GiB, when
    /// that is more.
    pub reserve_bytes: u64,
    /// Told once when a write or a sync fails. A broker ends its process here: after a failed sync nothing that is
    /// still in memory can be trusted to reach the disk, so there is no way back but recovery.
    pub on_fatal: FatalHandler,
    /// Whether memory is short: clean pages of segments are given up then.
    pub memory: MemoryGauge,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tail_bytes: 8 * MIB,
            queue_bytes: 128 * MIB,
            unfolded_bytes: 32 * MIB,
            round_bytes: 2 * MIB,
            wal_file_bytes: None,
            start_file_bytes: MIB as u64,
            write_behind_bytes: 2 * MIB,
            write_behind_delay: Duration::from_secs(1),
            checkpoint_bytes: 64 * MIB as u64,
            checkpoint_interval: Duration::from_secs(30),
            follower_delay: Duration::from_millis(500),
            reserve_bytes: 32 * MIB as u64,
            on_fatal: FatalHandler::default(),
            memory: MemoryGauge::default(),
        }
    }
}

/// Tells whether memory is short; asked once a checkpoint. The default says that it never is.
#[derive(Clone)]
pub struct MemoryGauge(pub Arc<dyn Fn() -> bool + Send + Sync>);

impl MemoryGauge {
    pub(super) fn is_short(&self) -> bool {
        (self.0)()
    }
}

impl Default for MemoryGauge {
    fn default() -> Self {
        Self(Arc::new(|| false))
    }
}

impl fmt::Debug for MemoryGauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryGauge")
    }
}

/// Called with the fault that ended the log. The default ends the process with status 70.
#[derive(Clone)]
pub struct FatalHandler(pub Arc<dyn Fn(&Fatal) + Send + Sync>);

impl Default for FatalHandler {
    fn default() -> Self {
        Self(Arc::new(|fatal| {
            tracing::error!(
                "{fatal}; the process ends, a restart recovers every acknowledged record"
            );
            std::process::exit(70);
        }))
    }
}

impl fmt::Debug for FatalHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FatalHandler")
    }
}

/// A write or sync failed: the log has ended.
#[derive(Debug, Error)]
#[error("{action} {file}: {error}")]
pub struct Fatal {
    /// "write" or "sync" and the like.
    pub action: &'static str,
    /// File inside the data folder.
    pub file: String,
    /// What the system said.
    #[source]
    pub error: io::Error,
}

/// What a partition keeps and how its files are cut. Set on create and configure; it is not persisted here, so the owner
/// of the topic's settings configures every partition after a start. Until then everything is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// `retention.ms`; none keeps for ever.
    pub retention_ms: Option<i64>,
    /// `retention.bytes`; none keeps everything.
    pub retention_bytes: Option<u64>,
    /// `segment.bytes`.
    pub segment_bytes: u64,
    /// `segment.ms`.
    pub segment_ms: i64,
    /// Of each key only the last record is kept; none keeps all.
    pub compaction: Option<Compaction>,
}

/// When a partition is compacted (`cleanup.policy=compact`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compaction {
    /// `min.cleanable.dirty.ratio`, in millionths.
    pub min_dirty_ppm: u32,
    /// `min.compaction.lag.ms`.
    pub min_lag_ms: i64,
    /// `max.compaction.lag.ms`.
    pub max_lag_ms: i64,
    /// `delete.retention.ms`.
    pub delete_retention_ms: i64,
}

impl Default for Compaction {
    fn default() -> Self {
        Self {
            min_dirty_ppm: 500_000,
            min_lag_ms: 0,
            max_lag_ms: i64::MAX,
            delete_retention_ms: 24 * 60 * 60 * 1000,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            retention_ms: None,
            retention_bytes: None,
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 60 * 60 * 1000,
            compaction: None,
        }
    }
}

/// Why a data folder was not opened. Nothing in it was changed, except by [`OpenError::Io`] half way through recovery,
/// which repeats itself at the next start.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("open data folder {}: it is in use by another broker; stop that one or choose another folder", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// Written by a build that lays files out differently.
    #[error(
        "open data folder {}: it has format {found}, this build reads format {wanted}; \
         start the version that wrote it, or choose another folder",
        path.display()
    )]
    Format {
        /// The folder.
        path: PathBuf,
        /// What its format file says.
        found: String,
        /// What this build reads.
        wanted: u32,
    },
    /// A file the log cannot do without is damaged.
    #[error("open data folder {}: {file} is damaged ({what}); restore it from a copy, nothing was changed", path.display())]
    Damaged {
        /// The folder.
        path: PathBuf,
        /// File inside it.
        file: String,
        /// What does not fit.
        what: String,
    },
    /// The system refused an operation.
    #[error("open data folder {}: {error}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

/// What a start found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// The log was closed in order; nothing had to be replayed.
    pub clean: bool,
    /// Leader epoch of this run, for every partition.
    pub leader_epoch: i32,
    /// Batches replayed from the shared log.
    pub replayed_batches: u64,
    /// Acknowledged records that cannot be read any more. They stay listed at later starts until they are below the log
    /// start.
    pub damage: Vec<Damage>,
}

/// A range of acknowledged records that damage took. Reads inside it answer [`super::ReadError::Corrupt`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// The partition.
    pub partition: PartitionKey,
    /// First offset lost.
    pub first_offset: i64,
    /// Offset after the last one lost.
    pub next_offset: i64,
}
