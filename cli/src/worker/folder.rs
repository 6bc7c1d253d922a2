//! The folder with a connector's configuration, as a ConfigMap is mounted: one file, `connector.json`, replaced whole by the
//! swap of a symbolic link. It is looked at each second; a file that cannot be read or used leaves things as they are.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use connect_worker::ManagedConnector;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The file in the folder.
const FILE: &str = "connector.json";
/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// A ConfigMap is never larger.
const SIZE_MAX: u64 = 1 << 20;

/// Follows the file.
#[derive(Debug)]
pub(super) struct Follower {
    file: PathBuf,
    declare: watch::Sender<Vec<ManagedConnector>>,
    /// What was seen last, or why nothing was.
    last: Result<Vec<u8>, String>,
}

impl Follower {
    /// A follower that has not looked yet.
    pub(super) fn new(folder: &Path, declare: watch::Sender<Vec<ManagedConnector>>) -> Self {
        Self {
            file: folder.join(FILE),
            declare,
            last: Ok(Vec::new()),
        }
    }

    /// Looks each second until `stop`.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => self.look().await,
                () = stop.cancelled() => return,
            }
        }
    }

    /// Looks once, and tells what is new.
    pub(super) async fn look(&mut self) {
        let seen = read(&self.file).await.map_err(|error| error.to_string());
        if seen == self.last {
            return;
        }
        let read = seen.clone().and_then(|bytes| connector(&bytes));
        match read {
            Ok(connector) => drop(self.declare.send_replace(vec![connector])),
            Err(detail) => {
                let file = self.file.display();
                tracing::warn!(%file, %detail, "read the connector's configuration; what runs keeps running");
            }
        }
        self.last = seen;
    }
}

async fn read(file: &Path) -> io::Result<Vec<u8>> {
    let size = tokio::fs::metadata(file).await?.len();
    if size > SIZE_MAX {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("{size} bytes are more than {SIZE_MAX}"),
        ));
    }
    tokio::fs::read(file).await
}

/// Reads a flat configuration and whose it is.
fn connector(bytes: &[u8]) -> Result<ManagedConnector, String> {
    let config: BTreeMap<String, String> = serde_json::from_slice(bytes)
        .map_err(|error| format!("not a JSON object of texts: {error}"))?;
    let text = |key: &str| {
        let value = config.get(key).filter(|value| !value.is_empty());
        value.cloned().ok_or_else(|| format!("{key} is missing"))
    };
    let (namespace, name) = (text("eddyline.namespace")?, text("name")?);
    let generation = text("eddyline.generation")?;
    let generation = generation
        .parse()
        .map_err(|_| format!("eddyline.generation is {generation}, not a whole number"))?;
    Ok(ManagedConnector {
        managed_by: format!("the Connector {namespace}/{name}"),
        uid: text("eddyline.uid")?,
        generation,
        // It is in the configuration.
        epoch: None,
        namespace,
        name,
        config,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"name":"gen","eddyline.namespace":"shop","eddyline.uid":"u","eddyline.generation":"3","rate":"1"}"#;

    /// As the kubelet does it: a new folder, and a link that is swapped.
    fn mount(folder: &Path, version: &str, text: &str) {
        let data = folder.join(version);
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join(FILE), text).unwrap();
        let draft = folder.join("..data_tmp");
        std::os::unix::fs::symlink(version, &draft).unwrap();
        std::fs::rename(&draft, folder.join("..data")).unwrap();
    }

    #[tokio::test]
    async fn a_swapped_folder_is_followed_and_a_bad_file_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (declare, mut seen) = watch::channel(Vec::new());
        let mut follower = Follower::new(folder.path(), declare);
        follower.look().await;
        assert!(!seen.has_changed().unwrap(), "there is no file yet");
        std::os::unix::fs::symlink("..data/connector.json", folder.path().join(FILE)).unwrap();
        mount(folder.path(), "..1", TEXT);
        follower.look().await;
        let first = seen.borrow_and_update().clone();
        assert_eq!(first[0].managed_by, "the Connector shop/gen");
        assert_eq!((first[0].generation, first[0].uid.as_str()), (3, "u"));
        for (version, text) in [
            ("..2", "{"),
            ("..3", r#"{"name":"gen"}"#),
            ("..4", r#"{"a":1}"#),
        ] {
            mount(folder.path(), version, text);
            follower.look().await;
            assert!(!seen.has_changed().unwrap(), "{text}");
        }
        mount(folder.path(), "..5", &TEXT.replace(r#""3""#, r#""4""#));
        follower.look().await;
        assert_eq!(seen.borrow_and_update()[0].generation, 4);
        follower.look().await;
        assert!(!seen.has_changed().unwrap());
    }
}
