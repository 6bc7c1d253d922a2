//! The records of a Fetch answer: in the message, or only their length.

/// The `records` field of a Fetch answer.
///
/// A broker sends records as memory slices and file ranges, never as one copy. So the answer carries only their
/// length, and the [`crate::Writer`] notes where they belong ([`crate::Splice`]). Decoding gives `Inline`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Records<'a> {
    /// The batches themselves; `None` is null, which our broker never sends (librdkafka refuses it).
    Inline(Option<&'a [u8]>),
    /// That many bytes follow here in the frame and are written by somebody else.
    Spliced(usize),
}

impl Records<'_> {
    /// The length in bytes; 0 when null.
    pub fn len(&self) -> usize {
        match self {
            Self::Inline(records) => records.map_or(0, <[u8]>::len),
            Self::Spliced(len) => *len,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for Records<'_> {
    /// An empty byte string, never null.
    fn default() -> Self {
        Self::Inline(Some(&[]))
    }
}
