//! What can be wrong with a batch, with the numbers that were found.

use thiserror::Error;

/// What is wrong with a batch. The first four are damage in transit (`CORRUPT_MESSAGE`), the rest a producer's mistake
/// (`INVALID_RECORD`); [`BatchError::is_corruption`] tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BatchError {
    /// Fewer bytes than a header, or than the length field asks for.
    #[error("batch is cut short: {have} bytes of {want}")]
    Truncated {
        /// Bytes there are.
        have: usize,
        /// Bytes the header, or its length field, asks for.
        want: usize,
    },
    /// The length field is smaller than a header.
    #[error("batch length {0} is smaller than a batch header")]
    Length(i32),
    /// Bytes follow the batch where exactly one was asked for.
    #[error("{0} bytes follow the batch; one batch per partition is allowed")]
    Trailing(usize),
    /// The checksum does not match.
    #[error("batch checksum is {found:#010x}, its bytes give {computed:#010x}")]
    Crc {
        /// As written in the header.
        found: u32,
        /// As computed from the bytes.
        computed: u32,
    },
    /// Another record format.
    #[error("record format {0} is not supported; only 2 is")]
    Magic(i8),
    /// No record, or a negative count.
    #[error("record count {0} is not positive")]
    Count(i32),
    /// The offsets of the batch and its record count disagree.
    #[error("last offset delta {last_offset_delta} does not fit {count} records")]
    OffsetDelta {
        /// As written in the header.
        last_offset_delta: i32,
        /// Records in the batch.
        count: i32,
    },
    /// Only the broker writes control batches.
    #[error("a client may not write control batches")]
    Control,
    /// Only the broker sets a delete horizon (KIP-534).
    #[error("a client may not set a delete horizon")]
    DeleteHorizon,
    /// A compression codec nobody knows.
    #[error("compression codec {0} is unknown")]
    Codec(i16),
    /// An attribute bit without a meaning.
    #[error("attributes {0:#06x} use reserved bits")]
    Reserved(i16),
    /// A producer id without a usable epoch and sequence.
    #[error(
        "producer {producer_id} needs an epoch and a sequence, has {producer_epoch} and {base_sequence}"
    )]
    Producer {
        /// As written in the header.
        producer_id: i64,
        /// As written in the header.
        producer_epoch: i16,
        /// As written in the header.
        base_sequence: i32,
    },
}

impl BatchError {
    /// The bytes are damaged (`CORRUPT_MESSAGE`, a client retries), not merely refused (`INVALID_RECORD`).
    pub fn is_corruption(&self) -> bool {
        matches!(
            self,
            Self::Truncated { .. } | Self::Length(_) | Self::Crc { .. }
        )
    }
}
