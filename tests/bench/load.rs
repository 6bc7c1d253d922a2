//! The load: closed loops that find the most, open loops that find the latency, and readers. It must not know which
//! system is under it.

pub(crate) mod closed;
pub(crate) mod connections;
pub(crate) mod open;
pub(crate) mod reader;
pub(crate) mod reports;
pub(crate) mod schedule;

use std::sync::OnceLock;

/// As many bytes as a record may have, and some to begin at.
const NOISE_BYTES: usize = 64 << 10;
const LONGEST_RECORD_BYTES: usize = 4 << 10;

/// Bytes that no compression makes smaller, another part of them for each record.
fn noise(index: u64, len: usize) -> &'static [u8] {
    static NOISE: OnceLock<Vec<u8>> = OnceLock::new();
    let noise = NOISE.get_or_init(|| {
        let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[7]
        };
        (0..NOISE_BYTES).map(|_| next()).collect()
    });
    let room = NOISE_BYTES - LONGEST_RECORD_BYTES;
    let at = usize::try_from(index.wrapping_mul(101)).unwrap_or(0) % room;
    &noise[at..at + len.min(LONGEST_RECORD_BYTES)]
}
