//! The loop of one controller: takes objects from its queue and lets them be reconciled, a bounded
//! number at once, each alone.
//!
//! Knows turns, time and faults; nothing of what is reconciled.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use super::queue::{Turn, spread};
use crate::{
    context::{Context, Kind},
    names::ObjectName,
};

/// How long one turn may take. Longer means that something hangs: it ends as a failure.
const TURN_LIMIT: Duration = Duration::from_mins(2);
/// How long turns may go on after the operator was told to stop.
const STOP_LIMIT: Duration = Duration::from_secs(8);
/// An object whose namespace is not wholly listed yet is looked at again after this.
const LIST_AGAIN: Duration = Duration::from_secs(1);
/// The loop shows that it is alive this often at least.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// What a turn that did not fail asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is as it should be; look again at the next resync.
    Settled,
    /// Something is awaited that no watch reports; look again after this time.
    After(Duration),
    /// The object is no longer there; forget it.
    Gone,
}

/// An error that ends a turn: logged here, counted by its category, tried again with back-off.
pub trait Fault: std::error::Error + Send {
    /// One word for metrics.
    fn category(&self) -> &'static str;
}

/// Runs the controller of `kind` until `stop`, with at most `concurrency` turns at once.
///
/// The first turn starts when every store was listed once. What still runs at the stop has a few
/// seconds to end.
pub async fn run<F, R, E>(
    kind: Kind,
    concurrency: usize,
    context: Arc<Context>,
    stop: CancellationToken,
    reconcile: F,
) where
    F: Fn(Arc<Context>, ObjectName) -> R,
    R: Future<Output = Result<Outcome, E>> + Send + 'static,
    E: Fault + 'static,
{
    let mut turns = JoinSet::new();
    while !stop.is_cancelled() {
        let now = Instant::now();
        context.metrics.heartbeat(kind, now);
        let queue = context.queue(kind);
        while context.stores_ready() && turns.len() < concurrency {
            let Some(name) = queue.take(now) else { break };
            if !context.has_listed(&name.namespace) {
                queue.end(&name, Turn::Done(LIST_AGAIN), now);
                continue;
            }
            let reconciling = reconcile(context.clone(), name.clone());
            let started = context.metrics.start(kind, &name);
            turns.spawn(async move { (turn(kind, &name, reconciling).await, name, started) });
        }
        let next = if context.stores_ready() && turns.len() < concurrency {
            queue.next().unwrap_or(now + HEARTBEAT)
        } else {
            now + HEARTBEAT
        };
        tokio::select! {
            Some(ended) = turns.join_next() => {
                if let Ok((result, name, started)) = ended {
                    context.metrics.end(kind, &name, started, result.as_ref().err().copied());
                    end(&context, kind, &name, result);
                }
            }
            () = queue.changed() => {}
            () = tokio::time::sleep_until(next.min(now + HEARTBEAT)) => {}
            () = stop.cancelled() => {}
        }
    }
    let rest = async { while turns.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_LIMIT, rest).await.is_err() {
        tracing::warn!(%kind, "some objects were still being reconciled at the end");
    }
}

/// One turn; an error comes back as its category.
async fn turn<E: Fault>(
    kind: Kind,
    name: &ObjectName,
    reconciling: impl Future<Output = Result<Outcome, E>>,
) -> Result<Outcome, &'static str> {
    let reconciling = AssertUnwindSafe(reconciling).catch_unwind();
    match tokio::time::timeout(TURN_LIMIT, reconciling).await {
        Ok(Ok(Ok(outcome))) => Ok(outcome),
        Ok(Ok(Err(error))) => {
            tracing::warn!(%kind, object = %name, %error, "reconcile");
            Err(error.category())
        }
        Ok(Err(_)) => {
            tracing::error!(%kind, object = %name, "reconciling panicked");
            Err("Panic")
        }
        Err(_) => {
            tracing::error!(%kind, object = %name, "reconciling took longer than {} s", TURN_LIMIT.as_secs());
            Err("Late")
        }
    }
}

fn end(context: &Context, kind: Kind, name: &ObjectName, result: Result<Outcome, &'static str>) {
    let resync = context.settings.resync;
    let turn = match result {
        Ok(Outcome::Settled) => Turn::Done(resync.mul_f64(0.9 + 0.2 * spread(name, 0))),
        Ok(Outcome::After(wait)) => Turn::Done(wait.min(resync)),
        Ok(Outcome::Gone) => Turn::Gone,
        Err(_) => Turn::Failed,
    };
    context.queue(kind).end(name, turn, Instant::now());
}
