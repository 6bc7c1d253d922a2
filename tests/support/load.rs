//! Clients that send numbered records for as long as they are let, through any number of deaths of the broker, and readers; all
//! of them tell a [`History`] what they see. They must not know how the broker dies, nor judge what was seen.

pub mod librdkafka;
pub mod python;
pub mod reader;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::history::{Event, History, Name, Print};

/// How far ahead of its acknowledgements a client may be. Bounds its memory, and what one death leaves open.
pub const MOST_OPEN: u64 = 1000;

/// Errors after which a record is certainly not in the log; of any other one nothing is known.
const CERTAIN: &[&str] = &["MessageSizeTooLarge", "InvalidTopic", "MsgSizeTooLarge"];

/// The topic under load.
#[derive(Clone, Debug)]
pub struct Target {
    /// `host:port`.
    pub bootstrap: String,
    /// Its name.
    pub topic: String,
    /// How many partitions it has; record n goes to partition n modulo this.
    pub partitions: i32,
}

impl Target {
    /// Where a record goes.
    pub fn partition(&self, number: u64) -> i32 {
        let partitions = u64::try_from(self.partitions).unwrap_or(1).max(1);
        i32::try_from(number % partitions).unwrap_or_default()
    }
}

/// A history that several clients tell.
#[derive(Clone, Debug)]
pub struct Shared(Arc<Mutex<History>>);

impl Shared {
    /// Begins one.
    pub fn new(history: History) -> Self {
        Self(Arc::new(Mutex::new(history)))
    }

    /// The history of this moment.
    pub fn look(&self) -> MutexGuard<'_, History> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells an event.
    pub fn tell(&self, event: Event) {
        self.look().add(event);
    }

    /// Tells that a client begins to send a record.
    pub fn tell_sent(&self, name: Name) {
        let print = Print::of(&value(name));
        self.tell(Event::Sent(name, print));
    }
}

/// The bytes of a record follow from its name alone: `producer number filler`. The Python client makes the same.
pub fn value(name: Name) -> Vec<u8> {
    let Name { producer, number } = name;
    let mut bytes = format!("{producer} {number} ").into_bytes();
    let letter = b"abcdefghijklmnopqrstuvwxyz"[usize::try_from(number % 26).unwrap_or_default()];
    let filler = usize::try_from(number * 7919 % 1500).unwrap_or_default();
    bytes.resize(bytes.len() + filler, letter);
    bytes
}

/// Which record these bytes say they are.
pub fn name(value: &[u8]) -> Option<Name> {
    let mut words = value.splitn(3, |byte| *byte == b' ');
    let mut number = || -> Option<u64> { std::str::from_utf8(words.next()?).ok()?.parse().ok() };
    Some(Name {
        producer: u32::try_from(number()?).ok()?,
        number: number()?,
    })
}

/// Milliseconds since 1970: a batch made by hand needs a time, or retention takes it at once.
pub fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
}

/// Whether this error says that the record is certainly not in the log.
fn is_certain(error: &str) -> bool {
    CERTAIN.iter().any(|word| error.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_which_it_is() {
        for number in [0, 7, 1500, u64::from(u32::MAX)] {
            let one = Name {
                producer: 3,
                number,
            };
            assert_eq!(name(&value(one)), Some(one));
        }
        assert_eq!(name(b""), None);
        assert_eq!(name(b"3 x y"), None);
    }

    #[test]
    fn records_spread_over_all_partitions() {
        let target = Target {
            bootstrap: String::new(),
            topic: String::new(),
            partitions: 3,
        };
        let partitions: Vec<_> = (0..4).map(|number| target.partition(number)).collect();
        assert_eq!(partitions, [0, 1, 2, 0]);
    }
}
