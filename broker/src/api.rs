//! The Kafka APIs: the one list of key → versions → handler, and the way a request takes through
//! it.
//!
//! `ApiVersions` is answered from [`TABLE`]; a key that is not in it does not exist for clients.
//! Handlers (one file per API) turn a decoded request into a response and are the only place that
//! names error codes. They know no sockets.

pub(crate) mod api_versions;
mod body;
pub(crate) mod context;
mod create_partitions;
mod create_topics;
mod delete_groups;
mod delete_records;
mod delete_topics;
mod describe_cluster;
mod describe_configs;
mod describe_groups;
mod describe_log_dirs;
pub(crate) mod error;
mod fetch;
mod find_coordinator;
mod group;
mod heartbeat;
mod incremental_alter_configs;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_groups;
mod list_offsets;
mod metadata;
mod offset_commit;
mod offset_fetch;
mod offset_for_leader_epoch;
pub(crate) mod operations;
mod partition;
mod produce;
mod resource;
mod sync_group;

use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;

use bytes::BytesMut;
use wire::{ApiKey, Reader, Request, RequestHeader};

use crate::Broker;
use body::Body;
pub(crate) use context::{Connection, Context, Refusal, Reply};

/// One row: an API we serve.
pub(crate) struct Api {
    pub(crate) key: ApiKey,
    /// What `ApiVersions` shows.
    pub(crate) advertised: RangeInclusive<i16>,
    /// What can be decoded and answered.
    served: RangeInclusive<i16>,
    call: Call,
}

type Call = for<'a> fn(&'a Broker, &'a Context, Body) -> Calling<'a>;
type Calling<'a> = Pin<Box<dyn Future<Output = Result<Reply, Refusal>> + Send + 'a>>;

/// A row whose handler yields the response:
/// `async fn handle(&Broker, &Context, Request<'_>) -> Result<Response<'_>, Refusal>`.
macro_rules! answers {
    ($key:ident, $module:ident) => {
        row!($key, $module, |broker, context, body| {
            let request = decode(broker, body.bytes(), context.api_version)?;
            let response = $module::handle(broker, context, request).await?;
            Reply::message(context, ApiKey::$key, &response)
        })
    };
}

/// A row whose handler yields the [`Reply`] itself:
/// `async fn handle(&Broker, &Context, Request<'_>) -> Result<Reply, Refusal>`.
macro_rules! replies {
    ($key:ident, $module:ident) => {
        row!($key, $module, |broker, context, body| {
            let request = decode(broker, body.bytes(), context.api_version)?;
            $module::handle(broker, context, request).await
        })
    };
}

/// A row whose handler decodes the [`Body`] itself, because it keeps parts of it:
/// `async fn handle(&Broker, &Context, Body) -> Result<Reply, Refusal>`.
macro_rules! keeps {
    ($key:ident, $module:ident) => {
        row!($key, $module, |broker, context, body| {
            $module::handle(broker, context, body).await
        })
    };
}

macro_rules! row {
    ($key:ident, $module:ident, |$broker:ident, $context:ident, $body:ident| $answer:block) => {{
        fn call<'a>($broker: &'a Broker, $context: &'a Context, $body: Body) -> Calling<'a> {
            Box::pin(async move { $answer })
        }
        Api {
            key: ApiKey::$key,
            advertised: <wire::messages::$module::Request as Request>::ADVERTISED,
            served: <wire::messages::$module::Request as Request>::VERSIONS,
            call,
        }
    }};
}

/// All APIs we serve, by key. A handler's file is its row's second word.
#[expect(
    elided_lifetimes_in_paths,
    reason = "some requests borrow from their frame, some do not; rows name them alike"
)]
pub(crate) static TABLE: &[Api] = &[
    keeps!(Produce, produce),
    replies!(Fetch, fetch),
    answers!(ListOffsets, list_offsets),
    answers!(Metadata, metadata),
    answers!(OffsetCommit, offset_commit),
    answers!(OffsetFetch, offset_fetch),
    answers!(FindCoordinator, find_coordinator),
    answers!(JoinGroup, join_group),
    answers!(Heartbeat, heartbeat),
    answers!(LeaveGroup, leave_group),
    answers!(SyncGroup, sync_group),
    answers!(DescribeGroups, describe_groups),
    answers!(ListGroups, list_groups),
    answers!(ApiVersions, api_versions),
    answers!(CreateTopics, create_topics),
    answers!(DeleteTopics, delete_topics),
    answers!(DeleteRecords, delete_records),
    answers!(InitProducerId, init_producer_id),
    answers!(OffsetForLeaderEpoch, offset_for_leader_epoch),
    answers!(DescribeConfigs, describe_configs),
    answers!(DescribeLogDirs, describe_log_dirs),
    answers!(CreatePartitions, create_partitions),
    answers!(DeleteGroups, delete_groups),
    answers!(IncrementalAlterConfigs, incremental_alter_configs),
    answers!(DescribeCluster, describe_cluster),
];

/// A request in memory that was granted with its frame.
fn decode<'a, R: Request<'a>>(broker: &Broker, body: &'a [u8], version: i16) -> Result<R, Refusal> {
    let has_records = R::KEY == ApiKey::Produce;
    let budget = broker.budget.decoded_bytes(body.len(), has_records);
    Ok(R::decode(&mut Reader::with_budget(body, budget), version)?)
}

/// Answers one frame (without its length).
///
/// # Errors
/// [`Refusal`]: the connection is to be closed, since what follows on it cannot be trusted.
pub(crate) async fn answer(
    broker: &Broker,
    connection: &Arc<Connection>,
    frame: BytesMut,
) -> Result<Reply, Refusal> {
    let mut reader = Reader::new(&frame);
    let header = RequestHeader::decode(&mut reader)?;
    let body_at = frame.len() - reader.remaining();
    let context = Context {
        api_version: header.request_api_version,
        correlation_id: header.correlation_id,
        client_id: header
            .client_id
            .as_deref()
            .map(|id| id.chars().take(255).collect()),
        connection: Arc::clone(connection),
    };
    let api = find(header.request_api_key)?;
    if !api.served.contains(&context.api_version) {
        if api.key == ApiKey::ApiVersions {
            return api_versions::unsupported(&context);
        }
        let (name, version) = (api.key.name(), context.api_version);
        return Err(Refusal::Close(format!("{name} has no version {version}")));
    }
    broker.metrics.count_request(api.key.name());
    (api.call)(broker, &context, Body::new(frame, body_at)).await
}

fn find(code: i16) -> Result<&'static Api, Refusal> {
    let known = |api: &&Api| api.key as i16 == code;
    TABLE
        .iter()
        .find(known)
        .ok_or_else(|| Refusal::Close(format!("API key {code} is not served")))
}
