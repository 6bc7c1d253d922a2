//! Records in and out of their codec. What comes out is bounded: a few bytes can be made to unfold into gigabytes.
//!
//! The formats are those of the Java client: gzip, snappy in the blocks of snappy-java, lz4 frames of independent blocks,
//! zstd. Snappy without blocks is read too; librdkafka writes it.

use std::io::{self, Read, Write};

use thiserror::Error;

use super::Codec;

/// What snappy-java puts before its blocks: a magic, its version, the oldest version that can read it.
const SNAPPY_HEAD: [u8; 16] = *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
/// The part of it that never changes.
const SNAPPY_MAGIC_LEN: usize = 8;
/// As snappy-java cuts them.
const SNAPPY_BLOCK_LEN: usize = 32 * 1024;

/// Why records could not be unfolded, or folded.
#[derive(Debug, Error)]
pub enum CompressionError {
    /// More than the caller can hold.
    #[error("the records unfold to more than {bound_bytes} bytes")]
    TooLarge {
        /// The most that was allowed.
        bound_bytes: usize,
    },
    /// Bytes that the codec does not know.
    #[error("the records are not {codec:?}: {error}")]
    Malformed {
        /// The codec that the batch names.
        codec: Codec,
        /// What it said.
        #[source]
        error: io::Error,
    },
}

/// The bytes of the records in `packed`, at most `bound_bytes`.
pub fn decompress(
    codec: Codec,
    packed: &[u8],
    bound_bytes: usize,
) -> Result<Vec<u8>, CompressionError> {
    let unpacked = match codec {
        Codec::None => bounded(packed, bound_bytes),
        Codec::Gzip => bounded(flate2::read::MultiGzDecoder::new(packed), bound_bytes),
        Codec::Lz4 => bounded(lz4_flex::frame::FrameDecoder::new(packed), bound_bytes),
        Codec::Zstd => zstd::stream::read::Decoder::with_buffer(packed)
            .and_then(|decoder| bounded(decoder, bound_bytes)),
        Codec::Snappy => unpack_snappy(packed, bound_bytes),
    };
    match unpacked {
        Ok(Some(unpacked)) => Ok(unpacked),
        Ok(None) => Err(CompressionError::TooLarge { bound_bytes }),
        Err(error) => Err(CompressionError::Malformed { codec, error }),
    }
}

/// `plain` in `codec`, at its `level` or at the codec's own.
pub fn compress(codec: Codec, level: Option<i32>, plain: &[u8]) -> io::Result<Vec<u8>> {
    match codec {
        Codec::None => Ok(plain.to_vec()),
        Codec::Gzip => {
            let level = level.and_then(|level| u32::try_from(level).ok());
            let level = level.map_or_else(flate2::Compression::default, flate2::Compression::new);
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(plain)?;
            encoder.finish()
        }
        Codec::Snappy => pack_snappy(plain),
        Codec::Lz4 => {
            let mut frame = lz4_flex::frame::FrameInfo::new();
            frame.block_size = lz4_flex::frame::BlockSize::Max64KB;
            frame.block_mode = lz4_flex::frame::BlockMode::Independent;
            let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(frame, Vec::new());
            encoder.write_all(plain)?;
            encoder.finish().map_err(io::Error::other)
        }
        Codec::Zstd => zstd::stream::encode_all(plain, level.unwrap_or_default()),
    }
}

/// All that `reader` gives; none when it is more than the bound.
fn bounded(reader: impl Read, bound_bytes: usize) -> io::Result<Option<Vec<u8>>> {
    let mut unpacked = Vec::new();
    let most = (bound_bytes as u64).saturating_add(1);
    reader.take(most).read_to_end(&mut unpacked)?;
    Ok((unpacked.len() <= bound_bytes).then_some(unpacked))
}

fn unpack_snappy(packed: &[u8], bound_bytes: usize) -> io::Result<Option<Vec<u8>>> {
    let Some(mut blocks) = packed
        .strip_prefix(&SNAPPY_HEAD[..SNAPPY_MAGIC_LEN])
        .and_then(|rest| rest.get(SNAPPY_HEAD.len() - SNAPPY_MAGIC_LEN..))
    else {
        return unpack_block(packed, bound_bytes);
    };
    let mut unpacked = Vec::new();
    while !blocks.is_empty() {
        let short = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let (length, rest) = blocks.split_first_chunk::<4>().ok_or_else(short)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(io::Error::other)?;
        let (block, rest) = rest.split_at_checked(length).ok_or_else(short)?;
        match unpack_block(block, bound_bytes - unpacked.len())? {
            Some(more) => unpacked.extend_from_slice(&more),
            None => return Ok(None),
        }
        blocks = rest;
    }
    Ok(Some(unpacked))
}

/// A block says how long it is before anything is unfolded.
fn unpack_block(block: &[u8], bound_bytes: usize) -> io::Result<Option<Vec<u8>>> {
    if snap::raw::decompress_len(block)? > bound_bytes {
        return Ok(None);
    }
    Ok(Some(snap::raw::Decoder::new().decompress_vec(block)?))
}

fn pack_snappy(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = SNAPPY_HEAD.to_vec();
    let mut encoder = snap::raw::Encoder::new();
    for block in plain.chunks(SNAPPY_BLOCK_LEN) {
        let block = encoder.compress_vec(block)?;
        let length = u32::try_from(block.len()).map_err(io::Error::other)?;
        packed.extend_from_slice(&length.to_be_bytes());
        packed.extend_from_slice(&block);
    }
    Ok(packed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Codec; 5] = [
        Codec::None,
        Codec::Gzip,
        Codec::Snappy,
        Codec::Lz4,
        Codec::Zstd,
    ];

    #[test]
    fn what_was_folded_unfolds_within_its_bound() {
        let plain: Vec<u8> = (0..200_000_u32)
            .flat_map(|n| (n / 7).to_le_bytes())
            .collect();
        for codec in ALL {
            let packed = compress(codec, None, &plain).unwrap();
            assert_eq!(decompress(codec, &packed, plain.len()).unwrap(), plain);
            let refused = decompress(codec, &packed, plain.len() - 1);
            assert!(
                matches!(refused, Err(CompressionError::TooLarge { .. })),
                "{codec:?}: {refused:?}"
            );
            let empty = compress(codec, None, &[]).unwrap();
            assert_eq!(decompress(codec, &empty, 0).unwrap(), Vec::<u8>::new());
        }
    }

    #[test]
    fn snappy_without_blocks_is_read() {
        let packed = snap::raw::Encoder::new().compress_vec(b"plain").unwrap();
        assert_eq!(decompress(Codec::Snappy, &packed, 5).unwrap(), b"plain");
    }

    #[test]
    fn a_bomb_takes_no_more_memory_than_its_bound() {
        let bomb = compress(Codec::Zstd, Some(19), &vec![0; 64 << 20]).unwrap();
        assert!(bomb.len() < 10_000);
        let refused = decompress(Codec::Zstd, &bomb, 1 << 20);
        assert!(matches!(refused, Err(CompressionError::TooLarge { .. })));
        // A snappy block that announces what it does not have.
        let refused = decompress(Codec::Snappy, &[0xff, 0xff, 0xff, 0xff, 0x0f], 1 << 20);
        assert!(refused.is_err());
    }

    proptest! {
        #[test]
        fn strange_bytes_are_refused_without_a_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            flip in any::<proptest::sample::Index>(),
        ) {
            for codec in ALL {
                let _ = decompress(codec, &bytes, 1 << 16);
                let mut packed = compress(codec, None, &bytes).unwrap();
                if !packed.is_empty() {
                    let at = flip.index(packed.len());
                    packed[at] ^= 0x40;
                }
                let _ = decompress(codec, &packed, 1 << 16);
            }
        }
    }
}
