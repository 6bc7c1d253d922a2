//! The steps of the self-test against the API server, each with a bound, and the way back.

use std::fmt::Debug;
use std::time::Duration;

use crds::{Cluster, Topic};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{DeleteParams, PostParams};
use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::objects::{Names, Readiness, readiness};
use super::records;
use crate::failure::Failure;
use crate::output;

/// How often an object is looked at while it is waited for.
const INTERVAL: Duration = Duration::from_millis(250);
/// How long one call may take.
const CALL: Duration = Duration::from_secs(10);

/// One run.
pub(super) struct Steps {
    client: Client,
    names: Names,
    begun: Instant,
    deadline: Instant,
}

/// What the self-test needs to know of a kind.
trait Kind:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + Serialize
    + DeserializeOwned
{
    fn conditions(&self) -> &[Condition];
}

impl Kind for Cluster {
    fn conditions(&self) -> &[Condition] {
        self.status
            .as_ref()
            .map_or(&[], |status| &status.conditions)
    }
}

impl Kind for Topic {
    fn conditions(&self) -> &[Condition] {
        self.status
            .as_ref()
            .map_or(&[], |status| &status.conditions)
    }
}

impl Steps {
    pub(super) fn new(client: Client, names: Names, deadline: Instant) -> Self {
        Self {
            client,
            names,
            begun: Instant::now(),
            deadline,
        }
    }

    /// Makes, waits, sends and reads.
    ///
    /// # Errors
    /// The step that failed; a wait that took too long, with what the object says.
    pub(super) async fn test(&self, count: u32) -> Result<(), Failure> {
        if self.names.makes_cluster {
            self.create(&self.names.new_cluster()).await?;
        }
        self.create(&self.names.new_topic()).await?;
        let cluster: Cluster = self.ready(&self.names.cluster).await?;
        self.ready::<Topic>(&self.names.topic).await?;
        let status = cluster.status.unwrap_or_default();
        let servers = status.bootstrap_servers.unwrap_or_default();
        let topic = &self.names.topic;
        self.in_time("sending", records::send(&servers, topic, count))
            .await?;
        self.said(&format!("{count} records sent to {topic} at {servers}"));
        self.in_time("reading", records::read(&servers, topic, count))
            .await?;
        self.said(&format!("{count} records read, each once"));
        Ok(())
    }

    /// Takes away what this run may have made, the Topic first, so that it is the operator that removes it.
    ///
    /// # Errors
    /// Something is still there at the deadline.
    pub(super) async fn clean(&self, deadline: Instant) -> Result<(), Failure> {
        let topic = self.remove::<Topic>(&self.names.topic, deadline).await;
        if !self.names.makes_cluster {
            return topic;
        }
        let cluster = self.remove::<Cluster>(&self.names.cluster, deadline).await;
        topic.and(cluster)
    }

    async fn create<K: Kind>(&self, object: &K) -> Result<(), Failure> {
        let what = format!("make {}", shown::<K>(&object.name_any()));
        let parameters = PostParams::default();
        let made = call(&what, self.api::<K>().create(&parameters, object)).await?;
        let nowhere = || {
            let help = format!(
                "is there a namespace {}, and are the CRDs there?",
                self.names.namespace
            );
            Failure::new(format!("cannot {what}: there is no place for it"), help)
        };
        made.map(drop).ok_or_else(nowhere)
    }

    async fn ready<K: Kind>(&self, name: &str) -> Result<K, Failure> {
        let api = self.api::<K>();
        let shown = shown::<K>(name);
        loop {
            let Some(object) = call(&format!("read {shown}"), api.get(name)).await? else {
                return Err(Failure::new(format!("there is no {shown}"), ""));
            };
            match readiness(object.conditions(), object.meta().generation) {
                Readiness::Ready => {
                    self.said(&format!("{shown} is ready"));
                    return Ok(object);
                }
                Readiness::NotYet(why) if Instant::now() >= self.deadline => {
                    let nobody = "no operator has looked at it: does one watch this namespace?";
                    let help = if why.is_empty() { nobody } else { &why };
                    return Err(Failure::not_ready(
                        format!("{shown} is not ready in time"),
                        help,
                    ));
                }
                Readiness::NotYet(_) => sleep(INTERVAL).await,
            }
        }
    }

    /// Asks once, then waits until it is gone.
    async fn remove<K: Kind>(&self, name: &str, deadline: Instant) -> Result<(), Failure> {
        let api = self.api::<K>();
        let shown = shown::<K>(name);
        let parameters = DeleteParams::background();
        let delete = api.delete(name, &parameters);
        let mut there = call(&format!("delete {shown}"), delete).await?.is_some();
        while there {
            if Instant::now() >= deadline {
                let help = "it waits for the operator: is it running?";
                return Err(Failure::not_ready(format!("{shown} does not go"), help));
            }
            sleep(INTERVAL).await;
            there = call(&format!("read {shown}"), api.get(name))
                .await?
                .is_some();
        }
        Ok(())
    }

    async fn in_time(
        &self,
        what: &str,
        work: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(), Failure> {
        timeout_at(self.deadline, work).await.unwrap_or_else(|_| {
            let help =
                "the records go from this pod to the brokers: does a network policy forbid it?";
            Err(Failure::not_ready(format!("{what} takes too long"), help))
        })
    }

    fn api<K: Kind>(&self) -> Api<K> {
        Api::namespaced(self.client.clone(), &self.names.namespace)
    }

    fn said(&self, what: &str) {
        output::talk(&format!(
            "✔ {what}  {:.1} s",
            self.begun.elapsed().as_secs_f32()
        ));
    }
}

/// An object for people: `Topic selftest-1`.
fn shown<K: Kind>(name: &str) -> String {
    format!("{} {name}", K::kind(&()))
}

/// One call; `None` where the server knows no such object.
async fn call<T>(
    what: &str,
    answer: impl Future<Output = kube::Result<T>>,
) -> Result<Option<T>, Failure> {
    match timeout(CALL, answer).await {
        Ok(Ok(answer)) => Ok(Some(answer)),
        Ok(Err(kube::Error::Api(status))) if status.code == 404 => Ok(None),
        Ok(Err(kube::Error::Api(status))) => Err(Failure::new(
            format!("cannot {what}: {}", status.message),
            "",
        )),
        Ok(Err(error)) => Err(Failure::new(format!("cannot {what}: {error}"), "")),
        Err(_) => Err(Failure::new(
            format!("cannot {what}: the API server does not answer"),
            "",
        )),
    }
}
