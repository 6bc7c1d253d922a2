//! What was broken, in words.

use std::fmt;

use super::{Name, Place};

/// One broken promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A record that was acknowledged or read is not there (and how many are lost with it).
    Lost(Place, usize),
    /// A record has other bytes than were sent.
    Altered(Name, Place),
    /// The log start is behind records that nobody trimmed: partition, told, allowed.
    Trimmed(i32, i64, i64),
    /// Two values at one offset.
    TwoValues(Place),
    /// Partition, the offset that should come next, and the one that did.
    Hole(i32, i64, i64),
    /// A record of an idempotent producer is at two places.
    Twice(Name, Place, Place),
    /// Partition, and two numbers of an idempotent producer the wrong way round.
    OutOfOrder(i32, u64, Name),
    /// One record was acknowledged at two places.
    AckMoved(Name, Place, Place),
    /// A record was refused for certain, and is there.
    RefusedYetThere(Name, Place),
    /// A record was refused for certain and acknowledged.
    RefusedAndAcked(Name),
    /// A record that no client sent.
    NeverSent(Place),
    /// Partition, what went back, before and now.
    WentBack(i32, &'static str, i64, i64),
    /// A producer id was given to two producers.
    ProducerIdAgain(i64),
}

impl Violation {
    /// The invariant of the design that it breaks.
    pub fn invariant(&self) -> &'static str {
        match self {
            Self::Lost(..) | Self::Altered(..) | Self::Trimmed(..) => "I1",
            Self::TwoValues(..) | Self::Hole(..) => "I2",
            Self::Twice(..) | Self::OutOfOrder(..) | Self::AckMoved(..) => "I3",
            Self::RefusedYetThere(..) | Self::RefusedAndAcked(..) | Self::NeverSent(..) => "I4",
            Self::WentBack(..) | Self::ProducerIdAgain(..) => "I7",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ", self.invariant())?;
        match self {
            Self::Lost(place, all) => write!(out, "{place} is lost, one of {all}"),
            Self::Altered(name, place) => write!(out, "{name} at {place} has other bytes"),
            Self::Trimmed(partition, told, may) => write!(
                out,
                "partition {partition} starts at {told}, and nobody trimmed it beyond {may}"
            ),
            Self::TwoValues(place) => write!(out, "{place} has two values"),
            Self::Hole(partition, next, came) => {
                write!(out, "partition {partition}: after {next} comes {came}")
            }
            Self::Twice(name, one, other) => write!(out, "{name} is at {one} and at {other}"),
            Self::OutOfOrder(partition, before, name) => {
                write!(out, "partition {partition}: {name} comes after {before}")
            }
            Self::AckMoved(name, one, other) => {
                write!(out, "{name} was acknowledged at {one} and at {other}")
            }
            Self::RefusedYetThere(name, place) => {
                write!(out, "{name} was refused and is at {place}")
            }
            Self::RefusedAndAcked(name) => write!(out, "{name} was refused and acknowledged"),
            Self::NeverSent(place) => write!(out, "nobody sent what is at {place}"),
            Self::WentBack(partition, what, before, now) => {
                write!(out, "partition {partition}: {what} {before} is now {now}")
            }
            Self::ProducerIdAgain(id) => write!(out, "producer id {id} was given out twice"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}@{}", self.partition, self.offset)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "record {} of producer {}", self.number, self.producer)
    }
}
