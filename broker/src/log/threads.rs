//! The threads of an open log, and its end.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    Fatal, Stopped,
    behind::Behind,
    engine::Engine,
    writer::{Next, Writer},
};

/// Pause after the disk was found full.
const FULL_PAUSE: Duration = Duration::from_secs(1);

/// A running log. Dropping it ends the threads without an orderly stop, as a crash would.
#[derive(Debug)]
pub(super) struct Threads {
    engine: Arc<Engine>,
    /// Held across I/O: by the write-behind thread while it works, and by callers that block on disk.
    behind: Arc<Mutex<Behind>>,
    running: Mutex<Vec<JoinHandle<()>>>,
}

impl Threads {
    pub(super) fn new(behind: Behind) -> Self {
        let engine = Arc::clone(&behind.engine);
        Self {
            engine,
            behind: Arc::new(Mutex::new(behind)),
            running: Mutex::default(),
        }
    }

    pub(super) fn start(&self, mut writer: Writer) -> io::Result<()> {
        let engine = Arc::clone(&self.engine);
        let writing = thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || {
                if let Err(fatal) = write(&engine, &mut writer) {
                    engine.fail(&fatal);
                }
            })?;
        self.running().push(writing);
        let (engine, behind) = (Arc::clone(&self.engine), Arc::clone(&self.behind));
        let writing_behind = thread::Builder::new()
            .name("log-behind".to_owned())
            .spawn(move || write_behind(&engine, &behind))?;
        self.running().push(writing_behind);
        let engine = Arc::clone(&self.engine);
        let filling = thread::Builder::new()
            .name("log-ring".to_owned())
            .spawn(move || fill_ring(&engine))?;
        self.running().push(filling);
        Ok(())
    }

    fn running(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` on the write-behind. A full disk is the caller's to deal with; other faults end the log.
    pub(super) fn with_behind<T>(
        &self,
        work: impl FnOnce(&mut Behind) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        if behind.closed || self.engine.has_failed() {
            return Err(io::Error::other(Stopped));
        }
        work(&mut behind).map_err(|error| {
            if !is_full(&error) {
                let fatal = Fatal {
                    action: "write",
                    file: "segments".to_owned(),
                    error,
                };
                self.engine.fail(&fatal);
                return io::Error::other(fatal);
            }
            error
        })
    }

    /// Orderly stop; only the first call does anything.
    pub(super) fn close(&self) -> Result<(), Stopped> {
        if !self.engine.refuse_appends() {
            return Err(Stopped);
        }
        let mut running = std::mem::take(&mut *self.running()).into_iter();
        // The writer ends once nothing is queued any more.
        running.next().map(JoinHandle::join);
        let closed = self.with_behind(|behind| {
            behind.write_all()?;
            behind.checkpoint(Vec::new(), true).map(drop)
        });
        self.engine.stop_behind();
        for thread in running {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
        self.engine.retire_all();
        closed.map_err(|error| {
            tracing::error!(%error, "close the log; the next start recovers it");
            Stopped
        })
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.engine.abandon();
        for thread in std::mem::take(&mut *self.running()) {
            let _ = thread.join();
        }
        self.engine.retire_all();
    }
}

fn write(engine: &Engine, writer: &mut Writer) -> Result<(), Fatal> {
    loop {
        match writer.step(Instant::now())? {
            Next::Again => {}
            Next::Wait(until) => {
                if engine.wait_for_round(until) {
                    return writer.finish(Instant::now());
                }
            }
        }
    }
}

/// Makes free files for the shared log, as long as there is ample room for them.
fn fill_ring(engine: &Engine) {
    while engine.ring.wait_wanted() {
        if engine.has_room_for_ring() {
            match engine.ring.fill(engine.disk.as_ref()) {
                Ok(()) => continue,
                Err(error) => tracing::warn!(%error, "make a file for the log ahead"),
            }
        }
        if !engine.ring.pause_long() {
            return;
        }
    }
}

fn write_behind(engine: &Engine, behind: &Mutex<Behind>) {
    let mut is_full_already = false;
    loop {
        let now = Instant::now();
        let stepped = behind
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .step(now);
        let until = match stepped {
            Ok(until) => {
                is_full_already = false;
                until
            }
            Err(error) if is_full(&error) => {
                if !is_full_already {
                    tracing::warn!(%error, "write behind: the disk is full; retrying every second");
                }
                is_full_already = true;
                Some(now + FULL_PAUSE)
            }
            Err(error) => {
                engine.fail(&Fatal {
                    action: "write",
                    file: "segments".to_owned(),
                    error,
                });
                return;
            }
        };
        if engine.wait_behind(until, is_full_already) {
            return;
        }
    }
}

pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}
