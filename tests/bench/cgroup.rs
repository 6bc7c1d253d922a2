//! A cgroup (version 2) for one child, and what the kernel counted for it. Where none can be made the figures come
//! from the process itself. It must not know what runs inside.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::platform;

/// Ticks of `/proc/PID/stat` in a second, on every Linux.
pub(crate) const TICKS_PER_S: f64 = 100.0;

const PREFIX: &str = "eddyline-bench-";

/// A cgroup; removed when dropped, which works once its processes have ended.
#[derive(Debug)]
pub(crate) struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    /// Makes one below this process's own; `None` where that is not allowed.
    pub(crate) fn create(name: &str) -> Option<Self> {
        let name = format!("{PREFIX}{}-{name}", std::process::id());
        let path = own()?.join(name);
        std::fs::create_dir(&path).ok()?;
        Some(Self { path })
    }

    /// Moves this process into the cgroup in that folder.
    pub(crate) fn enter(path: &Path) -> std::io::Result<()> {
        std::fs::write(path.join("cgroup.procs"), "0")
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Seconds of processor time its processes have had.
    pub(crate) fn cpu_s(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(self.path.join("cpu.stat"))?;
        usage_s(&stat).ok_or_else(|| anyhow::anyhow!("cpu.stat has no usage_usec"))
    }

    /// Megabytes charged to it, page cache included; `None` where version 2 does not count memory.
    pub(crate) fn memory_mb(&self) -> Option<f64> {
        let current = std::fs::read_to_string(self.path.join("memory.current")).ok()?;
        Some(current.trim().parse::<f64>().ok()? / 1e6)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.path);
    }
}

/// Removes what this bench, or one that was killed, has left; whether nothing is left.
pub(crate) fn sweep() -> bool {
    let Some(entries) = own().and_then(|own| std::fs::read_dir(own).ok()) else {
        return true;
    };
    let mut clean = true;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let id = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split('-').next());
        if id.is_some_and(|id| id == std::process::id().to_string() || !platform::is_alive(id)) {
            clean &= std::fs::remove_dir(entry.path()).is_ok();
        }
    }
    clean
}

fn own() -> Option<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    let own = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    own_folder(&mounts, &own)
}

/// Where this process's own cgroup is: the mount of version 2, and the line `0::PATH`.
fn own_folder(mounts: &str, own: &str) -> Option<PathBuf> {
    let mount = mounts.lines().find_map(|line| {
        let mut words = line.split(' ');
        let (_, folder, kind) = (words.next()?, words.next()?, words.next()?);
        (kind == "cgroup2").then_some(folder)
    })?;
    let path = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
    Some(Path::new(mount).join(path))
}

fn usage_s(stat: &str) -> Option<f64> {
    let line = stat
        .lines()
        .find_map(|line| line.strip_prefix("usage_usec "))?;
    Some(line.trim().parse::<f64>().ok()? / 1e6)
}

/// Seconds of processor time of one process, from `/proc`.
pub(crate) fn process_cpu_s(id: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    ticks(&stat)
        .map(|ticks| ticks / TICKS_PER_S)
        .ok_or_else(|| anyhow::anyhow!("read the times of process {id}"))
}

/// User and system ticks; the name in brackets may hold anything.
fn ticks(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut words = rest.split_whitespace().skip(11);
    let user: f64 = words.next()?.parse().ok()?;
    let system: f64 = words.next()?.parse().ok()?;
    Some(user + system)
}

/// Resident megabytes of one process.
pub(crate) fn resident_mb(id: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    resident(&status).ok_or_else(|| anyhow::anyhow!("read the memory of process {id}"))
}

fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_cgroup_is_found_on_either_layout() {
        let pure = "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n";
        let found = own_folder(pure, "0::/user.slice/a\n").unwrap();
        assert_eq!(found, Path::new("/sys/fs/cgroup/user.slice/a"));
        let both = "cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        let found = own_folder(both, "4:memory:/x\n0::/\n").unwrap();
        assert_eq!(found, Path::new("/sys/fs/cgroup/unified"));
        assert!(own_folder("proc /proc proc rw 0 0\n", "0::/\n").is_none());
    }

    #[test]
    fn the_kernels_texts_are_read() {
        assert_eq!(usage_s("usage_usec 2500000\nuser_usec 1\n"), Some(2.5));
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194304 1 0 0 0 250 150 0 0 20 0 1 0";
        assert_eq!(ticks(stat), Some(400.0));
        assert_eq!(resident("Name:\ta\nVmRSS:\t    1000 kB\n"), Some(1.024));
        assert_eq!(resident("Name:\ta\n"), None);
    }
}
