//! Writes the flat Connect configuration of a Connector: the table in [`crds::connector`], no more
//! and no less. Pure.

use crds::connector::{ConnectorState, Format};

use super::validate::{Pace, ValidatedConnector};
use crate::{names::ObjectName, ports::connect_api::Config};

/// The keys that say whose configuration it is and which one is newer.
pub mod key {
    /// The object's uid; offsets belong to it.
    pub const UID: &str = "eddyline.uid";
    /// The object's generation; the higher one is followed.
    pub const GENERATION: &str = "eddyline.generation";
    /// The number of the task layout.
    pub const EPOCH: &str = "eddyline.epoch";
    /// The uids of the worker pods by ordinal.
    pub const WORKER_UIDS: &str = "eddyline.worker.uids";
    /// Number of workers.
    pub const WORKERS: &str = "eddyline.workers";
    /// Number of tasks.
    pub const TASKS: &str = "tasks.max";
}

const STRING_CONVERTER: &str = "org.apache.kafka.connect.storage.StringConverter";
const JSON_CONVERTER: &str = "org.apache.kafka.connect.json.JsonConverter";

/// Whose configuration it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The object.
    pub object: ObjectName,
    /// The object's uid.
    pub uid: String,
    /// The object's generation.
    pub generation: i64,
}

/// The number of a task layout and the pods that carry it, where the operator numbers layouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout<'a> {
    /// The number, from 1.
    pub epoch: u64,
    /// The worker pods' uids by ordinal.
    pub worker_uids: &'a [String],
}

/// The configuration of `connector`. Without a `layout` the worker numbers its own (the laptop).
pub fn render(
    connector: &ValidatedConnector,
    identity: &Identity,
    layout: Option<Layout<'_>>,
) -> Config {
    let source = &connector.source;
    let mut config = Config::new();
    let mut set = |name: &str, value: String| {
        config.insert(name.to_owned(), value);
    };

    set("name", identity.object.name.clone());
    set("eddyline.namespace", identity.object.namespace.clone());
    set(key::UID, identity.uid.clone());
    set(key::GENERATION, identity.generation.to_string());
    if let Some(layout) = layout {
        set(key::EPOCH, layout.epoch.to_string());
        set(key::WORKER_UIDS, layout.worker_uids.join(","));
    }

    set("connector.class", "Datagen".to_owned());
    set("kafka.topic", connector.topic.clone());
    set(key::TASKS, connector.tasks.to_string());
    set(key::WORKERS, connector.workers.to_string());
    set("eddyline.state", state(connector.state).to_owned());

    set("quickstart", source.quickstart.clone());
    match source.pace {
        Pace::Rate(rate) => set("rate", rate.to_string()),
        Pace::MaxInterval(interval) => set("max.interval", interval.as_millis().to_string()),
    }
    if let Some(iterations) = source.iterations {
        set("iterations", iterations.to_string());
    }
    if let Some(seed) = source.seed {
        set("random.seed", seed.to_string());
    }
    set("key.converter", STRING_CONVERTER.to_owned());
    match source.format {
        Format::Json => {
            set("value.converter", JSON_CONVERTER.to_owned());
            set("value.converter.schemas.enable", "false".to_owned());
        }
        Format::String => set("value.converter", STRING_CONVERTER.to_owned()),
    }

    let restart = connector.restart;
    set("eddyline.restart.max", restart.max_restarts.to_string());
    set(
        "eddyline.restart.min.backoff.ms",
        restart.min_backoff.as_millis().to_string(),
    );
    set(
        "eddyline.restart.max.backoff.ms",
        restart.max_backoff.as_millis().to_string(),
    );
    config
}

fn state(state: ConnectorState) -> &'static str {
    match state {
        ConnectorState::Running => "RUNNING",
        ConnectorState::Paused => "PAUSED",
        ConnectorState::Stopped => "STOPPED",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crds::Connector;

    use super::{super::validate::validate, *};

    fn rendered(spec: serde_json::Value, layout: Option<Layout<'_>>) -> Config {
        let connector = Connector::new("orders-gen", serde_json::from_value(spec).unwrap());
        let object = ObjectName {
            namespace: "default".into(),
            name: "orders-gen".into(),
        };
        let identity = Identity {
            object,
            uid: "u-1".into(),
            generation: 3,
        };
        render(&validate(&connector).unwrap(), &identity, layout)
    }

    fn text(config: &Config) -> String {
        let lines: Vec<_> = config
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        lines.join("\n")
    }

    #[test]
    fn a_small_connector_on_a_laptop() {
        let config = rendered(
            serde_json::json!({
                "cluster": "c", "topic": "orders",
                "datagen": {"quickstart": "Orders", "rate": 0.5},
            }),
            None,
        );
        assert_eq!(
            text(&config),
            "connector.class=Datagen\n\
             eddyline.generation=3\n\
             eddyline.namespace=default\n\
             eddyline.restart.max=10\n\
             eddyline.restart.max.backoff.ms=300000\n\
             eddyline.restart.min.backoff.ms=1000\n\
             eddyline.state=RUNNING\n\
             eddyline.uid=u-1\n\
             eddyline.workers=1\n\
             kafka.topic=orders\n\
             key.converter=org.apache.kafka.connect.storage.StringConverter\n\
             name=orders-gen\n\
             quickstart=orders\n\
             rate=0.5\n\
             tasks.max=1\n\
             value.converter=org.apache.kafka.connect.json.JsonConverter\n\
             value.converter.schemas.enable=false"
        );
    }

    #[test]
    fn every_field_of_a_full_connector_on_kubernetes() {
        let uids = ["p-0".to_owned(), "p-1".to_owned()];
        let config = rendered(
            serde_json::json!({
                "cluster": "c", "topic": "rides", "tasks": 4, "workers": 2, "state": "Paused",
                "datagen": {
                    "quickstart": "rides", "maxInterval": "500ms", "iterations": 1000,
                    "seed": -42, "format": "String",
                },
                "restart": {"maxRestarts": 0, "minBackoff": "2s", "maxBackoff": "1m"},
            }),
            Some(Layout {
                epoch: 7,
                worker_uids: &uids,
            }),
        );
        assert_eq!(
            text(&config),
            "connector.class=Datagen\n\
             eddyline.epoch=7\n\
             eddyline.generation=3\n\
             eddyline.namespace=default\n\
             eddyline.restart.max=0\n\
             eddyline.restart.max.backoff.ms=60000\n\
             eddyline.restart.min.backoff.ms=2000\n\
             eddyline.state=PAUSED\n\
             eddyline.uid=u-1\n\
             eddyline.worker.uids=p-0,p-1\n\
             eddyline.workers=2\n\
             iterations=1000\n\
             kafka.topic=rides\n\
             key.converter=org.apache.kafka.connect.storage.StringConverter\n\
             max.interval=500\n\
             name=orders-gen\n\
             quickstart=rides\n\
             random.seed=-42\n\
             tasks.max=4\n\
             value.converter=org.apache.kafka.connect.storage.StringConverter"
        );
    }

    /// The table in the `crds` docs is what the worker was written from.
    #[test]
    fn rendered_keys_are_those_of_the_table() {
        let docs = include_str!("../../../crds/src/connector.rs");
        let rows = docs.lines().filter_map(|line| line.strip_prefix("//! | "));
        let documented: BTreeSet<String> = rows
            .filter_map(|row| {
                row.split(" | ")
                    .nth(1)?
                    .strip_prefix('`')?
                    .strip_suffix('`')
            })
            .map(str::to_owned)
            .collect();
        let uids = ["p-0".to_owned()];
        let layout = Some(Layout {
            epoch: 1,
            worker_uids: &uids,
        });
        let mut keys = BTreeSet::new();
        for datagen in [
            serde_json::json!({"quickstart": "rides", "rate": 1, "iterations": 1, "seed": 1}),
            serde_json::json!({"quickstart": "rides", "maxInterval": "1s"}),
        ] {
            let spec = serde_json::json!({"cluster": "c", "topic": "t", "datagen": datagen});
            keys.extend(rendered(spec, layout).into_keys());
        }
        assert_eq!(keys, documented);
    }
}
