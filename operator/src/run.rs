//! The operator as a whole, from start to stop.
//!
//! Knows what there is and in which order it starts and ends; nothing of how each part works.

use std::{fmt::Debug, sync::Arc, time::Duration};

use crds::{Cluster, Connector, Topic};
use kube::{
    Api, Client, Resource,
    api::ListParams,
    core::{NamespaceResourceScope, PartialObjectMeta},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    admin_server::{self, ListenError},
    cluster, connector,
    context::Context,
    kubernetes::call::within,
    lease::Lease,
    settings::Settings,
    topic, watches,
};

/// How often the definitions of our kinds are looked for.
const LOOK: Duration = Duration::from_secs(2);
/// How long the parts have to end after a stop.
const END: Duration = Duration::from_secs(10);

/// Why the operator ended without being told to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Its port is taken.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A watch or a controller ended, which none may: a new start is safer than half an operator.
    #[error("a part of the operator ended by itself")]
    Ended,
    /// Another operator works now; this one must not any more.
    #[error("the Lease is lost: {reason}")]
    LeaseLost {
        /// How.
        reason: String,
    },
}

/// Runs until `stop`, or until the Lease is lost.
pub async fn run(
    client: Client,
    settings: Settings,
    stop: CancellationToken,
) -> Result<(), RunError> {
    let listener = admin_server::listen(settings.admin_listen).await?;
    let lease = Lease::new(client.clone(), &settings);
    let context = Arc::new(Context::new(client, settings));
    let mut tasks = JoinSet::new();
    tasks.spawn(admin_server::serve(listener, context.clone(), stop.clone()));

    let start = async {
        definitions(&context).await;
        watches::start(&context, &mut tasks, &stop);
        lease.acquire().await
    };
    let Some(mut held) = stop.run_until_cancelled(start).await else {
        end(tasks).await;
        return Ok(());
    };
    tracing::info!("the Lease is ours: working");
    context.metrics.lead(true);
    context.departed.clear();
    controllers(&context, &mut tasks, &stop);

    tokio::select! {
        // Dropping the tasks cuts them off: who lost the Lease must not write any more.
        reason = held.keep() => return Err(RunError::LeaseLost { reason }),
        Some(_) = tasks.join_next() => {}
        () = stop.cancelled() => {}
    }
    let ended_early = !stop.is_cancelled();
    stop.cancel();
    end(tasks).await;
    if let Err(error) = held.release().await {
        tracing::warn!(%error, "the Lease was not given back: the next operator waits until it runs out");
    }
    if ended_early {
        return Err(RunError::Ended);
    }
    Ok(())
}

/// Starts the controllers.
fn controllers(context: &Arc<Context>, tasks: &mut JoinSet<()>, stop: &CancellationToken) {
    tasks.spawn(cluster::controller(context.clone(), stop.clone()));
    tasks.spawn(connector::controller(context.clone(), stop.clone()));
    tasks.spawn(topic::controller(context.clone(), stop.clone()));
}

async fn end(mut tasks: JoinSet<()>) {
    let rest = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(END, rest).await.is_err() {
        tracing::warn!("some parts were cut off at the end");
    }
}

/// Waits until our kinds are defined. An operator that crashed until then would only be slower.
async fn definitions(context: &Context) {
    let mut told = false;
    while !(is_defined::<Cluster>(context).await
        && is_defined::<Topic>(context).await
        && is_defined::<Connector>(context).await)
    {
        if !told {
            tracing::warn!(
                "the API server does not know the kinds of {}: install the chart with crds.enabled=true, or run \
                 kubectl apply -f crds/; waiting",
                crds::GROUP
            );
            told = true;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether the API server knows a kind. Only a clear no counts: other faults show in the watches.
async fn is_defined<K>(context: &Context) -> bool
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug,
{
    let client = context.client.clone();
    let api: Api<PartialObjectMeta<K>> = match context.settings.namespaces.first() {
        Some(namespace) => Api::namespaced(client, namespace),
        None => Api::all(client),
    };
    let one = ListParams::default().limit(1);
    let listed = within(
        || format!("look for the definition of {}", K::kind(&())),
        api.list_metadata(&one),
    )
    .await;
    match listed {
        Ok(_) => true,
        Err(error) if error.is_not_found() => false,
        Err(error) => {
            tracing::warn!(%error, "look for definitions");
            true
        }
    }
}
