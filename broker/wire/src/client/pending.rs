//! The calls that wait for an answer, by correlation id. No I/O.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;

/// Which calls wait, or why none ever will again.
#[derive(Debug, Default)]
pub(super) struct Pending {
    // Held for single map operations only, never across an await.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next_id: i32,
    waiting: HashMap<i32, oneshot::Sender<Bytes>>,
    lost: Option<Arc<str>>,
}

/// One call that waits. Dropping it forgets the call.
#[derive(Debug)]
pub(super) struct Waiting<'p> {
    pending: &'p Pending,
    id: i32,
    answer: oneshot::Receiver<Bytes>,
}

impl Pending {
    /// A new call, unless the connection is lost: then the reason.
    pub(super) fn register(&self) -> Result<Waiting<'_>, Arc<str>> {
        let mut state = self.state();
        if let Some(reason) = &state.lost {
            return Err(Arc::clone(reason));
        }
        let id = state.next_id;
        state.next_id = id.wrapping_add(1) & i32::MAX;
        let (sender, answer) = oneshot::channel();
        state.waiting.insert(id, sender);
        Ok(Waiting {
            pending: self,
            id,
            answer,
        })
    }

    /// Hands an answer to its call; false when none waits for it (any more).
    pub(super) fn answer(&self, id: i32, frame: Bytes) -> bool {
        let waiting = self.state().waiting.remove(&id);
        waiting.is_some_and(|waiting| waiting.send(frame).is_ok())
    }

    /// Fails all calls, now and later.
    pub(super) fn lose(&self, reason: &str) {
        let mut state = self.state();
        state.lost.get_or_insert_with(|| reason.into());
        state.waiting.clear();
    }

    pub(super) fn is_lost(&self) -> bool {
        self.state().lost.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock, and a map is whole after each operation.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting<'_> {
    pub(super) fn correlation_id(&self) -> i32 {
        self.id
    }

    /// The answer, or why the connection was lost.
    pub(super) async fn answer(&mut self) -> Result<Bytes, Arc<str>> {
        if let Ok(frame) = (&mut self.answer).await {
            return Ok(frame);
        }
        let lost = self.pending.state().lost.clone();
        Err(lost.unwrap_or_else(|| "the answer was dropped".into()))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.pending.state().waiting.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_reaches_its_call_only() {
        let pending = Pending::default();
        let mut first = pending.register().unwrap();
        let mut second = pending.register().unwrap();
        assert!(pending.answer(second.correlation_id(), Bytes::from_static(b"2")));
        assert!(pending.answer(first.correlation_id(), Bytes::from_static(b"1")));
        assert_eq!(first.answer().await.unwrap(), "1");
        assert_eq!(second.answer().await.unwrap(), "2");
        assert!(!pending.answer(7, Bytes::new()));
    }

    #[tokio::test]
    async fn a_lost_connection_fails_calls_of_before_and_after_with_the_first_reason() {
        let pending = Pending::default();
        let mut before = pending.register().unwrap();
        pending.lose("cable cut");
        pending.lose("later trouble");
        assert_eq!(&*before.answer().await.unwrap_err(), "cable cut");
        assert_eq!(&*pending.register().unwrap_err(), "cable cut");
    }

    #[test]
    fn a_dropped_call_is_forgotten() {
        let pending = Pending::default();
        let id = pending.register().unwrap().correlation_id();
        assert!(pending.state().waiting.is_empty());
        assert!(!pending.answer(id, Bytes::new()));
    }

    #[test]
    fn correlation_ids_start_again_after_the_largest() {
        let pending = Pending::default();
        pending.state().next_id = i32::MAX;
        let last = pending.register().unwrap();
        let first = pending.register().unwrap();
        assert_eq!(
            (last.correlation_id(), first.correlation_id()),
            (i32::MAX, 0)
        );
    }
}
