//! Goal: several workers lose nothing, whatever happens to pods, processes and the operator, and
//! repeat nothing but the last second before a kill. Method: days of random mishaps over one journal
//! in memory, in time that only moves when everybody waits; at the end the number of records is
//! given, and every number has to be there.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use super::*;
use crate::{
    producer::{Cluster, Later, Outgoing, RecordSink, SinkError, inflight::Receipt},
    store::{Journal, JournalError, Pair, Stored, state::State},
};

const RATE: u64 = 100;

/// Everything of one process that reaches the outside. Cut, the process is as good as killed: what it
/// still does in memory, nobody sees.
#[derive(Debug, Clone)]
struct Line {
    cluster: MemoryCluster,
    journal: Arc<MemoryJournal>,
    cut: Arc<AtomicBool>,
}

#[derive(Debug)]
struct LineSink {
    sink: Arc<dyn RecordSink>,
    cut: Arc<AtomicBool>,
}

impl Line {
    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }
}

impl Cluster for Line {
    fn sink(
        &self,
        name: &str,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Arc<dyn RecordSink>, SinkError> {
        Ok(Arc::new(LineSink {
            sink: self.cluster.sink(name, overrides)?,
            cut: Arc::clone(&self.cut),
        }))
    }

    fn id(&self) -> Later<'_, Option<String>> {
        self.cluster.id()
    }
}

impl RecordSink for LineSink {
    fn topic_exists<'a>(&'a self, topic: &'a str) -> Later<'a, Result<bool, SinkError>> {
        self.sink.topic_exists(topic)
    }

    fn send(&self, record: Outgoing<'_>, receipt: Receipt) -> Result<(), Receipt> {
        if self.cut.load(Ordering::Relaxed) {
            return Err(receipt);
        }
        self.sink.send(record, receipt)
    }

    fn is_usable(&self) -> bool {
        true
    }
}

impl Journal for Line {
    fn read(&self) -> Later<'_, Result<State, JournalError>> {
        self.journal.read()
    }

    fn append<'a>(&'a self, pairs: &'a [Pair]) -> Later<'a, Result<u64, JournalError>> {
        Box::pin(async move {
            if self.is_cut() {
                std::future::pending::<()>().await;
            }
            self.journal.append(pairs).await
        })
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn next(&self) -> Later<'_, Result<Stored, JournalError>> {
        self.journal.next()
    }
}

/// What the operator has written down.
#[derive(Debug, Clone, Default)]
struct Config {
    generation: i64,
    epoch: i64,
    tasks: u64,
    workers: u64,
    uids: String,
    iterations: u64,
}

impl Config {
    fn rendered(&self) -> Vec<ManagedConnector> {
        let (rate, tasks) = (RATE.to_string(), self.tasks.to_string());
        let (workers, epoch) = (self.workers.to_string(), self.epoch.to_string());
        let (generation, iterations) = (self.generation.to_string(), self.iterations.to_string());
        let settings = [
            ("rate", rate.as_str()),
            ("tasks.max", &tasks),
            ("iterations", &iterations),
            ("eddyline.uid", "u"),
            ("eddyline.generation", &generation),
            ("eddyline.epoch", &epoch),
            ("eddyline.workers", &workers),
            ("eddyline.worker.uids", &self.uids),
        ];
        declared("u", self.generation, &settings)
    }
}

struct Pod {
    uid: String,
    process: Worker,
    cut: Arc<AtomicBool>,
}

/// A day in the life of one connector.
struct Day {
    random: ChaCha8Rng,
    world: World,
    /// By ordinal.
    pods: Vec<Pod>,
    pods_made: u32,
    /// What the workers find mounted.
    config: Arc<Mutex<Config>>,
    operator_is_there: bool,
    kills: u32,
}

impl Day {
    fn new(seed: u64) -> Self {
        let config = Config {
            iterations: u64::MAX,
            ..Config::default()
        };
        let world = World {
            journal: MemoryJournal::shared(),
            ..World::default()
        };
        world.cluster.set_delay(Duration::from_millis(5));
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            world,
            pods: Vec::new(),
            pods_made: 0,
            config: Arc::new(Mutex::new(config)),
            operator_is_there: true,
            kills: 0,
        }
    }

    fn below(&mut self, end: u64) -> u64 {
        self.random.next_u64() % end
    }

    fn process(&mut self, ordinal: usize, uid: &str) -> (Worker, Arc<AtomicBool>) {
        let delay = Duration::from_millis(self.below(60));
        let cut = Arc::<AtomicBool>::default();
        let line = Arc::new(Line {
            cluster: self.world.cluster.clone(),
            journal: Arc::new(self.world.journal.delayed(delay)),
            cut: Arc::clone(&cut),
        });
        let ports = Ports {
            cluster: Arc::clone(&line) as Arc<dyn Cluster>,
            journal: line,
            registry: Registry::new(vec![Arc::new(Counter)]),
            clock: Arc::new(SystemClock),
        };
        let me = Me {
            ordinal: u32::try_from(ordinal).unwrap(),
            pod: uid.to_owned(),
            alone: false,
        };
        let mounted = self.config.lock().unwrap().rendered();
        (run(ports, me, mounted), cut)
    }

    fn pod(&mut self, ordinal: usize) -> Pod {
        self.pods_made += 1;
        let uid = format!("p{}", self.pods_made);
        let (process, cut) = self.process(ordinal, &uid);
        Pod { uid, process, cut }
    }

    /// The operator writes what it sees; each worker has it some time later.
    fn render(&mut self, change: impl FnOnce(&mut Config)) {
        if !self.operator_is_there {
            return;
        }
        let uids: Vec<&str> = self.pods.iter().map(|pod| pod.uid.as_str()).collect();
        let mut config = self.config.lock().unwrap();
        config.uids = uids.join(",");
        change(&mut config);
        drop(config);
        for ordinal in 0..self.pods.len() {
            let wait = Duration::from_millis(self.below(1500));
            let config = Arc::clone(&self.config);
            let declared = self.pods[ordinal].process.declared.clone();
            tokio::spawn(async move {
                tokio::time::sleep(wait).await;
                let mounted = config.lock().unwrap().rendered();
                declared.send_replace(mounted);
            });
        }
    }

    async fn scale(&mut self) {
        let (tasks, workers) = (1 + self.below(5), 1 + self.below(3));
        let workers = workers.min(tasks);
        if !self.operator_is_there {
            return;
        }
        let change = move |config: &mut Config| {
            config.generation += 1;
            if (config.tasks, config.workers) != (tasks, workers) {
                config.epoch = config.generation;
            }
            (config.tasks, config.workers) = (tasks, workers);
        };
        self.render(change);
        let wanted = usize::try_from(workers).unwrap();
        while self.pods.len() < wanted {
            let pod = self.pod(self.pods.len());
            self.pods.push(pod);
        }
        if self.pods.len() > wanted {
            pass(self.below(800)).await;
        }
        while self.pods.len() > wanted {
            self.pods.pop().unwrap().process.stop().await;
        }
        pass(self.below(50)).await;
        self.render(|_| {});
    }

    /// Something happens.
    async fn mishap(&mut self, may_kill: bool) {
        let ordinal = usize::try_from(self.random.next_u64()).unwrap() % self.pods.len();
        match self.below(if may_kill { 7 } else { 5 }) {
            0 | 1 => self.scale().await,
            2 => {
                self.operator_is_there = !self.operator_is_there;
                self.render(|_| {});
            }
            3 => self.render(|config| config.generation += 1),
            // Deleted: another pod comes when this one has ended.
            4 => {
                let next = self.pods.remove(ordinal);
                next.process.stop().await;
                let pod = self.pod(ordinal);
                self.pods.insert(ordinal, pod);
                pass(self.below(300)).await;
                self.render(|_| {});
            }
            fate => {
                self.kills += 1;
                self.pods[ordinal].cut.store(true, Ordering::Relaxed);
                self.pods[ordinal].process.stop.cancel();
                pass(self.below(1000)).await;
                if fate == 5 {
                    // The container restarts in its pod.
                    let uid = self.pods[ordinal].uid.clone();
                    let (process, cut) = self.process(ordinal, &uid);
                    self.pods[ordinal] = Pod { uid, process, cut };
                } else {
                    self.pods[ordinal] = self.pod(ordinal);
                    self.render(|_| {});
                }
            }
        }
    }

    /// Ends at a number of records that was not reached before; answers them all.
    async fn end(&mut self) -> Vec<u64> {
        self.operator_is_there = true;
        let reached = self.world.cluster.numbers().into_iter().max().unwrap_or(0);
        let all = reached + 500;
        self.render(|config| {
            config.generation += 1;
            config.iterations = all;
        });
        for pod in &self.pods {
            let mut snapshot = pod.process.handle.board.watch();
            let is_done = |status: &ConnectorStatus| {
                status.state == ConnectorState::Completed && status.total == all
            };
            let waited = snapshot.wait_for(|all| all.connectors.get("c").is_some_and(is_done));
            let seen = tokio::time::timeout(Duration::from_hours(1), waited).await;
            assert!(
                seen.is_ok(),
                "never done: {:?}",
                pod.process.handle.board.status("c")
            );
        }
        self.world.cluster.numbers()
    }
}

/// The mishaps of one day by its seed; how many numbers were repeated, and the kills.
async fn lived(seed: u64, may_kill: bool) -> (usize, u32) {
    let mut day = Day::new(seed);
    let first = day.pod(0);
    day.pods.push(first);
    day.scale().await;
    for _ in 0..14 {
        pass(day.below(1800)).await;
        day.mishap(may_kill).await;
    }
    let numbers = day.end().await;
    let distinct: BTreeSet<u64> = numbers.iter().copied().collect();
    let gap = (0..).zip(&distinct).find(|(want, got)| want != *got);
    assert_eq!(gap, None, "seed {seed}: wanted, got");
    let (all, pods) = (distinct.len(), day.pods_made);
    let repeats = numbers.len() - all;
    println!(
        "seed {seed}: {all} records, {pods} pods, {} kills, {repeats} repeats",
        day.kills
    );
    (repeats, day.kills)
}

#[tokio::test(start_paused = true)]
async fn workers_that_come_and_go_in_order_lose_and_repeat_nothing() {
    for seed in 0..16 {
        let (repeats, _) = lived(seed, false).await;
        assert_eq!(repeats, 0, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn workers_that_are_killed_lose_nothing_and_repeat_the_last_second() {
    for seed in 100..116 {
        let (repeats, kills) = lived(seed, true).await;
        // A second of offsets, and what was on its way.
        let allowed = kills as usize * usize::try_from(RATE + RATE / 5).unwrap();
        assert!(
            repeats <= allowed,
            "seed {seed}: {repeats} after {kills} kills"
        );
    }
}
