//! `DescribeConfigs` (key 32): the settings of topics and brokers, with source, type and synonyms (KIP-226).

use crate::Str;
use crate::field::since;
use crate::message::{api, structs};

api!(
    DescribeConfigs, versions 1..=4, flexible 4,
    Request<'a> => Response<'a>
);

structs! {
    /// Whose settings.
    struct Request<'a> {
        resources: Vec<DescribeConfigsResource<'a>> = since(0),
        include_synonyms: bool = since(1),
        include_documentation: bool = since(3),
    }

    /// A topic or broker, and which of its settings; null means all.
    struct DescribeConfigsResource<'a> {
        /// 2: topic; 4: broker; 8: broker logger; 16: client metrics; 32: group.
        resource_type: i8 = since(0),
        resource_name: Str<'a> = since(0),
        configuration_keys: Option<Vec<Str<'a>>> = since(0).nullable(0) => Some(Vec::new()),
    }

    /// The settings.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(0),
        results: Vec<DescribeConfigsResult<'a>> = since(0),
    }

    /// The settings of one resource.
    struct DescribeConfigsResult<'a> {
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        error_message: Option<Str<'a>> = since(0).nullable(0) => Some(Str::default()),
        /// 2: topic; 4: broker; 8: broker logger; 16: client metrics; 32: group.
        resource_type: i8 = since(0),
        resource_name: Str<'a> = since(0),
        configs: Vec<DescribeConfigsResourceResult<'a>> = since(0),
    }

    /// One setting.
    struct DescribeConfigsResourceResult<'a> {
        name: Str<'a> = since(0),
        value: Option<Str<'a>> = since(0).nullable(0) => Some(Str::default()),
        read_only: bool = since(0),
        /// 1: topic; 2: broker; 3: all brokers; 4: static; 5: default; 6: logger; 7: client metrics; 8: group.
        config_source: i8 = since(1).ignorable() => -1,
        is_sensitive: bool = since(0),
        synonyms: Vec<DescribeConfigsSynonym<'a>> = since(1).ignorable(),
        /// 1: boolean; 2: string; 3: int; 4: short; 5: long; 6: double; 7: list; 8: class; 9: password.
        config_type: i8 = since(3).ignorable(),
        documentation: Option<Str<'a>> = since(3).nullable(0).ignorable() => Some(Str::default()),
    }

    /// Another name that would give the setting its value.
    struct DescribeConfigsSynonym<'a> {
        name: Str<'a> = since(1),
        value: Option<Str<'a>> = since(1).nullable(0) => Some(Str::default()),
        /// As `config_source`.
        source: i8 = since(1),
    }
}
