//! Builds one batch: what the broker writes to its own topics and what tests produce.

use std::io;

use bytes::{BufMut, BytesMut};

use super::{
    Batch, CONTROL, Codec, HEADER_LEN, LENGTH_END, MAGIC, Record, RecordHeader, Rewrite,
    TRANSACTIONAL, write_checksum,
};

/// Collects records and gives one batch with base offset 0 and leader epoch -1; the log assigns both.
#[derive(Debug, Clone)]
pub struct BatchBuilder {
    records: BytesMut,
    count: i32,
    base_timestamp: i64,
    max_timestamp: i64,
    attributes: i16,
    producer: (i64, i16, i32),
}

impl Default for BatchBuilder {
    fn default() -> Self {
        Self {
            records: BytesMut::new(),
            count: 0,
            base_timestamp: 0,
            max_timestamp: i64::MIN,
            attributes: 0,
            producer: (-1, -1, -1),
        }
    }
}

impl BatchBuilder {
    /// Marks the batch as written by an idempotent producer.
    #[must_use]
    pub fn producer(mut self, id: i64, epoch: i16, base_sequence: i32) -> Self {
        self.producer = (id, epoch, base_sequence);
        self
    }

    /// Marks the batch as part of a transaction.
    #[must_use]
    pub fn transactional(mut self) -> Self {
        self.attributes |= TRANSACTIONAL;
        self
    }

    /// Marks the batch as a control batch.
    #[must_use]
    pub fn control(mut self) -> Self {
        self.attributes |= CONTROL;
        self
    }

    /// Adds a record without headers. `timestamp` is in milliseconds since 1970; no value is a tombstone.
    pub fn push(&mut self, key: Option<&[u8]>, value: Option<&[u8]>, timestamp: i64) {
        self.push_with_headers(key, value, &[], timestamp);
    }

    /// Adds a record with headers.
    pub fn push_with_headers<'h>(
        &mut self,
        key: Option<&'h [u8]>,
        value: Option<&'h [u8]>,
        headers: &[(&'h str, Option<&'h [u8]>)],
        timestamp: i64,
    ) {
        if self.count == 0 {
            self.base_timestamp = timestamp;
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        let header = |(name, value): &(&'h str, Option<&'h [u8]>)| RecordHeader {
            key: name.as_bytes(),
            value: *value,
        };
        let record = Record {
            offset: i64::from(self.count),
            timestamp,
            key,
            value,
            headers: headers.iter().map(header).collect(),
        };
        let deltas = (timestamp.wrapping_sub(self.base_timestamp), record.offset);
        put_record(&mut self.records, deltas, &record);
        self.count += 1;
    }

    /// Records so far.
    pub fn count(&self) -> i32 {
        self.count
    }

    /// Bytes the batch would have now.
    pub fn size_bytes(&self) -> usize {
        HEADER_LEN + self.records.len()
    }

    /// The finished batch. Without a record it has none, which [`super::Batch::validate`] refuses.
    pub fn build(self) -> BytesMut {
        let mut batch = BytesMut::with_capacity(self.size_bytes());
        batch.put_i64(0);
        batch.put_i32(i32::try_from(self.size_bytes() - LENGTH_END).unwrap_or(i32::MAX));
        batch.put_i32(-1);
        batch.put_i8(MAGIC);
        batch.put_u32(0);
        batch.put_i16(self.attributes);
        batch.put_i32(self.count - 1);
        batch.put_i64(self.base_timestamp);
        batch.put_i64(if self.count == 0 {
            -1
        } else {
            self.max_timestamp
        });
        batch.put_i64(self.producer.0);
        batch.put_i16(self.producer.1);
        batch.put_i32(self.producer.2);
        batch.put_i32(self.count);
        batch.extend_from_slice(&self.records);
        write_checksum(&mut batch);
        batch
    }

    /// The finished batch with its records in `codec`, at the level that the codec has by itself.
    ///
    /// # Errors
    /// No record was added, or the codec failed.
    pub fn build_in(self, codec: Codec) -> io::Result<BytesMut> {
        let plain = self.build();
        let batch = Batch::validate(&plain).map_err(io::Error::other)?;
        let rewrite = Rewrite {
            codec,
            level: None,
            delete_horizon: None,
        };
        let records = batch.records_in(&plain[HEADER_LEN..]);
        batch.rewrite(records.map_while(Result::ok), rewrite)
    }
}

/// Writes a record, with its time and offset relative to its batch.
pub(super) fn put_record(
    out: &mut BytesMut,
    (timestamp_delta, offset_delta): (i64, i64),
    record: &Record<'_>,
) {
    let mut body = BytesMut::new();
    body.put_i8(0);
    put_varint(&mut body, timestamp_delta);
    put_varint(&mut body, offset_delta);
    put_bytes(&mut body, record.key);
    put_bytes(&mut body, record.value);
    put_varint(&mut body, length(record.headers.len()));
    for header in &record.headers {
        put_bytes(&mut body, Some(header.key));
        put_bytes(&mut body, header.value);
    }
    put_varint(out, length(body.len()));
    out.extend_from_slice(&body);
}

fn length(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn put_bytes(out: &mut BytesMut, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            put_varint(out, length(bytes.len()));
            out.extend_from_slice(bytes);
        }
        None => put_varint(out, -1),
    }
}

/// Zigzag, seven bits a byte, lowest first.
fn put_varint(out: &mut BytesMut, value: i64) {
    let mut raw = ((value << 1) ^ (value >> 63)).cast_unsigned();
    loop {
        let [low, ..] = raw.to_le_bytes();
        raw >>= 7;
        if raw == 0 {
            out.put_u8(low);
            return;
        }
        out.put_u8(low | 0x80);
    }
}
