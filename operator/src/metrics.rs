//! What `/metrics` shows of the operator's own work, and whether its loops are alive.
//!
//! Knows numbers; nothing of what they count.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use tokio::time::Instant;

use crate::{context::Kind, names::ObjectName};

/// Seconds; one change is meant to take well under the first second.
const BUCKETS: [f64; 8] = [0.005, 0.02, 0.05, 0.1, 0.3, 1.0, 5.0, 30.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfResult {
    kind: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfReason {
    kind: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfApi {
    api: &'static str,
}

/// The operator's metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    reconciles: Family<OfResult, Counter>,
    errors: Family<OfReason, Counter>,
    durations: Family<OfKind, Histogram>,
    oldest: Family<OfKind, Gauge<f64, std::sync::atomic::AtomicU64>>,
    depths: Family<OfKind, Gauge>,
    admin_requests: Family<OfApi, Histogram>,
    leader: Gauge,
    /// Held for one operation, never across an await.
    turns: Mutex<Turns>,
}

#[derive(Debug, Default)]
struct Turns {
    /// What runs, since when; the time of day in Unix seconds is for `/metrics`.
    running: BTreeMap<(Kind, ObjectName), f64>,
    heartbeats: BTreeMap<Kind, Instant>,
}

impl Default for Metrics {
    fn default() -> Self {
        let histogram = || Histogram::new(BUCKETS);
        let mut metrics = Self {
            registry: Registry::with_prefix("eddyline"),
            reconciles: Family::default(),
            errors: Family::default(),
            durations: Family::new_with_constructor(histogram),
            oldest: Family::default(),
            depths: Family::default(),
            admin_requests: Family::new_with_constructor(histogram),
            leader: Gauge::default(),
            turns: Mutex::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("reconcile", "Objects reconciled", self.reconciles.clone());
        registry.register(
            "reconcile_errors",
            "Objects whose reconciling failed",
            self.errors.clone(),
        );
        registry.register(
            "reconcile_duration_seconds",
            "Time one object took",
            self.durations.clone(),
        );
        registry.register(
            "reconcile_in_progress_start_time_seconds",
            "When the object that has been worked on longest was begun; 0 when idle",
            self.oldest.clone(),
        );
        registry.register("queue_depth", "Objects waiting", self.depths.clone());
        registry.register(
            "admin_request_duration_seconds",
            "Time one call to a Kafka cluster took",
            self.admin_requests.clone(),
        );
        registry.register("leader", "1 on the leader", self.leader.clone());
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A controller's loop went round.
    pub fn heartbeat(&self, kind: Kind, now: Instant) {
        self.turns().heartbeats.insert(kind, now);
    }

    /// The controllers whose loop has not gone round for `limit`.
    pub fn stalled(&self, now: Instant, limit: Duration) -> Vec<Kind> {
        let turns = self.turns();
        let beats = turns.heartbeats.iter();
        beats
            .filter(|(_, last)| now.saturating_duration_since(**last) > limit)
            .map(|(kind, _)| *kind)
            .collect()
    }

    /// An object's turn begins.
    pub fn start(&self, kind: Kind, name: &ObjectName) -> Instant {
        let since = jiff::Timestamp::now().as_second();
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit 53 bits")]
        let since = since as f64;
        self.turns().running.insert((kind, name.clone()), since);
        Instant::now()
    }

    /// An object's turn ends, with the category of its error.
    pub fn end(
        &self,
        kind: Kind,
        name: &ObjectName,
        started: Instant,
        error: Option<&'static str>,
    ) {
        self.turns().running.remove(&(kind, name.clone()));
        let took = started.elapsed().as_secs_f64();
        let kind = kind.as_str();
        self.durations.get_or_create(&OfKind { kind }).observe(took);
        let result = if error.is_some() { "error" } else { "ok" };
        self.reconciles
            .get_or_create(&OfResult { kind, result })
            .inc();
        if let Some(reason) = error {
            self.errors.get_or_create(&OfReason { kind, reason }).inc();
        }
    }

    /// A call to a Kafka cluster ended, well or not.
    pub fn admin_request(&self, api: &'static str, took: Duration) {
        self.admin_requests
            .get_or_create(&OfApi { api })
            .observe(took.as_secs_f64());
    }

    /// Whether this process leads.
    pub fn lead(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// All metrics in the text format of Prometheus; `depth` is asked for each kind.
    pub fn text(&self, depth: impl Fn(Kind) -> usize) -> String {
        for kind in Kind::ALL {
            let label = OfKind {
                kind: kind.as_str(),
            };
            let oldest = {
                let turns = self.turns();
                let running = turns.running.iter().filter(|((one, _), _)| *one == kind);
                running.map(|(_, since)| *since).reduce(f64::min)
            };
            self.oldest.get_or_create(&label).set(oldest.unwrap_or(0.0));
            let waiting = i64::try_from(depth(kind)).unwrap_or(i64::MAX);
            self.depths.get_or_create(&label).set(waiting);
        }
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_and_loops_are_counted() {
        let metrics = Metrics::default();
        let name = ObjectName {
            namespace: "n".into(),
            name: "a".into(),
        };
        let now = Instant::now();
        metrics.heartbeat(Kind::Topic, now);
        let started = metrics.start(Kind::Topic, &name);
        let limit = Duration::from_secs(30);
        assert!(metrics.stalled(now, limit).is_empty());
        assert_eq!(metrics.stalled(now + 2 * limit, limit), [Kind::Topic]);
        let in_progress = |text: &str| {
            let prefix = "eddyline_reconcile_in_progress_start_time_seconds{kind=\"Topic\"} ";
            let line = text.lines().find_map(|line| line.strip_prefix(prefix));
            line.and_then(|value| value.parse::<f64>().ok())
        };
        assert!(in_progress(&metrics.text(|_| 3)).unwrap() > 0.0);
        metrics.end(Kind::Topic, &name, started, Some("Late"));
        let text = metrics.text(|_| 3);
        assert_eq!(in_progress(&text), Some(0.0));
        for line in [
            "eddyline_reconcile_total{kind=\"Topic\",result=\"error\"} 1",
            "eddyline_reconcile_errors_total{kind=\"Topic\",reason=\"Late\"} 1",
            "eddyline_queue_depth{kind=\"Cluster\"} 3",
            "eddyline_leader 0",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
    }
}
