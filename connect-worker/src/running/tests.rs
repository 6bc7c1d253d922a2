//! Goal: the worker as its process sees it, with the real Kafka client. Method: librdkafka's own
//! mock cluster, which keeps records and forgets nothing but cannot create topics by request; a
//! pipeline test elsewhere runs against our broker.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    mocking::MockCluster,
    producer::DefaultProducerContext,
};
use tokio::sync::watch;

use crate::{
    ConnectorState, ConnectorStatus, ManagedConnector, Peers, Place, Reason, Running, Settings,
    SystemClock, Worker,
};

type Mock = MockCluster<'static, DefaultProducerContext>;

fn cluster() -> Mock {
    let cluster = Mock::new(1).unwrap();
    cluster.create_topic("__eddyline_connect", 1, 1).unwrap();
    cluster
}

fn orders(rate: &str) -> Vec<ManagedConnector> {
    let config = [
        ("connector.class", "Datagen"),
        ("kafka.topic", "orders"),
        ("quickstart", "ORDERS"),
        ("rate", rate),
        ("tasks.max", "2"),
    ];
    vec![ManagedConnector {
        namespace: "default".to_owned(),
        name: "orders-gen".to_owned(),
        uid: "u".to_owned(),
        generation: 1,
        epoch: None,
        config: config
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        managed_by: "the Connector default/orders-gen in a.yaml".to_owned(),
    }]
}

async fn start(cluster: &Mock, connectors: Vec<ManagedConnector>) -> Running {
    start_at(None, cluster, connectors).await
}

async fn start_at(
    place: Option<Place>,
    cluster: &Mock,
    connectors: Vec<ManagedConnector>,
) -> Running {
    let (_, managed) = watch::channel(connectors);
    let settings = Settings {
        bootstrap: cluster.bootstrap_servers(),
        rest_listen: vec!["127.0.0.1:0".parse().unwrap()],
        admin_listen: Some("127.0.0.1:0".parse().unwrap()),
        worker_id: "localhost:8083".to_owned(),
        place,
        managed,
        clock: Arc::new(SystemClock),
        client: BTreeMap::new(),
    };
    Worker::start(settings).await.unwrap()
}

async fn becomes(worker: &Running, is_so: impl Fn(&ConnectorStatus) -> bool) -> ConnectorStatus {
    let mut snapshot = worker.snapshot();
    let waited = snapshot.wait_for(|all| all.connectors.values().any(&is_so));
    let seen = tokio::time::timeout(Duration::from_mins(1), waited).await;
    assert!(seen.is_ok(), "never so: {:?}", worker.snapshot().borrow());
    let last = worker.snapshot();
    let last = last.borrow();
    last.connectors["orders-gen"].clone()
}

/// Reads what is in the topic: order ids with the partition each is in.
fn read(cluster: &Mock, partitions: i32) -> Vec<(i64, i32)> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", cluster.bootstrap_servers())
        .set("group.id", "reader")
        .create()
        .unwrap();
    let mut assigned = TopicPartitionList::new();
    let mut left = 0;
    for partition in 0..partitions {
        let (low, high) = consumer
            .fetch_watermarks("orders", partition, Duration::from_secs(5))
            .unwrap();
        left += high - low;
        assigned
            .add_partition_offset("orders", partition, Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&assigned).unwrap();
    let mut all = Vec::new();
    while all.len() < usize::try_from(left).unwrap() {
        let message = consumer.poll(Duration::from_secs(30)).unwrap().unwrap();
        let order: serde_json::Value = serde_json::from_slice(message.payload().unwrap()).unwrap();
        let id = order["orderid"].as_i64().unwrap();
        assert_eq!(message.key().unwrap(), id.to_string().as_bytes());
        all.push((id, message.partition()));
    }
    all
}

fn assert_each_once(ids: &[(i64, i32)]) {
    let distinct: BTreeSet<i64> = ids.iter().map(|(id, _)| *id).collect();
    assert_eq!(distinct.len(), ids.len(), "repeats");
    for task in 0..2 {
        let share: Vec<i64> = distinct
            .iter()
            .copied()
            .filter(|id| id % 2 == task)
            .collect();
        let wanted: Vec<i64> = (0..)
            .map(|count| count * 2 + task)
            .take(share.len())
            .collect();
        assert_eq!(share, wanted, "a gap");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_flow_at_once_and_go_on_after_a_stop() {
    let cluster = cluster();
    cluster.create_topic("orders", 2, 1).unwrap();
    for life in 1..=3_u64 {
        let begun = Instant::now();
        let worker = start(&cluster, orders("500")).await;
        becomes(&worker, |status| status.records >= 1).await;
        println!(
            "life {life}: first records acknowledged within {:?}",
            begun.elapsed()
        );
        becomes(&worker, |status| status.records >= 100).await;
        let health = reqwest::get(format!("http://{}/health", worker.rest()[0]))
            .await
            .unwrap();
        assert_eq!(health.status(), 200);
        let metrics = reqwest::get(format!("http://{}/metrics", worker.admin().unwrap()))
            .await
            .unwrap();
        assert!(
            metrics
                .text()
                .await
                .unwrap()
                .contains("eddyline_connect_ready 1")
        );
        let begun = Instant::now();
        worker.stop().await;
        println!("life {life}: stopped after {:?}", begun.elapsed());
    }
    let ids = read(&cluster, 2);
    assert!(ids.len() >= 300);
    assert_each_once(&ids);
    // Where Java's partitioner puts these keys among two partitions.
    for (id, partition) in [(0, 0), (1, 1), (2, 0), (3, 1), (10, 0), (99, 1)] {
        assert!(
            ids.contains(&(id, partition)),
            "{id} is not in partition {partition}: {:?}",
            ids.iter().find(|(known, _)| *known == id)
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_among_others_goes_on_after_a_stop() {
    let cluster = cluster();
    cluster.create_topic("orders", 2, 1).unwrap();
    for life in 1..=2_u64 {
        let place = Place {
            ordinal: 0,
            pod: format!("p{life}"),
            peers: Peers::Service {
                pods: "connect".to_owned(),
                service: "localhost".to_owned(),
                port: 1,
            },
        };
        let worker = start_at(Some(place), &cluster, orders("200")).await;
        becomes(&worker, |status| status.records >= 100 * life).await;
        worker.stop().await;
    }
    assert_each_once(&read(&cluster, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_topic_and_a_broker_that_is_away_are_waited_for() {
    let cluster = cluster();
    let worker = start(&cluster, orders("200")).await;
    let status = becomes(&worker, |status| {
        status.reason == Some(Reason::TopicNotFound)
    })
    .await;
    assert_eq!(status.state, ConnectorState::Unassigned);
    cluster.create_topic("orders", 1, 1).unwrap();
    becomes(&worker, |status| {
        status.state == ConnectorState::Running && status.records > 0
    })
    .await;
    cluster.broker_down(1).unwrap();
    let status = becomes(&worker, |status| {
        status.reason == Some(Reason::BrokerUnreachable)
    })
    .await;
    assert_eq!(status.state, ConnectorState::Throttled);
    let before = status.records;
    cluster.broker_up(1).unwrap();
    becomes(&worker, |status| {
        status.state == ConnectorState::Running && status.records > before + 100
    })
    .await;
    worker.stop().await;
    assert_each_once(&read(&cluster, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_ends_although_the_broker_is_away() {
    let cluster = cluster();
    cluster.create_topic("orders", 1, 1).unwrap();
    let worker = start(&cluster, orders("200")).await;
    becomes(&worker, |status| status.records > 0).await;
    cluster.broker_down(1).unwrap();
    let begun = Instant::now();
    worker.stop().await;
    println!("stopped after {:?} without a broker", begun.elapsed());
    assert!(
        begun.elapsed() < Duration::from_secs(50),
        "ten times the deadline"
    );
}
