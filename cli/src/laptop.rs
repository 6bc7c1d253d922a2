//! What `eddyline up` stands on: the documents of a file, checked as the API server would, and kept true.

pub mod documents;
pub mod findings;
pub mod port;
pub mod run_file;
pub mod schemas;
pub mod sources;
pub mod strict;
pub mod yaml;
