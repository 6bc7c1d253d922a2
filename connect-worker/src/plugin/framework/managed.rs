//! The settings by which an object or a file manages a connector. Their names and values are a
//! contract: the table stands in the documentation of the `Connector` kind.

use super::{MAX_BACKOFF, MIN_BACKOFF};
use crate::plugin::{
    Definition, Kind,
    check::{one_of, whole, within},
};

const MANAGED: &str = "Managed by Eddyline";

const STATES: &[&str] = &["RUNNING", "PAUSED", "STOPPED"];

pub(super) fn definitions() -> Vec<Definition> {
    let setting = |name, kind, text| Definition::new(name, kind, MANAGED, text);
    vec![
        setting(
            "eddyline.namespace",
            Kind::String,
            "The namespace of the object that manages this connector.",
        ),
        setting(
            "eddyline.uid",
            Kind::String,
            "The uid of that object; offsets belong to it.",
        ),
        setting(
            "eddyline.generation",
            Kind::Long,
            "The generation of that object; the higher one is followed.",
        )
        .check(whole),
        setting(
            "eddyline.epoch",
            Kind::Long,
            "Rises with every change of tasks or workers; each epoch starts where the one before \
             it stopped.",
        )
        .check(whole),
        setting(
            "eddyline.workers",
            Kind::Int,
            "How many workers share the tasks; task t runs on worker t modulo this.",
        )
        .default("1")
        .check(|value| within(value, 1, i64::from(i32::MAX))),
        setting(
            "eddyline.worker.uids",
            Kind::List,
            "The uids of the worker pods that are there, in the order of their ordinals; empty for \
             one that is missing.",
        ),
        setting(
            "eddyline.state",
            Kind::String,
            "The state the connector is wanted in.",
        )
        .default(STATES[0])
        .recommend(STATES)
        .check(|value| one_of(value, STATES)),
        setting(
            "eddyline.restart.max",
            Kind::Int,
            "How many times a failed task is started again before it stays failed.",
        )
        .default("10")
        .check(whole),
        setting(
            MIN_BACKOFF,
            Kind::Long,
            "How long the first restart waits, in milliseconds; each further one waits twice as \
             long.",
        )
        .default("1000")
        .check(whole),
        setting(
            MAX_BACKOFF,
            Kind::Long,
            "How long a restart waits at most, in milliseconds.",
        )
        .default("300000")
        .check(whole),
    ]
}
