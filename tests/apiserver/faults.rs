//! The broker goes and comes back; the operator is told to end.

use std::time::{Duration, Instant};

use crate::harness::{Broker, alone, external, namespace, suite, topic};

#[test]
fn a_broker_that_is_away_is_named_and_its_topics_come_back_by_themselves() {
    let mut broker = Broker::start();
    let test = namespace("away");
    test.apply(&(external(&broker.kafka) + &topic("t", "  partitions: 1\n")));
    test.ready("topic/t");
    broker.kill();
    let message = test.ready_is("cluster/c", "False", "BrokerUnreachable");
    assert!(message.contains(&broker.kafka), "{message}");
    broker.restart();
    test.ready_is("cluster/c", "True", "Running");
    test.ready_is("topic/t", "True", "Reconciled");
}

#[test]
fn a_topic_of_a_broker_that_never_answers_again_goes_after_the_deadline() {
    let mut broker = Broker::start();
    let test = namespace("orphan");
    test.apply(&(external(&broker.kafka) + &topic("t", "  partitions: 1\n")));
    test.ready("topic/t");
    broker.kill();
    test.kubectl(&["delete", "topic", "t", "--wait=false"]);
    let took = test.gone("topic/t", Duration::from_secs(30));
    println!("let go after {:.1} s", took.as_secs_f64());
    let events = test.events("topic/t");
    let warned = |event: &String| event.starts_with("Warning") && event.contains('t');
    assert!(events.iter().any(warned), "{events:?}");
}

#[test]
fn an_operator_told_to_end_gives_its_lease_back() {
    let test = alone("lease");
    let lease = || {
        suite()
            .kube
            .json(&["lease", "eddyline", "-n", crate::harness::HOME])
    };
    let holder = |lease: &serde_json::Value| lease["spec"]["holderIdentity"].clone();
    assert!(holder(&lease().unwrap()).is_string());
    let begun = Instant::now();
    let code = suite().stop_operator();
    println!("ended after {:.1} s", begun.elapsed().as_secs_f64());
    assert!(matches!(code, Some(0 | 130)), "{code:?}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    let held =
        lease().is_some_and(|lease| holder(&lease).as_str().is_some_and(|name| !name.is_empty()));
    assert!(!held, "the Lease is still held by one that is gone");
    drop(test);
}
