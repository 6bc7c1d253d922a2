//! Topic ids and other 16-byte ids.

use std::fmt;
use std::str::FromStr;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// An id of 16 bytes, shown as Kafka shows it: 22 characters of URL-safe base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// Kafka's "no id".
    pub const ZERO: Self = Self([0; 16]);

    /// Whether this is "no id".
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }
}

impl From<[u8; 16]> for Uuid {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = u128::from_be_bytes(self.0);
        // 22 digits of 6 bits are 132 bits: the last digit holds 2 bits and 4 zeros.
        for shift in (0..21).rev().map(|digit| digit * 6 + 2) {
            let digit = (bits >> shift) as usize & 63;
            write!(f, "{}", char::from(ALPHABET[digit]))?;
        }
        let last = (bits as usize & 3) << 4;
        write!(f, "{}", char::from(ALPHABET[last]))
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not 22 characters of URL-safe base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("parse id: expected 22 characters of A-Z a-z 0-9 - _")]
pub struct UuidError;

impl FromStr for Uuid {
    type Err = UuidError;

    fn from_str(text: &str) -> Result<Self, UuidError> {
        if text.len() != 22 {
            return Err(UuidError);
        }
        let mut bits: u128 = 0;
        for (at, character) in text.bytes().enumerate() {
            let digit = ALPHABET
                .iter()
                .position(|&known| known == character)
                .ok_or(UuidError)?;
            bits = if at < 21 {
                bits << 6 | digit as u128
            } else if digit % 16 == 0 {
                bits << 2 | (digit >> 4) as u128
            } else {
                return Err(UuidError);
            };
        }
        Ok(Self(bits.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_and_parsed_as_kafka_does() {
        // Uuid.ONE_UUID and METADATA_TOPIC_ID of the Java client.
        let one = Uuid(1u128.to_be_bytes());
        assert_eq!(one.to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(Uuid::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        let mixed = Uuid(*b"\xff\xfe\x00\x10abcdefghijk\x80");
        assert_eq!(mixed.to_string(), "__4AEGFiY2RlZmdoaWprgA");
        for id in [one, mixed, Uuid::ZERO, Uuid([255; 16])] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "AAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAA=",
            "AAAAAAAAAAAAAAAAAAAAAB",
        ] {
            assert_eq!(text.parse::<Uuid>(), Err(UuidError), "{text}");
        }
    }
}
