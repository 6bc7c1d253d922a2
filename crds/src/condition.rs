//! Conditions: the words in which every kind reports how it is.
//!
//! Knows the vocabulary and how a condition list is kept; which state leads to which reason is the
//! business of whoever observes the world.

use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
    jiff::Timestamp,
};
use schemars::{Schema, SchemaGenerator, json_schema};

/// The condition type every kind has; `kubectl wait --for=condition=Ready` waits for it.
pub const READY: &str = "Ready";

/// True when a topic differs from its object and `driftPolicy` leaves it so.
pub const DRIFTED: &str = "Drifted";

/// Why `Ready` is what it is. Reasons are an API: scripts and alerts match on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Everything the object asks for runs (Cluster, Connector).
    Running,
    /// The topic is as the object says.
    Reconciled,
    /// The topic differs and the drift policy leaves it so.
    Drifted,
    /// The object, or the connector, is paused by its spec.
    Paused,
    /// Stopped by its spec; data is kept.
    Stopped,
    /// The connector has sent all its iterations.
    Completed,
    /// The connector runs below its rate because the broker takes no more.
    Throttled,
    /// The Cluster that the object names does not exist.
    ClusterNotFound,
    /// The Cluster exists and cannot serve yet.
    ClusterNotReady,
    /// The Kafka topic that a connector writes to does not exist.
    TopicNotFound,
    /// The spec cannot be carried out as written; the message says what to write.
    InvalidConfig,
    /// An older object owns the same topic.
    Conflict,
    /// A child's name is taken by an object that is not ours.
    NameConflict,
    /// Some tasks failed.
    Degraded,
    /// All tasks failed and no restart is left.
    Failed,
    /// The image cannot be pulled.
    ImagePull,
    /// The volume is not bound.
    VolumePending,
    /// A container keeps ending.
    CrashLooping,
    /// No worker of the connector answers.
    WorkerUnreachable,
    /// The broker does not answer.
    BrokerUnreachable,
    /// Not looked at yet.
    Pending,
}

/// The three values of a condition's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// As it should be.
    True,
    /// Not as it should be.
    False,
    /// Nobody has looked yet.
    Unknown,
}

impl Status {
    /// The text in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

impl Reason {
    /// All reasons, for tables and tests.
    pub const ALL: [Self; 21] = [
        Self::Running,
        Self::Reconciled,
        Self::Drifted,
        Self::Paused,
        Self::Stopped,
        Self::Completed,
        Self::Throttled,
        Self::ClusterNotFound,
        Self::ClusterNotReady,
        Self::TopicNotFound,
        Self::InvalidConfig,
        Self::Conflict,
        Self::NameConflict,
        Self::Degraded,
        Self::Failed,
        Self::ImagePull,
        Self::VolumePending,
        Self::CrashLooping,
        Self::WorkerUnreachable,
        Self::BrokerUnreachable,
        Self::Pending,
    ];

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Reconciled => "Reconciled",
            Self::Drifted => "Drifted",
            Self::Paused => "Paused",
            Self::Stopped => "Stopped",
            Self::Completed => "Completed",
            Self::Throttled => "Throttled",
            Self::ClusterNotFound => "ClusterNotFound",
            Self::ClusterNotReady => "ClusterNotReady",
            Self::TopicNotFound => "TopicNotFound",
            Self::InvalidConfig => "InvalidConfig",
            Self::Conflict => "Conflict",
            Self::NameConflict => "NameConflict",
            Self::Degraded => "Degraded",
            Self::Failed => "Failed",
            Self::ImagePull => "ImagePull",
            Self::VolumePending => "VolumePending",
            Self::CrashLooping => "CrashLooping",
            Self::WorkerUnreachable => "WorkerUnreachable",
            Self::BrokerUnreachable => "BrokerUnreachable",
            Self::Pending => "Pending",
        }
    }

    /// The status that `Ready` has with this reason. A state that someone asked for (paused,
    /// stopped, completed) is ready, so that waiting for `Ready` ends.
    pub fn ready(self) -> Status {
        match self {
            Self::Running
            | Self::Reconciled
            | Self::Drifted
            | Self::Paused
            | Self::Stopped
            | Self::Completed
            | Self::Throttled => Status::True,
            Self::Pending => Status::Unknown,
            _ => Status::False,
        }
    }
}

/// Sets `condition` in `conditions`: one of each type, and its transition time moves only when the
/// status flips.
pub fn upsert(conditions: &mut Vec<Condition>, mut condition: Condition) {
    match conditions
        .iter_mut()
        .find(|known| known.type_ == condition.type_)
    {
        Some(known) => {
            if known.status == condition.status {
                condition.last_transition_time = known.last_transition_time.clone();
            }
            *known = condition;
        }
        None => conditions.push(condition),
    }
}

/// The `Ready` condition for `reason`, as of generation `generation` of the object.
pub fn ready(reason: Reason, message: String, generation: i64, now: Timestamp) -> Condition {
    Condition {
        last_transition_time: Time(now),
        message,
        observed_generation: Some(generation),
        reason: reason.as_str().to_owned(),
        status: reason.ready().as_str().to_owned(),
        type_: READY.to_owned(),
    }
}

/// The schema of a condition list: Kubernetes' own type in fewer words, one condition of each type.
pub(crate) fn list(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 16,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["type", "status", "reason", "message", "lastTransitionTime"],
            "properties": {
                "type": {
                    "type": "string",
                    "maxLength": 316,
                    "description": "What it is about, for example Ready.",
                },
                "status": {
                    "type": "string",
                    "enum": ["True", "False", "Unknown"],
                    "description": "Whether it is so.",
                },
                "reason": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 1024,
                    "description": "Why, in one word that scripts may rely on.",
                },
                "message": {
                    "type": "string",
                    "maxLength": 32768,
                    "description": "Why, in a sentence that says what to do next.",
                },
                "lastTransitionTime": {
                    "type": "string",
                    "format": "date-time",
                    "description": "When the status last changed.",
                },
                "observedGeneration": {
                    "type": "integer",
                    "format": "int64",
                    "minimum": 0,
                    "description": "The generation of the spec that it speaks of.",
                },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn reasons_are_distinct_words() {
        let words: std::collections::BTreeSet<_> = Reason::ALL.map(Reason::as_str).into();
        assert_eq!(words.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert_eq!(format!("{reason:?}"), reason.as_str());
        }
    }

    #[test]
    fn transition_time_moves_only_when_the_status_flips() {
        let mut conditions = Vec::new();
        upsert(
            &mut conditions,
            ready(Reason::Pending, String::new(), 1, at(1)),
        );
        upsert(
            &mut conditions,
            ready(Reason::Running, "one".into(), 1, at(2)),
        );
        upsert(
            &mut conditions,
            ready(Reason::Throttled, "two".into(), 2, at(3)),
        );
        assert_eq!(conditions.len(), 1);
        assert_eq!(conditions[0].last_transition_time, Time(at(2)));
        assert_eq!(conditions[0].message, "two");
        assert_eq!(conditions[0].observed_generation, Some(2));
    }
}
