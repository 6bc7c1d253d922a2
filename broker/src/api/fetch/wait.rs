//! Waiting for records: looks, and looks again whenever a high watermark moved, until there is enough or time is up.

use std::collections::HashSet;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use wire::ErrorCode;

use super::read::{self, Limits, Looked, Outcome, Unverified, Wanted};
use crate::log::Log;
use crate::memory::Budget;

/// A pending change of one high watermark; gives its receiver back for the next wait.
type Change = Pin<Box<dyn Future<Output = Option<watch::Receiver<i64>>> + Send>>;

/// The outcomes to answer: as soon as they hold `min_bytes` or an error, else what is there when `max_wait` has passed.
pub(super) async fn enough(
    log: &Log,
    wanted: &[Result<Wanted, ErrorCode>],
    limits: Limits,
    max_wait: Duration,
    budget: &Budget,
) -> Vec<Outcome> {
    // Subscribed before the first look, so that no append between the two is missed.
    let mut changes: Option<Vec<Change>> = None;
    let deadline = Instant::now() + max_wait;
    let mut has_verified = false;
    loop {
        let Looked {
            mut outcomes,
            ready,
            unverified,
        } = read::all(log, wanted, limits);
        let answerable = ready || Instant::now() >= deadline;
        // One file a request, and more only as long as there is nothing to answer: each partition gets its turn, and a
        // client of many waits for none of them.
        if let Some(file) = unverified
            && !(answerable && has_verified)
        {
            if verified(log, budget, file).await {
                has_verified = true;
                continue;
            }
            outcomes[file.index] = ErrorCode::KafkaStorageError.into();
            return outcomes;
        }
        if answerable {
            return outcomes;
        }
        let Some(changes) = &mut changes else {
            changes = Some(subscribe(log, wanted));
            continue;
        };
        drop(outcomes);
        // Whichever it is, the next look tells.
        let _ = tokio::time::timeout_at(deadline, any(changes)).await;
    }
}

/// Whether a file could be verified, off the async threads. Only so many look at files at a time.
async fn verified(log: &Log, budget: &Budget, file: Unverified) -> bool {
    let turn = budget.file_read().await;
    let log = log.clone();
    let done = tokio::task::spawn_blocking(move || {
        let done = log.verify(file.key, file.offset);
        done.inspect_err(|error| tracing::warn!(%error, "verify a segment"))
    });
    let done = matches!(done.await, Ok(Ok(())));
    drop(turn);
    done
}

/// Each partition is watched once, however often it is named.
fn subscribe(log: &Log, wanted: &[Result<Wanted, ErrorCode>]) -> Vec<Change> {
    let keys: HashSet<_> = wanted
        .iter()
        .filter_map(|one| one.as_ref().ok())
        .map(|wanted| wanted.key)
        .collect();
    let keys = keys.into_iter();
    keys.filter_map(|key| log.watch(key)).map(change).collect()
}

fn change(mut watermark: watch::Receiver<i64>) -> Change {
    Box::pin(async move { watermark.changed().await.ok().map(|()| watermark) })
}

/// Resolves when one of them does; that one waits for its next change from then on. A dropped partition counts as a
/// change, once.
async fn any(changes: &mut Vec<Change>) {
    std::future::poll_fn(|context| {
        for at in 0..changes.len() {
            if let Poll::Ready(watermark) = changes[at].as_mut().poll(context) {
                let _finished = changes.swap_remove(at);
                changes.extend(watermark.map(change));
                return Poll::Ready(());
            }
        }
        Poll::Pending
    })
    .await;
}
