//! `LeaveGroup` and silence.

use super::*;

#[test]
fn the_last_one_out_leaves_an_empty_group() {
    let mut bench = Bench::stable_pair();
    assert_eq!(bench.leave(&[("a", None)]), [Ok(())]);
    assert_eq!(bench.group.phase(), Phase::PreparingRebalance);
    assert_eq!(bench.leave(&[("b", None)]), [Ok(())]);
    assert_eq!(
        (bench.group.phase(), bench.group.generation()),
        (Phase::Empty, 3)
    );
    let [Record::Group(_, Some(value))] = &bench.records()[..] else {
        panic!("no record")
    };
    assert_eq!((value.generation, value.members.len()), (3, 0));
    assert_eq!(
        value.protocol_type, "consumer",
        "an empty group keeps its kind"
    );
    let other = bench.join(Join {
        protocol_type: "connect".into(),
        ..first("c")
    });
    assert_eq!(
        bench.joined(other).protocol_type,
        "connect",
        "but may be used for another"
    );
}

#[test]
fn each_leaver_has_its_own_verdict() {
    let mut bench = Bench::stable_pair();
    let verdicts = bench.leave(&[("x", None), ("a", None), ("a", None), ("b", Some("i"))]);
    let unknown = || Err(GroupError::UnknownMember);
    assert_eq!(verdicts, [unknown(), Ok(()), unknown(), unknown()]);
    assert_eq!(bench.group.leader.as_deref(), Some("b"));
}

#[test]
fn an_id_given_out_can_be_handed_back_without_a_rebalance() {
    let mut bench = Bench::stable_pair();
    bench.join(Join {
        two_step: true,
        ..first("c")
    });
    assert_eq!(bench.leave(&[("c", None)]), [Ok(())]);
    assert_eq!(bench.group.phase(), Phase::Stable);
    assert!(bench.group.pending.is_empty());
}

#[test]
fn a_leaver_whose_own_request_waits_is_answered() {
    let mut bench = Bench::stable_pair();
    let a = bench.join(again("a"));
    bench.leave(&[("a", None)]);
    assert_eq!(bench.refused(a), GroupError::UnknownMember);
    let b = bench.join(again("b"));
    assert_eq!(bench.joined(b).leader, "b");
    let mut bench = Bench::new();
    bench.join(first("a"));
    bench.join(first("b"));
    bench.join(again("a"));
    let b = bench.sync(who("b", 2), &[]);
    bench.leave(&[("b", None)]);
    assert_eq!(bench.refused(b), GroupError::UnknownMember);
}

#[test]
fn silence_expels() {
    let mut bench = Bench::stable_pair();
    assert_eq!(
        bench.group.wake_at(),
        Some(bench.now.tick + millis(SESSION_MS))
    );
    bench.pass(9_999);
    assert_eq!(bench.heartbeat(who("a", 2)), Ok(()));
    bench.pass(1);
    assert_eq!(
        bench.heartbeat(who("a", 2)),
        Err(GroupError::RebalanceInProgress)
    );
    assert_eq!(bench.heartbeat(who("b", 2)), Err(GroupError::UnknownMember));
    bench.pass(10_000);
    assert_eq!(bench.group.phase(), Phase::Empty);
    assert_eq!(bench.group.wake_at(), None);
}

#[test]
fn a_member_whose_join_waits_is_not_silent() {
    let mut bench = Bench::stable_pair();
    let a = bench.join(again("a"));
    for _ in 0..5 {
        bench.pass(9_000);
        drop(bench.heartbeat(who("b", 2)));
    }
    assert_eq!(bench.reply(a), None);
    assert!(bench.group.members.contains_key("a"));
}
