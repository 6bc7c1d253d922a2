//! The partitions that a member has, out of the bytes it was assigned (consumer protocol of Kafka's clients, versions
//! 0 to 3: a version, then topics with their partitions; what follows is the assignor's own). Pure.

use crate::cluster::offsets::Place;

/// The partitions; none when the bytes are of another protocol.
pub(super) fn partitions(bytes: &[u8]) -> Vec<Place> {
    let mut bytes = Bytes(bytes);
    read(&mut bytes).unwrap_or_default()
}

fn read(bytes: &mut Bytes<'_>) -> Option<Vec<Place>> {
    let _version = bytes.i16()?;
    let mut places = Vec::new();
    for _ in 0..bytes.i32()? {
        let length = usize::try_from(bytes.i16()?).ok()?;
        let topic = std::str::from_utf8(bytes.take(length)?).ok()?;
        for _ in 0..bytes.i32()? {
            places.push((topic.to_owned(), bytes.i32()?));
        }
    }
    Some(places)
}

/// What is left to read. Every count is followed by that many elements of some bytes, so it bounds itself.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn i16(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn i32(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned() -> Vec<u8> {
        let mut bytes = vec![0, 1, 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 2];
        bytes.extend([0, 0, 0, 3, 0, 0, 0, 7]);
        // The assignor's own bytes: null.
        bytes.extend([0xff; 4]);
        bytes
    }

    #[test]
    fn the_partitions_are_read() {
        let expected = [("t".to_owned(), 3), ("t".to_owned(), 7)];
        assert_eq!(partitions(&assigned()), expected);
    }

    #[test]
    fn bytes_of_another_kind_give_none() {
        assert_eq!(partitions(&[]), []);
        let whole = assigned();
        for length in 0..whole.len() - 4 {
            assert_eq!(partitions(&whole[..length]), [], "length {length}");
        }
        assert_eq!(partitions(&[0, 1, 0x7f, 0xff, 0xff, 0xff, 0, 0]), []);
        assert_eq!(partitions(&[0, 1, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0]), []);
    }
}
