//! Writes past the page cache: what is synced at once and read by nobody costs neither a copy into it nor its pages there.
//! Where the file system cannot, nothing is lost: the caller goes the ordinary way.

use std::{
    fs::{File, OpenOptions},
    io::{self, IoSlice},
    os::{
        fd::AsRawFd,
        unix::fs::{FileExt, OpenOptionsExt},
    },
};

use rustix::fs::OFlags;

/// What the device takes is aligned to this, in memory and in the file. No disk in use has larger blocks.
const ALIGN: usize = 4096;
/// Put together for one write.
const MOST_BYTES: usize = 1 << 20;

/// A second descriptor of a file, and the memory its writes leave from.
#[derive(Debug)]
pub(crate) struct Direct {
    file: File,
    /// Grows to what the largest write needs, and holds an aligned range of that.
    memory: Vec<u8>,
}

impl Direct {
    /// None where the file cannot be opened so.
    pub(crate) fn of(file: &File) -> Option<Self> {
        let direct = i32::try_from(OFlags::DIRECT.bits()).ok()?;
        // By its descriptor: its name may have changed since it was opened.
        let again = format!("/proc/self/fd/{}", file.as_raw_fd());
        let mut options = OpenOptions::new();
        options.write(true).custom_flags(direct);
        Some(Self {
            file: options.open(again).ok()?,
            memory: Vec::new(),
        })
    }

    /// Writes all slices from `position` on; it and their length are multiples of [`ALIGN`]. `InvalidInput` where the file
    /// system does not take such writes after all: then nothing is written.
    pub(crate) fn write(&mut self, position: u64, slices: &[IoSlice<'_>]) -> io::Result<()> {
        if let [one] = slices
            && one.as_ptr().align_offset(ALIGN) == 0
        {
            return write_blocks(&self.file, position, one);
        }
        let left: usize = slices.iter().map(|slice| slice.len()).sum();
        let mut filled = Filled {
            slices: slices.iter().map(|slice| &**slice),
            rest: &[],
        };
        let mut done = 0;
        while done < left {
            let step = (left - done).min(MOST_BYTES);
            if self.memory.len() < step + ALIGN {
                self.memory = vec![0; step + ALIGN];
            }
            let from = self.memory.as_ptr().align_offset(ALIGN);
            let memory = &mut self.memory[from..from + step];
            filled.fill(memory);
            write_blocks(&self.file, position + done as u64, memory)?;
            done += step;
        }
        Ok(())
    }
}

/// Slices on their way into one buffer.
struct Filled<'a, I> {
    slices: I,
    rest: &'a [u8],
}

impl<'a, I: Iterator<Item = &'a [u8]>> Filled<'a, I> {
    /// Fills `memory` with what comes next.
    fn fill(&mut self, mut memory: &mut [u8]) {
        while !memory.is_empty() {
            if self.rest.is_empty() {
                let Some(next) = self.slices.next() else {
                    return;
                };
                self.rest = next;
            }
            let step = self.rest.len().min(memory.len());
            let (now, later) = self.rest.split_at(step);
            let (room, left) = memory.split_at_mut(step);
            room.copy_from_slice(now);
            (self.rest, memory) = (later, left);
        }
    }
}

fn write_blocks(file: &File, position: u64, blocks: &[u8]) -> io::Result<()> {
    let mut done = 0;
    while done < blocks.len() {
        match file.write_at(&blocks[done..], position + done as u64) {
            // A part of a block is written once more.
            Ok(written) if written >= ALIGN => done += written - written % ALIGN,
            Ok(_) => return Err(io::ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_of_any_length_come_out_as_whole_blocks() {
        let file = tempfile::tempfile().unwrap();
        let Some(mut direct) = Direct::of(&file) else {
            // A file system without such writes: nothing to see here.
            return;
        };
        let bytes: Vec<u8> = (0..3 * MOST_BYTES + 2 * ALIGN)
            .map(|at| u8::try_from(at % 251).unwrap())
            .collect();
        let (head, rest) = bytes.split_at(144);
        let (middle, tail) = rest.split_at(MOST_BYTES + 17);
        let slices = [head, middle, &[], tail].map(IoSlice::new);
        direct.write(8 * ALIGN as u64, &slices).unwrap();
        let mut found = vec![0; bytes.len()];
        file.read_exact_at(&mut found, 8 * ALIGN as u64).unwrap();
        assert!(found == bytes);
        assert!(direct.memory.len() <= MOST_BYTES + ALIGN);
    }
}
