//! A batch written again: with fewer of its records, another codec, or a delete horizon. Offsets, producer and times stay
//! as they were; what log compaction and `compression.type` are made of.

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};

use super::{
    Batch, BatchHeader, CODEC_MASK, Codec, DELETE_HORIZON, HEADER_LEN, LENGTH_END, MAGIC, Record,
    Records, TimestampType,
    builder::put_record,
    compression::{CompressionError, compress, decompress},
    write_checksum,
};

/// How the new batch differs from the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewrite {
    /// The codec of the records.
    pub codec: Codec,
    /// Its level; the codec's own when not given.
    pub level: Option<i32>,
    /// The time after which tombstones of the batch may go, in milliseconds since 1970 (KIP-534). Kept when there is one
    /// already.
    pub delete_horizon: Option<i64>,
}

impl<'a> Batch<'a> {
    /// The bytes of the records, out of their codec: at most `bound_bytes`.
    pub fn inflate(&self, bound_bytes: usize) -> Result<Cow<'a, [u8]>, CompressionError> {
        let packed = &self.bytes[HEADER_LEN..];
        match self.header.codec() {
            // A codec nobody knows is found by the checks; its records cannot be read.
            Ok(Codec::None) | Err(_) => Ok(Cow::Borrowed(packed)),
            Ok(codec) => decompress(codec, packed, bound_bytes).map(Cow::Owned),
        }
    }

    /// The records in bytes that came from [`Batch::inflate`].
    pub fn records_in<'b>(&self, inflated: &'b [u8]) -> Records<'b> {
        let attributes = self.header.attributes & !CODEC_MASK;
        let header = BatchHeader {
            attributes,
            ..self.header
        };
        Records::new(header, inflated)
    }

    /// This batch with `records` alone, which are records of it in their order. With none left it is a header that keeps the
    /// offsets and the producer's sequence, and names no codec: no bytes at all are not what every codec gives for none.
    pub fn rewrite<'r>(
        &self,
        records: impl IntoIterator<Item = Record<'r>>,
        rewrite: Rewrite,
    ) -> std::io::Result<BytesMut> {
        let old = &self.header;
        let horizon = rewrite.delete_horizon.filter(|_| !old.has_delete_horizon());
        let base_timestamp = horizon.unwrap_or(old.base_timestamp);
        let mut plain = BytesMut::new();
        let (mut record_count, mut max_timestamp) = (0, None);
        for record in records {
            let deltas = (
                record.timestamp.wrapping_sub(base_timestamp),
                record.offset.wrapping_sub(old.base_offset),
            );
            put_record(&mut plain, deltas, &record);
            record_count += 1;
            max_timestamp = max_timestamp.max(Some(record.timestamp));
        }
        let max_timestamp = match old.timestamp_type() {
            TimestampType::CreateTime => max_timestamp.unwrap_or(old.max_timestamp),
            TimestampType::LogAppendTime => old.max_timestamp,
        };
        let codec = if record_count == 0 {
            Codec::None
        } else {
            rewrite.codec
        };
        let packed = compress(codec, rewrite.level, &plain)?;
        let flag = if horizon.is_some() { DELETE_HORIZON } else { 0 };
        let attributes = (old.attributes & !CODEC_MASK) | codec.bits() | flag;
        let length = HEADER_LEN - LENGTH_END + packed.len();
        let header = BatchHeader {
            length: i32::try_from(length).map_err(std::io::Error::other)?,
            attributes,
            base_timestamp,
            max_timestamp,
            record_count,
            ..*old
        };
        let mut batch = BytesMut::with_capacity(HEADER_LEN + packed.len());
        header.put(&mut batch);
        batch.extend_from_slice(&packed);
        write_checksum(&mut batch);
        Ok(batch)
    }
}

impl Codec {
    fn bits(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }
}

impl BatchHeader {
    /// Writes the header; the checksum is the caller's to compute.
    pub(super) fn put(&self, out: &mut BytesMut) {
        out.put_i64(self.base_offset);
        out.put_i32(self.length);
        out.put_i32(self.partition_leader_epoch);
        out.put_i8(MAGIC);
        out.put_u32(0);
        out.put_i16(self.attributes);
        out.put_i32(self.last_offset_delta);
        out.put_i64(self.base_timestamp);
        out.put_i64(self.max_timestamp);
        out.put_i64(self.producer_id);
        out.put_i16(self.producer_epoch);
        out.put_i32(self.base_sequence);
        out.put_i32(self.record_count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record_batch::{BatchBuilder, assign};

    fn five() -> BytesMut {
        let mut builder = BatchBuilder::default().producer(7, 1, 20);
        for number in 0..5_u8 {
            let headers: &[(&str, Option<&[u8]>)] = &[("h", Some(&[number]))];
            builder.push_with_headers(
                Some(&[number]),
                (number != 3).then_some(&[number; 3][..]),
                headers,
                1000 - i64::from(number),
            );
        }
        let mut batch = builder.build();
        assign(&mut batch, 40, 2);
        batch
    }

    fn records<'b>(batch: &Batch<'_>, inflated: &'b [u8]) -> Vec<Record<'b>> {
        batch
            .records_in(inflated)
            .map(|record| record.unwrap())
            .collect()
    }

    #[test]
    fn what_stays_keeps_offset_time_key_value_and_headers_in_every_codec() {
        let bytes = five();
        let (batch, _) = Batch::split(&bytes).unwrap();
        let inflated = batch.inflate(1 << 20).unwrap();
        let kept: Vec<_> = records(&batch, &inflated)
            .into_iter()
            .filter(|record| record.offset % 2 == 1)
            .collect();
        for codec in [
            Codec::None,
            Codec::Gzip,
            Codec::Snappy,
            Codec::Lz4,
            Codec::Zstd,
        ] {
            let rewrite = Rewrite {
                codec,
                level: None,
                delete_horizon: Some(99_000),
            };
            let again = batch.rewrite(kept.clone(), rewrite).unwrap();
            let (again, rest) = Batch::split(&again).unwrap();
            assert!(rest.is_empty());
            again.verify().unwrap();
            let header = again.header();
            assert_eq!(header.codec(), Ok(codec));
            assert_eq!((header.base_offset, header.last_offset()), (40, 44));
            assert_eq!((header.producer_id, header.base_sequence), (7, 20));
            assert_eq!((header.base_timestamp, header.max_timestamp), (99_000, 999));
            assert!(header.has_delete_horizon());
            let inflated = again.inflate(1 << 20).unwrap();
            assert_eq!(records(&again, &inflated), kept, "{codec:?}");
        }
    }

    #[test]
    fn a_batch_without_records_keeps_its_place() {
        let bytes = five();
        let (batch, _) = Batch::split(&bytes).unwrap();
        for codec in [
            Codec::None,
            Codec::Gzip,
            Codec::Snappy,
            Codec::Lz4,
            Codec::Zstd,
        ] {
            let rewrite = Rewrite {
                codec,
                level: None,
                delete_horizon: None,
            };
            let empty = batch.rewrite([], rewrite).unwrap();
            assert_eq!(empty.len(), HEADER_LEN);
            let (empty, _) = Batch::split(&empty).unwrap();
            empty.verify().unwrap();
            assert_eq!(
                (empty.header().next_offset(), empty.header().record_count),
                (45, 0)
            );
            assert_eq!(empty.header().max_timestamp, 1000);
            let inflated = empty.inflate(0).unwrap();
            assert_eq!(empty.records_in(&inflated).count(), 0, "{codec:?}");
        }
    }
    #[test]
    fn a_new_base_keeps_timestamps_however_far_away_they_are() {
        let timestamps = [i64::MIN, -1, i64::MAX];
        let mut builder = BatchBuilder::default();
        for timestamp in timestamps {
            builder.push(None, None, timestamp);
        }
        let bytes = builder.build();
        let (batch, _) = Batch::split(&bytes).unwrap();
        let rewrite = Rewrite {
            codec: Codec::None,
            level: None,
            delete_horizon: Some(99_000),
        };
        let before = records(&batch, &bytes[HEADER_LEN..]);
        let again = batch.rewrite(before.clone(), rewrite).unwrap();
        let (again, _) = Batch::split(&again).unwrap();
        let after = records(&again, &again.bytes()[HEADER_LEN..]);
        assert_eq!(after, before);
        let kept: Vec<_> = after.iter().map(|record| record.timestamp).collect();
        assert_eq!(kept, timestamps);
    }
}
