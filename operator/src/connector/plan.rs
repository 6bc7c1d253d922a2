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

/// The epoch of the layout: raised by each change of tasks or workers, from 1 for a new object.
fn epoch(connector: &ValidatedConnector, identity: &Identity, previous: Option<&Config>) -> u64 {
    let Some(previous) = previous.filter(|config| config.get(key::UID) == Some(&identity.uid))
    else {
        return 1;
    };
    let known: u64 = previous
        .get(key::EPOCH)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let same = |name: &str, count: i32| previous.get(name) == Some(&count.to_string());
    if known > 0 && same(key::TASKS, connector.tasks) && same(key::WORKERS, connector.workers) {
        known
    } else {
        known + 1
    }
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
            (connector(4, 1, 9.0), identity("u", 3), &pods, "2"),
            (connector(4, 2, 9.0), identity("u", 4), &more_pods, "3"),
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
