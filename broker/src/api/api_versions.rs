//! `ApiVersions` (key 18, versions 0–4): what this broker serves, from the one list.
//!
//! A version above ours is answered in version 0 with error 35 and the full list (KIP-511).
//! The only feature is `metadata.version`: consoles take a cluster without it for an old one.

use wire::messages::api_versions::{
    ApiVersion, FinalizedFeatureKey, Request, Response, SupportedFeatureKey,
};
use wire::{ApiKey, ErrorCode};

use crate::Broker;
use crate::api::{Context, Refusal, Reply, TABLE};

/// Apache's feature levels of 3.3-IV3 and of 4.3: the oldest with `KRaft` metadata, and ours.
const METADATA_VERSIONS: (i16, i16) = (7, METADATA_VERSION_4_3);
const METADATA_VERSION_4_3: i16 = 30;

#[expect(
    clippy::unused_async,
    reason = "every handler of the table has the same signature"
)]
pub(crate) async fn handle<'r>(
    _broker: &Broker,
    _context: &Context,
    _request: Request<'_>,
) -> Result<Response<'r>, Refusal> {
    let (min_version, max_version) = METADATA_VERSIONS;
    Ok(Response {
        supported_features: vec![SupportedFeatureKey {
            name: "metadata.version".into(),
            min_version,
            max_version,
        }],
        finalized_features_epoch: 0,
        finalized_features: vec![FinalizedFeatureKey {
            name: "metadata.version".into(),
            max_version_level: max_version,
            min_version_level: max_version,
        }],
        ..listed(ErrorCode::None)
    })
}

/// The answer to a version we do not serve.
pub(crate) fn unsupported(context: &Context) -> Result<Reply, Refusal> {
    let context = Context {
        api_version: 0,
        ..context.clone()
    };
    Reply::message(
        &context,
        ApiKey::ApiVersions,
        &listed(ErrorCode::UnsupportedVersion),
    )
}

fn listed<'r>(error: ErrorCode) -> Response<'r> {
    let api_keys = TABLE.iter().map(|api| ApiVersion {
        api_key: api.key as i16,
        min_version: *api.advertised.start(),
        max_version: *api.advertised.end(),
    });
    Response {
        error_code: error.code(),
        api_keys: api_keys.collect(),
        ..Response::default()
    }
}
