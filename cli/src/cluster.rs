//! A Kafka cluster as the admin tools see it: its brokers and topics at one moment, and a connection to each broker,
//! made when it is needed.
//!
//! It must not know what the tools print.

pub mod offsets;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::time::Duration;

use operator::names::INTERNAL_TOPICS;
use wire::ErrorCode;
use wire::client::{Call, ClientError, Connection, Reply};
use wire::messages::metadata;

use crate::failure::Failure;
use crate::laptop::findings::suggest;

/// How long connecting, and each call after it, may take.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// What brokers see as the name of this client.
pub const CLIENT_ID: &str = "eddyline";

/// A cluster that answered.
#[derive(Debug)]
pub struct Cluster {
    servers: String,
    /// The bootstrap server that answered.
    first: Connection,
    /// Advertised addresses by broker id.
    brokers: BTreeMap<i32, String>,
    topics: BTreeMap<String, Topic>,
    others: HashMap<i32, Connection>,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    pub name: String,
    /// Unset from brokers that have no ids.
    pub id: Option<String>,
    /// The cluster, or the platform on it, keeps its own data in it.
    pub internal: bool,
    pub partitions: Vec<Partition>,
}

/// A partition and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    pub index: i32,
    /// Below 0 when no broker leads it now.
    pub leader: i32,
    pub replicas: Vec<i32>,
    pub in_sync: Vec<i32>,
}

impl Topic {
    /// Copies of each partition.
    pub fn replicas(&self) -> usize {
        let copies = self.partitions.iter().map(|one| one.replicas.len());
        copies.max().unwrap_or_default()
    }
}

impl Cluster {
    /// Connects to the first of `servers` (`HOST:PORT[,HOST:PORT]`) that answers, and asks for brokers and topics.
    ///
    /// # Errors
    /// None of them answers as a Kafka broker does.
    pub async fn reach(servers: &str) -> Result<Self, Failure> {
        let mut problem = Failure::usage(
            "no bootstrap server is given",
            "write --bootstrap HOST:PORT",
        );
        for server in servers
            .split(',')
            .map(str::trim)
            .filter(|one| !one.is_empty())
        {
            match Connection::connect(server, CLIENT_ID, TIMEOUT).await {
                Ok(first) => return Self::of(servers, first).await,
                Err(error) => problem = failure(servers, &error),
            }
        }
        Err(problem)
    }

    async fn of(servers: &str, first: Connection) -> Result<Self, Failure> {
        let everything = metadata::Request {
            topics: None,
            allow_auto_topic_creation: false,
            ..Default::default()
        };
        let mut cluster = Self {
            servers: servers.to_owned(),
            first,
            brokers: BTreeMap::new(),
            topics: BTreeMap::new(),
            others: HashMap::new(),
        };
        let reply = cluster.ask(cluster.first.call(&everything)).await?;
        let answer = cluster.read(reply.decode())?;
        let (brokers, topics) = (brokers(&answer), topics(&answer));
        check(answer.error_code, "tell its topics")?;
        (cluster.brokers, cluster.topics) = (brokers, topics);
        Ok(cluster)
    }

    /// All topics by name.
    pub fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.topics.values()
    }

    /// All brokers' ids.
    pub fn brokers(&self) -> Vec<i32> {
        self.brokers.keys().copied().collect()
    }

    /// The topic of this name.
    ///
    /// # Errors
    /// There is none: then with the nearest name.
    pub fn topic(&self, name: &str) -> Result<&Topic, Failure> {
        self.topics.get(name).ok_or_else(|| {
            let names = self.topics.values().filter(|topic| !topic.internal);
            let names: Vec<&str> = names.map(|topic| topic.name.as_str()).collect();
            let near = suggest(name, names.iter().copied());
            let help = format!("{near}\nsee them with: eddyline topic list");
            Failure::new(format!("there is no topic \"{name}\""), help.trim_start())
        })
    }

    /// Any broker.
    pub fn any(&self) -> Connection {
        self.first.clone()
    }

    /// A connection to one broker. The only broker of a cluster is the one that answered already, whatever address it
    /// advertises: that one may not be reachable from here.
    ///
    /// # Errors
    /// The broker is not known, or cannot be reached.
    pub async fn broker(&mut self, id: i32) -> Result<Connection, Failure> {
        if self.brokers.len() <= 1 {
            return Ok(self.first.clone());
        }
        if let Some(known) = self.others.get(&id) {
            return Ok(known.clone());
        }
        let address = self.brokers.get(&id).ok_or_else(|| {
            Failure::new(
                format!("broker {id} is not there now"),
                "try again in a moment",
            )
        })?;
        let made = Connection::connect(address, CLIENT_ID, TIMEOUT).await;
        let made = made.map_err(|error| failure(address, &error))?;
        self.others.insert(id, made.clone());
        Ok(made)
    }

    /// Waits for the answer to a call.
    ///
    /// # Errors
    /// There is none.
    pub async fn ask<R>(&self, call: Call<'_, R>) -> Result<Reply<R>, Failure> {
        call.await.map_err(|error| failure(&self.servers, &error))
    }

    /// An answer's content.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read<T>(&self, decoded: Result<T, wire::DecodeError>) -> Result<T, Failure> {
        decoded.map_err(|error| failure(&self.servers, &error.into()))
    }
}

/// The failure of a broker that refused: "cannot WHAT: its reason".
///
/// # Errors
/// The code stands for an error.
pub fn check(code: i16, what: &str) -> Result<(), Failure> {
    if code == 0 {
        return Ok(());
    }
    let help = match ErrorCode::from_code(code) {
        Some(error) if error.is_retriable() => "try again in a moment",
        _ => "",
    };
    Err(Failure::new(
        format!("the broker cannot {what}: {}", reason(code)),
        help,
    ))
}

/// An error code in words.
pub fn reason(code: i16) -> String {
    match ErrorCode::from_code(code) {
        Some(error) => format!("{} ({})", error.message(), error.name()),
        None => format!("error code {code}"),
    }
}

/// What to do when a cluster does not answer.
pub const WHERE_IS_IT: &str = "is it running? say where it is with --bootstrap HOST:PORT";

fn failure(servers: &str, error: &ClientError) -> Failure {
    let why = match error {
        ClientError::Connect { source, .. } => match source.kind() {
            io::ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
            io::ErrorKind::TimedOut => "it does not answer".to_owned(),
            // The standard library has no kind for it.
            _ if source.to_string().contains("lookup") => "its name is not known".to_owned(),
            _ => source.to_string(),
        },
        ClientError::Lost { .. } | ClientError::TimedOut { .. } => error.to_string(),
        _ => return Failure::new(error.to_string(), "does a Kafka broker listen there?"),
    };
    Failure::new(
        format!("cannot reach Kafka at {servers}: {why}"),
        WHERE_IS_IT,
    )
}

fn brokers(answer: &metadata::Response<'_>) -> BTreeMap<i32, String> {
    let address = |broker: &metadata::MetadataResponseBroker<'_>| {
        if broker.host.contains(':') {
            format!("[{}]:{}", broker.host, broker.port)
        } else {
            format!("{}:{}", broker.host, broker.port)
        }
    };
    let brokers = answer.brokers.iter();
    brokers
        .map(|broker| (broker.node_id, address(broker)))
        .collect()
}

fn topics(answer: &metadata::Response<'_>) -> BTreeMap<String, Topic> {
    let topics = answer.topics.iter().filter_map(|topic| {
        let name = topic.name.as_deref()?.to_owned();
        let mut partitions: Vec<Partition> = topic.partitions.iter().map(partition).collect();
        partitions.sort_by_key(|partition| partition.index);
        let topic = Topic {
            name: name.clone(),
            id: (!topic.topic_id.is_zero()).then(|| topic.topic_id.to_string()),
            internal: topic.is_internal || INTERNAL_TOPICS.contains(&name.as_str()),
            partitions,
        };
        Some((name, topic))
    });
    topics.collect()
}

fn partition(partition: &metadata::MetadataResponsePartition) -> Partition {
    Partition {
        index: partition.partition_index,
        leader: partition.leader_id,
        replicas: partition.replica_nodes.clone(),
        in_sync: partition.isr_nodes.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_cluster_that_is_not_there_is_named_with_the_flag() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let failure = Cluster::reach(&address).await.unwrap_err();
        assert_eq!(
            failure.what,
            format!("cannot reach Kafka at {address}: nothing listens there")
        );
        assert!(failure.help.contains("--bootstrap"), "{failure}");
        let failure = Cluster::reach(" , ").await.unwrap_err();
        assert!(failure.help.contains("--bootstrap"), "{failure}");
    }

    #[test]
    fn an_error_code_is_told_in_words() {
        assert_eq!(check(0, "x"), Ok(()));
        let failure = check(15, "tell who keeps the group").unwrap_err();
        assert_eq!(
            failure.what,
            "the broker cannot tell who keeps the group: There is no coordinator right now (COORDINATOR_NOT_AVAILABLE)"
        );
        assert_eq!(failure.help, "try again in a moment");
        assert!(
            check(9999, "x")
                .unwrap_err()
                .what
                .ends_with("error code 9999")
        );
    }
}
