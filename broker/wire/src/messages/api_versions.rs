//! `ApiVersions` (key 18): which APIs the broker speaks, in which versions.
//!
//! The answer's header has no tagged fields; to an unknown version the broker answers in version 0 (KIP-511).
//! Features: KIP-584.

use crate::Str;
use crate::field::since;
use crate::message::{api, structs};

api!(
    ApiVersions, versions 0..=4, flexible 3,
    Request<'a> => Response<'a>
);

structs! {
    /// What the client calls itself (KIP-511).
    struct Request<'a> {
        client_software_name: Str<'a> = since(3).ignorable(),
        client_software_version: Str<'a> = since(3).ignorable(),
    }

    /// What the broker speaks.
    struct Response<'a> {
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        api_keys: Vec<ApiVersion> = since(0),
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(1).ignorable(),
        supported_features: Vec<SupportedFeatureKey<'a>> = since(3).tag(0).ignorable(),
        finalized_features_epoch: i64 = since(3).tag(1).ignorable() => -1,
        finalized_features: Vec<FinalizedFeatureKey<'a>> = since(3).tag(2).ignorable(),
        zk_migration_ready: bool = since(3).tag(3).ignorable(),
    }

    /// The versions of one API.
    struct ApiVersion {
        api_key: i16 = since(0),
        min_version: i16 = since(0),
        max_version: i16 = since(0),
    }

    /// A feature the broker could use.
    struct SupportedFeatureKey<'a> {
        name: Str<'a> = since(3),
        min_version: i16 = since(3),
        max_version: i16 = since(3),
    }

    /// A feature the cluster does use.
    struct FinalizedFeatureKey<'a> {
        name: Str<'a> = since(3),
        max_version_level: i16 = since(3),
        min_version_level: i16 = since(3),
    }
}
