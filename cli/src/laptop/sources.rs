//! The texts behind `-f`: files, folders and standard input, and a stamp that tells when one of them changed.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::laptop::findings::{Finding, Place};

/// More than any hand-written file; a larger one is a mistake (a data file, a device).
const MAX_BYTES: u64 = 16 << 20;
/// More than any folder of manifests.
const MAX_FILES: usize = 1000;

/// One text with the name that findings show.
#[derive(Debug, Clone)]
pub struct Source {
    pub name: Arc<str>,
    pub text: String,
}

/// What `-f` named. Standard input is read once and kept: it cannot be watched.
#[derive(Debug)]
pub struct Sources {
    inputs: Vec<PathBuf>,
    stdin: Option<Source>,
}

/// Name, length and time of each file: equal stamps mean that nothing was written.
pub type Stamp = Vec<(PathBuf, u64, Option<SystemTime>)>;

impl Sources {
    /// Takes the arguments of `-f`; reads standard input if `-` is among them.
    ///
    /// # Errors
    /// A finding when standard input cannot be read.
    pub fn open(inputs: Vec<PathBuf>, stdin: impl Read) -> Result<Self, Finding> {
        let wants_stdin = inputs.iter().any(|input| input == Path::new("-"));
        let stdin = if wants_stdin {
            Some(read_text("<stdin>", stdin)?)
        } else {
            None
        };
        Ok(Self { inputs, stdin })
    }

    /// Reads all texts; a file that cannot be read gives a finding and the others are read all the same.
    pub fn read(&self) -> (Vec<Source>, Vec<Finding>) {
        let (mut sources, mut findings) = (Vec::new(), Vec::new());
        sources.extend(self.stdin.clone());
        for path in self.files(&mut findings) {
            let name = path.display().to_string();
            match fs::File::open(&path) {
                Ok(file) => match read_text(&name, file) {
                    Ok(source) => sources.push(source),
                    Err(finding) => findings.push(finding),
                },
                Err(error) => findings.push(unreadable(&name, &error)),
            }
        }
        (sources, findings)
    }

    /// The stamp of all files as they are now.
    pub fn stamp(&self) -> Stamp {
        let mut unreadable = Vec::new();
        self.files(&mut unreadable)
            .into_iter()
            .map(|path| match fs::metadata(&path) {
                Ok(meta) => (path, meta.len(), meta.modified().ok()),
                Err(_) => (path, 0, None),
            })
            .collect()
    }

    fn files(&self, findings: &mut Vec<Finding>) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for input in self.inputs.iter().filter(|input| *input != Path::new("-")) {
            if !input.is_dir() {
                files.push(input.clone());
                continue;
            }
            match manifests(input) {
                Ok(found) if found.is_empty() => findings.push(Finding::new(
                    start_of(&input.display().to_string()),
                    "the folder holds no manifests",
                    "it is searched for *.yaml, *.yml and *.json, without subfolders",
                )),
                Ok(found) => files.extend(found),
                Err(error) => findings.push(unreadable(&input.display().to_string(), &error)),
            }
        }
        files.truncate(MAX_FILES);
        files
    }
}

/// The manifests of a folder in the order of their names.
fn manifests(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)?
        .take(MAX_FILES)
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            matches!(extension, Some("yaml" | "yml" | "json")) && path.is_file()
        })
        .collect();
    found.sort();
    Ok(found)
}

fn read_text(name: &str, reader: impl Read) -> Result<Source, Finding> {
    let mut bytes = Vec::new();
    let read = reader.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| unreadable(name, &error))?;
    if bytes.len() as u64 > MAX_BYTES {
        let what = format!("the file is larger than {} MiB", MAX_BYTES >> 20);
        return Err(Finding::new(start_of(name), what, "is it a manifest?"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source {
            name: Arc::from(name),
            text,
        }),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.split(|byte| *byte == b'\n').count();
            let place = Place {
                file: Arc::from(name),
                line,
                column: 1,
            };
            Err(Finding::new(
                place,
                "the line is not UTF-8 text",
                "save the file as UTF-8",
            ))
        }
    }
}

fn unreadable(name: &str, error: &io::Error) -> Finding {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "you may not read it".to_owned(),
        _ => error.to_string(),
    };
    Finding::new(start_of(name), format!("cannot read it: {why}"), "")
}

fn start_of(name: &str) -> Place {
    Place {
        file: Arc::from(name),
        line: 1,
        column: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_files_and_standard_input_are_read() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("b.yaml", "b"),
            ("a.yml", "a"),
            ("c.json", "{}"),
            ("d.txt", "d"),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let inputs = vec![PathBuf::from("-"), folder.path().to_owned()];
        let sources = Sources::open(inputs, "from stdin".as_bytes()).unwrap();
        let (read, findings) = sources.read();
        assert!(findings.is_empty());
        let texts: Vec<&str> = read.iter().map(|source| source.text.as_str()).collect();
        assert_eq!(texts, ["from stdin", "a", "b", "{}"]);
    }

    #[test]
    fn what_cannot_be_read_is_said_once_each() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.yaml"), b"a: 1\nb: \xff\n").unwrap();
        let inputs = vec![folder.path().to_owned(), PathBuf::from("/nowhere/x.yaml")];
        let (read, findings) = Sources::open(inputs, io::empty()).unwrap().read();
        assert!(read.is_empty());
        assert_eq!(findings.len(), 2);
        assert_eq!(findings[0].place.line, 2);
        assert!(findings[1].what.contains("no such file"));
    }

    #[test]
    fn a_write_changes_the_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.yaml");
        fs::write(&path, "a").unwrap();
        let sources = Sources::open(vec![path.clone()], io::empty()).unwrap();
        let before = sources.stamp();
        assert_eq!(before, sources.stamp());
        fs::write(&path, "ab").unwrap();
        assert_ne!(before, sources.stamp());
    }
}
