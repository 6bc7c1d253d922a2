//! The machine: its clock, the usual ports, the data folders.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::Finding;
use crate::environment::Environment;
use crate::laptop::port;
use crate::laptop::run_file::Addresses;

/// No clock that is right shows a time before this one (2026-01-01T00:00:00Z, in seconds).
const FIRST_YEAR_S: i64 = 1_767_225_600;
/// The usual ports, what they are for, and the flag of `up` that moves each.
const PORTS: [(u16, &str, &str); 3] = [
    (9092, "Kafka", "--kafka-port PORT"),
    (8083, "Connect", "--connect-port PORT"),
    (9600, "health and metrics", "--admin-port PORT"),
];
/// A broker's data lies at most this deep: namespace, cluster, broker.
const DEPTH: usize = 3;
/// A bound on the folders that are looked at.
const MAX_FOLDERS: usize = 1000;
/// Below this the broker soon refuses records.
const LITTLE_SPACE_BYTES: u64 = 256 << 20;

pub(super) fn clock(now: Timestamp) -> Finding {
    const CHECK: &str = "clock";
    if now.as_second() >= FIRST_YEAR_S {
        return Finding::ok(CHECK, now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    }
    Finding::wrong(
        CHECK,
        format!("it shows {}, which cannot be", now.strftime("%Y-%m-%d")),
        "set it: records get their times from it, and retention deletes by them",
    )
}

pub(super) fn ports(running: &[Addresses]) -> Vec<Finding> {
    PORTS.iter().map(|usual| port(*usual, running)).collect()
}

fn port((number, purpose, flag): (u16, &str, &str), running: &[Addresses]) -> Finding {
    const CHECK: &str = "port";
    let what = format!("{number} ({purpose})");
    match TcpListener::bind((Ipv4Addr::LOCALHOST, number)) {
        Ok(_) => Finding::ok(CHECK, format!("{what} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let holder = port::holder(number);
            let ours = |pid: u32| running.iter().any(|one| one.pid == pid);
            if holder.is_some_and(|holder| ours(holder.pid)) {
                return Finding::ok(CHECK, format!("{what} is Eddyline's"));
            }
            // Nothing is wrong with a machine where somebody uses a port.
            Finding::note(
                CHECK,
                format!("{what} is taken by {}", port::holder_in_words(number)),
                format!("use {flag} or --any-port with eddyline up"),
            )
        }
        Err(error) => Finding::wrong(CHECK, format!("{what}: {error}"), ""),
    }
}

pub(super) fn data(
    folder: Option<PathBuf>,
    running: &[Addresses],
    environment: &Environment,
) -> Vec<Finding> {
    const CHECK: &str = "data";
    let Some(folder) = folder else {
        let help = "set HOME, or say where data goes with --data-dir FOLDER";
        return vec![Finding::wrong(CHECK, "there is no home folder", help)];
    };
    let shown = environment.shown(&folder);
    let existing = folder.ancestors().find(|folder| folder.exists());
    let existing = existing.unwrap_or(&folder);
    let mut findings = vec![room(&shown, existing)];
    let brokers = broker_folders(&folder);
    findings.extend(brokers.iter().map(|broker| {
        let shown = environment.shown(broker);
        state(&shown, broker, running)
    }));
    findings
}

/// Whether something can be written there, and how much.
fn room(shown: &str, existing: &Path) -> Finding {
    const CHECK: &str = "data";
    let another = "choose another folder with --data-dir FOLDER";
    if rustix::fs::access(existing, rustix::fs::Access::WRITE_OK).is_err() {
        return Finding::wrong(CHECK, format!("{shown} cannot be written"), another);
    }
    let free = match rustix::fs::statvfs(existing) {
        Ok(volume) => volume.f_bavail.saturating_mul(volume.f_frsize),
        Err(error) => return Finding::wrong(CHECK, format!("{shown}: {error}"), another),
    };
    let words = crate::output::size(i64::try_from(free).unwrap_or(i64::MAX));
    let what = format!("{shown} can be written, {words} free");
    if free < LITTLE_SPACE_BYTES {
        return Finding::wrong(CHECK, what, format!("make room, or {another}"));
    }
    Finding::ok(CHECK, what)
}

/// The folders at or below `folder` that a broker laid out.
fn broker_folders(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut level = vec![folder.to_owned()];
    for _ in 0..=DEPTH {
        let mut next = Vec::new();
        for folder in level.into_iter().take(MAX_FOLDERS) {
            if folder.join("format").is_file() {
                found.push(folder);
                continue;
            }
            let entries = fs::read_dir(&folder).into_iter().flatten();
            let inside = entries.filter_map(Result::ok).map(|entry| entry.path());
            next.extend(inside.filter(|path| path.is_dir()));
        }
        level = next;
    }
    found.sort();
    found
}

/// The format of a broker's folder, and who has it.
fn state(shown: &str, broker: &Path, running: &[Addresses]) -> Finding {
    const CHECK: &str = "data";
    let format = match fs::read_to_string(broker.join("format")) {
        Ok(format) => format.trim_end().to_owned(),
        Err(error) => {
            let help = "is it another user's?";
            return Finding::wrong(CHECK, format!("{shown} cannot be read: {error}"), help);
        }
    };
    let known = format_line();
    if format != known {
        let told: String = format.chars().take(60).collect();
        return Finding::wrong(
            CHECK,
            format!("{shown} is \"{told}\", this version reads \"{known}\""),
            "start the version that wrote it, or begin anew with: eddyline up --fresh",
        );
    }
    let holds = |one: &&Addresses| {
        let data = one.data_dir.as_ref();
        data.is_some_and(|data| broker.starts_with(data))
    };
    let what = match running.iter().find(holds) {
        Some(holder) => format!("{shown} is in use by pid {}", holder.pid),
        None if is_locked(broker) => format!("{shown} is in use by another process"),
        None => format!("{shown} is in use by nobody"),
    };
    Finding::ok(CHECK, what)
}

fn is_locked(broker: &Path) -> bool {
    // Shared and let go at once: a broker that starts in this moment sees a taken folder and says so.
    File::open(broker.join("lock"))
        .is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// What the format file of a data folder says that this version reads.
fn format_line() -> String {
    format!("eddyline data, format {}", ::broker::log::FORMAT)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_clock_before_our_time_is_wrong() {
        assert_eq!(clock(Timestamp::UNIX_EPOCH).verdict, Verdict::Wrong);
        let good = clock("2026-11-22T18:00:00Z".parse().unwrap());
        assert_eq!(good, Finding::ok("clock", "2026-11-22 18:00:00 UTC"));
    }

    #[test]
    fn a_port_of_others_is_worth_a_note_and_ours_is_not() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let number = taken.local_addr().unwrap().port();
        let found = port((number, "Kafka", "--kafka-port PORT"), &[]);
        assert_eq!(found.verdict, Verdict::Note);
        assert!(found.what.contains("(Kafka) is taken by "), "{found:?}");
        assert!(found.help.contains("--kafka-port"), "{found:?}");
        if cfg!(target_os = "linux") {
            let ours = Addresses {
                pid: std::process::id(),
                cluster: None,
                kafka: String::new(),
                connect: None,
                admin: None,
                data_dir: None,
                listeners: BTreeMap::new(),
            };
            let found = port((number, "Kafka", ""), &[ours]);
            assert_eq!(found.verdict, Verdict::Ok);
        }
        drop(taken);
        assert_eq!(port((number, "Kafka", ""), &[]).verdict, Verdict::Ok);
    }

    #[test]
    fn data_folders_are_found_and_judged() {
        let home = tempfile::tempdir().unwrap();
        let environment = Environment::default();
        let look = || data(Some(home.path().join("eddyline")), &[], &environment);
        let found = look();
        assert_eq!(
            found.len(),
            1,
            "a folder that is not there yet can be made: {found:?}"
        );
        assert_eq!(found[0].verdict, Verdict::Ok);

        let broker = home.path().join("eddyline/default/t/broker");
        fs::create_dir_all(&broker).unwrap();
        fs::write(broker.join("format"), format!("{}\n", format_line())).unwrap();
        assert!(look()[1].what.ends_with("in use by nobody"));

        let held = File::create(broker.join("lock")).unwrap();
        held.lock().unwrap();
        assert!(look()[1].what.ends_with("in use by another process"));

        fs::write(broker.join("format"), "eddyline data, format 99\n").unwrap();
        assert_eq!(look()[1].verdict, Verdict::Wrong);
        assert!(look()[1].what.contains("99"));

        let nowhere = data(None, &[], &environment);
        assert!(nowhere[0].help.contains("--data-dir"));
    }
}
