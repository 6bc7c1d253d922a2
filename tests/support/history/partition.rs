//! One partition of a history: what is at each offset, and how far the partition said it was.

use std::collections::BTreeMap;

use super::{Marks, Place, Print, Scan, Violation};

/// Lost records that are named one by one.
const MOST_NAMED: usize = 10;

#[derive(Debug, Default)]
pub(super) struct Partition {
    values: BTreeMap<i64, Value>,
    /// Below this records may be gone.
    trimmed: i64,
    marks: Option<Marks>,
}

/// The one value of an offset.
#[derive(Debug)]
struct Value {
    print: Print,
    /// The moment since which it has to be there.
    since: u64,
}

impl Partition {
    pub(super) fn trim(&mut self, below: i64) {
        self.trimmed = self.trimmed.max(below);
    }

    /// From this moment on the offset has this value, because it was acknowledged, or because a reader saw it: then it
    /// was below the high watermark, and is there for good too.
    pub(super) fn seen(&mut self, place: Place, print: Print, since: u64) -> Option<Violation> {
        let value = self.values.entry(place.offset);
        let value = value.or_insert(Value { print, since });
        value.since = value.since.min(since);
        (value.print != print).then_some(Violation::TwoValues(place))
    }

    pub(super) fn mark(&mut self, partition: i32, now: Marks) -> Vec<Violation> {
        let Some(before) = self.marks.replace(now) else {
            return Vec::new();
        };
        let numbers = [
            ("log start", before.start, now.start),
            ("high watermark", before.high, now.high),
            ("leader epoch", before.epoch.into(), now.epoch.into()),
        ];
        let back = numbers.into_iter().filter(|(_, before, now)| now < before);
        back.map(|(what, before, now)| Violation::WentBack(partition, what, before, now))
            .collect()
    }

    /// Compares a partition read whole, whose records are noted already, with what has to be in it.
    pub(super) fn scanned(&mut self, scan: &Scan) -> Vec<Violation> {
        let mut found = self.holes(scan);
        let mut offsets: Vec<i64> = scan.records.iter().map(|found| found.offset).collect();
        offsets.sort_unstable();
        let due = self.values.range(self.trimmed..);
        let due = due.filter(|(_, value)| value.since < scan.since);
        let lost: Vec<i64> = due
            .map(|(offset, _)| *offset)
            .filter(|offset| offsets.binary_search(offset).is_err())
            .collect();
        let place = |offset: &i64| Place {
            partition: scan.partition,
            offset: *offset,
        };
        let named = lost.iter().take(MOST_NAMED);
        found.extend(named.map(|offset| Violation::Lost(place(offset), lost.len())));
        found
    }

    /// Offsets rise one by one from the log start to the high watermark.
    fn holes(&self, scan: &Scan) -> Vec<Violation> {
        let mut found = Vec::new();
        if scan.start > self.trimmed {
            let (told, may) = (scan.start, self.trimmed);
            found.push(Violation::Trimmed(scan.partition, told, may));
        }
        let mut next = scan.start;
        for record in &scan.records {
            if record.offset != next && found.len() < MOST_NAMED {
                let at = record.offset;
                found.push(Violation::Hole(scan.partition, next, at));
            }
            next = record.offset + 1;
        }
        if next != scan.end {
            found.push(Violation::Hole(scan.partition, next, scan.end));
        }
        found
    }
}
