//! Histories, most of them such that no broker should ever produce: what the checker says of each.

use super::*;

const IDEMPOTENT: u32 = 1;
const PLAIN: u32 = 2;

fn name(producer: u32, number: u64) -> Name {
    Name { producer, number }
}

fn place(offset: i64) -> Place {
    Place {
        partition: 0,
        offset,
    }
}

fn print(name: Name) -> Print {
    Print::of(format!("{name:?}").as_bytes())
}

fn found(offset: i64, name: Name) -> Found {
    Found {
        offset,
        name: Some(name),
        print: print(name),
    }
}

/// A history in the making: its steps read like a story.
struct Story(History);

impl Story {
    /// Three records sent by either producer, of which nothing was heard yet.
    fn begin() -> Self {
        let mut history = History::of([IDEMPOTENT]);
        for producer in [IDEMPOTENT, PLAIN] {
            for number in 0..3 {
                let name = name(producer, number);
                history.add(Event::Sent(name, print(name)));
            }
        }
        Self(history)
    }

    fn then(mut self, event: Event) -> Self {
        self.0.add(event);
        self
    }

    fn acked(self, producer: u32, number: u64, offset: i64) -> Self {
        self.then(Event::Acked(name(producer, number), place(offset)))
    }

    /// The whole partition is read: these records, from offset 0 on.
    fn scan(self, names: &[(u32, u64)]) -> Self {
        let records = names.iter().zip(0..);
        let records: Vec<_> = records
            .map(|((producer, number), offset)| found(offset, name(*producer, *number)))
            .collect();
        let end = i64::try_from(records.len()).unwrap();
        self.whole(0, end, records)
    }

    fn whole(self, start: i64, end: i64, records: Vec<Found>) -> Self {
        let since = self.0.now();
        self.then(Event::Scanned(Scan {
            partition: 0,
            since,
            start,
            end,
            records,
        }))
    }

    fn marks(self, start: i64, high: i64, epoch: i32) -> Self {
        self.then(Event::Marked(0, Marks { start, high, epoch }))
    }

    #[track_caller]
    fn breaks(self, expected: &[&str]) {
        let found: Vec<_> = self
            .0
            .violations()
            .iter()
            .map(Violation::invariant)
            .collect();
        assert_eq!(found, expected, "{:#?}", self.0.violations());
    }
}

#[test]
fn a_good_history_breaks_nothing() {
    let story = Story::begin()
        .acked(IDEMPOTENT, 0, 0)
        .acked(PLAIN, 0, 1)
        .marks(0, 2, 0)
        .scan(&[(IDEMPOTENT, 0), (PLAIN, 0)])
        // Of this one nothing was heard, and it is there; of another nothing was heard, and it is not.
        .scan(&[(IDEMPOTENT, 0), (PLAIN, 0), (IDEMPOTENT, 1)])
        .acked(IDEMPOTENT, 2, 3)
        .marks(0, 4, 1)
        .then(Event::ProducerId(7))
        .then(Event::ProducerId(8));
    story.breaks(&[]);
}

#[test]
fn an_acknowledged_record_that_is_gone_is_lost() {
    let story = Story::begin().acked(PLAIN, 0, 0).acked(PLAIN, 1, 1);
    story.scan(&[(PLAIN, 0)]).breaks(&["I1"]);
}

#[test]
fn a_record_somebody_read_is_not_lost_either() {
    let read = Event::Read(0, found(0, name(PLAIN, 0)));
    Story::begin().then(read).scan(&[]).breaks(&["I1"]);
}

#[test]
fn what_is_acknowledged_after_a_scan_began_need_not_be_in_it() {
    let mut story = Story::begin().acked(PLAIN, 0, 0);
    let since = story.0.now();
    story = story.acked(PLAIN, 1, 1);
    let scan = Scan {
        partition: 0,
        since,
        start: 0,
        end: 1,
        records: vec![found(0, name(PLAIN, 0))],
    };
    story.then(Event::Scanned(scan)).breaks(&[]);
}

#[test]
fn other_bytes_are_told_from_those_sent() {
    let mut altered = found(0, name(PLAIN, 0));
    altered.print = Print::of(b"something else");
    let story = Story::begin().whole(0, 1, vec![altered]);
    story.breaks(&["I1"]);
}

#[test]
fn a_trimmed_record_is_lost_unless_it_was_trimmed_on_purpose() {
    let story = || Story::begin().acked(PLAIN, 0, 0).acked(PLAIN, 1, 1);
    let rest = || vec![found(1, name(PLAIN, 1))];
    story().whole(1, 2, rest()).breaks(&["I1", "I1"]);
    let trimmed = story().then(Event::Trimmed(place(1)));
    trimmed.whole(1, 2, rest()).breaks(&[]);
}

#[test]
fn an_offset_has_one_value_over_restarts() {
    let story = Story::begin().scan(&[(PLAIN, 0)]).scan(&[(PLAIN, 1)]);
    story.breaks(&["I2"]);
    let acks = Story::begin().acked(PLAIN, 0, 0).acked(PLAIN, 1, 0);
    acks.breaks(&["I2"]);
}

#[test]
fn offsets_rise_without_a_hole() {
    let records = |offsets: [i64; 2]| {
        let named = offsets.into_iter().zip(0..);
        named.map(|(offset, number)| found(offset, name(PLAIN, number)))
    };
    let story = Story::begin().whole(0, 3, records([0, 2]).collect());
    story.breaks(&["I2"]);
    let backwards = Story::begin().whole(0, 1, records([1, 0]).collect());
    backwards.breaks(&["I2", "I2"]);
    let short = Story::begin().whole(0, 3, records([0, 1]).collect());
    short.breaks(&["I2"]);
}

#[test]
fn an_idempotent_producer_is_there_once_and_in_order() {
    let twice = [(IDEMPOTENT, 0), (IDEMPOTENT, 0)];
    Story::begin().scan(&twice).breaks(&["I3"]);
    let order = [(IDEMPOTENT, 1), (PLAIN, 0), (IDEMPOTENT, 0)];
    Story::begin().scan(&order).breaks(&["I3"]);
    Story::begin()
        .scan(&[(PLAIN, 1), (PLAIN, 0), (PLAIN, 0)])
        .breaks(&[]);
}

#[test]
fn an_acknowledgement_does_not_move() {
    let story = Story::begin().acked(PLAIN, 0, 0).acked(PLAIN, 0, 1);
    story.breaks(&["I3"]);
}

#[test]
fn what_was_refused_is_not_there() {
    let refused = || Story::begin().then(Event::Refused(name(IDEMPOTENT, 0)));
    refused().scan(&[(IDEMPOTENT, 0)]).breaks(&["I4"]);
    refused().acked(IDEMPOTENT, 0, 0).breaks(&["I4"]);
    let late = Story::begin().scan(&[(IDEMPOTENT, 0)]);
    late.then(Event::Refused(name(IDEMPOTENT, 0)))
        .breaks(&["I4"]);
}

#[test]
fn what_nobody_sent_is_not_there() {
    Story::begin().scan(&[(9, 0)]).breaks(&["I4"]);
    let nameless = Found {
        offset: 0,
        name: None,
        print: Print::of(b"?"),
    };
    Story::begin().whole(0, 1, vec![nameless]).breaks(&["I4"]);
}

#[test]
fn marks_and_producer_ids_never_go_back() {
    let marked = || Story::begin().marks(2, 5, 3);
    marked().marks(2, 4, 3).breaks(&["I7"]);
    marked().marks(1, 5, 3).breaks(&["I7"]);
    marked().marks(2, 5, 2).breaks(&["I7"]);
    let ids = Story::begin().then(Event::ProducerId(7));
    ids.then(Event::ProducerId(7)).breaks(&["I7"]);
}

#[test]
fn a_broken_broker_cannot_fill_the_memory() {
    let mut story = Story::begin();
    for _ in 0..1000 {
        story = story.scan(&[(9, 0)]);
    }
    assert_eq!(story.0.violations().len(), MOST_VIOLATIONS);
}
