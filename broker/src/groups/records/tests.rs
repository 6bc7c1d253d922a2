//! Goal: our records are Kafka's, byte for byte. Method: bytes spelt out by hand from the published
//! schemas, round trips of random values, and damage at every byte.

use proptest::prelude::*;

use super::*;

fn offset_key() -> OffsetKey {
    OffsetKey {
        group: "g".into(),
        topic: "orders".into(),
        partition: 3,
    }
}

fn offset_value() -> OffsetValue {
    OffsetValue {
        offset: 258,
        leader_epoch: 7,
        metadata: "note".into(),
        committed_at_ms: 1,
        expires_at_ms: None,
        topic_id: Uuid::ZERO,
    }
}

#[test]
fn an_offset_with_its_topics_id_is_value_v4() {
    let value = OffsetValue {
        topic_id: Uuid(*b"0123456789abcdef"),
        ..offset_value()
    };
    let record = Record::Offset(offset_key(), Some(value));
    let (key, bytes) = record.encode().unwrap();
    let bytes = bytes.unwrap();
    assert_eq!(
        &bytes[..],
        b"\0\x04\0\0\0\0\0\0\x01\x02\0\0\0\x07\x05note\0\0\0\0\0\0\0\x01\x01\0\x100123456789abcdef"
    );
    assert_eq!(Record::decode(&key, Some(&bytes)), Ok(Some(record)));
}

#[test]
fn an_offset_without_an_id_is_key_v1_and_value_v3() {
    let (key, value) = Record::Offset(offset_key(), Some(offset_value()))
        .encode()
        .unwrap();
    assert_eq!(&key[..], b"\0\x01\0\x01g\0\x06orders\0\0\0\x03");
    assert_eq!(
        &value.unwrap()[..],
        b"\0\x03\0\0\0\0\0\0\x01\x02\0\0\0\x07\0\x04note\0\0\0\0\0\0\0\x01"
    );
}

#[test]
fn an_offset_with_its_own_expiry_is_value_v1() {
    let value = OffsetValue {
        leader_epoch: -1,
        expires_at_ms: Some(2),
        ..offset_value()
    };
    let record = Record::Offset(offset_key(), Some(value));
    let (key, bytes) = record.encode().unwrap();
    let bytes = bytes.unwrap();
    assert_eq!(
        &bytes[..],
        b"\0\x01\0\0\0\0\0\0\x01\x02\0\x04note\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02"
    );
    assert_eq!(Record::decode(&key, Some(&bytes)), Ok(Some(record)));
}

#[test]
fn a_group_is_key_v2_and_value_v3() {
    let record = Record::Group("g".into(), Some(group_value()));
    let (key, value) = record.encode().unwrap();
    assert_eq!(&key[..], b"\0\x02\0\x01g");
    let expected: &[u8] = b"\0\x03\0\x08consumer\0\0\0\x05\0\x05range\0\x01m\0\0\0\0\0\0\0\x09\
        \0\0\0\x01\0\x01m\xff\xff\0\x01c\0\x0a/127.0.0.1\0\x04\x93\xe0\0\0\xaf\xc8\
        \0\0\0\x02\x01\x02\0\0\0\x01\x03";
    assert_eq!(&value.unwrap()[..], expected);
}

fn group_value() -> GroupValue {
    GroupValue {
        protocol_type: "consumer".into(),
        generation: 5,
        protocol: Some("range".into()),
        leader: Some("m".into()),
        since_ms: 9,
        members: vec![MemberValue {
            member_id: "m".into(),
            instance_id: None,
            client_id: "c".into(),
            client_host: "/127.0.0.1".into(),
            rebalance_timeout_ms: 300_000,
            session_timeout_ms: 45_000,
            subscription: Bytes::from_static(&[1, 2]),
            assignment: Bytes::from_static(&[3]),
        }],
    }
}

#[test]
fn old_and_newer_values_are_read() {
    let (key, _) = Record::Offset(offset_key(), None).encode().unwrap();
    let read = |bytes: &[u8]| match Record::decode(&key, Some(bytes)).unwrap().unwrap() {
        Record::Offset(_, Some(value)) => value,
        other => panic!("{other:?}"),
    };
    let no_epoch = OffsetValue {
        leader_epoch: -1,
        ..offset_value()
    };
    let v0: &[u8] = b"\0\0\0\0\0\0\0\0\x01\x02\0\x04note\0\0\0\0\0\0\0\x01";
    let v2: &[u8] = b"\0\x02\0\0\0\0\0\0\x01\x02\0\x04note\0\0\0\0\0\0\0\x01";
    let v4: &[u8] = b"\0\x04\0\0\0\0\0\0\x01\x02\0\0\0\x07\x05note\0\0\0\0\0\0\0\x01\0";
    assert_eq!(read(v0), no_epoch);
    assert_eq!(read(v2), no_epoch);
    assert_eq!(read(v4), offset_value());
    let key = b"\0\x02\0\x01g";
    let v4: &[u8] = b"\0\x04\x09consumer\0\0\0\x05\x06range\x02m\0\0\0\0\0\0\0\x09\
        \x02\x02m\0\x02c\x0b/127.0.0.1\0\x04\x93\xe0\0\0\xaf\xc8\x03\x01\x02\x02\x03\0\0";
    let expected = Record::Group("g".into(), Some(group_value()));
    assert_eq!(Record::decode(key, Some(v4)), Ok(Some(expected)));
}

#[test]
fn tombstones_and_foreign_keys() {
    let tombstone = Record::Group("g".into(), None);
    let (key, value) = tombstone.encode().unwrap();
    assert_eq!(value, None);
    assert_eq!(Record::decode(&key, None), Ok(Some(tombstone)));
    assert_eq!(
        Record::decode(b"\0\x03\0\x01g", None),
        Ok(None),
        "a consumer group's record"
    );
}

#[test]
fn a_string_that_does_not_fit_is_refused() {
    let record = Record::Group("g".repeat(40_000), None);
    assert_eq!(record.encode(), Err(RecordError::Length("string", 40_000)));
}

#[test]
fn what_is_wrong_is_said() {
    let cases: [(&[u8], &[u8], RecordError); 4] = [
        (b"\0", b"", RecordError::Short("offsets key")),
        (
            b"\0\x02\0\x01g",
            b"\0\x09",
            RecordError::Version("group value", 9),
        ),
        (b"\0\x02\0\x01\xff", b"", RecordError::Text("offsets key")),
        (
            b"\0\x01\0\x01g\0\x01t\0\0\0\0",
            b"\0\x03\0\0\0\0\0\0\0\0\0\0\0\0\xff\xfe",
            RecordError::Length("offset value", -2),
        ),
    ];
    for (key, value, expected) in cases {
        assert_eq!(Record::decode(key, Some(value)), Err(expected));
    }
}

proptest! {
    #[test]
    fn a_group_cut_at_any_byte_is_an_error(cut in 0_usize..77) {
        let (key, value) = Record::Group("g".into(), Some(group_value())).encode().unwrap();
        let value = value.unwrap();
        prop_assert!(cut < value.len());
        prop_assert!(Record::decode(&key, Some(&value[..cut])).is_err());
    }

    #[test]
    fn random_bytes_never_panic(key in prop::collection::vec(any::<u8>(), 0..40),
                                value in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(Record::decode(&key, Some(&value)));
        for version in 0..5_u8 {
            let value = [&[0, version], &value[..]].concat();
            drop(Record::decode(b"\0\x02\0\x01g", Some(&value)));
            drop(Record::decode(b"\0\x01\0\x01g\0\x01t\0\0\0\0", Some(&value)));
        }
    }

    #[test]
    fn offsets_round_trip(group in ".{0,20}", topic in "[a-z.]{1,20}", partition in 0..9999_i32,
                          offset in 0..i64::MAX, epoch in -1..99_i32, metadata in ".{0,50}",
                          at in any::<i64>(), id in any::<[u8; 16]>()) {
        let value = OffsetValue {
            offset, leader_epoch: epoch, metadata, committed_at_ms: at, expires_at_ms: None, topic_id: Uuid(id),
        };
        let record = Record::Offset(OffsetKey { group, topic, partition }, Some(value));
        let (key, value) = record.encode().unwrap();
        prop_assert_eq!(Record::decode(&key, value.as_deref()), Ok(Some(record)));
    }

    #[test]
    fn groups_round_trip(members in prop::collection::vec((".{1,10}", any::<Option<u8>>(),
                         prop::collection::vec(any::<u8>(), 0..30)), 0..5)) {
        let members = members.into_iter().map(|(id, instance, data)| MemberValue {
            member_id: id.clone(),
            instance_id: instance.map(|instance| instance.to_string()),
            client_id: id,
            client_host: "/::1".into(),
            rebalance_timeout_ms: 1,
            session_timeout_ms: 2,
            subscription: data.clone().into(),
            assignment: data.into(),
        }).collect();
        let value = GroupValue { members, ..group_value() };
        let record = Record::Group("g".into(), Some(value));
        let (key, value) = record.encode().unwrap();
        prop_assert_eq!(Record::decode(&key, value.as_deref()), Ok(Some(record)));
    }
}
