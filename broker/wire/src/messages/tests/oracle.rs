//! The crate kafka-protocol reads what we write, and writes what we read.

use std::ops::RangeInclusive;

use bytes::{Bytes, BytesMut};
use kafka_protocol::protocol::{Decodable, Encodable, Message};

use super::{Random, for_all};

pub(super) fn versions<M: Message>() -> RangeInclusive<i16> {
    M::VERSIONS.min..=M::VERSIONS.max
}

pub(super) fn again<M: Decodable + Encodable>(bytes: &[u8], version: i16) -> Vec<u8> {
    let mut rest = Bytes::copy_from_slice(bytes);
    let message = M::decode(&mut rest, version).unwrap();
    assert!(rest.is_empty(), "the oracle left {} bytes", rest.len());
    let mut encoded = BytesMut::new();
    message.encode(&mut encoded, version).unwrap();
    encoded.to_vec()
}

#[test]
fn the_oracle_and_we_agree_on_every_byte() {
    let mut checked = 0;
    for_all(|codec, version| {
        if !codec.oracle_versions.contains(&version) {
            return;
        }
        for seed in 0..40 {
            let ours = (codec.sample)(&mut Random(seed), version);
            let name = format!("{} {} v{version}, seed {seed}", codec.api, codec.kind);
            let theirs = (codec.oracle)(&ours, version);
            assert_eq!(ours, theirs, "{name}: what the oracle writes");
            let again = (codec.again)(&theirs, version, 1 << 20);
            assert_eq!(again, Ok(theirs), "{name}: what we read of the oracle");
            checked += 1;
        }
    });
    assert!(checked > 10_000, "only {checked} messages were checked");
}
