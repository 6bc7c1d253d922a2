//! `/metrics`, computed from a [`Snapshot`] at the moment of the scrape: no counter is kept twice.
//! No label holds anything that a client chooses freely beyond connector names and topics.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use crate::worker::snapshot::{ConnectorState, Snapshot};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConnectorLabels {
    connector: String,
    topic: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    connector: String,
    state: &'static str,
}

const STATES: [ConnectorState; 8] = [
    ConnectorState::Unassigned,
    ConnectorState::Running,
    ConnectorState::Paused,
    ConnectorState::Stopped,
    ConnectorState::Failed,
    ConnectorState::Restarting,
    ConnectorState::Completed,
    ConnectorState::Throttled,
];

/// The snapshot in the `OpenMetrics` text format.
pub fn render(snapshot: &Snapshot) -> String {
    let mut registry = Registry::with_prefix("eddyline_connect");
    let ready = Gauge::<i64>::default();
    ready.set(i64::from(snapshot.ready));
    registry.register("ready", "1 when the offsets topic has been read", ready);

    let records = Family::<ConnectorLabels, Counter>::default();
    let restarts = Family::<ConnectorLabels, Gauge>::default();
    let states = Family::<StateLabels, Gauge>::default();
    for connector in snapshot.connectors.values() {
        let labels = ConnectorLabels {
            connector: connector.name.clone(),
            topic: connector.topic.clone(),
        };
        records.get_or_create(&labels).inc_by(connector.records);
        let count: u32 = connector.tasks.iter().map(|task| task.restarts).sum();
        restarts.get_or_create(&labels).set(i64::from(count));
        for state in STATES {
            let labels = StateLabels {
                connector: connector.name.clone(),
                state: state.as_str(),
            };
            states
                .get_or_create(&labels)
                .set(i64::from(connector.state == state));
        }
    }
    registry.register_with_unit(
        "acknowledged",
        "Records the broker acknowledged since the worker started",
        Unit::Other("records".to_owned()),
        records,
    );
    registry.register(
        "restarts",
        "Automatic restarts since the tasks last ran well",
        restarts,
    );
    registry.register(
        "connector_state",
        "1 for the state the connector is in",
        states,
    );

    let mut text = String::new();
    if let Err(error) = encode(&mut text, &registry) {
        tracing::error!(%error, "encode metrics");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::snapshot::{ConnectorStatus, Origin};

    #[test]
    fn shows_records_and_state_of_each_connector() {
        let mut snapshot = Snapshot {
            ready: true,
            ..Snapshot::default()
        };
        let status = ConnectorStatus {
            name: "orders-gen".to_owned(),
            origin: Origin::Rest,
            uid: "u".to_owned(),
            generation: 0,
            topic: "orders".to_owned(),
            state: ConnectorState::Throttled,
            reason: None,
            trace: None,
            tasks: Vec::new(),
            epoch: None,
            all_tasks: 0,
            workers: 1,
            total: 0,
            records: 7,
            rate: 1.0,
        };
        snapshot.connectors.insert(status.name.clone(), status);
        let text = render(&snapshot);
        for line in [
            "eddyline_connect_ready 1",
            "eddyline_connect_acknowledged_records_total{connector=\"orders-gen\",topic=\"orders\"} 7",
            "eddyline_connect_connector_state{connector=\"orders-gen\",state=\"THROTTLED\"} 1",
            "eddyline_connect_connector_state{connector=\"orders-gen\",state=\"RUNNING\"} 0",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
