//! The Lease: of all operators of one installation one works, the others stand by.
//!
//! Knows the Lease object and two clocks' worth of caution: whether a holder is gone is judged by how
//! long its Lease stood still for *us*, never by comparing its clock with ours. A Lease is no fence (a
//! holder that was stopped for a while may still send one write), so every write elsewhere carries its
//! own precondition; the loss of the Lease ends the process.

use std::time::Duration;

use k8s_openapi::{
    api::coordination::v1::{Lease as LeaseObject, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
    jiff::Timestamp,
};
use kube::{Api, Client, api::PostParams, core::ObjectMeta};
use tokio::time::{Instant, sleep, timeout_at};

use crate::{
    kubernetes::{
        FIELD_MANAGER,
        call::{CallError, within},
    },
    settings::Settings,
};

/// How long a Lease holds without being renewed.
pub const DURATION: Duration = Duration::from_secs(15);
/// How often it is renewed.
pub const RENEWAL: Duration = Duration::from_secs(5);
/// A holder that could not renew for this long counts its Lease as lost, before others may take it.
const DEADLINE: Duration = Duration::from_secs(11);
/// How often one that stands by looks.
const LOOK: Duration = Duration::from_secs(2);

/// The Lease of one installation, and who wants it.
#[derive(Clone, Debug)]
pub struct Lease {
    api: Api<LeaseObject>,
    namespace: String,
    name: String,
    identity: String,
}

/// The Lease while it is ours.
#[derive(Debug)]
pub struct Held {
    lease: Lease,
    object: LeaseObject,
    renewed: Instant,
}

/// What to do about a Lease that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Create,
    Take,
    Wait,
}

/// A Lease that was not taken, as it stood at a moment of our clock.
#[derive(Clone, Debug)]
struct Standing {
    version: Option<String>,
    since: Instant,
}

impl Lease {
    /// The Lease that `settings` name, for this process.
    pub fn new(client: Client, settings: &Settings) -> Self {
        Self {
            api: Api::namespaced(client, &settings.lease_namespace),
            namespace: settings.lease_namespace.clone(),
            name: settings.lease_name.clone(),
            identity: settings.identity.clone(),
        }
    }

    fn say(&self, verb: &str) -> String {
        format!("{verb} Lease {}/{}", self.namespace, self.name)
    }

    async fn look(&self) -> Result<Option<LeaseObject>, CallError> {
        within(|| self.say("read"), self.api.get_opt(&self.name)).await
    }

    /// Waits until the Lease is free, and takes it. Faults are logged and tried again, for ever: an
    /// operator without a Lease does nothing and harms nobody.
    pub async fn acquire(&self) -> Held {
        let mut standing: Option<Standing> = None;
        let mut told: Option<String> = None;
        loop {
            match self.try_acquire(&mut standing).await {
                Ok(Some(held)) => return held,
                Ok(None) => {
                    if told.is_none() {
                        tracing::info!(name = %self.name, "another operator has the Lease: standing by");
                        told = Some(String::new());
                    }
                }
                Err(error) if error.is_conflict() => {}
                Err(error) => {
                    let text = error.to_string();
                    if told.as_ref() != Some(&text) {
                        tracing::warn!("{text}");
                        told = Some(text);
                    }
                }
            }
            sleep(LOOK).await;
        }
    }

    async fn try_acquire(
        &self,
        standing: &mut Option<Standing>,
    ) -> Result<Option<Held>, CallError> {
        let found = self.look().await?;
        let now = Instant::now();
        let version = found
            .as_ref()
            .and_then(|lease| lease.metadata.resource_version.clone());
        let known = standing.take().filter(|known| known.version == version);
        let seen = known.unwrap_or(Standing {
            version,
            since: now,
        });
        let spec = found.as_ref().and_then(|lease| lease.spec.as_ref());
        let step = step(
            found.is_some(),
            spec,
            &self.identity,
            now.saturating_duration_since(seen.since),
        );
        *standing = Some(seen);
        match step {
            Step::Wait => Ok(None),
            Step::Create | Step::Take => self.take(found, DURATION).await.map(Some),
        }
    }

    /// Takes the Lease whoever has it, for `duration`. Answers whether somebody had it.
    pub async fn seize(&self, duration: Duration) -> Result<(Held, bool), CallError> {
        let found = self.look().await?;
        let spec = found.as_ref().and_then(|lease| lease.spec.as_ref());
        let holder = spec.and_then(|spec| spec.holder_identity.as_deref());
        let was_held = holder.is_some_and(|holder| !holder.is_empty() && holder != self.identity);
        let held = self.take(found, duration).await?;
        Ok((held, was_held))
    }

    async fn take(
        &self,
        found: Option<LeaseObject>,
        duration: Duration,
    ) -> Result<Held, CallError> {
        let renewed = Instant::now();
        let parameters = parameters();
        let spec = found.as_ref().and_then(|lease| lease.spec.as_ref());
        let taken = taken(spec, &self.identity, duration, Timestamp::now());
        let object = if let Some(mut object) = found {
            object.spec = Some(taken);
            let call = self.api.replace(&self.name, &parameters, &object);
            within(|| self.say("take"), call).await?
        } else {
            let object = LeaseObject {
                metadata: ObjectMeta {
                    name: Some(self.name.clone()),
                    ..ObjectMeta::default()
                },
                spec: Some(taken),
            };
            let call = self.api.create(&parameters, &object);
            within(|| self.say("make"), call).await?
        };
        Ok(Held {
            lease: self.clone(),
            object,
            renewed,
        })
    }
}

impl Held {
    /// Renews the Lease for as long as that works; returns when it is lost, with the reason.
    pub async fn keep(&mut self) -> String {
        loop {
            // A call may take longer than others wait: the deadline cuts it off.
            match timeout_at(self.renewed + DEADLINE, self.renew()).await {
                Ok(Some(reason)) => return reason,
                Ok(None) => {}
                Err(_) => return format!("it was not renewed for {} s", DEADLINE.as_secs()),
            }
        }
    }

    /// Renews the Lease once, when it is time to. Answers the reason where it is lost.
    async fn renew(&mut self) -> Option<String> {
        sleep(RENEWAL).await;
        let now = Instant::now();
        let mut object = self.object.clone();
        if let Some(spec) = &mut object.spec {
            spec.renew_time = Some(MicroTime(Timestamp::now()));
        }
        match self.replace("renew", &object).await {
            Ok(()) => self.renewed = now,
            Err(error) => {
                if let Some(reason) = self.lost(&error).await {
                    return Some(reason);
                }
                tracing::warn!(%error, "the Lease was not renewed");
            }
        }
        None
    }

    /// After a refusal: who has the Lease, if it is not us.
    async fn lost(&mut self, error: &CallError) -> Option<String> {
        if error.is_not_found() {
            return Some("it was deleted".to_owned());
        }
        if !error.is_conflict() {
            return None;
        }
        let found = self.lease.look().await.ok()??;
        let spec = found.spec.as_ref();
        let holder = spec.and_then(|spec| spec.holder_identity.as_deref());
        if holder == Some(&self.lease.identity) {
            self.object = found;
            return None;
        }
        Some(match holder {
            Some(holder) => format!("{holder} has it"),
            None => "it was released by somebody else".to_owned(),
        })
    }

    async fn replace(&mut self, verb: &'static str, object: &LeaseObject) -> Result<(), CallError> {
        let parameters = parameters();
        let call = self
            .lease
            .api
            .replace(&self.lease.name, &parameters, object);
        self.object = within(|| self.lease.say(verb), call).await?;
        Ok(())
    }

    /// Gives the Lease back, so that the next operator need not wait.
    pub async fn release(mut self) -> Result<(), CallError> {
        let mut object = self.object.clone();
        if let Some(spec) = &mut object.spec {
            spec.holder_identity = None;
            spec.renew_time = Some(MicroTime(Timestamp::now()));
        }
        self.replace("release", &object).await
    }
}

fn parameters() -> PostParams {
    PostParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PostParams::default()
    }
}

/// What to do about a Lease that has stood as it is for `unchanged`.
fn step(exists: bool, spec: Option<&LeaseSpec>, identity: &str, unchanged: Duration) -> Step {
    if !exists {
        return Step::Create;
    }
    let holder = spec.and_then(|spec| spec.holder_identity.as_deref());
    let Some(holder) = holder.filter(|holder| !holder.is_empty()) else {
        return Step::Take;
    };
    let seconds = spec
        .and_then(|spec| spec.lease_duration_seconds)
        .and_then(|seconds| u64::try_from(seconds).ok());
    let duration = seconds.map_or(DURATION, Duration::from_secs);
    if holder == identity || unchanged >= duration {
        Step::Take
    } else {
        Step::Wait
    }
}

fn taken(
    before: Option<&LeaseSpec>,
    identity: &str,
    duration: Duration,
    now: Timestamp,
) -> LeaseSpec {
    let holder = before.and_then(|spec| spec.holder_identity.as_deref());
    let transitions = before.and_then(|spec| spec.lease_transitions).unwrap_or(0);
    let changes = holder != Some(identity);
    LeaseSpec {
        acquire_time: Some(MicroTime(now)),
        holder_identity: Some(identity.to_owned()),
        lease_duration_seconds: i32::try_from(duration.as_secs()).ok(),
        lease_transitions: Some(transitions.saturating_add(i32::from(changes))),
        renew_time: Some(MicroTime(now)),
        ..LeaseSpec::default()
    }
}

#[cfg(test)]
mod tests {
    use axum::{Json, Router, http::StatusCode};

    use super::*;

    fn held(by: Option<&str>, seconds: i32) -> LeaseSpec {
        LeaseSpec {
            holder_identity: by.map(str::to_owned),
            lease_duration_seconds: Some(seconds),
            lease_transitions: Some(3),
            ..LeaseSpec::default()
        }
    }

    #[test]
    fn a_lease_is_taken_when_it_is_free_or_stood_still() {
        let other = held(Some("other"), 15);
        for (exists, spec, unchanged, expected) in [
            (false, None, 0, Step::Create),
            (true, None, 0, Step::Take),
            (true, Some(held(None, 15)), 0, Step::Take),
            (true, Some(held(Some(""), 15)), 0, Step::Take),
            (true, Some(held(Some("me"), 15)), 0, Step::Take),
            (true, Some(other.clone()), 14, Step::Wait),
            (true, Some(other), 15, Step::Take),
            (true, Some(held(Some("release"), 60)), 59, Step::Wait),
        ] {
            let unchanged = Duration::from_secs(unchanged);
            let step = step(exists, spec.as_ref(), "me", unchanged);
            assert_eq!(step, expected, "{spec:?} {unchanged:?}");
        }
    }

    #[test]
    fn changes_of_the_holder_are_counted() {
        let now = Timestamp::from_second(7).unwrap();
        for (before, transitions) in [
            (None, 1),
            (Some(held(Some("other"), 15)), 4),
            (Some(held(Some("me"), 15)), 3),
        ] {
            let spec = taken(before.as_ref(), "me", DURATION, now);
            assert_eq!(spec.lease_transitions, Some(transitions));
            assert_eq!(spec.holder_identity.as_deref(), Some("me"));
        }
    }

    fn ours(api_server: Router) -> Held {
        let lease = Lease {
            api: Api::namespaced(Client::new(api_server, "n"), "n"),
            namespace: "n".to_owned(),
            name: "operator".to_owned(),
            identity: "me".to_owned(),
        };
        Held {
            lease,
            object: LeaseObject {
                spec: Some(held(Some("me"), 15)),
                ..LeaseObject::default()
            },
            renewed: Instant::now(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_holder_that_cannot_renew_ends_before_others_take_over() {
        let silent = Router::new().fallback(std::future::pending::<StatusCode>);
        let failing = Router::new().fallback(async || StatusCode::INTERNAL_SERVER_ERROR);
        for api_server in [silent, failing] {
            let start = Instant::now();
            let reason = ours(api_server).keep().await;
            assert_eq!(reason, "it was not renewed for 11 s");
            assert_eq!(start.elapsed().as_secs(), DEADLINE.as_secs());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_holder_that_renews_goes_on() {
        let api_server = Router::new().fallback(async |body: Json<serde_json::Value>| body);
        let mut held = ours(api_server);
        let hour = Duration::from_hours(1);
        assert!(tokio::time::timeout(hour, held.keep()).await.is_err());
    }
}
