//! The body of a request: read where it came in, and given away in parts to those who keep records.

use std::ops::Range;

use bytes::BytesMut;

/// A part smaller than this share of its frame is copied when it is taken: kept alone, it would hold the whole frame.
const LEAST_SHARE: usize = 4;

/// What follows the header in a frame.
#[derive(Debug)]
pub(super) struct Body {
    frame: BytesMut,
    at: usize,
}

impl Body {
    /// The frame from byte `at` on.
    pub(super) fn new(frame: BytesMut, at: usize) -> Self {
        Self { frame, at }
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.frame[self.at..]
    }

    /// Where a part that was found in [`Body::bytes`] lies in it.
    pub(super) fn place(&self, part: &[u8]) -> Range<usize> {
        let start = part.as_ptr().addr() - self.bytes().as_ptr().addr();
        start..start + part.len()
    }

    /// Takes the parts at these places, which follow each other and do not overlap. Large ones stay where they are.
    pub(super) fn take(mut self, places: &[Range<usize>]) -> Vec<BytesMut> {
        let whole = self.frame.len();
        let mut parts: Vec<_> = places
            .iter()
            .rev()
            .map(|place| {
                let mut part = self.frame.split_off(self.at + place.start);
                part.truncate(place.len());
                if place.len() * LEAST_SHARE < whole {
                    return BytesMut::from(&part[..]);
                }
                part
            })
            .collect();
        parts.reverse();
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> Body {
        Body::new(BytesMut::from(&b"head-small-and-a-large-one-tail"[..]), 5)
    }

    #[test]
    fn parts_are_taken_as_they_were_found() {
        let body = body();
        let places = [&body.bytes()[..5], &body.bytes()[6..21], &[]].map(|part| {
            if part.is_empty() {
                26..26
            } else {
                body.place(part)
            }
        });
        assert_eq!(body.bytes(), b"small-and-a-large-one-tail");
        let taken = body.take(&places);
        assert_eq!(taken, [&b"small"[..], b"and-a-large-one", b""]);
    }

    #[test]
    fn a_large_part_is_not_copied_and_a_small_one_does_not_hold_its_frame() {
        let body = body();
        let (small, large) = (0..5, 6..21);
        let (at_small, at_large) = (body.bytes()[0..].as_ptr(), body.bytes()[6..].as_ptr());
        let taken = body.take(&[small, large]);
        assert_ne!(taken[0].as_ptr(), at_small);
        assert_eq!(taken[1].as_ptr(), at_large);
    }
}
