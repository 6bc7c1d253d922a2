//! What becomes of a topic when its object goes. Pure.

use std::fmt;

use crds::topic::DeletionPolicy;

use super::plan::Origin;
use crate::names::ObjectName;

/// What is known when an object goes.
#[derive(Clone, Debug)]
pub struct Leaving<'a> {
    /// The object's policy; unset depends on `origin`.
    pub policy: Option<DeletionPolicy>,
    /// The object's `deletionProtection`: it keeps the topic where it could not keep the object.
    pub protected: bool,
    /// Who made the topic; `None` where nobody has looked yet.
    pub origin: Option<Origin>,
    /// Whether the object owned the topic.
    pub owner: bool,
    /// Another object that names the same topic.
    pub heir: Option<&'a ObjectName>,
}

/// What becomes of the topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It goes with its records.
    Delete,
    /// It stays, and why.
    Keep(KeepReason),
}

/// Why a topic outlives its object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeepReason {
    /// `deletionPolicy: Retain`.
    Policy,
    /// It was there before the object.
    Adopted,
    /// `deletionProtection: true`.
    Protected,
    /// The object never looked at the topic.
    NeverSeen,
    /// An older object owns it.
    NotOwner,
    /// This object names it too and has it from now on.
    Inherited(ObjectName),
}

impl fmt::Display for KeepReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy => f.write_str("deletionPolicy is Retain"),
            Self::Adopted => f.write_str("it was there before the Topic"),
            Self::Protected => f.write_str("deletionProtection is true"),
            Self::NeverSeen => f.write_str("the Topic never took hold of it"),
            Self::NotOwner => f.write_str("another Topic owns it"),
            Self::Inherited(heir) => write!(f, "the Topic {heir} names it too and has it now"),
        }
    }
}

/// Decides; every doubt keeps the data.
pub fn deletion(leaving: &Leaving<'_>) -> Deletion {
    if !leaving.owner {
        return Deletion::Keep(KeepReason::NotOwner);
    }
    if let Some(heir) = leaving.heir {
        return Deletion::Keep(KeepReason::Inherited(heir.clone()));
    }
    if leaving.protected {
        return Deletion::Keep(KeepReason::Protected);
    }
    match (leaving.policy, leaving.origin) {
        (Some(DeletionPolicy::Retain), _) => Deletion::Keep(KeepReason::Policy),
        (_, None) => Deletion::Keep(KeepReason::NeverSeen),
        (None, Some(Origin::Adopted)) => Deletion::Keep(KeepReason::Adopted),
        (Some(DeletionPolicy::Delete), Some(_)) | (None, Some(Origin::Created)) => Deletion::Delete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_and_origin_decide() {
        use DeletionPolicy::{Delete, Retain};
        use Origin::{Adopted, Created};
        for (policy, origin, expected) in [
            (None, Some(Created), Deletion::Delete),
            (None, Some(Adopted), Deletion::Keep(KeepReason::Adopted)),
            (None, None, Deletion::Keep(KeepReason::NeverSeen)),
            (Some(Delete), Some(Created), Deletion::Delete),
            (Some(Delete), Some(Adopted), Deletion::Delete),
            (Some(Delete), None, Deletion::Keep(KeepReason::NeverSeen)),
            (
                Some(Retain),
                Some(Created),
                Deletion::Keep(KeepReason::Policy),
            ),
            (
                Some(Retain),
                Some(Adopted),
                Deletion::Keep(KeepReason::Policy),
            ),
            (Some(Retain), None, Deletion::Keep(KeepReason::Policy)),
        ] {
            let leaving = Leaving {
                policy,
                origin,
                protected: false,
                owner: true,
                heir: None,
            };
            assert_eq!(deletion(&leaving), expected, "{policy:?} {origin:?}");
            let protected = Leaving {
                protected: true,
                ..leaving
            };
            assert_eq!(deletion(&protected), Deletion::Keep(KeepReason::Protected));
        }
    }

    #[test]
    fn a_rename_by_create_and_prune_keeps_the_data() {
        let heir = ObjectName {
            namespace: "default".to_owned(),
            name: "new".to_owned(),
        };
        let leaving = Leaving {
            policy: Some(DeletionPolicy::Delete),
            protected: false,
            origin: Some(Origin::Created),
            owner: true,
            heir: Some(&heir),
        };
        assert_eq!(
            deletion(&leaving),
            Deletion::Keep(KeepReason::Inherited(heir.clone()))
        );
        let other = Leaving {
            owner: false,
            ..leaving
        };
        assert_eq!(deletion(&other), Deletion::Keep(KeepReason::NotOwner));
    }
}
