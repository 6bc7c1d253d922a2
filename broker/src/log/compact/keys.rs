//! Which offset each key had last. Keys are held as digests, so that the memory does not depend on their length. Pure.

use std::collections::HashMap;

use uuid::Uuid;

/// Keys held at once: about 9 MiB. A log with more is compacted in several turns.
const MOST_KEYS: usize = 200_000;
/// Makes the digests ours; any constant does.
const NAMESPACE: Uuid = Uuid::from_u128(0x6564_6479_6c69_6e65_2e6c_6173_742e_6f66);

/// The last offset of each key in a part of a log.
#[derive(Debug, Default)]
pub(super) struct LastOffsets(HashMap<u128, i64>);

impl LastOffsets {
    /// Whether a batch with so many records surely fits. A first one always does.
    pub(super) fn has_room_for(&self, record_count: i32) -> bool {
        let more = usize::try_from(record_count).unwrap_or_default();
        self.0.is_empty() || self.0.len().saturating_add(more) <= MOST_KEYS
    }

    /// `key` stands at `offset`, which is above all offsets noted before.
    pub(super) fn note(&mut self, key: &[u8], offset: i64) {
        self.0.insert(digest(key), offset);
    }

    /// Whether no later record with this key is known.
    pub(super) fn is_last(&self, key: &[u8], offset: i64) -> bool {
        self.0.get(&digest(key)).is_none_or(|last| offset >= *last)
    }
}

/// 122 bits of SHA-1: two keys with one digest are not to be expected in any log.
fn digest(key: &[u8]) -> u128 {
    Uuid::new_v5(&NAMESPACE, key).as_u128()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_offset_of_a_key_is_the_one_noted_last() {
        let mut last = LastOffsets::default();
        for (key, offset) in [(&b"a"[..], 1), (b"b", 2), (b"a", 5), (b"", 6)] {
            last.note(key, offset);
        }
        assert!(!last.is_last(b"a", 1) && last.is_last(b"a", 5) && last.is_last(b"a", 9));
        assert!(last.is_last(b"b", 2) && last.is_last(b"", 6) && last.is_last(b"unknown", 0));
    }

    #[test]
    fn room_is_bounded_but_for_a_first_batch() {
        let mut last = LastOffsets::default();
        assert!(last.has_room_for(i32::MAX));
        last.note(b"a", 0);
        assert!(last.has_room_for(1) && !last.has_room_for(i32::MAX));
    }
}
