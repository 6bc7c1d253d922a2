//! Compares a Connector's configuration with the one its workers have, and numbers epochs. Pure; it
//! cannot fail.

use super::{
    render::{Identity, Layout, key, render},
    validate::ValidatedConnector,
};
use crate::ports::connect_api::Config;

/// Who numbers task layouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering<'a> {
    /// The operator, for these worker pods.
    Operator {
        /// The worker pods' uids by ordinal.
        worker_uids: &'a [String],
    },
    /// The one worker itself, on a laptop.
    Worker,
}

/// What to do about a connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// The workers have the right configuration.
    Nothing,
    /// The workers need this one.
    Put(Config),
}

/// Compares `connector` with `previous`, the configuration the workers were given last.
pub fn plan(
    connector: &ValidatedConnector,
    identity: &Identity,
    previous: Option<&Config>,
    numbering: Numbering<'_>,
) -> Plan {
    let layout = match numbering {
        Numbering::Worker => None,
        Numbering::Operator { worker_uids } => Some(Layout {
            epoch: epoch(connector, identity, previous),
            worker_uids,
        }),
    };
    let config = render(connector, identity, layout);
    if previous == Some(&config) {
        Plan::Nothing
    } else {
        Plan::Put(config)
    }
}

/// The epoch of the layout: the object's generation when tasks or workers last changed. It rises with
/// each such change, and it does so even when the configuration of before is lost: no epoch is ever
/// above the generation of its time.
fn epoch(connector: &ValidatedConnector, identity: &Identity, previous: Option<&Config>) -> u64 {
    let same =
        |config: &Config, name: &str, count: i32| config.get(name) == Some(&count.to_string());
    previous
        .filter(|config| config.get(key::UID) == Some(&identity.uid))
        .filter(|config| same(config, key::TASKS, connector.tasks))
        .filter(|config| same(config, key::WORKERS, connector.workers))
        .and_then(|config| config.get(key::EPOCH)?.parse().ok())
        .unwrap_or_else(|| identity.generation.try_into().unwrap_or(1))
}

/// Whether `next` makes other records than `previous` did for the same object: they start again at
/// the first one.
pub fn starts_over(previous: &Config, next: &Config) -> bool {
    const STREAM: [&str; 3] = ["kafka.topic", "quickstart", "random.seed"];
    previous.get(key::UID) == next.get(key::UID)
        && STREAM
            .iter()
            .any(|name| previous.get(*name) != next.get(*name))
}

#[cfg(test)]
mod tests {
    use crds::Connector;

    use super::{super::validate::validate, *};
    use crate::names::ObjectName;

    fn connector(tasks: i32, workers: i32, rate: f64) -> ValidatedConnector {
        let spec = serde_json::json!({
            "cluster": "c", "topic": "t", "tasks": tasks, "workers": workers,
            "datagen": {"quickstart": "orders", "rate": rate},
        });
        validate(&Connector::new(
            "gen",
            serde_json::from_value(spec).unwrap(),
        ))
        .unwrap()
    }

    fn identity(uid: &str, generation: i64) -> Identity {
        let object = ObjectName {
            namespace: "default".into(),
            name: "gen".into(),
        };
        Identity {
            object,
            uid: uid.into(),
            generation,
        }
    }

    #[test]
    fn epochs_count_changes_of_the_layout() {
        let pods = ["p-0".to_owned()];
        let more_pods = ["p-0".to_owned(), "p-1".to_owned()];
        let mut previous = None;
        for (connector, identity, pods, epoch) in [
            (connector(1, 1, 1.0), identity("u", 1), &pods[..], "1"),
            (connector(1, 1, 9.0), identity("u", 2), &pods, "1"),
            (connector(4, 1, 9.0), identity("u", 3), &pods, "3"),
            (connector(4, 2, 9.0), identity("u", 4), &more_pods, "4"),
            (connector(4, 2, 9.0), identity("u", 5), &pods, "4"),
            (connector(4, 2, 9.0), identity("v", 1), &more_pods, "1"),
        ] {
            let numbering = Numbering::Operator { worker_uids: pods };
            let Plan::Put(config) = plan(&connector, &identity, previous.as_ref(), numbering)
            else {
                panic!("nothing to do");
            };
            assert_eq!(config[key::EPOCH], epoch);
            let again = plan(&connector, &identity, Some(&config), numbering);
            assert_eq!(again, Plan::Nothing);
            previous = Some(config);
        }
    }

    #[test]
    fn an_epoch_rises_even_when_the_configuration_of_before_is_lost() {
        let numbering = Numbering::Operator { worker_uids: &[] };
        let Plan::Put(config) = plan(&connector(4, 2, 1.0), &identity("u", 7), None, numbering)
        else {
            panic!("nothing to do");
        };
        assert_eq!(config[key::EPOCH], "7");
    }

    #[test]
    fn only_another_topic_or_source_starts_over() {
        let put =
            |connector: &ValidatedConnector, uid: &str| render(connector, &identity(uid, 1), None);
        let one = connector(1, 1, 1.0);
        let mut other = connector(3, 2, 5.0);
        assert!(!starts_over(&put(&one, "u"), &put(&other, "u")));
        other.topic = "u".into();
        assert!(starts_over(&put(&one, "u"), &put(&other, "u")));
        assert!(!starts_over(&put(&one, "u"), &put(&other, "v")));
    }

    #[test]
    fn a_laptop_worker_numbers_its_own() {
        let connector = connector(4, 1, 1.0);
        let Plan::Put(config) = plan(&connector, &identity("u", 1), None, Numbering::Worker) else {
            panic!("nothing to do");
        };
        assert_eq!(config.get(key::EPOCH), None);
        assert_eq!(
            plan(
                &connector,
                &identity("u", 1),
                Some(&config),
                Numbering::Worker
            ),
            Plan::Nothing
        );
    }
}
