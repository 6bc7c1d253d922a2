//! What `up` does while it runs: takes changes of its files, compares topics now and then, and tells of connectors that change
//! their state.

use std::time::Duration;

use connect_worker::{ConnectorState, Snapshot};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::laptop::files::Files;
use crate::laptop::keeper::{Keeper, Line};
use crate::laptop::screen::{Style, state_line};
use crate::laptop::sources::Stamp;
use crate::output;

/// How often the files are looked at: a valid change is applied within a second.
const LOOK: Duration = Duration::from_millis(250);
/// How often the broker is compared with the files, as the operator does.
const RESYNC: Duration = Duration::from_mins(1);

/// The states of connectors as last told, with their causes.
pub type States = Vec<(String, ConnectorState, Option<String>)>;

/// See the module.
#[derive(Debug)]
pub struct Watching<'a> {
    pub files: &'a Files,
    pub style: Style,
    /// The files as they were when last read.
    pub applied: Stamp,
    /// A change that may still be under way.
    pub pending: Option<Stamp>,
    pub states: States,
    /// Notes on the files as last told.
    pub noted: Vec<String>,
}

impl Watching<'_> {
    /// Runs until `stop`.
    pub async fn run(
        mut self,
        keeper: &mut Keeper,
        mut worker: watch::Receiver<Snapshot>,
        stop: &CancellationToken,
    ) {
        let mut look = interval(LOOK);
        let mut resync = interval(RESYNC);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        resync.set_missed_tick_behavior(MissedTickBehavior::Delay);
        resync.reset();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = look.tick() => self.look(keeper).await,
                _ = resync.tick() => tell_result(keeper.carry_out().await, self.style),
                Ok(()) = worker.changed() => {
                    let snapshot = worker.borrow_and_update().clone();
                    self.tell_states(&snapshot, &keeper.topics);
                }
            }
        }
    }

    /// A change counts once two looks see the same: a file that is still being written is left to be finished.
    async fn look(&mut self, keeper: &mut Keeper) {
        let now = self.files.sources.stamp();
        if now == self.applied {
            self.pending = None;
        } else if self.pending.as_ref() == Some(&now) {
            self.pending = None;
            self.applied = now;
            self.apply(keeper).await;
        } else {
            self.pending = Some(now);
        }
    }

    async fn apply(&mut self, keeper: &mut Keeper) {
        let good = match self.files.read(&keeper.state.known()) {
            Ok(good) => good,
            Err(refusal) => {
                for line in refusal.lines() {
                    output::talk(&self.style.bad(&line));
                }
                return output::talk("  the change is not applied; the last good version stays");
            }
        };
        if good.chosen.cluster.id != keeper.chosen.cluster.id {
            let what = format!(
                "the files hold another Cluster now, {}: stop and start again",
                good.chosen.cluster.id
            );
            return output::talk(&self.style.bad(&what));
        }
        for note in good.notes.iter().filter(|note| !self.is_noted(note)) {
            output::talk(&self.style.note(note));
        }
        self.noted = good.notes;
        tell_result(keeper.take(good.chosen).await, self.style);
    }

    /// Whether the same was told before, maybe of another line of the file.
    fn is_noted(&self, note: &str) -> bool {
        let text = |note: &str| note.split_once(": ").map(|(_, text)| text.to_owned());
        self.noted.iter().any(|known| text(known) == text(note))
    }

    fn tell_states(&mut self, snapshot: &Snapshot, topics: &[(String, i32)]) {
        let now = states(snapshot);
        for connector in snapshot.connectors.values() {
            let state = (
                connector.name.clone(),
                connector.state,
                connector.trace.clone(),
            );
            if !self.states.contains(&state) {
                output::talk(&state_line(connector, topics, self.style));
            }
        }
        self.states = now;
    }
}

/// The states to compare with later.
pub fn states(snapshot: &Snapshot) -> States {
    let connectors = snapshot.connectors.values();
    connectors
        .map(|one| (one.name.clone(), one.state, one.trace.clone()))
        .collect()
}

/// Prints lines.
pub fn tell(lines: &[Line], style: Style) {
    for line in lines {
        output::talk(&match line {
            Line::Problem(text) => style.bad(text),
            Line::Note(text) => style.note(text),
            Line::Done(text) => style.good(text),
        });
    }
}

fn tell_result(lines: Result<Vec<Line>, crate::failure::Failure>, style: Style) {
    match lines {
        Ok(lines) => tell(&lines, style),
        Err(failure) => output::talk(&style.bad(&failure.to_string())),
    }
}
