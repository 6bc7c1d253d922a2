use bytes::BytesMut;
use kafka_protocol::records::{
    Compression, Record as OracleRecord, RecordBatchDecoder, RecordBatchEncoder,
    RecordEncodeOptions, TimestampType as OracleTimestampType,
};
use proptest::prelude::*;

use super::*;

fn sample() -> BytesMut {
    let mut builder = BatchBuilder::default().producer(7, 1, 40);
    builder.push(Some(b"k"), Some(b"value"), 1_000);
    builder.push_with_headers(None, None, &[("h", Some(b"x")), ("n", None)], 900);
    builder.build()
}

/// Changes one field and repairs the checksum, so that only the named check can object.
fn edited(edit: impl FnOnce(&mut [u8])) -> BytesMut {
    let mut batch = sample();
    edit(&mut batch);
    write_checksum(&mut batch);
    batch
}

#[test]
fn a_built_batch_is_valid_and_reads_back() {
    let bytes = sample();
    let batch = Batch::validate(&bytes).unwrap();
    assert_eq!(batch.header().record_count, 2);
    assert_eq!(batch.header().max_timestamp, 1_000);
    assert_eq!(batch.header().producer_id, 7);
    let records: Vec<_> = batch.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(records[0].value, Some(b"value".as_slice()));
    assert_eq!((records[1].offset, records[1].timestamp), (1, 900));
    assert_eq!(
        records[1].headers[1],
        RecordHeader {
            key: b"n",
            value: None
        }
    );
}

#[test]
fn every_check_names_what_it_found() {
    let cases: Vec<(BytesMut, BatchError)> = vec![
        (edited(|b| b[16] = 1), BatchError::Magic(1)),
        (edited(|b| b[57..61].fill(0)), BatchError::Count(0)),
        (
            edited(|b| b[26] = 5),
            BatchError::OffsetDelta {
                last_offset_delta: 5,
                count: 2,
            },
        ),
        (edited(|b| b[22] |= 0x20), BatchError::Control),
        (edited(|b| b[22] |= 0x40), BatchError::DeleteHorizon),
        (edited(|b| b[22] |= 0x06), BatchError::Codec(6)),
        (edited(|b| b[21] |= 0x01), BatchError::Reserved(0x100)),
        (
            edited(|b| b[51..53].fill(0xff)),
            BatchError::Producer {
                producer_id: 7,
                producer_epoch: -1,
                base_sequence: 40,
            },
        ),
        (
            edited(|b| b[53..57].fill(0xff)),
            BatchError::Producer {
                producer_id: 7,
                producer_epoch: 1,
                base_sequence: -1,
            },
        ),
        (
            edited(|b| b[8..12].copy_from_slice(&48_i32.to_be_bytes())),
            BatchError::Length(48),
        ),
        (
            edited(|b| b[8..12].copy_from_slice(&(-1_i32).to_be_bytes())),
            BatchError::Length(-1),
        ),
    ];
    for (bytes, expected) in cases {
        assert_eq!(Batch::validate(&bytes), Err(expected));
    }
    let mut long = sample();
    long.extend_from_slice(b"xy");
    assert_eq!(Batch::validate(&long), Err(BatchError::Trailing(2)));
}

#[test]
fn any_flipped_bit_under_the_checksum_is_found() {
    let good = sample();
    for at in ATTRIBUTES_AT..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        let error = Batch::validate(&bad).unwrap_err();
        assert!(
            matches!(error, BatchError::Crc { .. }) && error.is_corruption(),
            "byte {at}"
        );
    }
}

#[test]
fn a_cut_at_any_byte_is_an_error() {
    let good = sample();
    for length in 0..good.len() {
        let error = Batch::validate(&good[..length]).unwrap_err();
        assert!(
            matches!(error, BatchError::Truncated { .. }),
            "length {length}: {error}"
        );
    }
}

#[test]
fn offset_epoch_and_append_time_are_written_in_place() {
    let mut bytes = sample();
    assign(&mut bytes, 1_234, 9);
    stamp_log_append_time(&mut bytes, 5_000);
    let batch = Batch::validate(&bytes).unwrap();
    assert_eq!(
        (
            batch.header().base_offset,
            batch.header().partition_leader_epoch
        ),
        (1_234, 9)
    );
    assert_eq!(
        batch.header().timestamp_type(),
        TimestampType::LogAppendTime
    );
    assert_eq!(batch.header().next_offset(), 1_236);
    let times: Vec<_> = batch
        .records()
        .map(|record| record.unwrap().timestamp)
        .collect();
    assert_eq!(times, [5_000, 5_000]);
}

#[test]
fn batches_of_a_slice_end_at_the_first_error() {
    let mut bytes = sample();
    bytes.extend_from_slice(&sample());
    assert_eq!(batches(&bytes).flatten().count(), 2);
    bytes.extend_from_slice(&sample()[..70]);
    let last = batches(&bytes).last().unwrap();
    assert!(matches!(last, Err(BatchError::Truncated { have: 70, .. })));
    assert_eq!(batches(&bytes).count(), 3);
}

#[test]
fn the_oracle_reads_what_we_build() {
    let mut bytes = sample().freeze();
    let decoded = RecordBatchDecoder::decode(&mut bytes).unwrap();
    assert_eq!(decoded.records.len(), 2);
    assert_eq!(decoded.records[0].key.as_deref(), Some(b"k".as_slice()));
    assert_eq!(decoded.records[1].timestamp, 900);
    assert_eq!(decoded.records[1].headers.len(), 2);
}

#[test]
fn we_read_what_the_oracle_builds() {
    let records: Vec<_> = (0..3)
        .map(|index| OracleRecord {
            transactional: false,
            control: false,
            partition_leader_epoch: 0,
            producer_id: -1,
            producer_epoch: -1,
            timestamp_type: OracleTimestampType::Creation,
            offset: index,
            sequence: i32::try_from(index).unwrap(),
            timestamp: 100 + index,
            key: None,
            value: Some(vec![b'v'; 200].into()),
            headers: kafka_protocol::indexmap::IndexMap::default(),
            delete_horizon: false,
        })
        .collect();
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    let mut bytes = BytesMut::new();
    RecordBatchEncoder::encode(&mut bytes, &records, &options).unwrap();
    let ours: Vec<_> = Batch::validate(&bytes)
        .unwrap()
        .records()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(ours.len(), 3);
    assert_eq!((ours[2].offset, ours[2].timestamp), (2, 102));
    assert_eq!(ours[2].value.map(<[u8]>::len), Some(200));
}

#[test]
fn hostile_lengths_inside_records_are_errors() {
    let bytes = edited(|b| b[HEADER_LEN] = 0x7e);
    let mut records = Batch::validate(&bytes).unwrap().records();
    assert!(matches!(
        records.next(),
        Some(Err(RecordError::Malformed { index: 0, .. }))
    ));
    assert_eq!(records.next(), None);
    let compressed = edited(|b| b[22] |= 4);
    let first = Batch::validate(&compressed).unwrap().records().next();
    assert_eq!(first, Some(Err(RecordError::Compressed(Codec::Zstd))));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Batch::validate(&bytes);
        if bytes.len() > HEADER_LEN {
            let length = i32::try_from(bytes.len() - LENGTH_END).unwrap();
            bytes[8..12].copy_from_slice(&length.to_be_bytes());
            bytes[22] &= !7;
            let (batch, _) = Batch::split(&bytes).unwrap();
            prop_assert!(batch.records().take(1_000).flatten().count() <= 300);
        }
    }
}
