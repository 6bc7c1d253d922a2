//! What only one platform can do, beside the portable way: dying with the parent, files written through to the disk,
//! pages dropped from memory. It must not know what is measured.

use std::path::Path;

use anyhow::Result;
use rustix::process::{self, Pid, Resource, Rlimit, Signal};

/// Asks the kernel to kill this process when the one that started it ends, whatever way it ends.
#[cfg(target_os = "linux")]
pub(crate) fn die_with_parent() -> Result<()> {
    Ok(process::set_parent_process_death_signal(Some(
        Signal::KILL,
    ))?)
}

/// Elsewhere a killed bench leaves its children behind; an interrupted one ends them itself.
#[cfg(not(target_os = "linux"))]
pub(crate) fn die_with_parent() -> Result<()> {
    Ok(())
}

/// Writes everything that is still in memory to the file system of `folder`.
#[cfg(target_os = "linux")]
pub(crate) fn sync_file_system(folder: &Path) -> Result<()> {
    Ok(rustix::fs::syncfs(std::fs::File::open(folder)?)?)
}

/// Writes everything that is still in memory to all file systems.
#[cfg(not(target_os = "linux"))]
pub(crate) fn sync_file_system(_folder: &Path) -> Result<()> {
    rustix::fs::sync();
    Ok(())
}

/// Drops the pages of every file under `folder` from memory, so that the next reader goes to the disk. What is not
/// written yet stays: sync first. Whether this platform can is the answer.
#[cfg(target_os = "linux")]
pub(crate) fn drop_pages(folder: &Path) -> Result<bool> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            drop_pages(&path)?;
        } else if let Ok(file) = std::fs::File::open(&path) {
            rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
        }
    }
    Ok(true)
}

/// Not possible here without root.
#[cfg(not(target_os = "linux"))]
pub(crate) fn drop_pages(_folder: &Path) -> Result<bool> {
    Ok(false)
}

/// Lets this process and its children open as many files as the system allows: a thousand connections need two each.
pub(crate) fn open_many_files() -> Result<()> {
    let limit = process::getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    Ok(process::setrlimit(Resource::Nofile, all)?)
}

/// Whether the process with that id runs; what is no id counts as running.
pub(crate) fn is_alive(id: &str) -> bool {
    let id = id.parse().ok().and_then(Pid::from_raw);
    id.is_none_or(|id| process::test_kill_process(id).is_ok())
}

/// Sends a signal to one process that this bench started.
pub(crate) fn signal(id: u32, signal: Signal) -> Result<()> {
    let id = i32::try_from(id).ok().and_then(Pid::from_raw);
    if let Some(id) = id {
        process::kill_process(id, signal)?;
    }
    Ok(())
}
