//! Static members (KIP-345): they return without a rebalance and fence their former selves.

use super::*;

fn whose(member_id: &str, instance_id: &str, generation: i32) -> Identity {
    Identity {
        instance_id: Some(instance_id.into()),
        ..who(member_id, generation)
    }
}

/// Static `a1` of instance `a` leads, dynamic `b` follows, generation 2 is stable.
fn stable() -> Bench {
    let mut bench = Bench::new();
    bench.join(fixed("a", "a1"));
    bench.join(first("b"));
    let a = bench.join(Join {
        instance_id: Some("a".into()),
        ..again("a1")
    });
    assert_eq!(bench.joined(a).leader, "a1");
    bench.sync(whose("a1", "a", 2), &[("a1", "p0"), ("b", "p1")]);
    bench.sync(who("b", 2), &[]);
    bench
}

#[test]
fn a_static_leader_returns_without_a_rebalance() {
    let mut bench = stable();
    let a = bench.join(fixed("a", "a2"));
    let joined = bench.joined(a);
    assert_eq!((joined.generation, joined.member_id.as_str()), (2, "a2"));
    assert_eq!(
        (joined.leader.as_str(), joined.skip_assignment),
        ("a2", true)
    );
    assert_eq!(
        joined.members.len(),
        2,
        "a leader watches the topics of all"
    );
    let [Record::Group(_, Some(value))] = &bench.records()[..] else {
        panic!("no record")
    };
    assert_eq!(
        value.leader.as_deref(),
        Some("a2"),
        "the new id survives a restart"
    );
    assert_eq!(bench.group.phase(), Phase::Stable);
    let a = bench.sync(whose("a2", "a", 2), &[]);
    assert_eq!(
        bench.synced(a).assignment,
        "p0",
        "what its former self held"
    );
    assert_eq!(
        bench.heartbeat(whose("a1", "a", 2)),
        Err(GroupError::FencedInstance)
    );
    let old = bench.sync(whose("a1", "a", 2), &[]);
    assert_eq!(bench.refused(old), GroupError::FencedInstance);
    let old = bench.join(Join {
        instance_id: Some("a".into()),
        ..again("a1")
    });
    assert_eq!(bench.refused(old), GroupError::FencedInstance);
    let verdict = bench.leave(&[("a1", Some("a"))]);
    assert_eq!(verdict, [Err(GroupError::FencedInstance)]);
    let now = bench.now;
    let commit = bench.group.accept_commit(now, &whose("a1", "a", 2));
    assert_eq!(commit, Err(GroupError::FencedInstance));
}

#[test]
fn before_v9_it_is_named_a_follower_so_that_it_does_not_assign() {
    let mut bench = stable();
    let a = bench.join(Join {
        may_skip_assignment: false,
        ..fixed("a", "a2")
    });
    let joined = bench.joined(a);
    assert_eq!(
        (joined.leader.as_str(), joined.skip_assignment),
        ("a1", false)
    );
    assert!(joined.members.is_empty());
}

#[test]
fn a_static_follower_returns_without_a_rebalance() {
    let mut bench = stable();
    bench.join(fixed("c", "c1"));
    bench.join(again("b"));
    bench.join(Join {
        instance_id: Some("a".into()),
        ..again("a1")
    });
    bench.sync(whose("a1", "a", 3), &[("c1", "p2")]);
    let c = bench.join(fixed("c", "c2"));
    let joined = bench.joined(c);
    assert_eq!((joined.generation, joined.leader.as_str()), (3, "a1"));
    assert!(joined.members.is_empty() && !joined.skip_assignment);
    let c = bench.sync(whose("c2", "c", 3), &[]);
    assert_eq!(bench.synced(c).assignment, "p2");
}

#[test]
fn with_another_protocol_it_is_a_rebalance() {
    let mut bench = Bench::new();
    bench.join(Join {
        protocols: protocols(&["x", "y"]),
        ..fixed("a", "a1")
    });
    bench.sync(whose("a1", "a", 1), &[("a1", "p0")]);
    let a = bench.join(Join {
        protocols: protocols(&["y", "x"]),
        ..fixed("a", "a2")
    });
    assert_eq!(
        (
            bench.joined(a).generation,
            bench.joined(a).protocol.as_str()
        ),
        (2, "y")
    );
}

#[test]
fn a_twin_fences_requests_that_wait() {
    let mut bench = stable();
    let old = bench.join(Join {
        instance_id: Some("a".into()),
        ..again("a1")
    });
    let new = bench.join(fixed("a", "a2"));
    assert_eq!(bench.refused(old), GroupError::FencedInstance);
    bench.join(again("b"));
    assert_eq!(
        (
            bench.joined(new).generation,
            bench.joined(new).leader.as_str()
        ),
        (3, "a2")
    );
}

#[test]
fn a_twin_between_the_phases_starts_over() {
    let mut bench = Bench::new();
    bench.join(fixed("a", "a1"));
    bench.join(first("b"));
    bench.join(Join {
        instance_id: Some("a".into()),
        ..again("a1")
    });
    let b = bench.sync(who("b", 2), &[]);
    let a = bench.join(fixed("a", "a2"));
    assert_eq!(bench.refused(b), GroupError::RebalanceInProgress);
    assert_eq!(bench.reply(a), None);
    bench.join(again("b"));
    assert_eq!(bench.joined(a).generation, 3);
}

#[test]
fn a_silent_static_member_keeps_its_place_until_its_session_ends() {
    let mut bench = stable();
    bench
        .group
        .members
        .get_mut("a1")
        .unwrap()
        .session_timeout_ms = 600_000;
    assert_eq!(bench.heartbeat(whose("a1", "a", 2)), Ok(()));
    let c = bench.join(first("c"));
    let b = bench.join(again("b"));
    bench.pass(60_000);
    let joined = bench.joined(b);
    assert_eq!(
        (joined.generation, joined.leader.as_str()),
        (3, "b"),
        "b joined, so b leads"
    );
    assert_eq!(joined.members.len(), 3, "a1 still counts");
    assert_eq!(bench.joined(c).generation, 3);
}

#[test]
fn a_group_of_silent_static_members_waits_for_their_sessions() {
    let mut bench = stable();
    bench.leave(&[("b", None)]);
    for _ in 0..7 {
        bench.pass(9_999);
        let verdict = bench.heartbeat(whose("a1", "a", 2));
        assert_eq!(verdict, Err(GroupError::RebalanceInProgress));
    }
    assert_eq!(bench.group.generation(), 2, "postponed");
    bench.pass(10_000);
    assert_eq!(
        (bench.group.phase(), bench.group.generation()),
        (Phase::Empty, 3)
    );
}

#[test]
fn an_administrator_takes_out_an_instance_by_its_name() {
    let mut bench = stable();
    let verdicts = bench.leave(&[("", Some("nobody")), ("", Some("a")), ("", None)]);
    let unknown = || Err(GroupError::UnknownMember);
    assert_eq!(verdicts, [unknown(), Ok(()), unknown()]);
    assert!(bench.group.instances.is_empty());
}

#[test]
fn a_returning_static_member_fits_into_a_full_group() {
    let mut bench = stable();
    bench.group.limits.max_size = 2;
    let a = bench.join(fixed("a", "a2"));
    assert_eq!(bench.joined(a).generation, 2);
    let c = bench.join(fixed("c", "c1"));
    assert_eq!(bench.refused(c), GroupError::GroupFull);
}
