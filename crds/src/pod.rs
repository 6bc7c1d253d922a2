//! How the pods of a Cluster or Connector are placed and labelled, and what they may use.
//!
//! A small choice of settings on purpose, no inline pod spec: what is not here stays ours to change.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Affinity, Toleration},
    apimachinery::pkg::api::resource::Quantity,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::foreign;

/// Processor and memory of a container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// What is set aside for the container, for example `{cpu: 50m, memory: 64Mi}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "foreign::<BTreeMap<String, Quantity>>")]
    pub requests: BTreeMap<String, Quantity>,

    /// What the container may use at most, for example `{memory: 256Mi}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "foreign::<BTreeMap<String, Quantity>>")]
    pub limits: BTreeMap<String, Quantity>,
}

/// Settings of the pods that are not Eddyline's own business.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pod {
    /// Labels added to the pods.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "foreign::<BTreeMap<String, String>>")]
    pub labels: BTreeMap<String, String>,

    /// Annotations added to the pods.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "foreign::<BTreeMap<String, String>>")]
    pub annotations: BTreeMap<String, String>,

    /// Labels a node must have to be chosen.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "foreign::<BTreeMap<String, String>>")]
    pub node_selector: BTreeMap<String, String>,

    /// Node taints the pods put up with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "foreign::<Vec<Toleration>>")]
    pub tolerations: Vec<Toleration>,

    /// Which nodes and neighbours the pods like or avoid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "foreign::<Affinity>")]
    pub affinity: Option<Affinity>,

    /// Secrets of the same namespace with which the image is pulled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub image_pull_secrets: Vec<SecretReference>,

    /// Name of a `PriorityClass`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub priority_class_name: Option<String>,
}

/// A Secret of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretReference {
    /// The Secret's name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}
