//! Offsets as people see and move them: by task, the next record to send. Pure.

use crate::{
    store::{
        entry::{Entry, Key, Subject},
        state::State,
    },
    worker::{
        command::Refusal,
        connector::Identity,
        handover::{Share, Unsent},
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
    let Some((stream, epoch)) = current(state, identity) else {
        return Err(Refusal::Invalid(format!(
            "connector {} has no offsets yet",
            identity.name
        )));
    };
    let mut next = Vec::new();
    for task in 0..epoch.tasks {
        // What an earlier layout left out counts as not sent: it may repeat, but is not lost.
        let path = epoch.unsent.path(Share {
            task,
            tasks: epoch.tasks,
        });
        next.push(path.next(stream.next(state, epoch.number, task).unwrap_or(0)));
    }
    for (task, wanted) in offsets {
        let known = usize::try_from(task)
            .ok()
            .and_then(|task| next.get_mut(task));
        let missing = || {
            Refusal::Invalid(format!(
                "task {task} of connector {} has no offset",
                identity.name
            ))
        };
        *known.ok_or_else(missing)? = wanted;
    }
    // A layout that starts at record 0, so that tasks can go back to any record.
    let epoch = Epoch {
        number: epoch.number + 1,
        unsent: Unsent::default(),
        ..epoch
    };
    let positions = (0..epoch.tasks)
        .zip(next)
        .map(|(task, next)| stream.position(epoch.number, task, next));
    Ok([stream.layout(&epoch)]
        .into_iter()
        .chain(positions)
        .collect())
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
