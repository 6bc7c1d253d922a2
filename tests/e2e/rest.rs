//! At rest the operator writes nothing, and a restart of it writes nothing either.

use std::time::Duration;

use tests::wait;

use crate::harness::{HOME, RESYNC, USER, alone, suite};

const PAUSED: &str = include_str!("rest/paused.yaml");
const OBJECTS: [&str; 3] = ["cluster/c", "topic/t", "connector/x"];
/// How long counters may be owed.
const COUNTERS: Duration = Duration::from_secs(30);

#[test]
fn at_rest_nothing_is_written_and_a_restarted_operator_writes_nothing() {
    let Some(audit) = suite().kube.audit() else {
        println!("skipped: this cluster shows no audit log");
        return;
    };
    let test = alone("rest");
    test.apply(PAUSED);
    for object in OBJECTS {
        test.ready(object);
    }
    let here = |mark| {
        let mut writes = audit.writes(mark, USER);
        writes.retain(|entry| entry.namespace == test.name);
        writes
    };
    // Counters are written at most every 30 s: quiet alone does not say that none are owed, and what is owed a new operator
    // writes at once.
    test.until("the cluster's counts", COUNTERS * 2, || {
        let status = test.get("cluster/c")?["status"].take();
        (status["topics"] == 1
            && status["connectors"] == 1
            && status["unmanagedTopics"]["count"] == 0)
            .then_some(())
    });
    test.until("a quiet resync", RESYNC * 40, || {
        let mark = audit.mark();
        wait::pass(RESYNC);
        here(mark).is_empty().then_some(())
    });
    let mark = audit.mark();
    wait::pass(RESYNC * 2 + RESYNC / 2);
    assert_eq!(here(mark), [], "written at rest, over two resyncs");

    let said = || OBJECTS.map(|object| test.get(object).map(|mut object| object["status"].take()));
    let (mark, before) = (audit.mark(), said());
    suite()
        .kube
        .kubectl(&["rollout", "restart", "-n", HOME, "deployment/eddyline"]);
    let status = [
        "rollout",
        "status",
        "-n",
        HOME,
        "deployment/eddyline",
        "--timeout=120s",
    ];
    suite().kube.kubectl(&status);
    wait::pass(RESYNC * 2);
    assert_eq!(said(), before, "what a restarted operator says");
    assert_eq!(here(mark), [], "written by a restarted operator");
}
