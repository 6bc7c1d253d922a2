//! What `eddyline up` stands on: the documents of a file, checked as the API server would, and kept true.

pub mod admin_port;
pub mod choice;
pub mod connectors;
pub mod consistency;
pub mod documents;
pub mod engine;
pub mod files;
pub mod findings;
pub mod folder;
pub mod keeper;
pub mod listen;
pub mod port;
pub mod run_file;
pub mod schemas;
pub mod screen;
pub mod session;
pub mod settings;
pub mod sources;
pub mod state;
pub mod strict;
pub mod topics;
pub mod watching;
pub mod yaml;
