//! What all objects that the operator makes have in common: labels, selectors and owners.
//!
//! Knows words; the objects themselves are rendered by each kind.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::{Resource, core::ObjectMeta};

use crate::{context::Kind, names::ObjectName};

/// Selects everything that the operator makes.
pub const MANAGED: &str = "app.kubernetes.io/managed-by=eddyline";
/// Names the Cluster that a child was made for.
pub const CLUSTER_LABEL: &str = "eddyline.dev/cluster";
/// Names the Connector that a child was made for.
pub const CONNECTOR_LABEL: &str = "eddyline.dev/connector";

/// The labels of the children of one object. All of them are immutable facts, so that they may stand
/// in selectors.
///
/// `component` is `broker` or `worker`, `part_of` the Cluster that it belongs to.
pub fn labels(kind: Kind, name: &str, component: &str, part_of: &str) -> BTreeMap<String, String> {
    let own = match kind {
        Kind::Connector => CONNECTOR_LABEL,
        Kind::Cluster | Kind::Topic => CLUSTER_LABEL,
    };
    let pairs = [
        ("app.kubernetes.io/name", "eddyline"),
        ("app.kubernetes.io/instance", name),
        ("app.kubernetes.io/component", component),
        ("app.kubernetes.io/part-of", part_of),
        ("app.kubernetes.io/managed-by", "eddyline"),
        (own, name),
    ];
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

/// The object that a child is labelled for.
pub fn labelled_for(child: &ObjectMeta) -> Option<(Kind, ObjectName)> {
    let labels = child.labels.as_ref()?;
    let find = |kind, label| labels.get(label).map(|name| (kind, name));
    let (kind, name) =
        find(Kind::Connector, CONNECTOR_LABEL).or_else(|| find(Kind::Cluster, CLUSTER_LABEL))?;
    let name = ObjectName {
        namespace: child.namespace.clone()?,
        name: name.clone(),
    };
    Some((kind, name))
}

/// The reference by which `owner` owns its children; `None` for an object that the API server has not
/// seen.
pub fn owner_reference<K: Resource<DynamicType = ()>>(owner: &K) -> Option<OwnerReference> {
    Some(OwnerReference {
        // A foreground deletion of the owner waits for them.
        block_owner_deletion: Some(true),
        ..owner.controller_owner_ref(&())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_found_by_its_labels() {
        for (kind, label) in [(Kind::Cluster, "c"), (Kind::Connector, "x")] {
            let meta = ObjectMeta {
                namespace: Some("n".into()),
                labels: Some(labels(kind, label, "broker", "c")),
                ..ObjectMeta::default()
            };
            let name = ObjectName {
                namespace: "n".into(),
                name: label.into(),
            };
            assert_eq!(labelled_for(&meta), Some((kind, name)));
        }
        assert_eq!(labelled_for(&ObjectMeta::default()), None);
    }
}
