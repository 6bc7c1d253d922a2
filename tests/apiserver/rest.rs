//! At rest the operator writes nothing, and a restart of it writes nothing either.

use tests::wait;

use crate::harness::{Broker, RESYNC, USER, alone, external, suite, topic};

#[test]
fn at_rest_nothing_is_written_and_a_restarted_operator_writes_nothing() {
    let broker = Broker::start();
    let test = alone("rest");
    test.apply(&external(&broker.kafka));
    for name in ["a", "b"] {
        test.apply(&topic(name, "  partitions: 2\n"));
    }
    for object in ["topic/a", "topic/b", "cluster/c"] {
        test.ready(object);
    }
    // The Cluster counts its topics a moment after they are ready.
    test.until("the Cluster to count its topics", RESYNC * 20, || {
        (test.get("cluster/c")?["status"]["topics"] == 2).then_some(())
    });
    let audit = suite().kube.audit().unwrap();
    let here = |mark| {
        let mut writes = audit.writes(mark, USER);
        writes.retain(|entry| entry.namespace == test.name);
        writes
    };
    wait::pass(RESYNC);
    let mark = audit.mark();
    wait::pass(RESYNC * 2 + RESYNC / 2);
    assert_eq!(here(mark), [], "written at rest, over two resyncs");
    let reads = audit.since(mark);
    assert!(
        reads.iter().any(|entry| entry.user == USER),
        "the operator was not there at all"
    );

    suite().kill_operator();
    let mark = audit.mark();
    suite().start_operator(&[]);
    wait::pass(RESYNC * 2);
    assert_eq!(here(mark), [], "written by a restarted operator");
}
