//! A file of the simulated disk.

use std::io::{self, IoSlice};
use std::ops::Range;
use std::sync::PoisonError;

use super::{DiskFile, Operation, Simulated, write};

#[derive(Debug)]
pub(super) struct SimulatedFile {
    pub(super) disk: Simulated,
    pub(super) file: usize,
}

impl DiskFile for SimulatedFile {
    fn size_bytes(&self) -> io::Result<u64> {
        Ok(self.disk.state().now.contents[&self.file].len() as u64)
    }

    fn read_exact_at(&self, position: u64, buffer: &mut [u8]) -> io::Result<()> {
        let state = self.disk.state();
        let content = &state.now.contents[&self.file];
        let position = usize::try_from(position).map_err(io::Error::other)?;
        let end = position + buffer.len();
        let is_lost = |(file, lost): &(usize, Range<usize>)| {
            *file == self.file && lost.start < end && position < lost.end
        };
        if state.unreadable.iter().any(is_lost) {
            return Err(rustix::io::Errno::IO.into());
        }
        let bytes = content
            .get(position..end)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    fn write_all_at(&self, position: u64, slices: &mut [IoSlice<'_>]) -> io::Result<()> {
        let position = usize::try_from(position).map_err(io::Error::other)?;
        let bytes: Vec<u8> = slices
            .iter()
            .flat_map(|slice| slice.iter().copied())
            .collect();
        let mut state = self.disk.state();
        let name = state.now.names.iter().find(|(_, file)| **file == self.file);
        if state.full && name.is_some_and(|(name, _)| name.starts_with("partitions/")) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        write(
            state.now.contents.entry(self.file).or_default(),
            position,
            &bytes,
        );
        state.operations.push(Operation::Write {
            file: self.file,
            position,
            bytes,
        });
        Ok(())
    }

    fn resize(&self, size_bytes: u64) -> io::Result<()> {
        let size = usize::try_from(size_bytes).map_err(io::Error::other)?;
        let mut state = self.disk.state();
        state
            .now
            .contents
            .entry(self.file)
            .or_default()
            .resize(size, 0);
        state.operations.push(Operation::Resize {
            file: self.file,
            size,
        });
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        state.waiting += 1;
        self.disk.0.changed.notify_all();
        while state.held {
            state = self
                .disk
                .0
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting -= 1;
        match state.fail_after {
            Some(0) => {
                state.fail_after = None;
                return Err(io::Error::other("simulated fault"));
            }
            Some(left) => state.fail_after = Some(left - 1),
            None => {}
        }
        state.operations.push(Operation::Sync { file: self.file });
        Ok(())
    }
}
