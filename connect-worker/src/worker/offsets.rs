//! Offsets as people see and move them: by task, the next record to send. Pure.

use crate::{
    store::{
        entry::{Entry, Subject},
        state::State,
    },
    worker::{
        command::Refusal,
        connector::Identity,
        handover::Unsent,
        progress::{Layout, Part, Stream},
    },
};

/// How far each task of a connector has come, by what is stored.
pub(super) fn shown(state: &State, identity: &Identity) -> Vec<(u32, u64)> {
    let Some((stream, layout)) = current(state, identity) else {
        return Vec::new();
    };
    let positions = stream.positions(state, &layout).into_iter();
    positions
        .filter_map(|(task, next)| Some((task, next?)))
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
    offsets: Option<&[(u32, u64)]>,
) -> Result<Vec<Entry>, Refusal> {
    let Some((stream, layout)) = current(state, identity) else {
        return match offsets {
            None => Ok(Vec::new()),
            Some(_) => Err(Refusal::Invalid(format!(
                "connector {} has no offsets yet",
                identity.name
            ))),
        };
    };
    let mut next = Vec::new();
    for (task, stored) in stream.positions(state, &layout) {
        // What an earlier layout left out counts as not sent: it may repeat, but is not lost.
        let path = layout.unsent.path(layout.share(task));
        next.push(path.next(stored.unwrap_or(0)));
    }
    // A layout that starts at record 0, so that tasks can go back to any record.
    let layout = Layout {
        number: layout.number + 1,
        unsent: Unsent::default(),
        base: state.end(),
        ..layout
    };
    let mut entries = vec![stream.layout(0, &layout)];
    for (task, wanted) in offsets.into_iter().flatten() {
        let known = usize::try_from(*task)
            .ok()
            .and_then(|task| next.get_mut(task));
        let missing = || {
            Refusal::Invalid(format!(
                "task {task} of connector {} has no offset",
                identity.name
            ))
        };
        *known.ok_or_else(missing)? = *wanted;
    }
    if offsets.is_some() {
        let part = Part {
            epoch: layout.number,
            pod: String::new(),
            before: None,
            since: Some(0),
            next,
            ended: true,
        };
        entries.push(stream.part(0, &part));
    }
    entries.extend(stream.leftovers(state, &layout));
    Ok(entries)
}

/// The stream and layout that are stored for the connector.
fn current(state: &State, identity: &Identity) -> Option<(Stream, Layout)> {
    state.keys(&identity.stored).into_iter().find_map(|key| {
        let Subject::Layout { uid, stream, .. } = key.subject else {
            return None;
        };
        let stream = Stream {
            connector: identity.stored.clone(),
            uid,
            hash: stream,
        };
        let layout = stream.current(state).ok()??;
        (stream.uid == identity.uid).then_some((stream, layout))
    })
}
