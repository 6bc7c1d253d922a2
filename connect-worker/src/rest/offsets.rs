//! `/connectors/{name}/offsets` (KIP-875). The source partition is `{"task": t}`, the offset
//! `{"next": g}`: the next record of that task's share.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Api, Error, body::Body};
use crate::worker::command::{Command, Done};

pub(super) async fn show(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Error> {
    let status = api
        .handle
        .board
        .status(&name)
        .ok_or_else(|| Error::unknown(&name))?;
    let offset = |(task, next): (u32, u64)| json!({ "partition": { "task": task }, "offset": { "next": next } });
    // Tasks that run know better than the store, which is up to a second behind.
    let live: Vec<(u32, u64)> = status
        .tasks
        .iter()
        .map(|task| (task.id, task.next))
        .collect();
    let offsets = if live.is_empty() || api.peers.is_some() {
        let mut known: BTreeMap<u32, u64> = stored(&api, name).await?.into_iter().collect();
        known.extend(live);
        known.into_iter().collect()
    } else {
        live
    };
    Ok(Json(
        json!({ "offsets": offsets.into_iter().map(offset).collect::<Vec<_>>() }),
    ))
}

async fn stored(api: &Api, name: String) -> Result<Vec<(u32, u64)>, Error> {
    match api.handle.ask(Command::ReadOffsets { name }).await? {
        Done::Offsets(offsets) => Ok(offsets),
        Done::Created | Done::Accepted => Ok(Vec::new()),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Changes {
    offsets: Vec<Change>,
}

#[derive(Debug, Deserialize)]
struct Change {
    partition: Partition,
    offset: Option<Offset>,
}

#[derive(Debug, Deserialize)]
struct Partition {
    task: u32,
}

#[derive(Debug, Deserialize)]
struct Offset {
    next: u64,
}

/// Moves tasks; a null offset lets the task begin anew.
pub(super) async fn alter(
    State(api): State<Api>,
    Path(name): Path<String>,
    Body(changes): Body<Changes>,
) -> Result<Json<Value>, Error> {
    let offsets: Vec<(u32, u64)> = changes
        .offsets
        .iter()
        .map(|change| {
            (
                change.partition.task,
                change.offset.as_ref().map_or(0, |offset| offset.next),
            )
        })
        .collect();
    if offsets.is_empty() {
        return Err(Error::new(
            400,
            "Partitions / offsets need to be provided for an alter offsets request",
        ));
    }
    api.handle
        .ask(Command::MoveOffsets {
            name,
            offsets: Some(offsets),
        })
        .await?;
    Ok(Json(
        json!({ "message": "The offsets for this connector have been altered successfully" }),
    ))
}

pub(super) async fn reset(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Error> {
    api.handle
        .ask(Command::MoveOffsets {
            name,
            offsets: None,
        })
        .await?;
    Ok(Json(
        json!({ "message": "The offsets for this connector have been reset successfully" }),
    ))
}
