use super::*;
use crate::{
    clock::SystemClock,
    plugin::{Config, Registry},
    producer::Cluster,
    worker::{
        handover::Unsent,
        testing::{Counter, MemoryCluster},
    },
};

fn spec(iterations: &str) -> Arc<Spec> {
    let settings = [
        ("connector.class", "Counter"),
        ("kafka.topic", "orders"),
        ("iterations", iterations),
    ];
    let config: Config = settings
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let registry = Registry::new(vec![Arc::new(Counter)]);
    Arc::new(Spec::read(&registry, &config).unwrap())
}

fn start(spec: Arc<Spec>, cluster: &MemoryCluster) -> Tasks {
    let stream = Stream {
        connector: "c".to_owned(),
        uid: "u".to_owned(),
        hash: spec.stream(),
    };
    let resumption = Resumption {
        layout: Layout {
            number: 0,
            tasks: 1,
            workers: 1,
            generation: 1,
            seed: 7,
            base: 0,
            unsent: Unsent::default(),
        },
        part: Part {
            epoch: 0,
            pod: String::new(),
            before: None,
            since: Some(0),
            next: vec![0],
            ended: false,
        },
        tasks: vec![0],
    };
    let job = Job {
        source: spec.plugin.open(&spec.config, 7).unwrap(),
        seed: 7,
        converters: spec.converters,
        topic: spec.source.topic.clone(),
        sink: cluster.sink("c", &spec.connector.producer).unwrap(),
        clock: Arc::new(SystemClock),
        origin: Instant::now(),
        began: jiff::Timestamp::now(),
    };
    Tasks::start(spec, stream, 0, resumption, job)
}

#[tokio::test(start_paused = true)]
async fn a_number_raised_as_the_last_record_is_sent_is_followed() {
    let cluster = MemoryCluster::default();
    let mut tasks = start(spec("3"), &cluster);
    // The attempt ends, and nobody has looked yet.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(cluster.numbers().len(), 3);
    tasks.follow(spec("5"));
    let more = async {
        while cluster.numbers().len() < 5 {
            tasks.next().await;
        }
    };
    let more = tokio::time::timeout(Duration::from_mins(1), more).await;
    assert!(more.is_ok(), "{:?}", cluster.numbers());
}
