//! `JoinGroup` and `SyncGroup` of dynamic members.

use super::*;

#[test]
fn the_first_member_leads_at_once() {
    let mut bench = Bench::new();
    let a = bench.join(first("a"));
    let joined = bench.joined(a);
    assert_eq!((joined.generation, joined.leader.as_str()), (1, "a"));
    assert_eq!(
        (joined.protocol_type.as_str(), joined.protocol.as_str()),
        ("consumer", "range")
    );
    assert_eq!(joined.members.len(), 1);
    assert_eq!(joined.members[0].metadata, "range");
    assert!(bench.records().is_empty(), "nothing is worth a record yet");
    let a = bench.sync(who("a", 1), &[("a", "all")]);
    assert_eq!(bench.synced(a).assignment, "all");
    assert_eq!(bench.records().len(), 1, "the assignments are");
    assert_eq!(bench.effects.len(), 2);
    assert!(
        matches!(bench.effects[0], Effect::Append(_)),
        "before they are told"
    );
}

#[test]
fn two_steps_from_v4() {
    let mut bench = Bench::new();
    let a = bench.join(Join {
        two_step: true,
        ..first("a")
    });
    assert_eq!(bench.refused(a), GroupError::MemberIdRequired("a".into()));
    let a = bench.join(Join {
        two_step: true,
        ..again("a")
    });
    assert_eq!(bench.joined(a).member_id, "a");
    let b = bench.join(Join {
        two_step: true,
        ..again("b")
    });
    assert_eq!(
        bench.refused(b),
        GroupError::UnknownMember,
        "an id we never gave"
    );
}

#[test]
fn an_id_given_out_holds_the_join_phase_until_it_lapses() {
    let mut bench = Bench::stable_pair();
    bench.join(Join {
        two_step: true,
        ..first("c")
    });
    let a = bench.join(again("a"));
    let b = bench.join(again("b"));
    assert_eq!((bench.reply(a), bench.reply(b)), (None, None));
    bench.pass(9_999);
    assert_eq!(bench.reply(b), None);
    bench.pass(1);
    assert_eq!(bench.joined(a).generation, 3);
    assert_eq!(bench.joined(b).generation, 3);
    let c = bench.join(Join {
        two_step: true,
        ..again("c")
    });
    assert_eq!(bench.refused(c), GroupError::UnknownMember);
}

#[test]
fn given_out_ids_are_bounded() {
    let mut bench = Bench::with(Limits {
        max_size: 2,
        ..Limits::default()
    });
    for id in ["a", "b", "c"] {
        bench.join(Join {
            two_step: true,
            ..first(id)
        });
        bench.pass(1);
    }
    assert_eq!(bench.group.pending.keys().collect::<Vec<_>>(), ["b", "c"]);
}

#[test]
fn wrong_joins() {
    let cases = [
        (
            Join {
                session_timeout_ms: 5_999,
                ..first("x")
            },
            GroupError::InvalidSessionTimeout,
        ),
        (
            Join {
                session_timeout_ms: 1_800_001,
                ..first("x")
            },
            GroupError::InvalidSessionTimeout,
        ),
        (
            Join {
                protocol_type: "connect".into(),
                ..first("x")
            },
            GroupError::InconsistentProtocol,
        ),
        (
            Join {
                protocols: Vec::new(),
                ..first("x")
            },
            GroupError::InconsistentProtocol,
        ),
        (
            Join {
                protocols: protocols(&["sticky"]),
                ..first("x")
            },
            GroupError::InconsistentProtocol,
        ),
        (again("x"), GroupError::UnknownMember),
        (
            Join {
                instance_id: Some("i".into()),
                ..again("a")
            },
            GroupError::UnknownMember,
        ),
    ];
    for (join, expected) in cases {
        let mut bench = Bench::stable_pair();
        let token = bench.join(join.clone());
        assert_eq!(bench.refused(token), expected, "{join:?}");
        assert_eq!(
            bench.group.phase(),
            Phase::Stable,
            "the others are not disturbed"
        );
    }
    let mut bench = Bench::new();
    let token = bench.join(Join {
        protocol_type: String::new(),
        ..first("x")
    });
    assert_eq!(bench.refused(token), GroupError::InconsistentProtocol);
    let limits = Limits {
        max_record_bytes: 16,
        ..Limits::default()
    };
    let mut bench = Bench::with(limits);
    let token = bench.join(first("x"));
    assert_eq!(bench.refused(token), GroupError::TooLarge);
}

#[test]
fn a_full_group_refuses_the_next_but_still_rebalances() {
    let mut bench = Bench::stable_pair();
    bench.group.limits.max_size = 2;
    let c = bench.join(first("c"));
    assert_eq!(bench.refused(c), GroupError::GroupFull);
    bench.join(again("a"));
    let b = bench.join(again("b"));
    assert_eq!(bench.joined(b).generation, 3);
}

#[test]
fn who_rejoins_and_what_that_does() {
    let mut bench = Bench::stable_pair();
    let b = bench.join(again("b"));
    assert_eq!(bench.joined(b).generation, 2, "a follower without news");
    assert!(bench.joined(b).members.is_empty());
    bench.join(Join {
        protocols: protocols(&["range", "sticky"]),
        ..again("b")
    });
    assert_eq!(
        bench.group.phase(),
        Phase::PreparingRebalance,
        "a follower with news"
    );
    let mut bench = Bench::stable_pair();
    bench.join(again("a"));
    assert_eq!(
        bench.group.phase(),
        Phase::PreparingRebalance,
        "the leader, always"
    );
}

#[test]
fn a_lost_answer_to_a_join_is_given_again() {
    let mut bench = Bench::new();
    bench.join(first("a"));
    let a = bench.join(again("a"));
    let joined = bench.joined(a);
    assert_eq!((joined.generation, joined.members.len()), (1, 1));
    let a = bench.join(Join {
        protocols: protocols(&["range", "sticky"]),
        ..again("a")
    });
    assert_eq!(
        bench.joined(a).generation,
        2,
        "with news it is a new generation"
    );
}

#[test]
fn a_second_join_supersedes_the_first() {
    let mut bench = Bench::stable_pair();
    let old = bench.join(again("a"));
    let new = bench.join(again("a"));
    assert_eq!(bench.refused(old), GroupError::RebalanceInProgress);
    let b = bench.join(again("b"));
    assert_eq!(bench.reply(old), None, "answered once");
    assert_eq!(
        (bench.joined(new).generation, bench.joined(b).generation),
        (3, 3)
    );
}

#[test]
fn members_that_do_not_rejoin_in_time_are_left_out() {
    let mut bench = Bench::stable_pair();
    let b = bench.join(Join {
        protocols: protocols(&["range", "x"]),
        ..again("b")
    });
    for _ in 0..6 {
        bench.pass(9_999);
        assert_eq!(
            bench.heartbeat(who("a", 2)),
            Err(GroupError::RebalanceInProgress)
        );
    }
    bench.pass(6);
    let joined = bench.joined(b);
    assert_eq!(
        (joined.generation, joined.leader.as_str()),
        (3, "b"),
        "it leads now"
    );
    assert_eq!(joined.members.len(), 1);
    assert_eq!(bench.heartbeat(who("a", 2)), Err(GroupError::UnknownMember));
}

#[test]
fn the_protocol_most_prefer_wins() {
    let mut bench = Bench::new();
    bench.join(Join {
        protocols: protocols(&["x", "y", "z"]),
        ..first("a")
    });
    bench.join(Join {
        protocols: protocols(&["y", "x"]),
        ..first("b")
    });
    bench.join(Join {
        protocols: protocols(&["q", "y", "x"]),
        ..first("c")
    });
    bench.join(Join {
        protocols: protocols(&["y", "x"]),
        ..again("b")
    });
    let a = bench.join(Join {
        protocols: protocols(&["x", "y", "z"]),
        ..again("a")
    });
    assert_eq!(bench.joined(a).protocol, "y");
    assert_eq!(bench.joined(a).members[1].metadata, "y");
}

#[test]
fn followers_wait_for_the_leader() {
    let mut bench = Bench::new();
    bench.join(first("a"));
    bench.join(first("b"));
    bench.join(again("a"));
    let b = bench.sync(who("b", 2), &[]);
    assert_eq!(bench.reply(b), None);
    let a = bench.sync(who("a", 2), &[("a", "p0"), ("stranger", "p9")]);
    assert_eq!(bench.synced(a).assignment, "p0");
    assert_eq!(
        bench.synced(b).assignment,
        "",
        "left out is empty, not unanswered"
    );
    let b = bench.sync(who("b", 2), &[]);
    assert_eq!(bench.synced(b).assignment, "", "asked again");
}

#[test]
fn wrong_syncs() {
    let mut bench = Bench::stable_pair();
    let refuse = |bench: &mut Bench, who: Identity, kind: Option<&str>, protocol: Option<&str>| {
        let token = bench.token();
        let protocol_type = kind.map(str::to_owned);
        let protocol = protocol.map(str::to_owned);
        let sync = Sync {
            who,
            protocol_type,
            protocol,
            assignments: Vec::new(),
        };
        bench.step(Event::Sync(token, sync));
        bench.refused(token)
    };
    let unknown = refuse(&mut bench, who("x", 2), None, None);
    assert_eq!(unknown, GroupError::UnknownMember);
    let old = refuse(&mut bench, who("a", 1), None, None);
    assert_eq!(old, GroupError::IllegalGeneration);
    let kind = refuse(&mut bench, who("a", 2), Some("connect"), None);
    assert_eq!(kind, GroupError::InconsistentProtocol);
    let protocol = refuse(&mut bench, who("a", 2), None, Some("sticky"));
    assert_eq!(protocol, GroupError::InconsistentProtocol);
    bench.join(again("a"));
    let rebalance = refuse(&mut bench, who("b", 2), None, None);
    assert_eq!(rebalance, GroupError::RebalanceInProgress);
}

#[test]
fn assignments_beyond_the_bound_change_nothing() {
    let mut bench = Bench::with(Limits {
        max_record_bytes: 200,
        ..Limits::default()
    });
    bench.join(first("a"));
    let long: &'static str =
        "p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0";
    let a = bench.sync(who("a", 1), &[("a", long)]);
    assert_eq!(bench.refused(a), GroupError::TooLarge);
    assert_eq!(bench.group.phase(), Phase::CompletingRebalance);
}

#[test]
fn a_newcomer_during_the_second_phase_sends_everybody_back() {
    let mut bench = Bench::new();
    bench.join(first("a"));
    bench.join(first("b"));
    bench.join(again("a"));
    let b = bench.sync(who("b", 2), &[]);
    let c = bench.join(first("c"));
    assert_eq!(bench.refused(b), GroupError::RebalanceInProgress);
    bench.join(again("a"));
    bench.join(again("b"));
    assert_eq!(bench.joined(c).generation, 3);
}

#[test]
fn a_leader_that_never_assigns_is_expelled() {
    let mut bench = Bench::new();
    bench.join(first("a"));
    bench.join(first("b"));
    bench.join(again("a"));
    let b = bench.sync(who("b", 2), &[]);
    for _ in 0..6 {
        bench.pass(9_999);
        assert_eq!(bench.heartbeat(who("a", 2)), Ok(()), "it lives");
    }
    bench.pass(6);
    assert_eq!(bench.refused(b), GroupError::RebalanceInProgress);
    let b = bench.join(again("b"));
    assert_eq!(bench.joined(b).leader, "b");
}

#[test]
fn the_initial_delay_gathers_members() {
    let limits = Limits {
        initial_delay: Duration::from_secs(3),
        ..Limits::default()
    };
    let mut bench = Bench::with(limits);
    let a = bench.join(first("a"));
    bench.pass(2_000);
    let b = bench.join(first("b"));
    bench.pass(2_999);
    assert_eq!(
        bench.reply(a),
        None,
        "the newcomer gave it three more seconds"
    );
    bench.pass(1);
    assert_eq!(bench.joined(a).generation, 1);
    assert_eq!(bench.joined(a).members.len(), 2);
    assert_eq!(bench.joined(b).generation, 1);
}

#[test]
fn an_abandoned_first_join_does_not_stay_for_ever() {
    let mut bench = Bench::stable_pair();
    let long = Join {
        rebalance_timeout_ms: i32::MAX,
        ..first("c")
    };
    let c = bench.join(long);
    for _ in 0..30 {
        bench.pass(9_999);
        drop(bench.heartbeat(who("a", 2)));
        drop(bench.heartbeat(who("b", 2)));
    }
    bench.pass(1_000);
    assert_eq!(bench.refused(c), GroupError::UnknownMember);
}
