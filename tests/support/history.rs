//! What clients of a broker saw, and whether a broker that keeps its promises can have shown it.
//!
//! Clients tell every send, acknowledgement, refusal and read; readers tell whole partitions; the invariants of the design are
//! checked as the events come in. Nothing here does I/O or knows a clock, so that the checker itself can be tested with
//! histories no broker should ever produce.
//!
//! | | held by |
//! |---|---|
//! | I1 | every acknowledged record stays readable at its offset, byte for byte; so does what any reader has seen |
//! | I2 | one value per partition and offset for ever; offsets without a hole; no offset given to two records |
//! | I3 | an idempotent producer's records are there once and in its order; an acknowledgement does not move |
//! | I4 | what was refused for certain is never read, and what nobody sent is not either |
//! | I7 | high watermark, log start and leader epoch never go back; no producer id is given out twice |

mod partition;
mod violation;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher};

use partition::Partition;
pub use violation::Violation;

/// Violations that are kept; one is enough to fail, and a broken broker could make millions.
const MOST_VIOLATIONS: usize = 50;

/// A record as its producer knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Which producer.
    pub producer: u32,
    /// Its how many-eth record, counted over all partitions.
    pub number: u64,
}

/// Where a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
}

/// What a record's bytes were, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print {
    length: usize,
    digest: u64,
}

impl Print {
    /// The print of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(bytes);
        Self {
            length: bytes.len(),
            digest: hasher.finish(),
        }
    }
}

/// One record as a reader saw it.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Where.
    pub offset: i64,
    /// Which, as its bytes say; none where they say nothing.
    pub name: Option<Name>,
    /// The bytes.
    pub print: Print,
}

/// All of a partition, read by one reader in one go.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Partition.
    pub partition: i32,
    /// [`History::now`] before the end of the partition was asked for: what was acknowledged earlier has to be in it.
    pub since: u64,
    /// The log start offset the broker told.
    pub start: i64,
    /// The high watermark the broker told.
    pub end: i64,
    /// The records in the order they came.
    pub records: Vec<Found>,
}

/// What a partition says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    /// Log start offset.
    pub start: i64,
    /// High watermark.
    pub high: i64,
    /// Leader epoch.
    pub epoch: i32,
}

/// One thing that was seen.
#[derive(Clone, Debug)]
pub enum Event {
    /// A client begins to send; told before the first byte leaves.
    Sent(Name, Print),
    /// The broker acknowledged it.
    Acked(Name, Place),
    /// The broker refused it and will not change its mind. A send of which nothing was heard gives no event.
    Refused(Name),
    /// A reader saw it.
    Read(i32, Found),
    /// A reader saw a whole partition.
    Scanned(Scan),
    /// A partition spoke of itself.
    Marked(i32, Marks),
    /// The log start was moved on purpose: what is below may be gone.
    Trimmed(Place),
    /// A new producer id was given out.
    ProducerId(i64),
}

/// What was seen so far, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records sent.
    pub sent: u64,
    /// Of them acknowledged.
    pub acked: u64,
    /// Of them refused for certain.
    pub refused: u64,
    /// Records read, each as often as it was read.
    pub read: u64,
    /// Whole partitions read.
    pub scans: u64,
}

/// Everything seen of one topic and its producers.
#[derive(Debug, Default)]
pub struct History {
    counts: Counts,
    moment: u64,
    partitions: BTreeMap<i32, Partition>,
    sent: HashMap<Name, Print>,
    acked: HashMap<Name, Place>,
    acked_by: HashMap<u32, u64>,
    refused: HashSet<Name>,
    /// Producers that repeat nothing; with the place of each of their records.
    once: HashMap<u32, HashMap<u64, Place>>,
    producer_ids: HashSet<i64>,
    violations: Vec<Violation>,
}

impl History {
    /// A history of idempotent producers; records of all others may be there more than once.
    pub fn of(idempotent: impl IntoIterator<Item = u32>) -> Self {
        let once = idempotent.into_iter().map(|one| (one, HashMap::new()));
        Self {
            once: once.collect(),
            ..Self::default()
        }
    }

    /// The moment of the next event; one passes with each.
    pub fn now(&self) -> u64 {
        self.moment + 1
    }

    /// The numbers so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Records of one producer that were acknowledged.
    pub fn acked_by(&self, producer: u32) -> u64 {
        self.acked_by.get(&producer).copied().unwrap_or_default()
    }

    /// What no broker that keeps its promises can have shown.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Takes an event in.
    pub fn add(&mut self, event: Event) {
        self.moment += 1;
        match event {
            Event::Sent(name, print) => {
                self.counts.sent += 1;
                self.sent.insert(name, print);
            }
            Event::Acked(name, place) => self.acked(name, place),
            Event::Refused(name) => self.refused(name),
            Event::Read(partition, found) => self.read(partition, found),
            Event::Scanned(scan) => self.scanned(&scan),
            Event::Marked(partition, marks) => {
                let found = self.partition(partition).mark(partition, marks);
                self.blame(found);
            }
            Event::Trimmed(place) => self.partition(place.partition).trim(place.offset),
            Event::ProducerId(id) => {
                if !self.producer_ids.insert(id) {
                    self.blame([Violation::ProducerIdAgain(id)]);
                }
            }
        }
    }

    fn acked(&mut self, name: Name, place: Place) {
        self.counts.acked += 1;
        *self.acked_by.entry(name.producer).or_default() += 1;
        let Some(print) = self.sent.get(&name).copied() else {
            return self.blame([Violation::NeverSent(place)]);
        };
        if self.refused.contains(&name) {
            self.blame([Violation::RefusedAndAcked(name)]);
        }
        let first = *self.acked.entry(name).or_insert(place);
        if first != place {
            self.blame([Violation::AckMoved(name, first, place)]);
        }
        let moment = self.moment;
        let other = self.partition(place.partition).seen(place, print, moment);
        self.blame(other);
        self.place(name, place);
    }

    fn refused(&mut self, name: Name) {
        self.counts.refused += 1;
        self.refused.insert(name);
        if self.acked.contains_key(&name) {
            self.blame([Violation::RefusedAndAcked(name)]);
        }
        let seen = self.once.get(&name.producer);
        if let Some(place) = seen.and_then(|seen| seen.get(&name.number)).copied() {
            self.blame([Violation::RefusedYetThere(name, place)]);
        }
    }

    fn read(&mut self, partition: i32, found: Found) {
        self.counts.read += 1;
        let place = Place {
            partition,
            offset: found.offset,
        };
        let sent = found.name.and_then(|name| self.sent.get(&name).copied());
        match (found.name, sent) {
            (Some(name), Some(sent)) => {
                if sent != found.print {
                    self.blame([Violation::Altered(name, place)]);
                }
                if self.refused.contains(&name) {
                    self.blame([Violation::RefusedYetThere(name, place)]);
                }
                self.place(name, place);
            }
            _ => self.blame([Violation::NeverSent(place)]),
        }
        let moment = self.moment;
        let other = self.partition(partition).seen(place, found.print, moment);
        self.blame(other);
    }

    /// Holds an idempotent producer's record to one place.
    fn place(&mut self, name: Name, place: Place) {
        let Some(places) = self.once.get_mut(&name.producer) else {
            return;
        };
        let first = *places.entry(name.number).or_insert(place);
        if first != place {
            self.blame([Violation::Twice(name, first, place)]);
        }
    }

    fn scanned(&mut self, scan: &Scan) {
        self.counts.scans += 1;
        for found in &scan.records {
            self.read(scan.partition, *found);
        }
        let mut last: HashMap<u32, u64> = HashMap::new();
        for name in scan.records.iter().filter_map(|found| found.name) {
            if !self.once.contains_key(&name.producer) {
                continue;
            }
            if let Some(before) = last.insert(name.producer, name.number)
                && before > name.number
            {
                self.blame([Violation::OutOfOrder(scan.partition, before, name)]);
            }
        }
        let found = self.partition(scan.partition).scanned(scan);
        self.blame(found);
    }

    fn partition(&mut self, id: i32) -> &mut Partition {
        self.partitions.entry(id).or_default()
    }

    fn blame(&mut self, found: impl IntoIterator<Item = Violation>) {
        let room = MOST_VIOLATIONS - self.violations.len();
        self.violations.extend(found.into_iter().take(room));
    }
}
