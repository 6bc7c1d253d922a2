//! Who has a port. Reads `/proc` where there is one (Linux); elsewhere, and for other users' processes, the answer is "unknown".

use std::fs;
use std::path::Path;

/// More than the processes of a laptop; a bound on the walk.
const MAX_PROCESSES: usize = 100_000;

/// A process that listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub pid: u32,
    /// The program's short name.
    pub name: String,
}

/// The process that listens on `port` over TCP, if it can be found out.
pub fn holder(port: u16) -> Option<Holder> {
    holder_in(Path::new("/proc"), port)
}

/// "pid 812 (java)", or that it is not known.
pub fn holder_in_words(port: u16) -> String {
    match holder(port) {
        Some(holder) => format!("pid {} ({})", holder.pid, holder.name),
        None => "another process".to_owned(),
    }
}

fn holder_in(proc: &Path, port: u16) -> Option<Holder> {
    let inodes: Vec<String> = ["net/tcp", "net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(proc.join(table)).ok())
        .flat_map(|table| listening_inodes(&table, port))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    if inodes.is_empty() {
        return None;
    }
    let processes = fs::read_dir(proc)
        .ok()?
        .filter_map(Result::ok)
        .take(MAX_PROCESSES);
    processes
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .find(|(_, path): &(u32, _)| has_socket(&path.join("fd"), &inodes))
        .map(|(pid, path)| Holder {
            pid,
            name: fs::read_to_string(path.join("comm"))
                .unwrap_or_default()
                .trim()
                .to_owned(),
        })
}

/// The socket inodes of the lines of `/proc/net/tcp` that listen (state 0A) on `port`.
fn listening_inodes(table: &str, port: u16) -> Vec<String> {
    let suffix = format!(":{port:04X}");
    table
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|fields| fields.len() > 9 && fields[1].ends_with(&suffix) && fields[3] == "0A")
        .map(|fields| fields[9].to_owned())
        .collect()
}

fn has_socket(fds: &Path, inodes: &[String]) -> bool {
    let Ok(entries) = fs::read_dir(fds) else {
        return false;
    };
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .any(|target| {
            target
                .to_str()
                .is_some_and(|target| inodes.iter().any(|inode| inode == target))
        })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn only_listening_sockets_of_the_port_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:2384 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0\n\
            1: 0100007F:2384 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 4243 1 0\n\
            2: 0100007F:2385 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4244 1 0\n";
        assert_eq!(listening_inodes(table, 9092), ["4242"]);
        assert_eq!(listening_inodes("", 9092), Vec::<String>::new());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn our_own_listener_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(holder(port).unwrap().pid, std::process::id());
        assert!(holder_in_words(port).starts_with("pid "));
        drop(listener);
        assert_eq!(holder_in_words(port), "another process");
    }
}
