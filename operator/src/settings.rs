//! What the operator is told at its start: one value, filled in by the command line.
//!
//! Knows names, units and defaults; nothing of flags or environment.

use std::{net::SocketAddr, time::Duration};

/// The operator's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Namespaces it looks after; none means all. With a list it needs Roles only, every watch runs
    /// once per namespace, and no finalizer is ever set (a namespace that goes takes the operator's
    /// rights there with it, and a finalizer would hold it for ever).
    pub namespaces: Vec<String>,
    /// How often every object is looked at again without a reason.
    pub resync: Duration,
    /// The image of all pods it makes.
    pub image: String,
    /// Where its Lease is.
    pub lease_namespace: String,
    /// The name of its Lease, one per installation.
    pub lease_name: String,
    /// Who it is in its Lease and its Events: the pod's name.
    pub identity: String,
    /// Where health and metrics are served.
    pub admin_listen: SocketAddr,
    /// How long a Topic that is being deleted waits for a broker that does not answer.
    pub topic_deletion_deadline: Duration,
}

impl Settings {
    /// Whether finalizers may be set.
    pub fn finalizers(&self) -> bool {
        self.namespaces.is_empty()
    }
}
