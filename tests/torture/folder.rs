//! A folder that goes at the end, unless what happened in it has to be looked at.

use std::path::Path;

use tempfile::TempDir;

/// A temporary folder that a failure leaves behind.
#[derive(Debug)]
pub(crate) struct Folder(Option<TempDir>);

impl Folder {
    pub(crate) fn new() -> Self {
        let named = tempfile::Builder::new().prefix("torture-").tempdir();
        Self(Some(named.unwrap()))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.as_ref().map_or(Path::new(""), TempDir::path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(folder) = self.0.take()
        {
            crate::say(&format!("left to look at: {}", folder.keep().display()));
        }
    }
}
