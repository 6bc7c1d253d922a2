//! The settings of a bundled broker in `config`: a wrong name or value is found before anything starts, by the tables that the
//! broker itself goes by. Pure. Knows no other field of an object.

use ::broker::settings::broker_table::{broker_setting, broker_settings};
use ::broker::settings::definition::Definition;
use ::broker::settings::topic_table::{TOPIC_SETTINGS, topic_setting};
use crds::topic::FIELD_SETTINGS;

use crate::laptop::findings::nearest;

/// Whose settings they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Cluster,
    Topic,
}

/// What is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No such name; with what to write instead.
    Name { help: String },
    /// A setting that a field of the object stands for; with what to write there.
    Field { help: String },
    /// Not a value it takes; with what is expected.
    Value { help: String },
}

/// Prefixes of settings that only other makers' brokers have.
const VENDORS: [&str; 2] = ["confluent.", "redpanda."];

/// Looks at one setting as the bundled broker would.
pub fn fault(owner: Owner, name: &str, value: &str) -> Option<Fault> {
    let mut fields = FIELD_SETTINGS.iter().filter(|_| owner == Owner::Topic);
    if let Some((_, instead)) = fields.find(|(setting, _)| *setting == name) {
        let help = format!("remove it from config and write {instead}");
        return Some(Fault::Field { help });
    }
    let Some(known) = definition(owner, name) else {
        let help = instead(owner, name);
        return Some(Fault::Name { help });
    };
    let expected = known.kind.check(value).err()?;
    let help = format!("expected {expected}");
    Some(Fault::Value { help })
}

fn definition(owner: Owner, name: &str) -> Option<Definition> {
    match owner {
        Owner::Cluster => broker_setting(name).ok(),
        Owner::Topic => topic_setting(name).ok().copied(),
    }
}

/// What to write instead of a name that the owner does not have: its own word for the same thing, or the nearest one.
fn instead(owner: Owner, name: &str) -> String {
    let twin = TOPIC_SETTINGS.iter().find_map(|row| match owner {
        Owner::Cluster if row.name == name => row.broker_name,
        Owner::Topic if row.broker_name == Some(name) => Some(row.name),
        _ => None,
    });
    if let Some(twin) = twin {
        let whose = match owner {
            Owner::Cluster => "a Cluster's name for it is",
            Owner::Topic => "a Topic's name for it is",
        };
        return format!("{whose} \"{twin}\"");
    }
    if let Some(vendor) = VENDORS.iter().find(|vendor| name.starts_with(**vendor)) {
        return format!("the bundled broker has no setting that begins with {vendor}: take it out");
    }
    if owner == Owner::Topic && broker_setting(name).is_ok() {
        return "it is the whole broker's: write it in the Cluster's config".to_owned();
    }
    let near = match owner {
        Owner::Cluster => nearest(name, broker_settings().map(|row| row.name)),
        Owner::Topic => nearest(name, TOPIC_SETTINGS.iter().map(|row| row.name)),
    };
    match near {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => "the bundled broker has no setting like it: take it out".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_says_what_to_write() {
        use Owner::{Cluster, Topic};
        for (owner, setting, expected) in [
            (
                Topic,
                "max.mesage.bytes",
                "did you mean \"max.message.bytes\"?",
            ),
            (
                Topic,
                "log.segment.bytes",
                "a Topic's name for it is \"segment.bytes\"",
            ),
            (
                Topic,
                "num.partitions",
                "it is the whole broker's: write it in the Cluster's config",
            ),
            (
                Topic,
                "color",
                "the bundled broker has no setting like it: take it out",
            ),
            (
                Topic,
                "confluent.value.schema.validation",
                "the bundled broker has no setting that begins with confluent.: take it out",
            ),
            (Cluster, "num.partitons", "did you mean \"num.partitions\"?"),
            (
                Cluster,
                "retention.ms",
                "a Cluster's name for it is \"log.retention.ms\"",
            ),
        ] {
            let help = expected.to_owned();
            assert_eq!(
                fault(owner, setting, "1"),
                Some(Fault::Name { help }),
                "{setting}"
            );
        }
    }

    #[test]
    fn a_wrong_value_says_what_is_expected() {
        use Owner::{Cluster, Topic};
        for (owner, setting, given, expected) in [
            (Topic, "segment.ms", "60000", None),
            (
                Topic,
                "segment.ms",
                "1m",
                Some("expected a whole number of at least 1"),
            ),
            (
                Topic,
                "compression.type",
                "brotli",
                Some("expected one of: uncompressed, zstd, lz4, snappy, gzip, producer"),
            ),
            (Cluster, "num.partitions", "3", None),
            (
                Cluster,
                "num.partitions",
                "0",
                Some("expected a whole number from 1 to 10000"),
            ),
        ] {
            let expected = expected.map(|help| Fault::Value {
                help: help.to_owned(),
            });
            assert_eq!(fault(owner, setting, given), expected, "{setting}: {given}");
        }
    }

    #[test]
    fn a_setting_with_a_field_is_sent_there_by_a_topic_alone() {
        let help = "remove it from config and write cleanupPolicy: Delete".to_owned();
        let found = fault(Owner::Topic, "cleanup.policy", "delete");
        assert_eq!(found, Some(Fault::Field { help }));
        assert_eq!(fault(Owner::Cluster, "log.cleanup.policy", "delete"), None);
    }
}
