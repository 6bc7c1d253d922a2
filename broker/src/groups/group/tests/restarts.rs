//! What the record of a group brings back.

use super::*;

fn restart(bench: &Bench) -> Bench {
    let (key, value) = bench.group.record().encode().unwrap();
    let Ok(Some(Record::Group(id, Some(value)))) = Record::decode(&key, value.as_deref()) else {
        panic!("not a group's record");
    };
    let now = Now {
        tick: Duration::from_secs(500),
        unix_ms: 900_000,
    };
    let group = Group::restore(&id, value, bench.group.limits, now);
    Bench {
        group,
        now,
        next: bench.next,
        effects: Vec::new(),
    }
}

#[test]
fn members_go_on_after_a_restart_without_a_rebalance() {
    let mut bench = restart(&Bench::stable_pair());
    assert_eq!(
        (bench.group.phase(), bench.group.generation()),
        (Phase::Stable, 2)
    );
    bench.pass(9_999);
    assert_eq!(
        bench.heartbeat(who("a", 2)),
        Ok(()),
        "sessions restart at load time"
    );
    let now = bench.now;
    assert_eq!(bench.group.accept_commit(now, &who("b", 2)), Ok(()));
    let b = bench.sync(who("b", 2), &[]);
    assert_eq!(bench.synced(b).assignment, "p1");
    bench.pass(9_999);
    bench.pass(1);
    assert_eq!(bench.group.phase(), Phase::Empty, "and end as ever");
    assert_eq!(bench.group.generation(), 3);
}

#[test]
fn a_static_member_may_return_after_a_restart() {
    let mut bench = Bench::new();
    bench.join(fixed("i", "a1"));
    let who = Identity {
        instance_id: Some("i".into()),
        ..who("a1", 1)
    };
    bench.sync(who.clone(), &[("a1", "p0")]);
    let mut bench = restart(&bench);
    let a = bench.join(fixed("i", "a2"));
    assert_eq!(bench.joined(a).generation, 1);
    assert_eq!(bench.heartbeat(who), Err(GroupError::FencedInstance));
}

#[test]
fn an_empty_group_comes_back_empty() {
    let mut bench = Bench::stable_pair();
    bench.leave(&[("a", None), ("b", None)]);
    let since = bench.group.since_ms();
    let mut bench = restart(&bench);
    assert_eq!(
        (bench.group.phase(), bench.group.generation()),
        (Phase::Empty, 3)
    );
    assert_eq!(bench.group.since_ms(), since, "offsets expire from then on");
    let c = bench.join(first("c"));
    assert_eq!(bench.joined(c).generation, 4, "generations go on");
}
