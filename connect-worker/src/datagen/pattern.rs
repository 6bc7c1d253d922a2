//! Text from a pattern: fixed text, then characters of classes, as a regular expression such as
//! `Item_[1-9][0-9]{0,2}` says.
//!
//! The lengths follow the reference's automaton: wherever the text could end, it ends with
//! probability 0.35. So `{0,2}` gives 0, 1, 2 characters in 35, 22.75 and 42.25 of 100 cases.

use super::random::Draws;

/// How often a text ends where it could go on.
const STOP: f64 = 0.35;

/// A pattern whose last class alone may repeat.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pattern {
    /// The fixed text in front.
    pub(super) prefix: &'static str,
    /// One character of each of these.
    pub(super) once: &'static [Class],
    /// Then characters of this class.
    pub(super) tail: Class,
    /// How many of them at most.
    pub(super) tail_max: u8,
}

/// The ASCII characters from the first to the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Class(pub(super) u8, pub(super) u8);

/// `[0-9]`
pub(super) const DIGIT: Class = Class(b'0', b'9');
/// `[1-9]`
pub(super) const DIGIT_NOT_ZERO: Class = Class(b'1', b'9');

impl Pattern {
    /// A text that matches.
    pub(super) fn text(&self, draws: &mut Draws) -> String {
        let longest = self.prefix.len() + self.once.len() + usize::from(self.tail_max);
        let mut text = String::with_capacity(longest);
        text.push_str(self.prefix);
        for class in self.once {
            text.push(class.character(draws));
        }
        for _ in 0..self.tail_max {
            if draws.chance(STOP) {
                break;
            }
            text.push(self.tail.character(draws));
        }
        text
    }
}

impl Class {
    #[expect(clippy::cast_possible_truncation, reason = "below 256 by its bound")]
    fn character(self, draws: &mut Draws) -> char {
        let Self(first, last) = self;
        char::from(first + draws.below(u64::from(last - first) + 1) as u8)
    }
}
