//! Makes changed bytes valid again, so that the fuzzer gets past a checksum: CRC-32C over batches, in rounds of the shared
//! log, and at the end of the small files of a data folder.

use wire::record_batch::{Batch, BatchError, BatchHeader, HEADER_LEN, LENGTH_END};

const LENGTH_AT: usize = 8;
const MAGIC_AT: usize = 16;
const CRC_AT: usize = 17;
const CRC_LEN: usize = 4;

/// Rounds of the shared log begin at multiples of this, and so.
const BLOCK: usize = 4096;
const ROUND: &[u8] = b"EDDYRND1";
const ROUND_LEN_AT: usize = 40;
const PAYLOAD_LEN_AT: usize = 44;
const PAYLOAD_CRC_AT: usize = 60;
const ROUND_CRC_AT: usize = 64;
const ROUND_FIXED_LEN: usize = 68;

/// Makes `bytes` one batch of format 2 with matching length and checksum. Shorter than a header they stay as they are.
pub fn seal_batch(bytes: &mut [u8]) {
    if bytes.len() < HEADER_LEN {
        return;
    }
    let length = i32::try_from(bytes.len() - LENGTH_END).expect("an input is small");
    bytes[LENGTH_AT..LENGTH_END].copy_from_slice(&length.to_be_bytes());
    bytes[MAGIC_AT] = 2;
    write_crc(bytes);
}

/// Gives each batch in `bytes` the checksum that fits what it holds, as far as lengths lead from one to the next.
pub fn seal_batches(bytes: &mut [u8]) {
    let mut rest = bytes;
    while let Ok(header) = BatchHeader::parse(rest) {
        let Some((batch, after)) = rest.split_at_mut_checked(header.size_bytes()) else {
            return;
        };
        write_crc(batch);
        rest = after;
    }
}

/// The batch says itself what its checksum should be.
fn write_crc(bytes: &mut [u8]) {
    let verified = Batch::split(bytes).and_then(|(batch, _)| batch.verify());
    if let Err(BatchError::Crc { computed, .. }) = verified {
        bytes[CRC_AT..CRC_AT + CRC_LEN].copy_from_slice(&computed.to_be_bytes());
    }
}

/// Gives a file that ends in the checksum of all before it, as manifest, snapshots and indexes do, the one that fits.
pub fn seal_file(bytes: &mut [u8]) {
    if let Some(at) = bytes.len().checked_sub(CRC_LEN) {
        let crc = crc32c(&bytes[..at]);
        bytes[at..].copy_from_slice(&crc.to_le_bytes());
    }
}

/// Gives each round of a file of the shared log the checksums that fit, of what it holds and of its header.
pub fn seal_rounds(bytes: &mut [u8]) {
    for start in (0..bytes.len()).step_by(BLOCK) {
        let round = &mut bytes[start..];
        if round.starts_with(ROUND) && round.len() >= ROUND_FIXED_LEN {
            seal_round(round);
        }
    }
}

fn seal_round(round: &mut [u8]) {
    let header_len =
        u32::from_le_bytes(std::array::from_fn(|at| round[ROUND_LEN_AT + at])) as usize;
    let payload_len = u64::from_le_bytes(std::array::from_fn(|at| round[PAYLOAD_LEN_AT + at]));
    let payload_end = usize::try_from(payload_len)
        .ok()
        .and_then(|len| len.checked_add(header_len));
    if let Some(payload) = payload_end.and_then(|end| round.get(header_len..end)) {
        let crc = crc32c(payload);
        round[PAYLOAD_CRC_AT..ROUND_CRC_AT].copy_from_slice(&crc.to_le_bytes());
    }
    if (ROUND_FIXED_LEN..=round.len()).contains(&header_len) {
        round[ROUND_CRC_AT..ROUND_FIXED_LEN].fill(0);
        let crc = crc32c(&round[..header_len]);
        round[ROUND_CRC_AT..ROUND_FIXED_LEN].copy_from_slice(&crc.to_le_bytes());
    }
}

/// Bit by bit: files are small, and a table is not worth its lines.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
    let add = |crc: u32, &byte: &u8| (0..8).fold(crc ^ u32::from(byte), step);
    !bytes.iter().fold(!0, add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnoli() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }
}
