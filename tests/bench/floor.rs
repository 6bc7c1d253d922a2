//! What the machine itself takes for the least a durable broker must do: a 64 B message there and back over loopback,
//! then one 4 KiB write and fdatasync into a preallocated file, at the rate of a latency row and timed as it is timed.
//! Records that are due together share both, as group commit would. It must not know any broker.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use hdrhistogram::Histogram;

use ::tests::wait;

use crate::load::schedule::Schedule;
use crate::statistics::histogram;

const MESSAGE_BYTES: usize = 64;
const BLOCK_BYTES: usize = 4096;
const FILE_BLOCKS: u64 = 16 * 1024;

/// Times the floor at `rate` for `time`, with its file in `folder`.
pub(crate) fn measure(folder: &Path, rate: u32, time: Duration) -> Result<Histogram<u64>> {
    let path = folder.join("floor");
    let file = zero_filled(&path)?;
    let (mut near, echo) = loopback()?;
    let schedule = Schedule::new(rate);
    let total = schedule.count(time);
    let mut taken = histogram();
    let (mut done, mut round) = (0, 0);
    let begun = Instant::now();
    while done < total {
        let due = schedule.due_by(begun.elapsed()).min(total);
        if due == done {
            wait::pass(schedule.until(done, begun.elapsed()));
            continue;
        }
        there_and_back(&mut near)?;
        let at = (round % FILE_BLOCKS) * u64::try_from(BLOCK_BYTES)?;
        file.write_all_at(&[0xa5; BLOCK_BYTES], at)?;
        file.sync_data()?;
        round += 1;
        let now = begun.elapsed();
        for index in done..due {
            taken.saturating_record(schedule.lateness_ns(index, now));
        }
        done = due;
    }
    drop(near);
    let _ = echo.join();
    std::fs::remove_file(path)?;
    Ok(taken)
}

/// A file whose blocks are written once, so that a later write changes no metadata.
fn zero_filled(path: &Path) -> Result<File> {
    let mut file = File::create(path)?;
    for _ in 0..FILE_BLOCKS / 256 {
        file.write_all(&vec![0; 256 * BLOCK_BYTES])?;
    }
    file.sync_all()?;
    Ok(file)
}

/// A socket, and the thread that sends back what comes out of it.
fn loopback() -> Result<(TcpStream, std::thread::JoinHandle<()>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (mut far, _) = listener.accept()?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let echo = std::thread::spawn(move || {
        let mut message = [0; MESSAGE_BYTES];
        while far.read_exact(&mut message).is_ok() && far.write_all(&message).is_ok() {}
    });
    Ok((near, echo))
}

fn there_and_back(near: &mut TcpStream) -> Result<()> {
    let mut message = [0x5a; MESSAGE_BYTES];
    near.write_all(&message)?;
    near.read_exact(&mut message)
        .map_err(|error| anyhow!("the echo ended: {error}"))
}
