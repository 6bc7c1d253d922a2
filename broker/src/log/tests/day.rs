//! A scripted day, on the simulated disk or in a real folder: appends in all modes to several partitions, write-behind,
//! checkpoints, retention, trims, topics that come and go, restarts. It keeps what was promised and when, for [`super::crash`] to check.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    super::{
        disk::{Disk, folder::Folder, simulated::Simulated},
        writer::{Next, Writer},
    },
    *,
};

/// One append and when it was promised, as counts of disk operations.
#[derive(Debug)]
pub(super) struct Promise {
    pub(super) batches: Vec<(PartitionKey, i64, Vec<String>)>,
    pub(super) flush: Flush,
    pub(super) acknowledged_at: Option<usize>,
}

/// A log start offset that was asked for and became visible.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) partition: PartitionKey,
    pub(super) offset: i64,
    pub(super) asked_at: usize,
    pub(super) visible_at: usize,
}

/// What happened.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) promises: Vec<Promise>,
    pub(super) starts: Vec<Start>,
    /// When a partition was dropped.
    pub(super) drops: BTreeMap<PartitionKey, usize>,
    /// The leader epoch from an operation on.
    pub(super) epochs: Vec<(usize, i32)>,
    /// The only value an offset ever had.
    pub(super) values: BTreeMap<(PartitionKey, i64), String>,
}

/// Where the day takes place.
#[derive(Debug)]
pub(super) enum Ground {
    Simulated(Simulated),
    Folder(tempfile::TempDir),
}

impl Ground {
    /// The disk, for a broker that has just started.
    fn disk(&self) -> Arc<dyn Disk> {
        match self {
            Self::Simulated(disk) => {
                disk.kill();
                Arc::new(disk.clone())
            }
            Self::Folder(dir) => Arc::new(Folder::new(dir.path())),
        }
    }

    fn operation_count(&self) -> usize {
        match self {
            Self::Simulated(disk) => disk.operation_count(),
            Self::Folder(_) => 0,
        }
    }
}

/// The day under way.
#[derive(Debug)]
pub(super) struct Day {
    ground: Ground,
    pub(super) history: History,
    /// None between two runs.
    log: Option<(Log, Writer)>,
    now: Instant,
    hour: i64,
    random: Random,
    partitions: BTreeSet<PartitionKey>,
    next_topic: u8,
    written: usize,
}

pub(super) fn tiny_options() -> Options {
    Options {
        tail_bytes: 600,
        round_bytes: 2_000,
        wal_file_bytes: Some(24 * 1024),
        start_file_bytes: 8 * 1024,
        write_behind_bytes: 700,
        write_behind_delay: Duration::from_millis(20),
        checkpoint_bytes: 40 * 1024,
        follower_delay: Duration::from_millis(15),
        ..small_options()
    }
}

impl Day {
    pub(super) fn begin(ground: Ground, seed: u64) -> Self {
        let log = Log::open_idle(ground.disk(), tiny_options()).unwrap();
        let mut day = Self {
            ground,
            history: History::default(),
            log: Some(log),
            now: Instant::now(),
            hour: 0,
            random: Random(seed),
            partitions: BTreeSet::new(),
            next_topic: 1,
            written: 0,
        };
        day.note_epoch();
        day.create();
        day.create();
        day
    }

    pub(super) fn step(&mut self) {
        self.now += Duration::from_millis(7);
        self.hour += 1;
        match self.random.below(24) {
            0 => self.create(),
            1 => self.drop_topic(),
            2 => self.restart_in_order(),
            3 => self.restart_after_kill(),
            4 | 5 => self.clean(),
            6 => self.trim(),
            7..=10 => self.step_behind(),
            11..=13 => self.idle(),
            14..=16 => self.append(Flush::PageCache, 1),
            17 => self.append(Flush::Interval(Duration::from_millis(10)), 1),
            18 | 19 => self.append(Flush::Sync, 3),
            _ => self.append(Flush::Sync, 1),
        }
    }

    pub(super) fn end(mut self) -> (Ground, History) {
        self.write();
        (self.ground, self.history)
    }

    fn log(&self) -> &Log {
        &self.log.as_ref().unwrap().0
    }

    fn writer(&mut self) -> &mut Writer {
        &mut self.log.as_mut().unwrap().1
    }

    fn step_writer(&mut self) -> Next {
        let now = self.now;
        self.writer().step(now).unwrap()
    }

    fn at(&self) -> usize {
        self.ground.operation_count()
    }

    fn note_epoch(&mut self) {
        let epoch = self.log().recovery().leader_epoch;
        self.history.epochs.push((self.at(), epoch));
    }

    fn any_partition(&mut self) -> PartitionKey {
        let place = self.random.below(self.partitions.len() as u64);
        *self
            .partitions
            .iter()
            .nth(usize::try_from(place).unwrap())
            .unwrap()
    }

    fn policy() -> Policy {
        Policy {
            retention_ms: Some(40),
            retention_bytes: Some(60_000),
            ..Policy::default()
        }
    }

    fn create(&mut self) {
        for partition in 0..2 {
            let key = key(self.next_topic, partition);
            self.log().create(key, Self::policy()).unwrap();
            self.partitions.insert(key);
        }
        self.next_topic += 1;
    }

    fn drop_topic(&mut self) {
        if self.partitions.len() > 2 {
            let gone = self.any_partition();
            self.history.drops.insert(gone, self.at());
            self.log().drop(gone);
            self.partitions.remove(&gone);
        }
    }

    /// Up to three appends gather into one round before the writer gets to them.
    fn append(&mut self, flush: Flush, width: u64) {
        let mut tickets = Vec::new();
        for _ in 0..=self.random.below(3) {
            let mut group = Vec::new();
            let mut batches: Vec<(PartitionKey, i64, Vec<String>)> = Vec::new();
            for _ in 0..width {
                let partition = self.any_partition();
                if batches.iter().any(|(key, ..)| *key == partition) {
                    continue;
                }
                let base = self.log().offsets(partition).unwrap().end;
                let count = 1 + self.random.below(4);
                let size = usize::try_from(self.random.below(300)).unwrap();
                let values: Vec<_> = (0..count)
                    .map(|number| format!("{}-{number}-{}", self.written, "x".repeat(size)))
                    .collect();
                self.written += 1;
                let mut builder =
                    BatchBuilder::default().producer(7, 0, i32::try_from(base).unwrap());
                for value in &values {
                    builder.push(None, Some(value.as_bytes()), self.hour);
                }
                group.push(Append {
                    flush,
                    ..append(partition, builder.build())
                });
                batches.push((partition, base, values));
            }
            for (partition, base, values) in &batches {
                for (offset, value) in (*base..).zip(values) {
                    let before = self
                        .history
                        .values
                        .insert((*partition, offset), value.clone());
                    assert_eq!(
                        before, None,
                        "offset {offset} of {partition} was given out twice"
                    );
                }
            }
            let ticket = self.log().append(group).unwrap();
            let promise = Promise {
                batches,
                flush,
                acknowledged_at: None,
            };
            for (appended, (partition, base, _)) in ticket.appended().iter().zip(&promise.batches) {
                assert_eq!(
                    (appended.partition, appended.base_offset),
                    (*partition, *base)
                );
            }
            tickets.push((self.history.promises.len(), ticket));
            self.history.promises.push(promise);
        }
        self.write();
        for (place, ticket) in tickets {
            ticket.durable_blocking().unwrap();
            self.history.promises[place].acknowledged_at = Some(self.at());
        }
    }

    fn write(&mut self) {
        while self.log().stats().queued_bytes > 0 {
            self.step_writer();
            if self.log().stats().behind_bytes > 2_000 {
                self.step_behind();
            }
        }
    }

    /// Time goes by with nothing to do: overdue syncs, the empty round, a checkpoint.
    fn idle(&mut self) {
        self.now += Duration::from_millis(30);
        while self.step_writer() == Next::Again {}
        if self.random.below(4) == 0 {
            self.now += Duration::from_secs(40);
        }
        if self.random.below(4) == 0 {
            let engine = &self.log().shared.engine;
            engine.ring.fill(engine.disk.as_ref()).unwrap();
        }
        self.step_behind();
    }

    fn step_behind(&mut self) {
        let now = self.now;
        self.log()
            .shared
            .threads
            .with_behind(|behind| behind.step(now))
            .unwrap();
    }

    fn clean(&mut self) {
        let asked_at = self.at();
        self.write();
        for cleaned in self.log().clean(self.hour).unwrap() {
            self.note_start(cleaned.partition, cleaned.start, asked_at);
        }
    }

    fn trim(&mut self) {
        self.write();
        let partition = self.any_partition();
        let offsets = self.log().offsets(partition).unwrap();
        let held = u64::try_from(offsets.high_watermark - offsets.start).unwrap();
        let before = offsets.start + i64::try_from(self.random.below(held + 1)).unwrap();
        let asked_at = self.at();
        assert_eq!(self.log().trim(partition, before).unwrap(), before);
        self.note_start(partition, before, asked_at);
    }

    fn note_start(&mut self, partition: PartitionKey, offset: i64, asked_at: usize) {
        let visible_at = self.at();
        self.history.starts.push(Start {
            partition,
            offset,
            asked_at,
            visible_at,
        });
    }

    fn restart_in_order(&mut self) {
        self.write();
        let now = self.now;
        self.writer().finish(now).unwrap();
        self.log().close().unwrap();
        self.open(true);
    }

    fn restart_after_kill(&mut self) {
        self.write();
        self.open(false);
    }

    /// As the owner of topics does: policies are set again, unknown partitions are dropped again.
    fn open(&mut self, clean: bool) {
        self.log = None;
        self.log = Some(Log::open_idle(self.ground.disk(), tiny_options()).unwrap());
        assert_eq!(self.log().recovery().clean, clean);
        assert_eq!(self.log().recovery().damage, []);
        self.note_epoch();
        for partition in self.log().partitions() {
            if !self.partitions.contains(&partition) {
                self.log().drop(partition);
            }
        }
        for &partition in &self.partitions {
            self.log().create(partition, Self::policy()).unwrap();
        }
        for partition in self.partitions.clone() {
            self.check_partition(partition);
        }
    }

    /// After a restart without loss everything that was ever given out and not retired is there.
    fn check_partition(&self, partition: PartitionKey) {
        let start = self.log().offsets(partition).unwrap().start;
        let range = (partition, start)..=(partition, i64::MAX);
        let expected: BTreeMap<i64, String> = self
            .history
            .values
            .range(range)
            .map(|((_, offset), v)| (*offset, v.clone()))
            .collect();
        assert_eq!(read_all(self.log(), partition), expected, "{partition}");
    }
}

#[test]
fn a_day_without_a_power_cut_loses_nothing() {
    for seed in 0..10 {
        println!("seed {seed}");
        live_a_day(Ground::Simulated(Simulated::default()), seed, 150);
    }
    println!("seed 10, in a folder");
    live_a_day(Ground::Folder(tempfile::tempdir().unwrap()), 10, 100);
}

fn live_a_day(ground: Ground, seed: u64, steps: usize) {
    let mut day = Day::begin(ground, seed);
    for _ in 0..steps {
        day.step();
    }
    day.end();
}
