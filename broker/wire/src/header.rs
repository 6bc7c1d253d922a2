//! What stands before each message: request header versions 1 and 2, response header versions 0 and 1.

use crate::value::{Form, Value};
use crate::{ApiKey, DecodeError, EncodeError, Reader, Str, Writer};

/// The header of a request. Version 2 (tagged fields) goes with the flexible versions of an API (KIP-482).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestHeader<'a> {
    /// The API's number; may be one we do not know.
    pub request_api_key: i16,
    /// The version of the API that the body has; may be one we do not know.
    pub request_api_version: i16,
    /// Comes back in the answer.
    pub correlation_id: i32,
    /// What the client calls itself.
    pub client_id: Option<Str<'a>>,
}

impl<'a> RequestHeader<'a> {
    /// Reads the header; the body follows.
    ///
    /// For an API that Kafka does not know only the first 8 bytes are read, since its form is unknown: close the connection.
    pub fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Self::read(reader).map_err(|error| error.of("request header", -1))
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut header = Self {
            request_api_key: reader.i16().map_err(|error| error.at("request_api_key"))?,
            request_api_version: reader
                .i16()
                .map_err(|error| error.at("request_api_version"))?,
            correlation_id: reader.i32().map_err(|error| error.at("correlation_id"))?,
            client_id: None,
        };
        let Some(key) = ApiKey::from_code(header.request_api_key) else {
            return Ok(header);
        };
        // The client id keeps its old form in version 2, so that a broker can read it from any client.
        let form = Form::new(0, i16::MAX).nullable(true);
        header.client_id = Value::read(reader, form).map_err(|error| error.at("client_id"))?;
        if key.is_flexible(header.request_api_version) {
            reader
                .skip_tags()
                .map_err(|error| error.at("tagged fields"))?;
        }
        Ok(header)
    }

    /// Writes the header.
    pub fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.i16(self.request_api_key);
        writer.i16(self.request_api_version);
        writer.i32(self.correlation_id);
        let form = Form::new(0, i16::MAX).nullable(true);
        self.client_id
            .write(writer, form)
            .map_err(|error| error.at("client_id"))?;
        let key = ApiKey::from_code(self.request_api_key);
        if key.is_some_and(|key| key.is_flexible(self.request_api_version)) {
            writer.uvarint(0);
        }
        Ok(())
    }
}

/// The header of an answer. Version 1 (tagged fields) goes with flexible versions, but `ApiVersions` always has
/// version 0, so that a client can read the answer to a version we do not know (KIP-511).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResponseHeader {
    /// As in the request.
    pub correlation_id: i32,
}

impl ResponseHeader {
    /// Reads the header of an answer to `key` in `version`.
    pub fn decode(reader: &mut Reader<'_>, key: ApiKey, version: i16) -> Result<Self, DecodeError> {
        let of_header = |error: DecodeError| error.of("response header", version);
        let correlation_id = reader.i32().map_err(of_header)?;
        if Self::has_tags(key, version) {
            reader.skip_tags().map_err(of_header)?;
        }
        Ok(Self { correlation_id })
    }

    /// Writes the header of an answer to `key` in `version`.
    pub fn encode(self, writer: &mut Writer, key: ApiKey, version: i16) {
        writer.i32(self.correlation_id);
        if Self::has_tags(key, version) {
            writer.uvarint(0);
        }
    }

    fn has_tags(key: ApiKey, version: i16) -> bool {
        key != ApiKey::ApiVersions && key.is_flexible(version)
    }
}
