//! From Connectors to what the worker is told: the flat configuration that the operator would render. Pure.

use connect_worker::ManagedConnector;
use crds::Connector;
use operator::connector::plan::starts_over;
use operator::connector::render::{Identity, render};
use operator::connector::validate::validate;
use operator::names::ObjectName;
use operator::ports::connect_api::Config;
use serde::Deserialize as _;

use crate::laptop::documents::{Id, Object};
use crate::laptop::state::{Carried, Remembered, State};

/// The connectors of the files.
#[derive(Debug, Clone, Default)]
pub struct Managed {
    pub connectors: Vec<ManagedConnector>,
    /// What a person has to do something about.
    pub problems: Vec<String>,
}

/// Renders every Connector. A paused object keeps the configuration it had in `before`; one that cannot be carried out does too.
/// Objects that left the files are forgotten: made again, they get a new uid and begin at their first record.
pub fn managed(
    connectors: &[Object<Connector>],
    state: &mut State,
    before: &[ManagedConnector],
) -> Managed {
    let mut managed = Managed::default();
    let present =
        |id: &Id| id.kind != "Connector" || connectors.iter().any(|connector| connector.id == *id);
    state.objects.retain(|id, _| present(id));
    for connector in connectors {
        let Some(known) = state.objects.get_mut(&connector.id) else {
            continue;
        };
        let last = before.iter().find(|last| last.uid == known.uid);
        let last = last.cloned().or_else(|| carried(connector, known));
        if connector.value.spec.paused {
            managed.connectors.extend(last);
            continue;
        }
        match validate(&connector.value) {
            Ok(valid) => {
                let carried = Carried {
                    generation: known.generation,
                    config: render(&valid, &identity(&connector.id, known), None),
                };
                managed
                    .connectors
                    .push(told(connector, &known.uid, carried.clone()));
                known.carried = Some(carried);
            }
            Err(findings) => {
                let lines = findings
                    .iter()
                    .map(|f| format!("{}: {}", connector.place_of(&f.path), f.message));
                managed.problems.extend(lines);
                managed.connectors.extend(last);
            }
        }
    }
    managed
}

/// What the worker was told before this process began.
fn carried(connector: &Object<Connector>, known: &Remembered) -> Option<ManagedConnector> {
    let carried = known.carried.clone()?;
    Some(told(connector, &known.uid, carried))
}

fn told(connector: &Object<Connector>, uid: &str, carried: Carried) -> ManagedConnector {
    ManagedConnector {
        namespace: connector.id.namespace.clone(),
        name: connector.id.name.clone(),
        uid: uid.to_owned(),
        generation: carried.generation,
        epoch: None,
        config: carried.config,
        managed_by: format!("the {} in {}", connector.id, connector.place.file),
    }
}

/// The configurations that the remembered Connectors had.
pub fn remembered(state: &State) -> Vec<Config> {
    let connectors = state
        .objects
        .iter()
        .filter(|(id, _)| id.kind == "Connector");
    let render = |(id, known): (&Id, &Remembered)| {
        if let Some(carried) = &known.carried {
            return Some(carried.config.clone());
        }
        let connector = Connector::deserialize(&known.object).ok()?;
        let valid = validate(&connector).ok()?;
        Some(render(&valid, &identity(id, known), None))
    };
    connectors.filter_map(render).collect()
}

/// The names of the connectors that make other records than before: they begin again at the first.
pub fn started_over<'a>(
    before: &'a [Config],
    now: &'a [ManagedConnector],
) -> impl Iterator<Item = &'a str> {
    let other = |connector: &&ManagedConnector| {
        let mut before = before.iter();
        before.any(|config| starts_over(config, &connector.config))
    };
    now.iter()
        .filter(other)
        .map(|connector| connector.name.as_str())
}

fn identity(id: &Id, known: &Remembered) -> Identity {
    Identity {
        object: ObjectName {
            namespace: id.namespace.clone(),
            name: id.name.clone(),
        },
        uid: known.uid.clone(),
        generation: known.generation,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::laptop::documents::{self, Known};
    use crate::laptop::schemas::Schemas;
    use crate::laptop::sources::Source;

    fn connectors(spec: &str) -> Vec<Object<Connector>> {
        let head = "apiVersion: eddyline.dev/v1alpha1\nkind: Connector\nmetadata: {name: gen}\nspec:\n  cluster: t\n  topic: orders\n";
        let source = Source {
            name: Arc::from("f.yaml"),
            text: format!("{head}{spec}"),
        };
        let reading = documents::read(&[source], &Schemas::load().unwrap(), &Known::new());
        assert!(reading.findings.is_empty(), "{:?}", reading.findings);
        reading.objects.connectors
    }

    fn admitted(state: &mut State, connectors: &[Object<Connector>]) {
        for connector in connectors {
            state.admit(&connector.id, &connector.json, || "u1".to_owned());
        }
    }

    #[test]
    fn a_connector_is_rendered_with_its_identity() {
        let (mut state, file) = (
            State::default(),
            connectors("  datagen: {quickstart: ORDERS, rate: 5}\n"),
        );
        admitted(&mut state, &file);
        let managed = managed(&file, &mut state, &[]);
        assert!(managed.problems.is_empty());
        let only = &managed.connectors[0];
        assert_eq!(
            (only.uid.as_str(), only.generation, only.name.as_str()),
            ("u1", 1, "gen")
        );
        assert_eq!(only.managed_by, "the Connector default/gen in f.yaml");
        assert_eq!(only.config["quickstart"], "orders");
        assert_eq!(only.config["rate"], "5");
    }

    #[test]
    fn another_data_set_is_another_beginning_and_another_rate_is_not() {
        for (spec, over) in [
            ("  datagen: {quickstart: orders, rate: 9}\n", false),
            ("  datagen: {quickstart: ORDERS}\n", false),
            ("  datagen: {quickstart: rides}\n", true),
            ("  datagen: {quickstart: orders, seed: 1}\n", true),
            ("  paused: true\n  datagen: {quickstart: rides}\n", false),
        ] {
            let mut state = State::default();
            let file = connectors("  datagen: {quickstart: orders}\n");
            admitted(&mut state, &file);
            let running = managed(&file, &mut state, &[]).connectors;
            let before = remembered(&state);
            assert_eq!(before.len(), 1);
            let file = connectors(spec);
            admitted(&mut state, &file);
            let now = managed(&file, &mut state, &running).connectors;
            assert_eq!(
                started_over(&before, &now).count(),
                usize::from(over),
                "{spec}"
            );
        }
    }

    #[test]
    fn a_paused_object_keeps_its_configuration_and_a_removed_one_its_uid_no_more() {
        let (mut state, file) = (
            State::default(),
            connectors("  datagen: {quickstart: orders, rate: 5}\n"),
        );
        admitted(&mut state, &file);
        let before = managed(&file, &mut state, &[]).connectors;
        let paused = connectors("  paused: true\n  datagen: {quickstart: orders, rate: 9}\n");
        admitted(&mut state, &paused);
        assert_eq!(managed(&paused, &mut state, &before).connectors, before);
        // By another process too, which was told nothing yet.
        assert_eq!(managed(&paused, &mut state, &[]).connectors, before);
        assert!(managed(&[], &mut state, &before).connectors.is_empty());
        assert!(state.objects.is_empty());
    }
}
