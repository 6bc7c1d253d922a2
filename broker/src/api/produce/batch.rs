//! What a produced batch must be before it goes to the log, and how a client is told otherwise.

use bytes::BytesMut;
use wire::ErrorCode;
use wire::record_batch::compression::CompressionError;
use wire::record_batch::{Batch, BatchError, BatchHeader, Codec, Rewrite};

use super::{Checked, Look};
use crate::api::partition;
use crate::settings::TopicSettings;
use crate::topics::Topic;

/// zstd is known to clients from this version on (KIP-110).
const ZSTD_SINCE: i16 = 7;

/// Why a batch is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: ErrorCode,
    /// Sent from version 8 on.
    pub(super) message: Option<String>,
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self {
            code,
            message: None,
        }
    }
}

impl Failure {
    fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: Some(message.into()),
        }
    }
}

/// Checks the records of one partition.
pub(super) fn check(
    look: &Look<'_>,
    topic: &Topic,
    index: i32,
    records: &[u8],
) -> Result<Checked, Failure> {
    if topic.internal {
        let message = format!(
            "{} is kept by the broker itself: clients may only read it",
            topic.name
        );
        return Err(Failure::new(ErrorCode::InvalidTopicException, message));
    }
    let partition = partition::key(topic, index)?;
    let (settings, now_ms) = (&topic.settings, look.broker.clock.now_ms());
    let bounds = Bounds {
        version: look.version,
        now_ms,
        unfolded_bytes: look.broker.budget.unfolded_bytes(),
    };
    let (header, rewritten) = check_bytes(settings, bounds, records)?;
    Ok(Checked {
        header,
        partition,
        flush: settings.flush,
        sync_every: settings.sync_every,
        rewritten,
        place: look.body.place(records),
        log_append_time_ms: settings.log_append_time.then_some(now_ms),
    })
}

/// What a batch is held against beside its topic's settings.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// Of the request.
    version: i16,
    now_ms: i64,
    /// Records of one batch unfold to this at most where the broker has to look at them.
    unfolded_bytes: usize,
}

/// The checks that need no broker. Gives the batch as it is stored where that is not as it came.
fn check_bytes(
    settings: &TopicSettings,
    bounds: Bounds,
    records: &[u8],
) -> Result<(BatchHeader, Option<BytesMut>), Failure> {
    check_size(settings, records.len(), "has")?;
    let batch = Batch::validate(records)
        .map_err(|error| Failure::new(batch_code(&error), error.to_string()))?;
    let header = *batch.header();
    if header.is_transactional() {
        let message = "a transactional batch needs a transactional id";
        return Err(Failure::new(
            ErrorCode::TransactionalIdAuthorizationFailed,
            message,
        ));
    }
    let codec = header
        .codec()
        .map_err(|error| Failure::new(batch_code(&error), error.to_string()))?;
    if codec == Codec::Zstd && bounds.version < ZSTD_SINCE {
        let message = "zstd needs Produce version 7 or later";
        return Err(Failure::new(ErrorCode::UnsupportedCompressionType, message));
    }
    check_time(settings, &header, bounds.now_ms)?;
    let wanted = settings.compression.filter(|(wanted, _)| *wanted != codec);
    if settings.compaction.is_none() && wanted.is_none() {
        return Ok((header, None));
    }
    let inflated = batch
        .inflate(bounds.unfolded_bytes)
        .map_err(|error| Failure::new(compression_code(&error), error.to_string()))?;
    check_records(&batch, &inflated, settings.compaction.is_some())?;
    let Some((codec, level)) = wanted else {
        return Ok((header, None));
    };
    let rewrite = Rewrite {
        codec,
        level,
        delete_horizon: None,
    };
    let records = batch.records_in(&inflated).map_while(Result::ok);
    let stored = batch
        .rewrite(records, rewrite)
        .map_err(|error| Failure::new(ErrorCode::UnknownServerError, error.to_string()))?;
    // Readers get it as it is stored.
    check_size(settings, stored.len(), "would be stored with")?;
    Ok((header, Some(stored)))
}

fn check_size(settings: &TopicSettings, have: usize, how: &str) -> Result<(), Failure> {
    let most = settings.max_message_bytes;
    if have <= most {
        return Ok(());
    }
    let message = format!("the batch {how} {have} bytes, max.message.bytes of the topic is {most}");
    Err(Failure::new(ErrorCode::MessageTooLarge, message))
}

fn compression_code(error: &CompressionError) -> ErrorCode {
    match error {
        CompressionError::TooLarge { .. } => ErrorCode::MessageTooLarge,
        CompressionError::Malformed { .. } => ErrorCode::CorruptMessage,
    }
}

fn batch_code(error: &BatchError) -> ErrorCode {
    if error.is_corruption() {
        ErrorCode::CorruptMessage
    } else {
        ErrorCode::InvalidRecord
    }
}

/// The bounds of `message.timestamp.before.max.ms` and `message.timestamp.after.max.ms`, by the header.
fn check_time(settings: &TopicSettings, header: &BatchHeader, now_ms: i64) -> Result<(), Failure> {
    // Records without a time, and those that get the broker's, have nothing to check.
    if settings.log_append_time || header.max_timestamp < 0 {
        return Ok(());
    }
    let ahead_ms = header.max_timestamp.saturating_sub(now_ms);
    let behind_ms = now_ms.saturating_sub(header.base_timestamp);
    if ahead_ms > settings.timestamp_after_max_ms || behind_ms > settings.timestamp_before_max_ms {
        let message = format!(
            "record times must lie between {} ms ago and {} ms ahead of the broker's clock",
            settings.timestamp_before_max_ms, settings.timestamp_after_max_ms
        );
        return Err(Failure::new(ErrorCode::InvalidTimestamp, message));
    }
    Ok(())
}

/// Every record can be read. A compacted topic keeps the last record of each key, so there each must have one.
fn check_records(batch: &Batch<'_>, inflated: &[u8], by_key: bool) -> Result<(), Failure> {
    for record in batch.records_in(inflated) {
        let record =
            record.map_err(|error| Failure::new(ErrorCode::CorruptMessage, error.to_string()))?;
        if by_key && record.key.is_none() {
            let message = "a record without key cannot go to a compacted topic";
            return Err(Failure::new(ErrorCode::InvalidRecord, message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use wire::record_batch::BatchBuilder;

    use super::*;

    const NOW_MS: i64 = 1_700_000_000_000;

    fn settings(values: &'static [(&'static str, &'static str)]) -> TopicSettings {
        TopicSettings::new(|name| {
            values
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| *value)
        })
    }

    fn batch(key: Option<&[u8]>, timestamp: i64) -> Vec<u8> {
        let mut builder = BatchBuilder::default();
        builder.push(key, Some(b"value"), timestamp);
        builder.build().to_vec()
    }

    fn code(settings: &TopicSettings, version: i16, records: &[u8]) -> Option<ErrorCode> {
        let bounds = Bounds {
            version,
            now_ms: NOW_MS,
            unfolded_bytes: 1 << 20,
        };
        check_bytes(settings, bounds, records)
            .err()
            .map(|failure| failure.code)
    }

    #[test]
    fn each_fault_has_its_code() {
        let plain = settings(&[]);
        let good = batch(None, NOW_MS);
        assert_eq!(code(&plain, 3, &good), None);
        let mut damaged = good.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert_eq!(code(&plain, 3, &damaged), Some(ErrorCode::CorruptMessage));
        assert_eq!(
            code(&plain, 3, &good[..20]),
            Some(ErrorCode::CorruptMessage)
        );
        assert_eq!(code(&plain, 3, &[]), Some(ErrorCode::CorruptMessage));
        let twice = [good.clone(), good.clone()].concat();
        assert_eq!(code(&plain, 3, &twice), Some(ErrorCode::InvalidRecord));
        let mut transactional = BatchBuilder::default().producer(1, 0, 0).transactional();
        transactional.push(None, None, NOW_MS);
        let refused = Some(ErrorCode::TransactionalIdAuthorizationFailed);
        assert_eq!(code(&plain, 3, &transactional.build()), refused);
        assert_eq!(
            code(&settings(&[("max.message.bytes", "10")]), 3, &good),
            Some(ErrorCode::MessageTooLarge)
        );
    }

    #[test]
    fn times_are_bounded_unless_the_broker_gives_them() {
        let (plain, hour) = (settings(&[]), 3_600_000);
        assert_eq!(code(&plain, 3, &batch(None, NOW_MS + hour)), None);
        assert_eq!(
            code(&plain, 3, &batch(None, NOW_MS + hour + 1)),
            Some(ErrorCode::InvalidTimestamp)
        );
        assert_eq!(code(&plain, 3, &batch(None, 1)), None);
        let bounded = settings(&[("message.timestamp.before.max.ms", "1000")]);
        assert_eq!(
            code(&bounded, 3, &batch(None, NOW_MS - 1001)),
            Some(ErrorCode::InvalidTimestamp)
        );
        let stamped = settings(&[("message.timestamp.type", "LogAppendTime")]);
        assert_eq!(code(&stamped, 3, &batch(None, NOW_MS + hour + 1)), None);
    }

    #[test]
    fn compacted_topics_want_keys() {
        let compacted = settings(&[("cleanup.policy", "compact")]);
        assert_eq!(
            code(&compacted, 3, &batch(None, NOW_MS)),
            Some(ErrorCode::InvalidRecord)
        );
        assert_eq!(code(&compacted, 3, &batch(Some(b"key"), NOW_MS)), None);
    }

    #[test]
    fn what_unfolds_to_more_than_is_looked_at_is_refused_where_it_must_be_looked_at() {
        let mut plain = BatchBuilder::default();
        plain.push(Some(b"key"), Some(&vec![0; 2 << 20]), NOW_MS);
        let folded = plain.build_in(Codec::Zstd).unwrap();
        let too_large = Some(ErrorCode::MessageTooLarge);
        assert_eq!(code(&settings(&[]), 7, &folded), None);
        for setting in [("cleanup.policy", "compact"), ("compression.type", "gzip")] {
            let found = TopicSettings::new(|name| (name == setting.0).then_some(setting.1));
            assert_eq!(code(&found, 7, &folded), too_large, "{setting:?}");
        }
    }
}
