//! What a result belongs to: the machine, its file system, the versions. It must not know any result.

use std::path::Path;
use std::process::Command;

use serde::Serialize;

use ::tests::paths;

use crate::system::KAFKA_VERSION;

/// The machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Machine {
    /// Processors this process may use.
    pub(crate) cores: usize,
    /// What they call themselves.
    pub(crate) processor: String,
    /// Memory.
    pub(crate) memory_gib: f64,
    /// The kernel's name and release.
    pub(crate) kernel: String,
    /// The file system of the data folders.
    pub(crate) file_system: String,
    /// The load of the last minute when the run began: what else ran.
    pub(crate) load_before: String,
}

/// The versions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Versions {
    /// Ours, as it says itself.
    pub(crate) eddyline: String,
    /// The commit the bench was run in.
    pub(crate) commit: String,
    /// Apache Kafka.
    pub(crate) kafka: &'static str,
    /// The Java that runs it.
    pub(crate) java: String,
    /// The client.
    pub(crate) librdkafka: String,
}

impl Machine {
    /// This machine, with data in `folder`.
    pub(crate) fn look(folder: &Path) -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let uname = rustix::system::uname();
        Self {
            cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            processor: field(&read("/proc/cpuinfo"), "model name")
                .unwrap_or_else(|| "unknown".into()),
            memory_gib: memory_gib(&read("/proc/meminfo")).unwrap_or(0.0),
            kernel: format!(
                "{} {}",
                uname.sysname().to_string_lossy(),
                uname.release().to_string_lossy()
            ),
            file_system: file_system(&read("/proc/self/mounts"), folder)
                .unwrap_or_else(|| "unknown".into()),
            load_before: read("/proc/loadavg")
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_owned(),
        }
    }

    /// A short name for files: `2-cores-24-gib`.
    pub(crate) fn slug(&self) -> String {
        format!("{}-cores-{:.0}-gib", self.cores, self.memory_gib)
    }
}

impl Versions {
    /// Asks each.
    pub(crate) fn ask() -> Self {
        let (_, librdkafka) = rdkafka::util::get_rdkafka_version();
        let mut java = Command::new("java");
        java.arg("-version");
        let mut git = Command::new("git");
        git.args(["describe", "--always", "--dirty"])
            .current_dir(paths::root());
        Self {
            eddyline: first_line(Command::new(paths::eddyline()).arg("--version")),
            commit: first_line(&mut git),
            kafka: KAFKA_VERSION,
            java: first_line(&mut java),
            librdkafka,
        }
    }
}

/// The first line a command says, on either of its outputs.
fn first_line(command: &mut Command) -> String {
    let Ok(output) = command.output() else {
        return "unknown".to_owned();
    };
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    text.lines().next().unwrap_or("unknown").to_owned()
}

fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory_gib(meminfo: &str) -> Option<f64> {
    let total = field(meminfo, "MemTotal")?;
    let kib: f64 = total.split_whitespace().next()?.parse().ok()?;
    Some((kib / 1024.0 / 1024.0 * 10.0).round() / 10.0)
}

/// The kind of the file system with the longest mount point above `folder`.
fn file_system(mounts: &str, folder: &Path) -> Option<String> {
    mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            Some((words.next()?, words.next()?))
        })
        .filter(|(point, _)| folder.starts_with(point))
        .max_by_key(|(point, _)| point.len())
        .map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_is_the_nearest_above() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /srv/fast tmpfs rw 0 0\n";
        let kind = |folder: &str| file_system(mounts, Path::new(folder)).unwrap();
        assert_eq!(kind("/srv/fast/x"), "tmpfs");
        assert_eq!(kind("/srv/faster"), "ext4");
    }

    #[test]
    fn memory_is_read_in_gibibytes() {
        assert_eq!(memory_gib("MemTotal:       25165824 kB\n"), Some(24.0));
        assert_eq!(
            field("model name\t: A 9\n", "model name").as_deref(),
            Some("A 9")
        );
    }
}
