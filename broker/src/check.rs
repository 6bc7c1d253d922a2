//! `broker check`: a data folder looked over offline, with the names that its topics have. It must not change anything.

use std::collections::HashMap;
use std::path::Path;

use wire::Uuid;

use crate::log::{self, Checked, OpenError};
use crate::topics::{METADATA, record::Record};

/// What was found in a data folder.
#[derive(Debug, Clone)]
pub struct Report {
    /// Partitions, the shared log, and what is wrong.
    pub checked: Checked,
    /// The names of topics, by id, as far as the folder still tells them.
    pub names: HashMap<Uuid, String>,
}

/// Looks over the data folder `dir`. Blocks on disk; reads all of it.
///
/// # Errors
/// The folder is in use, of another format, or holds no broker's data.
pub fn check(dir: &Path) -> Result<Report, OpenError> {
    let mut names = HashMap::new();
    let checked = log::check(dir, &mut |partition, batch| {
        if partition != METADATA {
            return;
        }
        for record in batch.records().map_while(Result::ok) {
            if let Some(Ok(Record::Topic { name, id, .. })) = record.value.map(Record::decode) {
                names.insert(id, name);
            }
        }
    })?;
    Ok(Report { checked, names })
}
