//! Reads a Connector's spec: what it asks for, with what is unset filled in. Pure.

use crds::{
    Connector, Duration,
    connector::{ConnectorSpec, ConnectorState, Datagen, Format, MIN_RATE, QUICKSTARTS, Restart},
};

use crate::{Finding, names, restricted::excesses};

/// Records per second where the object names neither a rate nor a pause.
const DEFAULT_RATE: f64 = 10.0;

/// A Connector that can be carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidatedConnector {
    /// The Kafka topic that records go to.
    pub topic: String,
    /// Tasks, from 1.
    pub tasks: i32,
    /// Workers, from 1 and at most as many as tasks.
    pub workers: i32,
    /// What it is asked to do.
    pub state: ConnectorState,
    /// Where records come from.
    pub source: Source,
    /// How failed tasks are started again.
    pub restart: Restart,
}

/// Where records come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The data set, in lower case.
    pub quickstart: String,
    /// How fast records are made.
    pub pace: Pace,
    /// Records over all tasks; `None` is without end.
    pub iterations: Option<i64>,
    /// The seed; `None` is drawn once and kept.
    pub seed: Option<i64>,
    /// How values are written.
    pub format: Format,
}

/// How fast records are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Records per second over all tasks.
    Rate(f64),
    /// The longest pause between two records of a task.
    MaxInterval(Duration),
}

/// Reads `connector`; all findings at once where it cannot be carried out.
pub fn validate(connector: &Connector) -> Result<ValidatedConnector, Vec<Finding>> {
    let spec = &connector.spec;
    let mut findings = findings(spec);
    let source = spec.datagen.as_ref().map(source);
    match source {
        Some(Ok(source)) if findings.is_empty() => {
            return Ok(ValidatedConnector {
                topic: spec.topic.clone(),
                tasks: spec.tasks,
                workers: spec.workers,
                state: spec.state,
                source,
                restart: spec.restart,
            });
        }
        Some(Ok(_)) => {}
        Some(Err(more)) => findings.extend(more),
        None => findings.push(Finding::new(
            "spec.datagen",
            "a Connector needs one source: write datagen: {quickstart: orders}",
        )),
    }
    Err(findings)
}

/// What the schema's rules refuse too: an object may be older than the rules.
fn findings(spec: &ConnectorSpec) -> Vec<Finding> {
    let mut findings: Vec<_> = spec.resources.iter().flat_map(excesses).collect();
    if names::is_internal(&spec.topic) {
        let message = format!(
            "topic {} belongs to the platform: write another name",
            spec.topic
        );
        findings.push(Finding::new("spec.topic", message));
    }
    if spec.workers > spec.tasks {
        findings.push(Finding::new(
            "spec.workers",
            "there are more workers than tasks: raise tasks first, or write fewer workers",
        ));
    }
    if spec.restart.min_backoff > spec.restart.max_backoff {
        findings.push(Finding::new(
            "spec.restart.minBackoff",
            "minBackoff is longer than maxBackoff: write a shorter minBackoff or a longer maxBackoff",
        ));
    }
    findings
}

fn source(datagen: &Datagen) -> Result<Source, Vec<Finding>> {
    let mut findings = Vec::new();
    let quickstart = datagen.quickstart.to_ascii_lowercase();
    if !QUICKSTARTS.contains(&quickstart.as_str()) {
        let message = format!(
            "quickstart is not known: write one of {}",
            QUICKSTARTS.join(", ")
        );
        findings.push(Finding::new("spec.datagen.quickstart", message));
    }
    if datagen.rate.is_some_and(|rate| rate < MIN_RATE) {
        let message = format!(
            "rate is too small: write {MIN_RATE} or more, or state: Paused to send nothing"
        );
        findings.push(Finding::new("spec.datagen.rate", message));
    }
    let pace = match (datagen.rate, datagen.max_interval) {
        (None, None) => Pace::Rate(DEFAULT_RATE),
        (Some(rate), None) => Pace::Rate(rate),
        (None, Some(interval)) => Pace::MaxInterval(interval),
        (Some(rate), Some(_)) => {
            findings.push(Finding::new(
                "spec.datagen.maxInterval",
                "rate and maxInterval exclude each other: remove one of them",
            ));
            Pace::Rate(rate)
        }
    };
    if !findings.is_empty() {
        return Err(findings);
    }
    Ok(Source {
        quickstart,
        pace,
        iterations: datagen.iterations,
        seed: datagen.seed,
        format: datagen.format,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connector(spec: serde_json::Value) -> Connector {
        Connector::new("orders-gen", serde_json::from_value(spec).unwrap())
    }

    #[test]
    fn unset_fields_are_filled_in() {
        let valid = validate(&connector(serde_json::json!({
            "cluster": "c", "topic": "orders", "datagen": {"quickstart": "ORDERS"},
        })))
        .unwrap();
        assert_eq!(valid.source.quickstart, "orders");
        assert_eq!(valid.source.pace, Pace::Rate(10.0));
        assert_eq!((valid.tasks, valid.workers), (1, 1));
    }

    #[test]
    fn all_findings_come_at_once() {
        let findings = validate(&connector(serde_json::json!({
            "cluster": "c", "topic": "__eddyline_connect", "workers": 2,
            "restart": {"minBackoff": "1h"},
            "datagen": {"quickstart": "order", "rate": 0, "maxInterval": "1s"},
        })))
        .unwrap_err();
        let paths: Vec<_> = findings
            .iter()
            .map(|finding| finding.path.as_str())
            .collect();
        assert_eq!(
            paths,
            [
                "spec.topic",
                "spec.workers",
                "spec.restart.minBackoff",
                "spec.datagen.quickstart",
                "spec.datagen.rate",
                "spec.datagen.maxInterval",
            ]
        );
    }

    #[test]
    fn a_connector_without_a_source_is_a_finding() {
        let findings = validate(&connector(
            serde_json::json!({"cluster": "c", "topic": "t"}),
        ))
        .unwrap_err();
        assert_eq!(findings[0].path, "spec.datagen");
    }
}
