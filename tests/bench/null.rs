//! A listener that parses, answers and stores nothing: what the client can reach at most on this machine. It must
//! not know what is measured against it.

use std::borrow::Cow;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Result, bail};

use ::tests::wait;
use wire::messages::{api_versions, init_producer_id, metadata, produce};
use wire::{ApiKey, Encoded, Message, Reader, RequestHeader};

use crate::probe::read_frame;

const NODE: i32 = 1;
/// The client opens one connection per broker and one per address it was given.
const MAX_CONNECTIONS: usize = 16;
const MAX_FRAME_BYTES: usize = 100 << 20;
const BREATH: Duration = Duration::from_millis(2);
/// What the client must see to speak as it speaks to a broker; only the first four are ever asked for.
const VERSIONS: &[(ApiKey, i16, i16)] = &[
    (ApiKey::Produce, 0, 12),
    (ApiKey::Metadata, 0, 12),
    (ApiKey::ApiVersions, 0, 4),
    (ApiKey::InitProducerId, 0, 5),
    (ApiKey::Fetch, 4, 16),
    (ApiKey::ListOffsets, 1, 7),
];

/// The listener; ends when dropped.
#[derive(Debug)]
pub(crate) struct Null {
    /// Where clients connect.
    pub(crate) bootstrap: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Null {
    /// Listens; every topic there is has so many partitions.
    pub(crate) fn start(partitions: i32) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let answers = Answers {
            port: address.port(),
            partitions,
        };
        let thread = std::thread::spawn(move || {
            let mut connections = 0;
            while !stopped.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((socket, _)) if connections < MAX_CONNECTIONS => {
                        connections += 1;
                        std::thread::spawn(move || answers.serve(socket));
                    }
                    _ => wait::pass(BREATH),
                }
            }
        });
        Ok(Self {
            bootstrap: address.to_string(),
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Null {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Answers {
    port: u16,
    partitions: i32,
}

impl Answers {
    /// Answers until the client goes.
    fn serve(self, mut socket: TcpStream) -> Result<()> {
        socket.set_nonblocking(false)?;
        socket.set_nodelay(true)?;
        let mut frame = Vec::new();
        loop {
            read_frame(&mut socket, &mut frame, MAX_FRAME_BYTES)?;
            let answer = self.answer(&frame)?;
            socket.write_all(&answer.bytes)?;
        }
    }

    fn answer(self, frame: &[u8]) -> Result<Encoded> {
        let mut reader = Reader::new(frame);
        let header = RequestHeader::decode(&mut reader)?;
        let (id, version) = (header.correlation_id, header.request_api_version);
        let key = ApiKey::from_code(header.request_api_key);
        Ok(match key {
            Some(ApiKey::ApiVersions) => api_versions_answer(id, version)?,
            Some(ApiKey::Metadata) => {
                let request = metadata::Request::decode(&mut reader, version)?;
                wire::frame::response(id, ApiKey::Metadata, &self.metadata(request), version)?
            }
            Some(ApiKey::InitProducerId) => {
                let answer = init_producer_id::Response {
                    producer_id: 1,
                    ..Default::default()
                };
                wire::frame::response(id, ApiKey::InitProducerId, &answer, version)?
            }
            Some(ApiKey::Produce) => {
                let request = produce::Request::decode(&mut reader, version)?;
                wire::frame::response(id, ApiKey::Produce, &produced(request), version)?
            }
            _ => bail!("API {} is not answered here", header.request_api_key),
        })
    }

    fn metadata(self, request: metadata::Request<'_>) -> metadata::Response<'_> {
        let partition = |partition_index| metadata::MetadataResponsePartition {
            partition_index,
            leader_id: NODE,
            leader_epoch: 0,
            replica_nodes: vec![NODE],
            isr_nodes: vec![NODE],
            ..Default::default()
        };
        let topic = |topic: metadata::MetadataRequestTopic<'_>| metadata::MetadataResponseTopic {
            name: topic.name.map(|name| Cow::Owned(name.into_owned())),
            partitions: (0..self.partitions).map(partition).collect(),
            ..Default::default()
        };
        metadata::Response {
            brokers: vec![metadata::MetadataResponseBroker {
                node_id: NODE,
                host: "127.0.0.1".into(),
                port: i32::from(self.port),
                ..Default::default()
            }],
            cluster_id: Some("null".into()),
            controller_id: NODE,
            topics: request
                .topics
                .unwrap_or_default()
                .into_iter()
                .map(topic)
                .collect(),
            ..Default::default()
        }
    }
}

/// An unknown version is answered in version 0, with an error and what is known.
fn api_versions_answer(id: i32, version: i16) -> Result<Encoded> {
    const UNSUPPORTED_VERSION: i16 = 35;
    let known = (0..=4).contains(&version);
    let api = |(key, min_version, max_version): &(ApiKey, i16, i16)| api_versions::ApiVersion {
        api_key: key.code(),
        min_version: *min_version,
        max_version: *max_version,
    };
    let answer = api_versions::Response {
        error_code: if known { 0 } else { UNSUPPORTED_VERSION },
        api_keys: VERSIONS.iter().map(api).collect(),
        ..Default::default()
    };
    let version = if known { version } else { 0 };
    Ok(wire::frame::response(
        id,
        ApiKey::ApiVersions,
        &answer,
        version,
    )?)
}

fn produced(request: produce::Request<'_>) -> produce::Response<'_> {
    let partition =
        |partition: produce::PartitionProduceData<'_>| produce::PartitionProduceResponse {
            index: partition.index,
            log_start_offset: 0,
            ..Default::default()
        };
    let topic = |topic: produce::TopicProduceData<'_>| produce::TopicProduceResponse {
        name: Cow::Owned(topic.name.into_owned()),
        partition_responses: topic.partition_data.into_iter().map(partition).collect(),
        ..Default::default()
    };
    produce::Response {
        responses: request.topic_data.into_iter().map(topic).collect(),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_of_a_produce_request_is_answered() {
        let request = produce::Request {
            acks: -1,
            topic_data: vec![produce::TopicProduceData {
                name: "t".into(),
                partition_data: [0, 7]
                    .map(|index| produce::PartitionProduceData {
                        index,
                        records: Some(b"never looked at"),
                    })
                    .into(),
                ..Default::default()
            }],
            ..Default::default()
        };
        let frame = wire::frame::request(9, None, &request, 9).unwrap();
        let answers = Answers {
            port: 1,
            partitions: 8,
        };
        let answer = answers.answer(&frame.bytes[4..]).unwrap();
        let mut reader = Reader::new(&answer.bytes[4..]);
        let header = wire::ResponseHeader::decode(&mut reader, ApiKey::Produce, 9).unwrap();
        assert_eq!(header.correlation_id, 9);
        let answer = produce::Response::decode(&mut reader, 9).unwrap();
        let indexes: Vec<_> = answer.responses[0]
            .partition_responses
            .iter()
            .map(|partition| (partition.index, partition.error_code))
            .collect();
        assert_eq!(indexes, [(0, 0), (7, 0)]);
    }

    #[test]
    fn every_topic_asked_for_is_there() {
        let request = metadata::Request {
            topics: Some(vec![metadata::MetadataRequestTopic {
                name: Some("t".into()),
                ..Default::default()
            }]),
            ..Default::default()
        };
        let answers = Answers {
            port: 1,
            partitions: 3,
        };
        let answer = answers.metadata(request);
        assert_eq!(answer.topics[0].name.as_deref(), Some("t"));
        assert_eq!(answer.topics[0].partitions.len(), 3);
    }
}
