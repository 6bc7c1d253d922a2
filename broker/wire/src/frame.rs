//! Whole frames: length, header, message.

use crate::{
    ApiKey, EncodeError, Encoded, Message, Request, RequestHeader, ResponseHeader, Str, Writer,
};

/// The frame of a request.
pub fn request<'a, R: Request<'a>>(
    correlation_id: i32,
    client_id: Option<&str>,
    request: &R,
    version: i16,
) -> Result<Encoded, EncodeError> {
    let mut writer = Writer::framed();
    let header = RequestHeader {
        request_api_key: R::KEY.code(),
        request_api_version: version,
        correlation_id,
        client_id: client_id.map(Str::from),
    };
    header.encode(&mut writer)?;
    request.encode(&mut writer, version)?;
    writer.finish_frame()
}

/// The frame that answers `key` in `version`.
///
/// To a version of `ApiVersions` that the broker does not know, pass version 0 (KIP-511).
pub fn response<'a, R: Message<'a>>(
    correlation_id: i32,
    key: ApiKey,
    response: &R,
    version: i16,
) -> Result<Encoded, EncodeError> {
    let mut writer = Writer::framed();
    ResponseHeader { correlation_id }.encode(&mut writer, key, version);
    response.encode(&mut writer, version)?;
    writer.finish_frame()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{api_versions, fetch, metadata};
    use crate::{Reader, Records, Splice};

    #[test]
    fn a_request_is_read_as_it_was_written() {
        for version in 0..=4 {
            let body = api_versions::Request {
                client_software_name: "a".into(),
                client_software_version: "1".into(),
            };
            let frame = request(7, Some("me"), &body, version).unwrap().bytes;
            let (len, rest) = frame.split_first_chunk().unwrap();
            assert_eq!(u32::from_be_bytes(*len) as usize, rest.len());
            let mut reader = Reader::new(rest);
            let header = RequestHeader::decode(&mut reader).unwrap();
            assert_eq!(
                (header.request_api_key, header.request_api_version),
                (18, version)
            );
            assert_eq!(
                (header.correlation_id, header.client_id.as_deref()),
                (7, Some("me"))
            );
            let read = api_versions::Request::decode(&mut reader, version).unwrap();
            let expected = if version < 3 {
                api_versions::Request::default()
            } else {
                body
            };
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn the_response_header_has_tags_in_flexible_versions_except_of_api_versions() {
        let flexible = response(7, ApiKey::Metadata, &metadata::Response::default(), 9).unwrap();
        assert_eq!(flexible.bytes[4..9], [0, 0, 0, 7, 0]);
        let plain = api_versions::Response {
            error_code: 35,
            ..Default::default()
        };
        let plain = response(7, ApiKey::ApiVersions, &plain, 3).unwrap();
        assert_eq!(plain.bytes[4..10], [0, 0, 0, 7, 0, 35]);
    }

    #[test]
    fn records_of_a_fetch_answer_are_spliced_behind_their_length() {
        let partition = |len| fetch::PartitionData {
            records: Records::Spliced(len),
            ..Default::default()
        };
        let topic = fetch::FetchableTopicResponse {
            partitions: vec![partition(300), partition(0), partition(5)],
            ..Default::default()
        };
        let answer = fetch::Response {
            responses: vec![topic],
            ..Default::default()
        };
        let spliced = response(7, ApiKey::Fetch, &answer, 16).unwrap();
        let mut whole = spliced.bytes.to_vec();
        for splice in spliced.splices.iter().rev() {
            whole.splice(splice.at..splice.at, std::iter::repeat_n(0xab, splice.len));
        }
        let lens: Vec<usize> = spliced
            .splices
            .iter()
            .map(|Splice { len, .. }| *len)
            .collect();
        assert_eq!(lens, [300, 5]);
        assert_eq!((spliced.len(), whole.len()), (whole.len(), whole.len()));

        let mut reader = Reader::new(&whole[4..]);
        ResponseHeader::decode(&mut reader, ApiKey::Fetch, 16).unwrap();
        let read = fetch::Response::decode(&mut reader, 16).unwrap();
        let records = |at: usize| read.responses[0].partitions[at].records.clone();
        assert_eq!(records(0), Records::Inline(Some(&[0xab; 300])));
        assert_eq!(records(1), Records::Inline(Some(&[])));
        assert_eq!(records(2), Records::Inline(Some(&[0xab; 5])));
    }
}
