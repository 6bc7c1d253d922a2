//! The Kubernetes floor: what every controller of this package stands on.
//!
//! Knows objects, watches, writes and time; nothing of clusters, topics or connectors.
//!
//! # How a controller plugs in
//! - A controller is `pub async fn controller(context: Arc<Context>, stop: CancellationToken)` in its
//!   kind's module: one call of [`controller::run`] with a function `reconcile(context, name)`. `run.rs`
//!   starts it once; several namespaces make no difference to it.
//! - **Reading**: [`crate::context::Stores`] holds every Cluster, Topic, Connector and every child with
//!   our label, over all watched namespaces. `reconcile` starts only after all of them were listed. An
//!   object that is no longer in its store is still handed to `reconcile` once, which answers
//!   [`controller::Outcome::Gone`]. What must not rest on a cache (may this finalizer go?) asks
//!   [`call::find`].
//! - **Waking**: a change of an object wakes that object; a change of a child wakes the object it is
//!   labelled for; a Cluster that starts or stops serving wakes its Topics and Connectors. Anything
//!   else calls [`crate::context::Context::wake`]. Waking is cheap, never blocks, and many wakes are one.
//! - **Writing**: [`apply::child`], [`apply::delete`], [`status::write`], [`finalizer::add`],
//!   [`finalizer::remove`] and [`events::Events::publish`]. Each compares first and writes only a difference, each passes the semaphore
//!   of writes and has a time limit.
//! - **Waiting** is [`controller::Outcome::After`], no error. An error is logged, counted and tried again, after 1 s at
//!   first and 5 min at most, each object for itself. Everything is looked at again each resync.

pub mod apply;
pub mod call;
pub mod controller;
pub mod difference;
pub mod events;
pub mod finalizer;
pub mod pace;
pub mod queue;
pub mod status;
pub mod store;
pub mod watch;

/// The field manager of every write.
pub const FIELD_MANAGER: &str = "eddyline";
