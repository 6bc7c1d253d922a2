//! The messages: one module per API, each with `Request`, `Response` and their parts.
//!
//! Names of structs and fields are Apache's, in Rust's spelling; a struct has the fields of all versions that we
//! speak. The note at a field is its definition: `since(3)` means version 3 and later, `.nullable(4)` that it may be
//! null from version 4 on, `.tag(0)` that it is a tagged field (left out when it has its default), `.ignorable()` that
//! versions without it lose it silently. Defaults are Apache's.

pub mod api_versions;
pub mod create_partitions;
pub mod create_topics;
pub mod delete_groups;
pub mod delete_records;
pub mod delete_topics;
pub mod describe_cluster;
pub mod describe_configs;
pub mod describe_groups;
pub mod describe_log_dirs;
pub mod fetch;
pub mod find_coordinator;
pub mod heartbeat;
pub mod incremental_alter_configs;
pub mod init_producer_id;
pub mod join_group;
pub mod leave_group;
pub mod list_groups;
pub mod list_offsets;
pub mod metadata;
pub mod offset_commit;
pub mod offset_fetch;
pub mod offset_for_leader_epoch;
pub mod produce;
pub mod sync_group;

#[cfg(test)]
mod tests;
