//! `IncrementalAlterConfigs` (key 44): changes single settings and leaves the others (KIP-339).

use crate::Str;
use crate::field::since;
use crate::message::{api, structs};

api!(
    IncrementalAlterConfigs, versions 0..=1, flexible 1,
    Request<'a> => Response<'a>
);

structs! {
    /// Settings to change.
    struct Request<'a> {
        resources: Vec<AlterConfigsResource<'a>> = since(0),
        /// Only say whether it could be done.
        validate_only: bool = since(0),
    }

    /// Changes to one topic or broker.
    struct AlterConfigsResource<'a> {
        /// 2: topic; 4: broker; 8: broker logger; 16: client metrics; 32: group.
        resource_type: i8 = since(0),
        resource_name: Str<'a> = since(0),
        configs: Vec<AlterableConfig<'a>> = since(0),
    }

    /// One change.
    struct AlterableConfig<'a> {
        name: Str<'a> = since(0),
        /// 0: set; 1: delete; 2: append; 3: subtract.
        config_operation: i8 = since(0),
        value: Option<Str<'a>> = since(0).nullable(0) => Some(Str::default()),
    }

    /// What became of it.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(0),
        responses: Vec<AlterConfigsResourceResponse<'a>> = since(0),
    }

    /// The result for one resource.
    struct AlterConfigsResourceResponse<'a> {
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        error_message: Option<Str<'a>> = since(0).nullable(0) => Some(Str::default()),
        /// 2: topic; 4: broker; 8: broker logger; 16: client metrics; 32: group.
        resource_type: i8 = since(0),
        resource_name: Str<'a> = since(0),
    }
}
