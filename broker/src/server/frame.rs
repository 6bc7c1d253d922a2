//! Reads frames: a length that is checked and granted before a byte of the body is read.

use std::time::Duration;

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;
use wire::ApiKey;

use crate::memory::{Budget, Grant};

/// A frame that has begun must go on: without a byte for this long its connection is closed, so
/// that an announced length cannot hold memory for nothing.
const STALL: Duration = Duration::from_secs(30);
/// The shortest request: key, version, correlation id.
const LEAST_BYTES: usize = 8;

/// How requests are read.
pub(super) struct Frames {
    pub(super) budget: Budget,
    /// The effective `socket.request.max.bytes`.
    pub(super) max_bytes: usize,
    /// `connections.max.idle.ms`.
    pub(super) idle: Duration,
}

/// Why no more frames come.
#[derive(Debug)]
pub(super) enum End {
    /// The client went away, was silent for too long, or broke off: nothing to tell.
    Gone,
    /// The bytes are no Kafka request, and why.
    Bad(String),
}

impl Frames {
    /// Reads the next frame, without its length.
    pub(super) async fn next<R: AsyncRead + Unpin>(
        &self,
        stream: &mut R,
    ) -> Result<(BytesMut, Grant), End> {
        let mut prefix = [0; 4];
        match timeout(self.idle, stream.read_exact(&mut prefix)).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => return Err(End::Gone),
        }
        let length = checked_length(prefix, self.max_bytes).map_err(End::Bad)?;
        let mut key = [0; 2];
        match timeout(STALL, stream.read_exact(&mut key)).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => return Err(End::Gone),
        }
        let needed = self.needed(i16::from_be_bytes(key), length)?;
        let grant = self.budget.grant(needed).await;
        // Capacity, not bytes: memory is touched only as the body comes in.
        let mut body = BytesMut::with_capacity(length);
        body.put_slice(&key);
        while body.len() < length {
            let missing = length - body.len();
            let mut room = (&mut body).limit(missing);
            match timeout(STALL, stream.read_buf(&mut room)).await {
                Ok(Ok(read)) if read > 0 => {}
                _ => return Err(End::Gone),
            }
        }
        Ok((body, grant))
    }

    /// The memory to be granted for a request of this length.
    fn needed(&self, key: i16, length: usize) -> Result<usize, End> {
        let has_records = key == ApiKey::Produce.code();
        let needed = Budget::needed_bytes(length, has_records);
        if needed <= self.budget.max_frame_bytes() {
            return Ok(needed);
        }
        Err(End::Bad(format!(
            "a request of {length} bytes without records (API key {key}) may need {needed} bytes of memory, requests may use {}",
            self.budget.max_frame_bytes()
        )))
    }
}

/// The length of a frame from its first four bytes; an error says what they look like instead.
fn checked_length(prefix: [u8; 4], max_bytes: usize) -> Result<usize, String> {
    if is_http(prefix) {
        return Err("an HTTP request came in on a Kafka listener".to_owned());
    }
    if prefix[..2] == [0x16, 0x03] {
        return Err("a TLS handshake came in on a plaintext listener".to_owned());
    }
    let announced = i32::from_be_bytes(prefix);
    let length = usize::try_from(announced)
        .map_err(|_| format!("a frame announces a negative length ({announced})"))?;
    if length < LEAST_BYTES {
        return Err(format!(
            "a frame of {length} bytes is too short for a request"
        ));
    }
    if length > max_bytes {
        return Err(format!(
            "a frame announces {length} bytes, socket.request.max.bytes is {max_bytes}"
        ));
    }
    Ok(length)
}

fn is_http(prefix: [u8; 4]) -> bool {
    matches!(
        &prefix,
        b"GET " | b"POST" | b"PUT " | b"HEAD" | b"DELE" | b"OPTI" | b"CONN" | b"PRI "
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_checked_before_anything_else() {
        let cases: [([u8; 4], Result<usize, &str>); 8] = [
            ([0, 0, 0, 8], Ok(8)),
            ([0, 0, 4, 0], Ok(1024)),
            ([0, 0, 4, 1], Err("announces 1025 bytes")),
            ([0, 0, 0, 7], Err("too short")),
            ([0xff, 0xff, 0xff, 0xff], Err("negative length (-1)")),
            ([0x7f, 0xff, 0xff, 0xff], Err("announces 2147483647 bytes")),
            (*b"GET ", Err("HTTP")),
            ([0x16, 0x03, 0x01, 0x02], Err("TLS")),
        ];
        for (prefix, expected) in cases {
            match (checked_length(prefix, 1024), expected) {
                (Ok(length), Ok(expected)) => assert_eq!(length, expected),
                (Err(message), Err(part)) => assert!(message.contains(part), "{message}"),
                (found, expected) => panic!("{prefix:?}: {found:?}, expected {expected:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_frame_is_read_whole_and_a_broken_one_ends_the_connection() {
        let budget = Budget::new(0);
        let frames = Frames {
            budget,
            max_bytes: 1024,
            idle: Duration::from_secs(10),
        };
        let mut stream: &[u8] = &[0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 9, 1];
        let (frame, _grant) = frames.next(&mut stream).await.unwrap();
        assert_eq!(&frame[..], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(matches!(frames.next(&mut stream).await, Err(End::Gone)));
    }

    #[tokio::test]
    async fn only_records_fill_the_largest_frames() {
        let budget = Budget::new(0);
        let most = budget.max_frame_bytes();
        let frames = Frames {
            budget,
            max_bytes: most,
            idle: Duration::from_secs(10),
        };
        let (produce, metadata) = (ApiKey::Produce.code(), ApiKey::Metadata.code());
        assert_eq!(frames.needed(produce, most).unwrap(), most);
        assert!(frames.needed(metadata, most / 20).is_ok());
        let Err(End::Bad(why)) = frames.needed(metadata, most / 16) else {
            panic!("it was granted");
        };
        assert!(why.contains("without records (API key 3)"), "{why}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_and_a_stalled_frame_end() {
        let budget = Budget::new(0);
        let frames = Frames {
            budget: budget.clone(),
            max_bytes: 1024,
            idle: Duration::from_mins(10),
        };
        let (mut ours, mut theirs) = tokio::io::duplex(64);
        assert!(matches!(frames.next(&mut ours).await, Err(End::Gone)));
        tokio::io::AsyncWriteExt::write_all(&mut theirs, &[0, 0, 4, 0, 1])
            .await
            .unwrap();
        let before = tokio::time::Instant::now();
        assert!(matches!(frames.next(&mut ours).await, Err(End::Gone)));
        assert_eq!(before.elapsed(), STALL);
    }
}
