//! From YAML to a topic in a broker, and back.

use std::time::Duration;

use crate::harness::{Broker, external, namespace, topic};

#[test]
fn a_topic_is_made_in_an_external_cluster_and_goes_with_its_object() {
    let broker = Broker::start();
    let test = namespace("smoke");
    // Whatever the order: the Topic first.
    test.apply(&topic(
        "orders",
        "  partitions: 2\n  retention: {time: 1d}\n",
    ));
    let message = test.ready_is("topic/orders", "False", "ClusterNotFound");
    assert!(message.contains('c'), "{message}");
    test.apply(&external(&broker.kafka));
    test.ready_is("topic/orders", "True", "Reconciled");
    test.ready_is("cluster/c", "True", "Running");
    let found = broker.topic("orders").expect("the topic is in the broker");
    assert_eq!(
        found["partitions"].as_array().map(Vec::len),
        Some(2),
        "{found}"
    );
    let waited = ["wait", "--for=condition=Ready", "cluster/c", "topic/orders"];
    test.kubectl(&waited);
    test.kubectl(&["delete", "topic", "orders", "--wait=false"]);
    test.gone("topic/orders", Duration::from_secs(30));
    assert_eq!(broker.topic("orders"), None);
}

#[test]
fn the_operator_tells_how_it_is() {
    let _test = namespace("admin");
    let suite = crate::harness::suite();
    assert!(suite.admin("/livez").starts_with("HTTP/1.1 200"));
    let metrics = suite.admin("/metrics");
    assert!(metrics.contains("# TYPE"), "{metrics}");
}
