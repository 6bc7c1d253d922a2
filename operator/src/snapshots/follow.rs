//! Which Clusters are looked at: all whose brokers may be there.
//!
//! Knows a Cluster's spec and whether it calls itself ready; nothing of its children.

use std::{sync::Arc, time::Duration};

use crds::{
    Cluster,
    cluster::{ClusterState, Engine},
};
use kube::ResourceExt;

use super::{Endpoint, Snapshots};
use crate::{
    admin::KafkaAdmin, kubernetes::store::Change, metrics::Metrics, ports::measured::Measured,
    topic::observe::is_ready,
};

/// How brokers see us.
const CLIENT_ID: &str = "eddyline-operator";

/// How long a broker may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Looks at a Cluster that is new, at its new servers where they changed, and no more at one that
/// is gone. A Cluster that becomes ready, or no longer is, is looked at at once.
pub fn follow(snapshots: &Snapshots, metrics: &Arc<Metrics>, change: &Change<Cluster>) {
    let Some((cluster, endpoint)) = change
        .after
        .as_deref()
        .and_then(|cluster| Some((cluster, endpoint(cluster)?)))
    else {
        snapshots.detach(&change.name);
        return;
    };
    snapshots.attach(&change.name, endpoint, |bootstrap| {
        let admin = KafkaAdmin::new(bootstrap, CLIENT_ID, TIMEOUT);
        Measured::new(admin, metrics.clone())
    });
    let was_ready = change.before.as_deref().is_some_and(is_ready);
    if was_ready != is_ready(cluster) {
        snapshots.nudge(&change.name);
    }
}

/// Where the brokers of `cluster` are; `None` where nobody should look: stopped, or going.
pub fn endpoint(cluster: &Cluster) -> Option<Endpoint> {
    let spec = &cluster.spec;
    if cluster.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let bootstrap = match spec.engine {
        Engine::External => spec.bootstrap_servers.join(","),
        Engine::Bundled if spec.state == ClusterState::Stopped => return None,
        Engine::Bundled => {
            let namespace = cluster.metadata.namespace.as_deref().unwrap_or_default();
            format!("{}.{namespace}.svc:9092", cluster.name_any())
        }
    };
    Some(Endpoint {
        uid: cluster.uid().unwrap_or_default(),
        bootstrap,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(spec: &serde_json::Value) -> Cluster {
        serde_json::from_value(serde_json::json!({
            "apiVersion": "eddyline.dev/v1alpha1", "kind": "Cluster",
            "metadata": {"name": "tutorial", "namespace": "default", "uid": "u"}, "spec": spec,
        }))
        .unwrap()
    }

    #[test]
    fn brokers_are_where_the_engine_puts_them() {
        for (spec, bootstrap) in [
            (serde_json::json!({}), Some("tutorial.default.svc:9092")),
            (serde_json::json!({"state": "Stopped"}), None),
            (
                serde_json::json!({"engine": "External", "bootstrapServers": ["a:1", "b:2"]}),
                Some("a:1,b:2"),
            ),
        ] {
            let mut cluster = cluster(&spec);
            let found = endpoint(&cluster).map(|endpoint| endpoint.bootstrap);
            assert_eq!(found.as_deref(), bootstrap);
            cluster.metadata.deletion_timestamp = Some(
                k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(jiff::Timestamp::UNIX_EPOCH),
            );
            assert_eq!(
                endpoint(&cluster),
                None,
                "a Cluster that goes is left alone"
            );
        }
    }
}
