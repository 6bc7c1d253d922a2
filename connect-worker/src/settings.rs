//! What a worker is started with. Plain data: reading flags, files and the environment is the
//! caller's business.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use tokio::sync::watch;

use crate::clock::Clock;

/// The settings of one worker.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Kafka bootstrap servers, `host:port` separated by commas.
    pub bootstrap: String,
    /// Where Connect's REST API listens. Port 0 takes a free one; [`crate::Running::rest`] tells.
    pub rest_listen: Vec<SocketAddr>,
    /// Where `/livez`, `/readyz` and `/metrics` listen. `None` where the process has an admin
    /// listener of its own (it can use [`crate::Running::metrics`]).
    pub admin_listen: Option<SocketAddr>,
    /// The `worker_id` in status answers, by custom the `host:port` of the REST listener.
    pub worker_id: String,
    /// Where the worker stands among those that share its connectors' tasks; `None` for one that is
    /// alone: it takes connectors over REST, and its offsets are nobody else's.
    pub place: Option<Place>,
    /// The connectors that objects or files declare: always the whole set. One that leaves the
    /// set is stopped and removed with its offsets; a change is applied live.
    ///
    /// The first value counts: a set that is still unknown must not be sent as an empty one.
    pub managed: watch::Receiver<Vec<ManagedConnector>>,
    /// The time that generated fields show.
    pub clock: Arc<dyn Clock>,
    /// Settings for the Kafka clients by librdkafka's names (such as `security.protocol`). They
    /// win over the worker's own, except those that delivery depends on.
    pub client: BTreeMap<String, String>,
}

/// A worker among others: a pod of a `StatefulSet`, of which there are never two with one ordinal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The number at the end of the pod's name.
    pub ordinal: u32,
    /// The pod's uid. The container may restart in it.
    pub pod: String,
    /// Where the workers answer.
    pub peers: Peers,
}

/// The REST addresses of workers by their ordinals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peers {
    /// As a headless service names its pods: `<pods>-<ordinal>.<service>:<port>`.
    Service {
        /// The name that the pods share.
        pods: String,
        /// The service's name in the cluster's DNS.
        service: String,
        /// The port of the REST API.
        port: u16,
    },
    /// One after the other.
    Listed(Vec<String>),
}

impl Peers {
    /// The `host:port` of a worker; `None` for one that a list does not have.
    pub fn address(&self, ordinal: u32) -> Option<String> {
        match self {
            Self::Service {
                pods,
                service,
                port,
            } => Some(format!("{pods}-{ordinal}.{service}:{port}")),
            Self::Listed(addresses) => addresses.get(usize::try_from(ordinal).ok()?).cloned(),
        }
    }
}

/// A connector declared by a Kubernetes object or by a document in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedConnector {
    /// Namespace of the object.
    pub namespace: String,
    /// Name of the object, and the connector's name in the REST API.
    pub name: String,
    /// The object's uid. Offsets belong to it: another uid under the same name starts at record 0.
    pub uid: String,
    /// The object's generation; a PUT over REST with the same uid and a higher one is taken.
    pub generation: i64,
    /// The epoch of the task layout where someone else numbers them (the operator). `None` lets
    /// the worker number them (the laptop).
    pub epoch: Option<u64>,
    /// The flat Connect configuration.
    pub config: BTreeMap<String, String>,
    /// Whom to ask for edits, as it reads in an answer: `the Connector default/orders-gen in
    /// examples/quickstart.yaml`.
    pub managed_by: String,
}
