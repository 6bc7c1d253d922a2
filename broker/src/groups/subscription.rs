//! The one thing the coordinator reads of a consumer's metadata: which topics it subscribes to.
//!
//! `ConsumerProtocolSubscription` v0-3 begins alike: version, then the topics. Anything that does
//! not look so is "cannot be told", never "none".

use bytes::Buf;

/// The subscribed topics; `None` if the bytes are not a subscription.
pub(super) fn topics(mut metadata: &[u8]) -> Option<Vec<String>> {
    let version = metadata.try_get_i16().ok()?;
    let count = metadata.try_get_i32().ok()?;
    if version < 0 || count < 0 {
        return None;
    }
    let mut topics = Vec::new();
    for _ in 0..count {
        let length = usize::try_from(metadata.try_get_i16().ok()?).ok()?;
        let (name, rest) = metadata.split_at_checked(length)?;
        topics.push(std::str::from_utf8(name).ok()?.to_owned());
        metadata = rest;
    }
    Some(topics)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_topics_or_admits_that_it_cannot() {
        let cases: [(&[u8], Option<&[&str]>); 6] = [
            (
                b"\0\x03\0\0\0\x02\0\x01a\0\x02bc\0\0\0\0",
                Some(&["a", "bc"]),
            ),
            (b"\0\0\0\0\0\0", Some(&[])),
            (b"", None),
            (b"\0\x01\x7f\xff\xff\xff\0\x01a", None),
            (b"\0\x01\0\0\0\x01\0\x05ab", None),
            (b"\0\x01\xff\xff\xff\xff", None),
        ];
        for (bytes, expected) in cases {
            let expected = expected.map(|names| names.iter().map(ToString::to_string).collect());
            assert_eq!(topics(bytes), expected, "{bytes:?}");
        }
    }
}
