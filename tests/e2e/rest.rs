//! At rest the operator writes nothing, and a restart of it writes nothing either.

use tests::wait;

use crate::harness::{HOME, RESYNC, USER, alone, suite};

const PAUSED: &str = include_str!("rest/paused.yaml");

#[test]
fn at_rest_nothing_is_written_and_a_restarted_operator_writes_nothing() {
    let Some(audit) = suite().kube.audit() else {
        println!("skipped: this cluster shows no audit log");
        return;
    };
    let test = alone("rest");
    test.apply(PAUSED);
    for object in ["cluster/c", "topic/t", "connector/x"] {
        test.ready(object);
    }
    let here = |mark| {
        let mut writes = audit.writes(mark, USER);
        writes.retain(|entry| entry.namespace == test.name);
        writes
    };
    // Counters settle: they are written at most every 30 s.
    test.until("a quiet resync", RESYNC * 40, || {
        let mark = audit.mark();
        wait::pass(RESYNC);
        here(mark).is_empty().then_some(())
    });
    let mark = audit.mark();
    wait::pass(RESYNC * 2 + RESYNC / 2);
    assert_eq!(here(mark), [], "written at rest, over two resyncs");

    let mark = audit.mark();
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
    assert_eq!(here(mark), [], "written by a restarted operator");
}
