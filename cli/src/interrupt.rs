//! Ctrl-C and SIGTERM: the first asks a process to end in order, a second ends it at once.

use std::process;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::failure::{Code, Failure};
use crate::output;

/// The signals that ask this process to end. While it lives, they do nothing by themselves.
#[derive(Debug)]
pub struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    /// Catches the signals from now on.
    ///
    /// # Errors
    /// The system does not let us.
    pub fn catch() -> Result<Self, Failure> {
        let caught = |kind| {
            signal(kind).map_err(|error| Failure::new(format!("cannot catch signals: {error}"), ""))
        };
        Ok(Self {
            interrupt: caught(SignalKind::interrupt())?,
            terminate: caught(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// From now on the next one ends the process at once.
    pub fn end_at_next(mut self) {
        tokio::spawn(async move {
            self.next().await;
            process::exit(Code::Interrupted as i32);
        });
    }

    /// Cancels the token at the next one, and says how to force the end; the one after ends the process at once.
    pub fn cancel_at_next(mut self) -> CancellationToken {
        let stop = CancellationToken::new();
        let cancelled = stop.clone();
        tokio::spawn(async move {
            self.next().await;
            output::talk("stopping; Ctrl-C again to force");
            cancelled.cancel();
            self.end_at_next();
        });
        stop
    }
}

/// The failure of a command that was interrupted before it had begun: nothing is left to say.
pub fn interrupted() -> Failure {
    Failure {
        code: Code::Interrupted,
        ..Failure::new("", "")
    }
}
