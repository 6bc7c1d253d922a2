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

/// Calls a macro with the modules of all APIs.
#[cfg(test)]
macro_rules! for_every_api {
    ($then:path) => {
        $then! { api_versions create_partitions create_topics delete_groups delete_topics describe_cluster describe_configs describe_groups describe_log_dirs fetch find_coordinator heartbeat incremental_alter_configs init_producer_id join_group leave_group list_groups list_offsets metadata offset_commit offset_fetch offset_for_leader_epoch produce sync_group }
    };
}
#[cfg(test)]
pub(crate) use for_every_api;
