//! The data folder of one Cluster on a laptop: where it is, who has it, and how it is emptied.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::failure::Failure;

const LOCK: &str = "up.lock";
/// The broker's own folder, inside.
const BROKER: &str = "broker";
/// What a folder of ours may hold; anything else is somebody's.
const OURS: [&str; 4] = [LOCK, BROKER, "objects.json", "objects.json.new"];

/// A data folder that this process has.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// Held for its lock.
    _lock: File,
}

/// `--data-dir`, or the place where the data of this Cluster lives by default.
///
/// # Errors
/// Neither a home nor a data folder is known.
pub fn place(
    chosen: Option<&Path>,
    environment: &Environment,
    namespace: &str,
    cluster: &str,
) -> Result<PathBuf, Failure> {
    if let Some(chosen) = chosen {
        can_be_folder(chosen)?;
        return Ok(chosen.to_owned());
    }
    let base = environment.data_folder();
    let base = base.ok_or_else(|| {
        Failure::new(
            "there is no home folder for the data",
            "say where it goes with --data-dir FOLDER",
        )
    })?;
    Ok(base.join(namespace).join(cluster))
}

/// Refuses a path that is a file, or goes through one.
///
/// # Errors
/// It names the file.
pub fn can_be_folder(path: &Path) -> Result<(), Failure> {
    let file = path.ancestors().find(|path| path.is_file());
    file.map_or(Ok(()), |file| {
        let what = format!("{} is a file, and data needs a folder", file.display());
        Err(Failure::new(what, "choose one with --data-dir FOLDER"))
    })
}

/// Refuses to empty a folder that holds what is not ours. A folder that is not there holds nothing.
///
/// # Errors
/// It names what is not ours; nothing was touched.
pub fn is_ours(path: &Path) -> Result<(), Failure> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(cannot_empty(path, &error)),
    };
    for entry in entries {
        let name = entry.map_err(|error| cannot_empty(path, &error))?;
        let name = name.file_name();
        if !OURS.iter().any(|ours| name == *ours) {
            let (folder, name) = (path.display(), name.display());
            return Err(Failure::new(
                format!("{folder} holds {name}, which is not ours"),
                "nothing was removed; is it the right folder?",
            ));
        }
    }
    Ok(())
}

fn cannot_empty(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot empty {}: {error}", path.display()), "")
}

impl DataFolder {
    /// Makes the folder if need be and takes it.
    ///
    /// # Errors
    /// Another process has it, or it cannot be written.
    pub fn take(path: PathBuf) -> Result<Self, Failure> {
        let unusable = |error: io::Error| {
            let what = format!("cannot use the data folder {}: {error}", path.display());
            Failure::new(what, "choose another one with --data-dir FOLDER")
        };
        fs::create_dir_all(&path).map_err(unusable)?;
        let lock = File::create(path.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                let what = format!(
                    "the data folder {} is in use by another eddyline",
                    path.display()
                );
                Err(Failure::new(
                    what,
                    "stop that one, or choose another folder with --data-dir FOLDER",
                ))
            }
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }

    /// Removes all data.
    ///
    /// # Errors
    /// The folder holds what is not ours, its broker runs, or it cannot be removed: then nothing was.
    pub fn empty(&self) -> Result<(), Failure> {
        is_ours(&self.path)?;
        let broker = self.broker();
        if let Ok(lock) = File::open(broker.join("lock"))
            && matches!(lock.try_lock(), Err(TryLockError::WouldBlock))
        {
            let what = format!("the data folder {} is in use by a broker", broker.display());
            return Err(Failure::new(
                what,
                "stop that one first; nothing was removed",
            ));
        }
        for name in OURS.iter().filter(|name| **name != LOCK) {
            let path = self.path.join(name);
            let removed = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            match removed {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(cannot_empty(&path, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the broker keeps its files.
    pub fn broker(&self) -> PathBuf {
        self.path.join(BROKER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_place_is_by_namespace_and_name() {
        let environment = Environment::from_variables([("HOME".into(), "/srv/ada".into())]);
        let place_of =
            |chosen: Option<&str>| place(chosen.map(Path::new), &environment, "demo", "t");
        assert_eq!(
            place_of(None).unwrap(),
            Path::new("/srv/ada/.local/share/eddyline/demo/t")
        );
        assert_eq!(place_of(Some("/srv/x")).unwrap(), Path::new("/srv/x"));
        assert!(
            place(None, &Environment::default(), "a", "b")
                .unwrap_err()
                .help
                .contains("--data-dir")
        );
    }

    #[test]
    fn one_process_has_a_folder_and_may_empty_it() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("t");
        let folder = DataFolder::take(path.clone()).unwrap();
        let second = DataFolder::take(path.clone()).unwrap_err();
        assert!(
            second.what.contains(path.to_str().unwrap()) && second.help.contains("--data-dir"),
            "{second}"
        );

        fs::create_dir(folder.broker()).unwrap();
        fs::write(folder.broker().join("x"), "x").unwrap();
        fs::write(path.join("objects.json"), "{}").unwrap();
        folder.empty().unwrap();
        let left: Vec<_> = fs::read_dir(&path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, [LOCK]);
        drop(folder);
        DataFolder::take(path).unwrap();
    }

    #[test]
    fn a_file_is_no_folder() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("notes");
        fs::write(&file, "x").unwrap();
        for path in [file.clone(), file.join("data")] {
            let chosen = Some(path.as_path());
            let failure = place(chosen, &Environment::default(), "a", "b").unwrap_err();
            assert!(
                failure
                    .what
                    .starts_with(&format!("{} is a file", file.display())),
                "{failure}"
            );
            assert!(failure.help.contains("--data-dir"), "{failure}");
        }
        can_be_folder(&parent.path().join("new/data")).unwrap();
    }

    #[test]
    fn a_folder_of_others_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        is_ours(&parent.path().join("new")).unwrap();
        is_ours(parent.path()).unwrap();
        fs::write(parent.path().join("thesis.txt"), "x").unwrap();
        fs::create_dir(parent.path().join(BROKER)).unwrap();
        assert!(is_ours(parent.path()).is_err());
        let folder = DataFolder::take(parent.path().to_owned()).unwrap();
        assert!(folder.empty().unwrap_err().what.contains("thesis.txt"));
        assert!(folder.broker().exists(), "nothing was removed");
    }
}
