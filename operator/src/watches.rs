//! All watches, and who is woken by what.
//!
//! Knows which object another one depends on; what is done about a change is each controller's.

use std::{fmt::Debug, sync::Arc};

use crds::{Cluster, Connector, Reason, Topic, condition};
use futures::FutureExt;
use jiff::Timestamp;
use kube::{
    Api, Resource,
    core::{DeserializeGuard, NamespaceResourceScope},
};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    children::{MANAGED, labelled_for},
    context::{Context, Kind},
    kubernetes::{
        store::{Change, Store},
        watch::{self, Watch},
    },
    names::{ObjectName, kafka_topic},
    snapshots::follow::follow,
};

/// Starts every watch in every scope.
pub fn start(context: &Arc<Context>, tasks: &mut JoinSet<()>, stop: &CancellationToken) {
    let stores = &context.stores;
    let mut watches = Watches {
        context,
        tasks,
        stop,
    };
    watches.of(&stores.clusters, None, on_cluster);
    watches.of(&stores.topics, None, on_topic);
    watches.of(&stores.connectors, None, on_connector);
    watches.of(&stores.stateful_sets, Some(MANAGED), on_child);
    watches.of(&stores.services, Some(MANAGED), on_child);
    watches.of(&stores.config_maps, Some(MANAGED), on_child);
    watches.of(&stores.pods, Some(MANAGED), on_child);
    watches.of(&stores.claims, Some(MANAGED), on_child);
    for news in [
        news_of_topics(context.clone()).boxed(),
        news_of_clusters(context.clone()).boxed(),
    ] {
        let stop = stop.clone();
        tasks.spawn(async move {
            stop.run_until_cancelled_owned(news).await;
        });
    }
}

/// Wakes who uses topics that look different in Kafka.
async fn news_of_topics(context: Arc<Context>) {
    loop {
        for (cluster, woken) in context.snapshots.wakes().topics().await {
            wake_users(&context, &cluster, |topic| woken.has(topic));
        }
    }
}

/// Wakes Clusters whose brokers look different, and counts on their controller to tell others.
async fn news_of_clusters(context: Arc<Context>) {
    loop {
        for cluster in context.snapshots.wakes().clusters().await {
            context.wake(Kind::Cluster, &cluster);
        }
    }
}

struct Watches<'a> {
    context: &'a Arc<Context>,
    tasks: &'a mut JoinSet<()>,
    stop: &'a CancellationToken,
}

impl Watches<'_> {
    fn of<K>(
        &mut self,
        store: &Arc<Store<K>>,
        labels: Option<&'static str>,
        on_change: fn(&Context, &Change<K>),
    ) where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + Sync
            + 'static,
    {
        for scope in self.context.scopes() {
            let client = self.context.client.clone();
            let api: Api<DeserializeGuard<K>> = match &scope {
                Some(namespace) => Api::namespaced(client, namespace),
                None => Api::all(client),
            };
            let watch = Watch {
                api,
                scope,
                labels,
                store: store.clone(),
            };
            let context = self.context.clone();
            let stop = self.stop.clone();
            self.tasks.spawn(watch::run(watch, stop, move |change| {
                on_change(&context, change);
            }));
        }
    }
}

fn on_cluster(context: &Context, change: &Change<Cluster>) {
    follow(&context.snapshots, &context.metrics, change);
    context.wake(Kind::Cluster, &change.name);
    let before = change.before.as_deref().map(serving);
    if before != change.after.as_deref().map(serving) {
        wake_dependents(context, &change.name);
    }
}

/// Wakes every Topic and Connector of a Cluster.
pub fn wake_dependents(context: &Context, cluster: &ObjectName) {
    let in_namespace = |namespace: Option<&String>| namespace == Some(&cluster.namespace);
    for topic in context.stores.topics.select(|topic| {
        in_namespace(topic.metadata.namespace.as_ref()) && topic.spec.cluster == cluster.name
    }) {
        context.wake(Kind::Topic, &name_in(cluster, topic.meta().name.as_ref()));
    }
    for connector in context.stores.connectors.select(|connector| {
        in_namespace(connector.metadata.namespace.as_ref())
            && connector.spec.cluster == cluster.name
    }) {
        let name = name_in(cluster, connector.meta().name.as_ref());
        context.wake(Kind::Connector, &name);
    }
}

/// Wakes the Topics that name one of `topics` in Kafka, and the Connectors that write to one.
pub fn wake_users(context: &Context, cluster: &ObjectName, wanted: impl Fn(&str) -> bool) {
    let in_namespace = |namespace: Option<&String>| namespace == Some(&cluster.namespace);
    for topic in context.stores.topics.select(|topic| {
        in_namespace(topic.metadata.namespace.as_ref())
            && topic.spec.cluster == cluster.name
            && wanted(kafka_topic(topic))
    }) {
        context.wake(Kind::Topic, &name_in(cluster, topic.meta().name.as_ref()));
    }
    for connector in context.stores.connectors.select(|connector| {
        in_namespace(connector.metadata.namespace.as_ref())
            && connector.spec.cluster == cluster.name
            && wanted(&connector.spec.topic)
    }) {
        let name = name_in(cluster, connector.meta().name.as_ref());
        context.wake(Kind::Connector, &name);
    }
}

fn name_in(neighbour: &ObjectName, name: Option<&String>) -> ObjectName {
    ObjectName {
        namespace: neighbour.namespace.clone(),
        name: name.cloned().unwrap_or_default(),
    }
}

/// What Topics and Connectors see of their Cluster.
fn serving(cluster: &Cluster) -> (Option<String>, Option<String>, Option<String>, bool) {
    let status = cluster.status.as_ref();
    let ready = status.and_then(|status| {
        let mut conditions = status.conditions.iter();
        conditions.find(|one| one.type_ == condition::READY)
    });
    (
        cluster.metadata.uid.clone(),
        status.and_then(|status| status.bootstrap_servers.clone()),
        ready.map(|ready| ready.reason.clone()),
        cluster.metadata.deletion_timestamp.is_some(),
    )
}

/// A Topic that comes or goes changes what others are: a rival or heir for the same topic, and the
/// Cluster's list of topics that no object names.
fn on_topic(context: &Context, change: &Change<Topic>) {
    if !context.settings.finalizers() {
        context.departed.note(change, Timestamp::now());
    }
    context.wake(Kind::Topic, &change.name);
    let claim = |topic: &Topic| {
        (
            topic.spec.cluster.clone(),
            kafka_topic(topic).to_owned(),
            topic.metadata.deletion_timestamp.is_some(),
        )
    };
    let before = change.before.as_deref().map(claim);
    let after = change.after.as_deref().map(claim);
    if before == after {
        return;
    }
    for (cluster, topic, _) in before.iter().chain(&after) {
        let cluster = name_in(&change.name, Some(cluster));
        context.wake(Kind::Cluster, &cluster);
        wake_users(context, &cluster, |name| name == topic);
    }
}

fn on_connector(context: &Context, change: &Change<Connector>) {
    context.wake(Kind::Connector, &change.name);
    let cluster = |connector: &Connector| connector.spec.cluster.clone();
    let before = change.before.as_deref().map(cluster);
    let after = change.after.as_deref().map(cluster);
    if before != after {
        for cluster in before.iter().chain(&after) {
            context.wake(Kind::Cluster, &name_in(&change.name, Some(cluster)));
        }
    }
}

fn on_child<K: Resource>(context: &Context, change: &Change<K>) {
    let forms = change.before.iter().chain(&change.after);
    for (kind, owner) in forms.filter_map(|child| labelled_for(child.meta())) {
        context.wake(kind, &owner);
    }
}

/// Whether a Cluster serves, as its status says: the test for what depends on it.
pub fn is_serving(cluster: &Cluster) -> bool {
    let (_, bootstrap, reason, going) = serving(cluster);
    let serves = [Reason::Running, Reason::Paused].map(|reason| Some(reason.as_str()));
    bootstrap.is_some() && serves.contains(&reason.as_deref()) && !going
}
