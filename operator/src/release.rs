//! `operator release`: lets go of everything that would wait for an operator that is about to go.
//!
//! Knows the Lease and our finalizer. It takes the Lease first, so that the operator stops and sets no
//! finalizer again, and does not give it back: the operator is meant to be gone when it runs out.

use std::time::Duration;

use crds::Topic;
use kube::{Api, Client, api::ListParams, core::DeserializeGuard};
use tokio::time::{Instant, sleep};

use crate::{
    context::Context,
    kubernetes::{
        call::{CallError, within},
        finalizer,
    },
    lease::{self, Lease},
    settings::Settings,
};

/// How long the Lease is kept from the operator: enough for an uninstall to remove it.
const HOLD: Duration = Duration::from_mins(1);
/// After this long an operator that had the Lease has noticed its loss.
const NOTICE: Duration = Duration::from_secs(lease::RENEWAL.as_secs() + 2);
/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// Objects per page of a list.
const PAGE: u32 = 500;
/// Tries to take the Lease; the operator renews it now and then at the same moment.
const TRIES: u32 = 5;

/// Takes the Lease and removes our finalizer from every Topic. Answers how many were let go.
pub async fn release(client: Client, settings: Settings) -> Result<usize, CallError> {
    let was_held = seize(&Lease::new(client.clone(), &settings)).await?;
    let context = Context::new(client, settings);
    let since = Instant::now();
    let mut released = 0;
    loop {
        let waiting = waiting(&context).await?;
        for topic in &waiting {
            match finalizer::remove(&context, topic).await {
                Ok(true) => released += 1,
                Ok(false) => {}
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(error),
            }
        }
        if waiting.is_empty() && (!was_held || since.elapsed() >= NOTICE) {
            return Ok(released);
        }
        sleep(LOOK).await;
    }
}

/// Takes the Lease. Answers whether an operator had it.
async fn seize(lease: &Lease) -> Result<bool, CallError> {
    let mut tries = 1;
    loop {
        match lease.seize(HOLD).await {
            Ok((_held, was_held)) => return Ok(was_held),
            Err(error) if error.is_conflict() && tries < TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Every Topic that has our finalizer.
async fn waiting(context: &Context) -> Result<Vec<Topic>, CallError> {
    let mut found = Vec::new();
    for scope in context.scopes() {
        let api: Api<DeserializeGuard<Topic>> = match &scope {
            Some(namespace) => Api::namespaced(context.client.clone(), namespace),
            None => Api::all(context.client.clone()),
        };
        let mut page = ListParams::default().limit(PAGE);
        loop {
            let list = match within(|| "list Topics".to_owned(), api.list(&page)).await {
                // Without the definition there is no Topic.
                Err(error) if error.is_not_found() => break,
                list => list?,
            };
            let topics = list.items.into_iter().map(decoded);
            found.extend(topics.filter(finalizer::is_set));
            match list.metadata.continue_.filter(|next| !next.is_empty()) {
                Some(next) => page = page.continue_token(&next),
                None => break,
            }
        }
    }
    Ok(found)
}

/// An object that does not decode still has its finalizer, and has to be let go too.
fn decoded(topic: DeserializeGuard<Topic>) -> Topic {
    topic.0.unwrap_or_else(|invalid| {
        let mut topic = Topic::new("", crds::TopicSpec::default());
        topic.metadata = invalid.metadata;
        topic
    })
}
