//! Every message in every version, against three judges: the crate kafka-protocol (`oracle`), bytes of the Java
//! client (`golden`), and hostile frames (`hostile`).

mod golden;
mod hostile;
mod oracle;

use std::ops::RangeInclusive;

use serde_json::Value as Json;

use crate::testing::{Random, Sample};
use crate::value::Form;
use crate::{DecodeError, Message, Reader, Request, Writer};

/// The bytes that were encoded again, or why they could not be decoded.
type Again = Result<Vec<u8>, DecodeError>;

/// One message with its types erased, so that tests can walk over all of them.
struct Codec {
    /// As in fixtures: `Produce`, `request`.
    api: &'static str,
    kind: &'static str,
    versions: RangeInclusive<i16>,
    /// Encodes a random value.
    sample: fn(&mut Random, i16) -> Vec<u8>,
    /// Decodes within a memory budget, and encodes again.
    again: fn(&[u8], i16, usize) -> Again,
    json: fn(&[u8], i16) -> Json,
    /// The oracle decodes, and encodes again.
    oracle: fn(&[u8], i16) -> Vec<u8>,
    oracle_versions: RangeInclusive<i16>,
}

fn encoded<'a>(message: &impl Message<'a>, version: i16) -> Vec<u8> {
    let mut writer = Writer::new();
    message.encode(&mut writer, version).unwrap();
    writer.finish().bytes.to_vec()
}

macro_rules! codec {
    ($module:ident, $kind:ident, $name:literal, $oracle:ident) => {
        Codec {
            api: super::$module::Request::NAME,
            kind: $name,
            versions: super::$module::Request::VERSIONS,
            sample: |random, version| {
                let form = Form::new(version, super::$module::Request::FLEXIBLE_FROM);
                encoded(&super::$module::$kind::sample(random, form), version)
            },
            again: |bytes, version, budget| {
                let mut reader = Reader::with_budget(bytes, budget);
                let message = super::$module::$kind::decode(&mut reader, version)?;
                reader.finish()?;
                Ok(encoded(&message, version))
            },
            json: |bytes, version| {
                let message = super::$module::$kind::decode(&mut Reader::new(bytes), version);
                message
                    .unwrap()
                    .json(Form::new(version, super::$module::Request::FLEXIBLE_FROM))
            },
            oracle: oracle::again::<kafka_protocol::messages::$oracle>,
            oracle_versions: oracle::versions::<kafka_protocol::messages::$oracle>(),
        }
    };
}

macro_rules! codecs {
    ($($module:ident: $request:ident, $response:ident;)*) => {
        vec![$(
            codec!($module, Request, "request", $request),
            codec!($module, Response, "response", $response),
        )*]
    };
}

fn codecs() -> Vec<Codec> {
    codecs! {
        produce: ProduceRequest, ProduceResponse;
        fetch: FetchRequest, FetchResponse;
        list_offsets: ListOffsetsRequest, ListOffsetsResponse;
        metadata: MetadataRequest, MetadataResponse;
        offset_commit: OffsetCommitRequest, OffsetCommitResponse;
        offset_fetch: OffsetFetchRequest, OffsetFetchResponse;
        find_coordinator: FindCoordinatorRequest, FindCoordinatorResponse;
        join_group: JoinGroupRequest, JoinGroupResponse;
        heartbeat: HeartbeatRequest, HeartbeatResponse;
        leave_group: LeaveGroupRequest, LeaveGroupResponse;
        sync_group: SyncGroupRequest, SyncGroupResponse;
        describe_groups: DescribeGroupsRequest, DescribeGroupsResponse;
        list_groups: ListGroupsRequest, ListGroupsResponse;
        api_versions: ApiVersionsRequest, ApiVersionsResponse;
        create_topics: CreateTopicsRequest, CreateTopicsResponse;
        delete_topics: DeleteTopicsRequest, DeleteTopicsResponse;
        delete_records: DeleteRecordsRequest, DeleteRecordsResponse;
        init_producer_id: InitProducerIdRequest, InitProducerIdResponse;
        offset_for_leader_epoch: OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse;
        describe_configs: DescribeConfigsRequest, DescribeConfigsResponse;
        incremental_alter_configs: IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse;
        create_partitions: CreatePartitionsRequest, CreatePartitionsResponse;
        delete_groups: DeleteGroupsRequest, DeleteGroupsResponse;
        describe_cluster: DescribeClusterRequest, DescribeClusterResponse;
        describe_log_dirs: DescribeLogDirsRequest, DescribeLogDirsResponse;
    }
}

/// Calls `then` for every message and each of its versions.
fn for_all(mut then: impl FnMut(&Codec, i16)) {
    for codec in codecs() {
        for version in codec.versions.clone() {
            then(&codec, version);
        }
    }
}
