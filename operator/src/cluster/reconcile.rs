//! One turn of a Cluster: observe, validate, plan, apply, status.

use std::{sync::Arc, time::Duration};

use crds::{Cluster, cluster::Engine};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use tokio_util::sync::CancellationToken;

use super::{
    apply::{self, Refusals},
    children::children,
    observe::{Observed, observe},
    plan::plan,
    status::{self, Look, Obstacle, Release, status},
    validate::validate,
};
use crate::{
    children::labels,
    context::{Context, Kind, Stored},
    kubernetes::{
        apply::{ApplyError, Child, Dependents, delete},
        call::{CallError, find},
        controller::{self, Outcome},
        pace::PER_OBJECT,
        status::Written,
    },
    names::{self, ObjectName},
};

/// Clusters at once.
const CONCURRENCY: usize = 16;
/// How soon to look again while something is on its way: it may become late.
const SOON: Duration = Duration::from_secs(5);
/// How soon to look again for what is being deleted.
const LEAVING: Duration = Duration::from_secs(1);
/// The version of the operator's own program, and so of the image it runs from.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Runs until `stop`.
pub async fn controller(context: Arc<Context>, stop: CancellationToken) {
    let refusals = Arc::new(Refusals::default());
    controller::run(
        Kind::Cluster,
        CONCURRENCY,
        context,
        stop,
        move |context, name| reconcile(context, refusals.clone(), name),
    )
    .await;
}

async fn reconcile(
    context: Arc<Context>,
    refusals: Arc<Refusals>,
    name: ObjectName,
) -> Result<Outcome, ApplyError> {
    let Some(cluster) = context.stores.clusters.get(&name) else {
        remove_left_behind(&context, &name).await?;
        return Ok(Outcome::Gone);
    };
    if cluster.metadata.deletion_timestamp.is_some() {
        return Ok(Outcome::Settled);
    }
    match turn(&context, &refusals, &cluster, &name).await {
        Err(ApplyError::Leaving { .. }) => Ok(Outcome::After(LEAVING)),
        Err(ApplyError::Call(error)) if error.is_namespace_going() => Ok(Outcome::Settled),
        outcome => outcome,
    }
}

async fn turn(
    context: &Context,
    refusals: &Refusals,
    cluster: &Cluster,
    name: &ObjectName,
) -> Result<Outcome, ApplyError> {
    let observed = observe(context, cluster, name);
    let (obstacle, growth) = match obstacle(context, cluster, name) {
        Some(obstacle) => (Some(obstacle), None),
        None => carry_out(context, refusals, cluster, &observed).await?,
    };
    // What was just written counts.
    let observed = observe(context, cluster, name);
    let look = Look {
        cluster,
        obstacle,
        observed: &observed,
        growth,
        release: Release {
            image: &context.settings.image,
            version: VERSION,
        },
        now: Timestamp::now(),
    };
    if status::is_worth_asking(&observed) {
        context.snapshots.nudge(name);
    }
    let next = status(&look, cluster.status.as_ref());
    let written = apply::status(context, cluster, &next).await?;
    Ok(match written {
        Written::Later => Outcome::After(PER_OBJECT),
        _ if status::is_on_its_way(&next) => Outcome::After(SOON),
        _ => Outcome::Settled,
    })
}

/// Plans and applies; answers what stands in the way, and why the volume does not grow.
async fn carry_out(
    context: &Context,
    refusals: &Refusals,
    cluster: &Cluster,
    observed: &Observed,
) -> Result<(Option<Obstacle>, Option<String>), ApplyError> {
    let is_ours = cluster.spec.engine == Engine::Bundled;
    let wanted = is_ours.then(|| children(cluster, &context.settings.image));
    let actions = plan(wanted, observed);
    match apply::apply(context, refusals, cluster, actions).await {
        Ok(growth) => Ok((None, growth)),
        Err(error @ ApplyError::Foreign { .. }) => {
            Ok((Some(Obstacle::NameTaken(error.to_string())), None))
        }
        Err(ApplyError::Call(error)) => refused(error).map(|obstacle| (Some(obstacle), None)),
        Err(error) => Err(error),
    }
}

/// What the API server refuses for good, be it as invalid or by a quota or a policy, is said on the
/// Cluster; any other fault ends the turn.
fn refused(error: CallError) -> Result<Obstacle, ApplyError> {
    match error.refusal() {
        Some(reason) if !error.is_namespace_going() => Ok(Obstacle::Refused(reason)),
        _ => Err(ApplyError::Call(error)),
    }
}

fn obstacle(context: &Context, cluster: &Cluster, name: &ObjectName) -> Option<Obstacle> {
    if let Some(fault) = context.stores.clusters.fault(name) {
        return Some(Obstacle::Unreadable(fault));
    }
    if cluster.spec.paused {
        return Some(Obstacle::Paused);
    }
    validate(cluster).err().map(Obstacle::Invalid)
}

/// Removes what carries all our labels and a name of ours, and has no owner any more: left behind when
/// its Cluster was deleted. What has an owner is the garbage collector's.
async fn remove_left_behind(context: &Context, name: &ObjectName) -> Result<(), CallError> {
    let of = |name_of_child: String| ObjectName {
        namespace: name.namespace.clone(),
        name: name_of_child,
    };
    let broker = of(names::broker(&name.name));
    let stores = &context.stores;
    let is_any = stores.stateful_sets.get(&broker).is_some()
        || stores.services.get(&broker).is_some()
        || stores.services.get(name).is_some()
        || stores.config_maps.get(&broker).is_some();
    // That the Cluster is gone must not rest on a cache.
    if !is_any || find::<Cluster>(&context.client, name).await?.is_some() {
        return Ok(());
    }
    remove::<k8s_openapi::api::apps::v1::StatefulSet>(context, name, &broker).await?;
    remove::<k8s_openapi::api::core::v1::Service>(context, name, &broker).await?;
    remove::<k8s_openapi::api::core::v1::Service>(context, name, name).await?;
    remove::<k8s_openapi::api::core::v1::ConfigMap>(context, name, &broker).await
}

async fn remove<K: Child + Stored>(
    context: &Context,
    cluster: &ObjectName,
    child: &ObjectName,
) -> Result<(), CallError> {
    let Some(object) = K::store(&context.stores).get(child) else {
        return Ok(());
    };
    let ours = labels(Kind::Cluster, &cluster.name, "broker", &cluster.name);
    let has_all = ours
        .iter()
        .all(|(key, value)| object.labels().get(key) == Some(value));
    let is_left = has_all
        && object.owner_references().is_empty()
        && object.meta().deletion_timestamp.is_none();
    if is_left {
        delete(context, object.as_ref(), Dependents::Collect).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refused_child_is_said_and_other_faults_are_tried_again() {
        let terminating = json!({"causes": [{"reason": "NamespaceTerminating"}]});
        for (code, details, said) in [
            (403, json!({}), true),
            (403, terminating, false),
            (422, json!({}), true),
            (409, json!({}), false),
            (500, json!({}), false),
        ] {
            let answer = json!({
                "status": "Failure", "code": code, "message": "exceeded quota: small",
                "reason": "", "details": details,
            });
            let status = serde_json::from_value(answer).unwrap();
            let error = CallError::Refused {
                operation: "apply StatefulSet n/c-broker".to_owned(),
                source: Box::new(kube::Error::Api(status)),
            };
            let expected = Obstacle::Refused("exceeded quota: small".to_owned());
            let obstacle = refused(error);
            assert_eq!(obstacle.ok(), said.then_some(expected), "{code}");
        }
    }
}
