//! What is told when an object goes, and when a Topic is well again.

use crds::condition;
use jiff::Timestamp;

use super::*;
use crate::names::ObjectName;

#[test]
fn each_parting_is_told_in_its_own_words() {
    let heir = ObjectName {
        namespace: "default".to_owned(),
        name: "new".to_owned(),
    };
    for (parting, told) in [
        (
            Parting::Deleted,
            "Normal Deleted: topic orders is deleted with its records",
        ),
        (
            Parting::Kept(KeepReason::Inherited(heir)),
            "Normal Inherited: topic orders stays: the Topic default/new names it too and has it now",
        ),
        (
            Parting::Kept(KeepReason::Adopted),
            "Normal Kept: topic orders stays: it was there before the Topic",
        ),
        (
            Parting::Kept(KeepReason::NeverSeen),
            "Normal Kept: topic orders stays: the Topic never took hold of it",
        ),
        (
            Parting::WithCluster,
            "Normal ClusterGone: topic orders goes with its Cluster tutorial",
        ),
        (
            Parting::Orphaned("connection refused".to_owned()),
            "Warning Orphaned: topic orders stays in Cluster tutorial with nobody to look after it, for it could not be deleted: connection \
             refused; delete it there by hand: eddyline topic delete orders",
        ),
    ] {
        let note = of_parting("orders", "tutorial", &parting);
        assert_eq!(note.to_string(), told);
    }
}

fn ready_with(reason: Reason, message: &str) -> TopicStatus {
    let ready = condition::ready(reason, message.to_owned(), 1, Timestamp::UNIX_EPOCH);
    TopicStatus {
        conditions: vec![ready],
        ..TopicStatus::default()
    }
}

#[test]
fn a_transition_is_told_once() {
    use Reason::{BrokerUnreachable, InvalidConfig, Pending, Reconciled};

    for (before, after, told) in [
        (None, (Reconciled, "a"), None),
        (Some((Pending, "")), (Reconciled, "a"), None),
        (
            Some((BrokerUnreachable, "b")),
            (Reconciled, "a"),
            Some("Normal Reconciled: a"),
        ),
        (
            Some((InvalidConfig, "b")),
            (Reconciled, "a"),
            Some("Normal Reconciled: a"),
        ),
        (Some((Reconciled, "b")), (Reconciled, "a"), None),
        (
            Some((Reconciled, "b")),
            (BrokerUnreachable, "a"),
            Some("Warning BrokerUnreachable: a"),
        ),
        (
            Some((BrokerUnreachable, "b")),
            (BrokerUnreachable, "a"),
            None,
        ),
        (
            Some((InvalidConfig, "b")),
            (InvalidConfig, "a"),
            Some("Warning InvalidConfig: a"),
        ),
        (Some((InvalidConfig, "a")), (InvalidConfig, "a"), None),
        (Some((Reconciled, "b")), (Pending, "a"), None),
    ] {
        let before = before.map(|(reason, message)| ready_with(reason, message));
        let after = ready_with(after.0, after.1);
        let note = of_transition(before.as_ref(), &after, DriftPolicy::Correct);
        assert_eq!(note.map(|note| note.to_string()).as_deref(), told);
    }
}
