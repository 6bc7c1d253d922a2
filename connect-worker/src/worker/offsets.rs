//! Offsets as people see and move them: by task, the next record to send. Pure.

use crate::{
    store::{
        entry::{Entry, Key, Subject},
        state::State,
    },
    worker::{
        command::Refusal,
        connector::Identity,
        progress::{Epoch, Stream},
    },
};

/// How far each task of a connector has come, by what is stored.
pub(super) fn shown(state: &State, identity: &Identity) -> Vec<(u32, u64)> {
    let Some((stream, epoch)) = current(state, identity) else {
        return Vec::new();
    };
    (0..epoch.tasks)
        .filter_map(|task| Some((task, stream.next(state, epoch.number, task)?)))
        .collect()
}

/// The entries that move tasks to other records; `None` forgets how far all of them came. The
/// drawn seed stays: the data is the same again.
///
/// # Errors
/// An empty list, or a task that the connector does not have.
pub(super) fn moved(
    state: &State,
    identity: &Identity,
    offsets: Option<Vec<(u32, u64)>>,
) -> Result<Vec<Entry>, Refusal> {
    let Some(offsets) = offsets else {
        let is_progress =
            |key: &Key| !matches!(key.subject, Subject::Config | Subject::Seed { .. });
        let keys = state.keys(&identity.stored).into_iter().filter(is_progress);
        return Ok(keys.map(Entry::forget).collect());
    };
    let current = current(state, identity);
    let entry = |(task, next)| match &current {
        Some((stream, epoch)) if task < epoch.tasks => {
            Ok(stream.position(epoch.number, task, next))
        }
        _ => Err(Refusal::Invalid(format!(
            "task {task} of connector {} has no offset",
            identity.name
        ))),
    };
    offsets.into_iter().map(entry).collect()
}

/// The stream and epoch that are stored for the connector.
fn current(state: &State, identity: &Identity) -> Option<(Stream, Epoch)> {
    state.keys(&identity.stored).into_iter().find_map(|key| {
        let Subject::Epoch { uid, stream } = &key.subject else {
            return None;
        };
        let (connector, uid, stream) = (identity.stored.clone(), uid.clone(), stream.clone());
        let epoch = state.value::<Epoch>(&key).ok()??;
        (uid == identity.uid).then_some((
            Stream {
                connector,
                uid,
                hash: stream,
            },
            epoch,
        ))
    })
}
