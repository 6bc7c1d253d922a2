//! `Fetch` (key 1): reads batches; waits for them if there are too few.
//!
//! Topics go by name up to version 12 and by id from 13 (KIP-516). Sessions: KIP-227. Truncation: KIP-595.

use crate::field::{since, versions};
use crate::message::{api, structs};
use crate::{Records, Str, Uuid};

api!(
    Fetch, versions 4..=18, flexible 12,
    Request<'a> => Response<'a>
);

structs! {
    /// What to read, and how long to wait for it.
    struct Request<'a> {
        cluster_id: Option<Str<'a>> = since(12).nullable(12).tag(0).ignorable(),
        replica_id: i32 = versions(0, 14) => -1,
        replica_state: ReplicaState = since(15).tag(1),
        /// How long to wait for `min_bytes`, in milliseconds.
        max_wait_ms: i32 = since(0),
        /// Answer as soon as there are so many bytes.
        min_bytes: i32 = since(0),
        /// Answer not much more than so many bytes; the first batch is sent whatever its size (KIP-74).
        max_bytes: i32 = since(3).ignorable() => i32::MAX,
        /// 0: read uncommitted; 1: read committed.
        isolation_level: i8 = since(4).ignorable(),
        /// 0: no session.
        session_id: i32 = since(7).ignorable(),
        session_epoch: i32 = since(7).ignorable() => -1,
        topics: Vec<FetchTopic<'a>> = since(0),
        forgotten_topics_data: Vec<ForgottenTopic<'a>> = since(7),
        rack_id: Str<'a> = since(11).ignorable(),
    }

    /// A following broker; -1 for a consumer.
    struct ReplicaState {
        replica_id: i32 = since(15) => -1,
        replica_epoch: i64 = since(15) => -1,
    }

    /// What to read of one topic.
    struct FetchTopic<'a> {
        topic: Str<'a> = versions(0, 12).ignorable(),
        topic_id: Uuid = since(13).ignorable(),
        partitions: Vec<FetchPartition> = since(0),
    }

    /// What to read of one partition.
    struct FetchPartition {
        partition: i32 = since(0),
        current_leader_epoch: i32 = since(9).ignorable() => -1,
        fetch_offset: i64 = since(0),
        last_fetched_epoch: i32 = since(12) => -1,
        /// Of a following broker; -1 for a consumer.
        log_start_offset: i64 = since(5).ignorable() => -1,
        /// The same for this partition.
        partition_max_bytes: i32 = since(0),
        replica_directory_id: Uuid = since(17).tag(0).ignorable(),
        /// What a following broker knows (KIP-1166).
        high_watermark: i64 = since(18).tag(1).ignorable() => i64::MAX,
    }

    /// Partitions to remove from the session.
    struct ForgottenTopic<'a> {
        topic: Str<'a> = versions(7, 12).ignorable(),
        topic_id: Uuid = since(13).ignorable(),
        partitions: Vec<i32> = since(7),
    }

    /// What was read.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(1).ignorable(),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(7).ignorable(),
        /// 0: no session.
        session_id: i32 = since(7),
        responses: Vec<FetchableTopicResponse<'a>> = since(0),
        node_endpoints: Vec<NodeEndpoint<'a>> = since(16).tag(0),
    }

    /// What was read of one topic.
    struct FetchableTopicResponse<'a> {
        topic: Str<'a> = versions(0, 12).ignorable(),
        topic_id: Uuid = since(13).ignorable(),
        partitions: Vec<PartitionData<'a>> = since(0),
    }

    /// What was read of one partition.
    struct PartitionData<'a> {
        partition_index: i32 = since(0),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        /// Readers see what is below.
        high_watermark: i64 = since(0),
        /// Readers of committed records see what is below; -1 for none.
        last_stable_offset: i64 = since(4).ignorable() => -1,
        /// The first offset that is still there.
        log_start_offset: i64 = since(5).ignorable() => -1,
        diverging_epoch: EpochEndOffset = since(12).tag(0),
        current_leader: LeaderIdAndEpoch = since(12).tag(1).ignorable(),
        snapshot_id: SnapshotId = since(12).tag(2),
        aborted_transactions: Option<Vec<AbortedTransaction>> = since(4).nullable(4).ignorable() => Some(Vec::new()),
        /// Read there instead; -1: stay here.
        preferred_read_replica: i32 = since(11) => -1,
        records: Records<'a> = since(0).nullable(0),
    }

    /// The largest epoch before the one of the reader, and where it ends; -1 when the logs agree.
    struct EpochEndOffset {
        epoch: i32 = since(12) => -1,
        end_offset: i64 = since(12) => -1,
    }

    /// Who leads a partition now; -1 when that is not said.
    struct LeaderIdAndEpoch {
        leader_id: i32 = since(12) => -1,
        leader_epoch: i32 = since(12) => -1,
    }

    /// A snapshot to read instead; controllers only.
    struct SnapshotId {
        end_offset: i64 = since(0) => -1,
        epoch: i32 = since(0) => -1,
    }

    /// A transaction in the records that was aborted.
    struct AbortedTransaction {
        producer_id: i64 = since(4),
        first_offset: i64 = since(4),
    }

    /// Where a broker listens.
    struct NodeEndpoint<'a> {
        node_id: i32 = since(16),
        host: Str<'a> = since(16),
        port: i32 = since(16),
        rack: Option<Str<'a>> = since(16).nullable(16),
    }
}
