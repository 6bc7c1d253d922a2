//! Running processes leave their addresses in a file, so that the hand tools need no flags. Whoever wrote a file holds a lock on
//! it: a file without a lock is what a killed process left, and is removed.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Where one running process can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Addresses {
    pub pid: u32,
    /// `namespace/name` of the Cluster; unset for a broker alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Bootstrap servers.
    pub kafka: String,
    /// URL of the Connect REST API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect: Option<String>,
    /// URL of health and metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// Where others connect, by the listener's name: other machines, containers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub listeners: BTreeMap<String, String>,
}

/// A written run file; dropping it removes the file.
#[derive(Debug)]
pub struct Announcement {
    path: PathBuf,
    /// Held for its lock.
    _file: File,
}

/// Writes the run file of this process.
///
/// # Errors
/// The folder or the file cannot be written.
pub fn announce(folder: &Path, addresses: &Addresses) -> io::Result<Announcement> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{}.json", addresses.pid));
    let fresh = folder.join(format!("{}.new", addresses.pid));
    let mut file = File::create(&fresh)?;
    file.try_lock()?;
    file.write_all(&serde_json::to_vec(addresses)?)?;
    // Only now can a reader see it: whole, and locked.
    fs::rename(&fresh, &path)?;
    Ok(Announcement { path, _file: file })
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // A file that stays has no lock once we are gone; the next reader removes it.
        let _ = fs::remove_file(&self.path);
    }
}

/// All running processes in the order of their ids. An unreadable folder is an empty one.
pub fn running(folder: &Path) -> Vec<Addresses> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<Addresses> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .filter_map(|path| alive(&path))
        .collect();
    found.sort_by_key(|addresses| addresses.pid);
    found
}

fn alive(path: &Path) -> Option<Addresses> {
    let file = File::open(path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => serde_json::from_slice(&fs::read(path).ok()?).ok(),
        Err(TryLockError::Error(_)) => None,
        Ok(()) => {
            let _ = fs::remove_file(path);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(pid: u32) -> Addresses {
        Addresses {
            pid,
            cluster: Some("default/tutorial".to_owned()),
            kafka: "localhost:9092".to_owned(),
            connect: None,
            admin: None,
            data_dir: None,
            listeners: BTreeMap::new(),
        }
    }

    #[test]
    fn only_the_living_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(running(folder.path()), []);
        let second = announce(folder.path(), &addresses(2)).unwrap();
        let first = announce(folder.path(), &addresses(1)).unwrap();
        fs::write(folder.path().join("3.json"), "{}").unwrap();
        assert_eq!(running(folder.path()), [addresses(1), addresses(2)]);
        assert!(
            !folder.path().join("3.json").exists(),
            "a dead file is removed"
        );
        drop(first);
        assert_eq!(running(folder.path()), [addresses(2)]);
        drop(second);
    }
}
