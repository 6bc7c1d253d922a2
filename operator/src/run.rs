//! The operator as a whole: its watches and its controllers, from start to stop.
//!
//! Knows what there is; nothing of how each part works.

use std::sync::Arc;

use kube::Client;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{context::Context, settings::Settings, watches};

/// Why the operator ended without being told to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A watch or a controller ended, which none may: a new start is safer than half an operator.
    #[error("a part of the operator ended by itself")]
    Ended,
}

/// Runs until `stop`.
pub async fn run(
    client: Client,
    settings: Settings,
    stop: CancellationToken,
) -> Result<(), RunError> {
    let context = Arc::new(Context::new(client, settings));
    let mut tasks = JoinSet::new();
    watches::start(&context, &mut tasks, &stop);
    tokio::select! {
        Some(_) = tasks.join_next() => {}
        () = stop.cancelled() => {}
    }
    let ended_early = !stop.is_cancelled();
    stop.cancel();
    while tasks.join_next().await.is_some() {}
    if ended_early {
        Err(RunError::Ended)
    } else {
        Ok(())
    }
}
