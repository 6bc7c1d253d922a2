//! A change in the making: a state to plan against, and the records that were decided on.

use std::sync::Arc;

use crate::topics::record::Record;
use crate::topics::state::State;

/// Planners look at [`Draft::state`] and push records; each counts at once for the next plan.
#[derive(Debug, Clone)]
pub struct Draft {
    state: Arc<State>,
    records: Vec<Record>,
}

impl Draft {
    pub fn new(state: Arc<State>) -> Self {
        Self {
            state,
            records: Vec::new(),
        }
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    /// Decides on a record.
    pub fn push(&mut self, record: Record) {
        Arc::make_mut(&mut self.state).apply(&record);
        self.records.push(record);
    }

    /// The state to come, and the records that lead to it.
    pub fn into_parts(self) -> (Arc<State>, Vec<Record>) {
        (self.state, self.records)
    }
}
