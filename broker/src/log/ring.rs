//! The ring: files of the shared log that are written again and again. A file whose blocks are all there needs no change of
//! the file system's own records at a sync, which makes the sync about twice as fast. Free files are filled with zeros
//! beside the log's work, or come back when a checkpoint has passed them; where none is free the log goes on in a file that
//! grows, and that comes back too once it has the size. A log that has little to write stays in small files that grow and go,
//! each twice as large as the one before.
//!
//! What a free file holds does not matter: rounds carry run and lsn, and those of an earlier use do not fit.

use std::{
    io::{self, IoSlice},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    checkpoint::remove,
    disk::{Disk, DiskFile, Space},
    round::{BLOCK, BLOCK_LEN},
    wal::DIR,
};

/// The ring is this part of the volume, within bounds.
const VOLUME_PARTS: u64 = 16;
const MIN_RING_BYTES: u64 = 64 << 20;
const MAX_RING_BYTES: u64 = 1 << 30;
/// Files of the ring.
const FILES: u64 = 8;
/// Free files that are made ahead; more come back from checkpoints.
const AHEAD: usize = 1;
/// A file that has grown is filled up and kept where at most this part is missing.
const FILL_UP_PARTS: u64 = 8;
/// The file that is being filled.
const MAKING: &str = "wal/making";
/// Written at once while a file is filled, and the pause after it: the log's own writes come first, and a sync that meets
/// one of these waits for little.
const FILL_STEP: usize = 128 << 10;
const FILL_PAUSE: Duration = Duration::from_millis(4);
/// The pause when a file could not be made.
const ROOM_PAUSE: Duration = Duration::from_secs(10);

/// The free files.
#[derive(Debug)]
pub(super) struct Ring {
    /// Bytes of every file.
    pub(super) file_bytes: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Names of free files.
    free: Vec<String>,
    /// Counts the names given.
    named: u64,
    /// The log writes enough for files to be made ahead.
    wanted: bool,
    stop: bool,
}

/// Bytes of a file of the ring on such a volume.
pub(super) fn file_bytes(volume: Space) -> u64 {
    let ring_bytes = (volume.total_bytes / VOLUME_PARTS).clamp(MIN_RING_BYTES, MAX_RING_BYTES);
    ring_bytes / FILES
}

impl Ring {
    pub(super) fn new(file_bytes: u64) -> Self {
        Self {
            file_bytes,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of all files together.
    pub(super) fn bytes(&self) -> u64 {
        self.file_bytes.saturating_mul(FILES)
    }

    /// Takes up the free files of an earlier run; those of another size, or half filled, go.
    pub(super) fn find(&self, disk: &dyn Disk) -> io::Result<()> {
        for name in disk.list(DIR)? {
            let file = format!("{DIR}/{name}");
            if file == MAKING {
                remove(disk, &file);
            }
            let Some(number) = name.strip_suffix(".free") else {
                continue;
            };
            let mut state = self.state();
            if disk.open(&file)?.size_bytes()? == self.file_bytes {
                let number = u64::from_str_radix(number, 16).unwrap_or_default();
                state.named = state.named.max(number);
                state.wanted = true;
                state.free.push(file);
            } else {
                remove(disk, &file);
            }
        }
        Ok(())
    }

    /// A free file, if there is one.
    pub(super) fn take(&self) -> Option<String> {
        let taken = self.state().free.pop();
        self.changed.notify_all();
        taken
    }

    /// There is enough to write for files to be made ahead, from now on.
    pub(super) fn want(&self) {
        self.state().wanted = true;
        self.changed.notify_all();
    }

    /// A file that the log no longer needs: it is free from now on, unless it does not fit.
    pub(super) fn give(&self, disk: &dyn Disk, name: &str) {
        let fits = disk
            .open(name)
            .and_then(|file| file.size_bytes())
            .is_ok_and(|size_bytes| size_bytes == self.file_bytes);
        let mut state = self.state();
        if !fits || state.free.len() as u64 + 1 >= FILES {
            remove(disk, name);
            return;
        }
        let free = state.next_name();
        // Not made durable here: found under its old name it holds nothing that a start would read.
        match disk.rename(name, &free) {
            Ok(()) => state.free.push(free),
            Err(error) => tracing::warn!(%error, file = name, "recycle a file of the log"),
        }
    }

    /// Fills up a file that has grown almost to the size of the ring's, so that it fits [`Ring::give`]. Where that cannot be
    /// done it does not, and goes.
    pub(super) fn fill_up(&self, disk: &dyn Disk, name: &str) {
        if let Err(error) = self.try_fill_up(disk, name) {
            tracing::warn!(%error, file = name, "fill up a file of the log");
        }
    }

    fn try_fill_up(&self, disk: &dyn Disk, name: &str) -> io::Result<()> {
        let file = disk.open(name)?;
        let size_bytes = file.size_bytes()?;
        let lacks = self.file_bytes.saturating_sub(size_bytes);
        if lacks > self.file_bytes / FILL_UP_PARTS || !size_bytes.is_multiple_of(BLOCK) {
            return Ok(());
        }
        let zeros = Zeros::new();
        let mut at = size_bytes;
        while at < self.file_bytes {
            at += zeros.write(file.as_ref(), at, self.file_bytes)?;
        }
        Ok(())
    }

    /// Waits until a free file is to be made. False when the log ends.
    pub(super) fn wait_wanted(&self) -> bool {
        let mut state = self.state();
        while !state.stop && (!state.wanted || state.is_stocked()) {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        !state.stop
    }

    /// Fills one more free file with zeros, at leisure.
    pub(super) fn fill(&self, disk: &dyn Disk) -> io::Result<()> {
        let free = self.state().next_name();
        let file = disk.create(MAKING)?;
        let zeros = Zeros::new();
        let mut at = 0;
        while at < self.file_bytes {
            // One that has grown may have come in the meantime.
            if !self.pause() || self.state().is_stocked() {
                remove(disk, MAKING);
                return Ok(());
            }
            let written = zeros.write(file.as_ref(), at, self.file_bytes);
            at += written.inspect_err(|_| remove(disk, MAKING))?;
        }
        file.sync()?;
        disk.rename(MAKING, &free)?;
        self.state().free.push(free);
        Ok(())
    }

    fn pause(&self) -> bool {
        self.wait(FILL_PAUSE)
    }

    /// Waits until there may be room again; false when the log ends.
    pub(super) fn pause_long(&self) -> bool {
        self.wait(ROOM_PAUSE)
    }

    fn wait(&self, pause: Duration) -> bool {
        let state = self.state();
        let waited = self
            .changed
            .wait_timeout_while(state, pause, |state| !state.stop);
        let state = waited.unwrap_or_else(PoisonError::into_inner).0;
        !state.stop
    }

    /// Ends the waits.
    pub(super) fn stop(&self) {
        self.state().stop = true;
        self.changed.notify_all();
    }
}

/// Zeros from the start of a block on, so that they are written from where they are.
struct Zeros(Vec<u8>);

impl Zeros {
    fn new() -> Self {
        Self(vec![0; FILL_STEP + BLOCK_LEN])
    }

    /// Writes a step at `at`, up to `end` at most; how many bytes.
    fn write(&self, file: &dyn DiskFile, at: u64, end: u64) -> io::Result<u64> {
        let from = self.0.as_ptr().align_offset(BLOCK_LEN);
        let left = usize::try_from(end - at).unwrap_or(FILL_STEP);
        let step = &self.0[from..from + left.min(FILL_STEP)];
        file.write_blocks_at(at, &mut [IoSlice::new(step)])?;
        Ok(step.len() as u64)
    }
}

impl State {
    /// Whether there are enough free files.
    fn is_stocked(&self) -> bool {
        self.free.len() >= AHEAD
    }

    fn next_name(&mut self) -> String {
        self.named += 1;
        format!("{DIR}/{:04x}.free", self.named)
    }
}
