//! The account of records in flight of one task: what was sent, what is acknowledged, and up to
//! where everything is acknowledged. The stored offset is taken from here, so it never runs ahead
//! of the broker.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::producer::SinkError;

/// Records one task may have in flight.
pub(crate) const WINDOW: usize = 8192;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Acknowledged,
    Failed,
}

/// The pure part: a window over the records sent and not yet done with, in the order of sending.
#[derive(Debug)]
struct Window {
    records: VecDeque<(u64, Fate)>,
    /// The ticket of the first of them.
    first: u64,
    open: usize,
    /// Everything below is acknowledged, once `records` is empty.
    next: u64,
    acknowledged: u64,
    fault: Option<SinkError>,
}

impl Window {
    fn send(&mut self, g: u64) -> u64 {
        self.records.push_back((g, Fate::Open));
        self.open += 1;
        self.next = g + 1;
        self.first + self.records.len() as u64 - 1
    }

    fn settle(&mut self, ticket: u64, outcome: Result<(), SinkError>) {
        let place = ticket
            .checked_sub(self.first)
            .and_then(|place| usize::try_from(place).ok());
        let Some(record) = place.and_then(|place| self.records.get_mut(place)) else {
            return;
        };
        self.open -= 1;
        match outcome {
            Ok(()) => {
                record.1 = Fate::Acknowledged;
                self.acknowledged += 1;
            }
            Err(fault) => {
                record.1 = Fate::Failed;
                self.fault.get_or_insert(fault);
            }
        }
        while self
            .records
            .front()
            .is_some_and(|(_, fate)| *fate == Fate::Acknowledged)
        {
            self.records.pop_front();
            self.first += 1;
        }
    }

    /// A record that was not queued after all: the last one sent.
    fn take_back(&mut self, ticket: u64) {
        if ticket + 1 == self.first + self.records.len() as u64
            && let Some((g, _)) = self.records.pop_back()
        {
            self.open -= 1;
            self.next = g;
        }
    }

    fn low(&self) -> u64 {
        self.records.front().map_or(self.next, |(g, _)| *g)
    }
}

/// The account of one task's records in flight. Shared with the threads that deliver.
#[derive(Debug)]
pub(crate) struct InFlight {
    // A std mutex: held for a few instructions, never across an await, and locked from threads
    // that are not the runtime's.
    window: Mutex<Window>,
    settled: Notify,
}

impl InFlight {
    /// An empty account: everything below `next` is acknowledged already.
    pub(crate) fn new(next: u64) -> Arc<Self> {
        let window = Window {
            records: VecDeque::new(),
            first: 0,
            open: 0,
            next,
            acknowledged: 0,
            fault: None,
        };
        Arc::new(Self {
            window: Mutex::new(window),
            settled: Notify::new(),
        })
    }

    /// Enters record g, which is above all before it. `None` when the window is full.
    pub(crate) fn enter(self: &Arc<Self>, g: u64) -> Option<Receipt> {
        let mut window = self.window();
        if window.records.len() >= WINDOW {
            return None;
        }
        let ticket = window.send(g);
        Some(Receipt {
            account: Some(Arc::clone(self)),
            ticket,
        })
    }

    /// Every record of the task below this number is acknowledged.
    pub(crate) fn low(&self) -> u64 {
        self.window().low()
    }

    /// Records acknowledged since this account was opened.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.window().acknowledged
    }

    /// How many records are in flight.
    pub(crate) fn open(&self) -> usize {
        self.window().open
    }

    /// Nothing is in flight.
    pub(crate) fn is_drained(&self) -> bool {
        self.open() == 0
    }

    /// The first failure, if a record failed.
    pub(crate) fn fault(&self) -> Option<SinkError> {
        self.window().fault.clone()
    }

    /// Forgets a failure after it was dealt with: the records from [`InFlight::low`] on are to be
    /// sent again. Only when nothing is in flight.
    pub(crate) fn rewind(&self) -> u64 {
        let mut window = self.window();
        let low = window.low();
        window.first += window.records.len() as u64;
        window.records.clear();
        (window.next, window.fault) = (low, None);
        low
    }

    /// Waits until some record is settled after this call was first polled.
    pub(crate) async fn settled(&self) {
        self.settled.notified().await;
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The promise to tell what became of one record. Dropped, it tells that the record was lost.
#[derive(Debug)]
pub(crate) struct Receipt {
    account: Option<Arc<InFlight>>,
    ticket: u64,
}

impl Receipt {
    /// Tells what became of the record.
    pub(crate) fn settle(mut self, outcome: Result<(), SinkError>) {
        self.tell(outcome);
    }

    /// Takes the record out of the account: it was never queued.
    pub(crate) fn take_back(mut self) {
        if let Some(account) = self.account.take() {
            account.window().take_back(self.ticket);
        }
    }

    fn tell(&mut self, outcome: Result<(), SinkError>) {
        if let Some(account) = self.account.take() {
            account.window().settle(self.ticket, outcome);
            account.settled.notify_one();
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.tell(Err(SinkError::Other(
            "the client dropped the record".to_owned(),
        )));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> SinkError {
        SinkError::Other("lost".to_owned())
    }

    #[test]
    fn low_waits_for_the_oldest_record_whatever_the_order_of_deliveries() {
        let account = InFlight::new(3);
        let [a, b, c] = [3, 7, 11].map(|g| account.enter(g).unwrap());
        assert_eq!(account.low(), 3);
        c.settle(Ok(()));
        b.settle(Ok(()));
        assert_eq!((account.low(), account.is_drained()), (3, false));
        a.settle(Ok(()));
        assert_eq!(
            (account.low(), account.is_drained(), account.acknowledged()),
            (12, true, 3)
        );
    }

    #[test]
    fn low_stands_at_a_failed_record_until_it_is_sent_again() {
        let account = InFlight::new(0);
        let [a, b] = [0, 1].map(|g| account.enter(g).unwrap());
        a.settle(Err(lost()));
        b.settle(Ok(()));
        assert_eq!((account.low(), account.fault()), (0, Some(lost())));
        assert_eq!(account.rewind(), 0);
        assert_eq!(account.fault(), None);
        account.enter(0).unwrap().settle(Ok(()));
        assert_eq!(account.low(), 1);
    }

    #[test]
    fn a_dropped_receipt_is_a_lost_record() {
        let account = InFlight::new(0);
        drop(account.enter(0));
        assert!(account.fault().is_some() && account.low() == 0 && account.is_drained());
    }

    #[test]
    fn a_record_taken_back_was_never_sent() {
        let account = InFlight::new(0);
        account.enter(0).unwrap().settle(Ok(()));
        account.enter(4).unwrap().take_back();
        assert_eq!(
            (account.low(), account.is_drained(), account.fault()),
            (4, true, None)
        );
    }

    #[test]
    fn the_window_is_bounded() {
        let account = InFlight::new(0);
        let receipts: Vec<Receipt> = (0..).map_while(|g| account.enter(g)).collect();
        assert_eq!(receipts.len(), WINDOW);
    }
}
