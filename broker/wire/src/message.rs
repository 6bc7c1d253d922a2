//! What a message is, and the two macros that define all of them: `structs!` and `api!`.

use std::ops::RangeInclusive;

use crate::value::{Form, Value};
use crate::{ApiKey, DecodeError, EncodeError, Problem, Reader, Writer};

/// A whole request or answer, without its header.
pub trait Message<'a>: Sized {
    /// Its name, such as `Produce request`.
    const MESSAGE: &'static str;

    /// Reads the message; bytes that follow it stay in the reader ([`Reader::finish`] is for those who mind).
    ///
    /// Tagged fields that the version does not define are skipped.
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError>;

    /// Writes the message.
    ///
    /// A field that is not part of the version is left out when it has its default or may be ignored; else losing it
    /// would change the meaning, and that is an error.
    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError>;
}

/// A request: knows its API and what answers it.
pub trait Request<'a>: Message<'a> {
    /// The API.
    const KEY: ApiKey;
    /// The API's name, as Apache spells it.
    const NAME: &'static str;
    /// The versions that can be decoded and encoded.
    const VERSIONS: RangeInclusive<i16>;
    /// The versions to show in `ApiVersions`: [`Self::VERSIONS`], but Produce from 0 (KAFKA-18659).
    const ADVERTISED: RangeInclusive<i16>;
    /// The first version with compact lengths and tagged fields (KIP-482); `i16::MAX` when there is none.
    const FLEXIBLE_FROM: i16;
    /// This request when it owns or outlives everything; the type that a reply is typed by.
    type Static: Request<'static>;
    /// The answer.
    type Response<'r>: Message<'r>;
}

/// Defines structs whose fields have versions:
///
/// `name: type = since(1).nullable(2).tag(0).ignorable() => default,`
///
/// The default is the type's own when none is given. Tagged fields stand in the order of their tags.
macro_rules! structs {
    ($(
        $(#[$attribute:meta])*
        struct $name:ident $(<$lifetime:lifetime>)? {
            $( $(#[$note:meta])* $field:ident: $type:ty = $spec:expr $(=> $default:expr)?, )*
        }
    )*) => { $(
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name $(<$lifetime>)? {
            $(
                $(#[$note])*
                #[doc = concat!("`", stringify!($spec), "`" $(, ", default `", stringify!($default), "`")?)]
                pub $field: $type,
            )*
        }

        impl $(<$lifetime>)? Default for $name $(<$lifetime>)? {
            fn default() -> Self {
                Self { $( $field: $crate::message::default_value!($($default)?), )* }
            }
        }

        impl<'a> $crate::value::Value<'a> for $name $(<$lifetime>)? {
            fn min_size(form: $crate::value::Form) -> usize {
                usize::from(form.flexible) $( + const { $spec }.min_size::<$type>(form) )*
            }

            fn read(
                reader: &mut $crate::Reader<'a>,
                form: $crate::value::Form,
            ) -> Result<Self, $crate::DecodeError> {
                let mut value = Self::default();
                $(
                    if const { $spec }.is_positional(form) {
                        value.$field = const { $spec }.read(reader, form).map_err(|error| {
                            error.at(concat!(stringify!($name), ".", stringify!($field)))
                        })?;
                    }
                )*
                if form.flexible {
                    for _ in 0..reader.uvarint()? {
                        let tag = reader.tag()?;
                        $(
                            if const { $spec }.has_tag(tag.number, form) {
                                value.$field = const { $spec }.read(reader, form).map_err(|error| {
                                    error.at(concat!(stringify!($name), ".", stringify!($field)))
                                })?;
                            }
                        )*
                        reader.end_tag(tag)?;
                    }
                }
                Ok(value)
            }

            fn write(
                &self,
                writer: &mut $crate::Writer,
                form: $crate::value::Form,
            ) -> Result<(), $crate::EncodeError> {
                let mut tags = 0;
                $(
                    let default = || -> $type { $crate::message::default_value!($($default)?) };
                    const { $spec }.write(&self.$field, default, writer, form).map_err(|error| {
                        error.at(concat!(stringify!($name), ".", stringify!($field)))
                    })?;
                    tags += u32::from(const { $spec }.has_tagged(&self.$field, default, form));
                )*
                if form.flexible {
                    writer.uvarint(tags);
                    $(
                        let default = || -> $type { $crate::message::default_value!($($default)?) };
                        if const { $spec }.has_tagged(&self.$field, default, form) {
                            const { $spec }.write_tagged(&self.$field, writer, form).map_err(|error| {
                                error.at(concat!(stringify!($name), ".", stringify!($field)))
                            })?;
                        }
                    )*
                }
                Ok(())
            }
        }

        #[cfg(test)]
        impl<'a> $crate::testing::Sample<'a> for $name $(<$lifetime>)? {
            fn sample(random: &mut $crate::testing::Random, form: $crate::value::Form) -> Self {
                let mut value = Self::default();
                $(
                    if const { $spec }.is_in(form) {
                        value.$field = $crate::testing::Sample::sample(random, const { $spec }.form(form));
                    }
                )*
                value
            }

            fn json(&self, form: $crate::value::Form) -> serde_json::Value {
                let mut object = serde_json::Map::new();
                $(
                    let default: $type = $crate::message::default_value!($($default)?);
                    const { $spec }.render(
                        &mut object, stringify!($field), (&self.$field, default), form,
                    );
                )*
                object.into()
            }
        }
    )* };
}

/// Binds a request and its answer to their API:
///
/// `api!(Produce, versions 3..=13, advertised 0..=13, flexible 9, Request<'a> => Response<'a>);`
macro_rules! api {
    (
        $key:ident, versions $versions:expr, advertised $advertised:expr, flexible $flexible:expr,
        Request $(<$request:lifetime>)? => Response $(<$response:lifetime>)?
    ) => {
        $crate::message::body!(
            concat!(stringify!($key), " request"),
            $versions,
            $flexible,
            Request $(<$request>)?
        );
        $crate::message::body!(
            concat!(stringify!($key), " response"),
            $versions,
            $flexible,
            Response $(<$response>)?
        );

        impl<'a> $crate::Request<'a> for Request $(<$request>)? {
            const KEY: $crate::ApiKey = $crate::ApiKey::$key;
            const NAME: &'static str = stringify!($key);
            const VERSIONS: std::ops::RangeInclusive<i16> = $versions;
            const ADVERTISED: std::ops::RangeInclusive<i16> = $advertised;
            const FLEXIBLE_FROM: i16 = $flexible;
            type Static = $crate::message::with_lifetime!(Request 'static $($request)?);
            type Response<'r> = $crate::message::with_lifetime!(Response 'r $($response)?);
        }
    };
    ($key:ident, versions $versions:expr, flexible $flexible:expr, $($rest:tt)*) => {
        $crate::message::api!(
            $key, versions $versions, advertised $versions, flexible $flexible, $($rest)*
        );
    };
}

macro_rules! body {
    ($name:expr, $versions:expr, $flexible:expr, $type:ty) => {
        impl<'a> $crate::Message<'a> for $type {
            const MESSAGE: &'static str = $name;

            fn decode(
                reader: &mut $crate::Reader<'a>,
                version: i16,
            ) -> Result<Self, $crate::DecodeError> {
                $crate::message::decode(reader, version, &$versions, $flexible)
                    .map_err(|error| error.of(Self::MESSAGE, version))
            }

            fn encode(
                &self,
                writer: &mut $crate::Writer,
                version: i16,
            ) -> Result<(), $crate::EncodeError> {
                $crate::message::encode(self, writer, version, &$versions, $flexible)
            }
        }
    };
}

/// A struct's name with another lifetime, if it has one.
macro_rules! with_lifetime {
    ($name:ident $new:lifetime) => { $name };
    ($name:ident $new:lifetime $old:lifetime) => { $name<$new> };
}

/// The default of a field: its own, or its type's.
macro_rules! default_value {
    () => {
        Default::default()
    };
    ($default:expr) => {
        $default
    };
}

pub(crate) use {api, body, default_value, structs, with_lifetime};

pub(crate) fn decode<'a, T: Value<'a>>(
    reader: &mut Reader<'a>,
    version: i16,
    versions: &RangeInclusive<i16>,
    flexible_from: i16,
) -> Result<T, DecodeError> {
    if !versions.contains(&version) {
        let (first, last) = (*versions.start(), *versions.end());
        return Err(DecodeError::new(Problem::UnsupportedVersion {
            first,
            last,
        }));
    }
    // What follows stays in the reader: Kafka ignores it, and librdkafka 2.12 sends three bytes too many with
    // Metadata v13.
    T::read(reader, Form::new(version, flexible_from))
}

pub(crate) fn encode<'a, T: Message<'a> + Value<'a>>(
    message: &T,
    writer: &mut Writer,
    version: i16,
    versions: &RangeInclusive<i16>,
    flexible_from: i16,
) -> Result<(), EncodeError> {
    if !versions.contains(&version) {
        let (first, last) = (*versions.start(), *versions.end());
        return Err(EncodeError::UnsupportedVersion {
            message: T::MESSAGE,
            version,
            first,
            last,
        });
    }
    message.write(writer, Form::new(version, flexible_from))
}

#[cfg(test)]
mod tests;
