//! What the control groups of this process allow it: versions 1 and 2, in a container and outside of one.
//!
//! A process is bound by its own group and by every group around that one. Where a container shows only its own group, the
//! folders around it are not there, and its own stands at the root.

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = "/sys/fs/cgroup";
/// Where version 1 has the groups of the memory controller.
const MEMORY_ROOT: &str = "/sys/fs/cgroup/memory";
const LIMITS: [&str; 2] = ["memory.max", "memory.limit_in_bytes"];
const USES: [&str; 2] = ["memory.current", "memory.usage_in_bytes"];

/// The smallest memory limit of the groups this process is in, if any has one.
pub(super) fn limit_bytes() -> Option<usize> {
    let folders = folders_of_this_process();
    let limits = folders.iter().filter_map(|folder| number(folder, LIMITS));
    limits.min()
}

/// Whether a group this process is in, page cache included, uses more than four fifths of what it may.
pub(crate) fn is_short() -> bool {
    folders_of_this_process().iter().any(|folder| {
        let (used, limit) = (number(folder, USES), number(folder, LIMITS));
        matches!((used, limit), (Some(used), Some(limit)) if used > limit / 5 * 4)
    })
}

fn folders_of_this_process() -> Vec<PathBuf> {
    folders(&fs::read_to_string("/proc/self/cgroup").unwrap_or_default())
}

/// Folders of the groups that a `/proc/PID/cgroup` names for memory, with those around them.
fn folders(groups: &str) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        let root = match controllers {
            "" => Path::new(ROOT),
            _ if controllers.split(',').any(|one| one == "memory") => Path::new(MEMORY_ROOT),
            _ => continue,
        };
        let inside = path.trim_start_matches('/');
        folders.extend(Path::new(inside).ancestors().map(|group| root.join(group)));
    }
    folders
}

fn number(folder: &Path, names: [&str; 2]) -> Option<usize> {
    let text = |name| fs::read_to_string(folder.join(name));
    let mut texts = names.into_iter().filter_map(|name| text(name).ok());
    texts.find_map(|text| text.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_counts_with_those_around_it() {
        let of = |groups| {
            let found = folders(groups);
            let names = found.iter().map(|folder| folder.to_str().unwrap());
            names
                .map(|name| name.trim_end_matches('/').to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(of("0::/\n"), [ROOT]);
        assert_eq!(
            of("0::/pods/a\n"),
            ["/sys/fs/cgroup/pods/a", "/sys/fs/cgroup/pods", ROOT]
        );
        assert_eq!(
            of("12:cpu,cpuacct:/x\n9:memory:/slice\n1:name=systemd:/y\n0::/\n"),
            ["/sys/fs/cgroup/memory/slice", MEMORY_ROOT, ROOT]
        );
        assert!(of("no group\n").is_empty());
    }
}
