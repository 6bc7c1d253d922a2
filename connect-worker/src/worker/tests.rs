//! Goal: the runtime loses nothing, repeats nothing but what design allows, and tells the truth.
//! Method: the whole runtime over a cluster and a journal in memory, in time that only moves when
//! everybody waits.

mod outage;
mod together;

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::Arc,
    time::Duration,
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    Me,
    command::{Command, Done, Handle, Refusal},
    connector::Restart,
    runtime::{Ports, Runtime},
    snapshot::{ConnectorState, ConnectorStatus, Reason},
    testing::{Counter, MemoryCluster},
};
use crate::{
    clock::SystemClock,
    plugin::{Config, Registry, TargetState},
    settings::ManagedConnector,
    store::testing::MemoryJournal,
};

/// What outlives a worker.
#[derive(Clone, Default)]
struct World {
    cluster: MemoryCluster,
    journal: MemoryJournal,
}

/// A worker that runs.
struct Worker {
    handle: Handle,
    declared: watch::Sender<Vec<ManagedConnector>>,
    stop: CancellationToken,
    run: tokio::task::JoinHandle<()>,
}

impl World {
    fn start(&self, declared: Vec<ManagedConnector>) -> Worker {
        let ports = Ports {
            cluster: Arc::new(self.cluster.clone()),
            journal: Arc::new(self.journal.clone()),
            registry: Registry::new(vec![Arc::new(Counter)]),
            clock: Arc::new(SystemClock),
        };
        run(ports, Me::alone(), declared)
    }

    fn stored(&self) -> Vec<String> {
        let pairs = self.journal.pairs.lock().unwrap().clone();
        let mut last = BTreeMap::new();
        for (key, value) in pairs {
            last.insert(String::from_utf8(key).unwrap(), value);
        }
        last.into_iter()
            .filter_map(|(key, value)| value.map(|_| key))
            .collect()
    }
}

fn run(ports: Ports, me: Me, declared: Vec<ManagedConnector>) -> Worker {
    let (declared, managed) = watch::channel(declared);
    let (runtime, handle) = Runtime::new(ports, me, managed);
    let stop = CancellationToken::new();
    let run = tokio::spawn(runtime.run(stop.clone()));
    Worker {
        handle,
        declared,
        stop,
        run,
    }
}

impl Worker {
    fn status(&self) -> ConnectorStatus {
        self.handle.board.status("c").unwrap()
    }

    async fn becomes(&self, state: ConnectorState) -> ConnectorStatus {
        let mut snapshot = self.handle.board.watch();
        let is_so = |status: &ConnectorStatus| status.state == state;
        let waited = snapshot.wait_for(|all| all.connectors.get("c").is_some_and(is_so));
        let seen = tokio::time::timeout(Duration::from_hours(1), waited).await;
        assert!(
            seen.is_ok(),
            "never {state}: {:?}",
            self.handle.board.status("c")
        );
        self.status()
    }

    async fn stop(self) {
        self.stop.cancel();
        self.run.await.unwrap();
    }
}

fn declared(uid: &str, generation: i64, settings: &[(&str, &str)]) -> Vec<ManagedConnector> {
    let mut config = Config::from([
        ("connector.class".to_owned(), "Counter".to_owned()),
        ("kafka.topic".to_owned(), "orders".to_owned()),
    ]);
    config.extend(
        settings
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
    );
    vec![ManagedConnector {
        namespace: "default".to_owned(),
        name: "c".to_owned(),
        uid: uid.to_owned(),
        generation,
        epoch: None,
        config,
        managed_by: "the Connector default/c in c.yaml".to_owned(),
    }]
}

async fn pass(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// How many numbers came more than once. There must be no gap: each of the `tasks` sent all of its
/// share up to where it stopped.
fn repeats_of(tasks: u64, numbers: Vec<u64>) -> usize {
    let all = numbers.len();
    let distinct: BTreeSet<u64> = numbers.into_iter().collect();
    for task in 0..tasks {
        let share: Vec<u64> = distinct
            .iter()
            .copied()
            .filter(|g| g % tasks == task)
            .collect();
        let gap = (0..)
            .map(|count| count * tasks + task)
            .zip(&share)
            .find(|(want, got)| want != *got);
        assert_eq!(gap, None, "wanted, got");
    }
    all - distinct.len()
}

fn repeats(numbers: Vec<u64>) -> usize {
    repeats_of(1, numbers)
}

/// Runs a worker in a process of its own, so to say: when `life` ends, everything stops dead.
fn killed_after<F: Future>(life: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(life)
}

#[tokio::test(start_paused = true)]
async fn a_change_of_tasks_loses_and_repeats_nothing() {
    let world = World::default();
    world.cluster.set_delay(Duration::from_millis(3));
    let worker = world.start(declared("u", 1, &[("rate", "1000")]));
    for (generation, tasks) in [(2, "4"), (3, "2"), (4, "3"), (5, "1")] {
        pass(500).await;
        worker.declared.send_replace(declared(
            "u",
            generation,
            &[("rate", "1000"), ("tasks.max", tasks)],
        ));
    }
    pass(500).await;
    worker.stop().await;
    let numbers = world.cluster.numbers();
    assert!(numbers.len() > 2000, "{}", numbers.len());
    assert_eq!(repeats(numbers), 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_stood_still_is_caught_up_by_the_next_layout() {
    let world = World::default();
    let worker = world.start(declared(
        "u",
        1,
        &[
            ("rate", "100"),
            ("tasks.max", "4"),
            ("eddyline.restart.max", "0"),
        ],
    ));
    pass(100).await;
    world.cluster.fail(1);
    worker.becomes(ConnectorState::Failed).await;
    pass(60_000).await;
    let status = worker.status();
    let failed: Vec<_> = status
        .tasks
        .iter()
        .filter(|task| task.state == ConnectorState::Failed)
        .collect();
    assert_eq!(
        (failed.len(), status.trace.as_deref()),
        (1, Some("1 of 4 tasks: send records: boom"))
    );
    worker.declared.send_replace(declared(
        "u",
        2,
        &[("iterations", "7000"), ("tasks.max", "2")],
    ));
    worker.becomes(ConnectorState::Completed).await;
    let numbers = world.cluster.numbers();
    assert_eq!((numbers.len(), repeats(numbers)), (7000, 0));
}

#[test]
fn a_kill_at_any_point_leaves_no_gap_and_repeats_the_last_second_at_most() {
    let world = World::default();
    world.cluster.set_delay(Duration::from_millis(20));
    let lives: [u64; 9] = [5, 30, 700, 1001, 1030, 1500, 2300, 3333, 10];
    let mut allowed = 0;
    for (life, millis) in lives.into_iter().enumerate() {
        killed_after(async {
            let tasks = ["1", "3"][life % 2];
            let _worker = world.start(declared("u", 1, &[("rate", "200"), ("tasks.max", tasks)]));
            pass(millis).await;
        });
        allowed += 210;
    }
    let repeated = repeats(world.cluster.numbers());
    assert!((1..=allowed).contains(&repeated), "{repeated}");
}

#[test]
fn a_stop_in_order_repeats_nothing() {
    let world = World::default();
    world.cluster.set_delay(Duration::from_millis(20));
    for millis in [5, 30, 700, 1030, 1500] {
        killed_after(async {
            let worker = world.start(declared("u", 1, &[("rate", "200"), ("tasks.max", "2")]));
            pass(millis).await;
            worker.stop().await;
        });
    }
    assert_eq!(repeats_of(2, world.cluster.numbers()), 0);
}

#[tokio::test(start_paused = true)]
async fn iterations_end_in_completed_which_a_restart_does_not_undo() {
    let world = World::default();
    let few = declared("u", 1, &[("iterations", "10"), ("tasks.max", "3")]);
    let worker = world.start(few.clone());
    worker.becomes(ConnectorState::Completed).await;
    worker.stop().await;
    let worker = world.start(few);
    worker.becomes(ConnectorState::Completed).await;
    assert_eq!(
        (
            world.cluster.numbers().len(),
            repeats(world.cluster.numbers())
        ),
        (10, 0)
    );
    let more = declared("u", 2, &[("iterations", "25"), ("tasks.max", "3")]);
    worker.declared.send_replace(more);
    pass(100).await;
    worker.becomes(ConnectorState::Completed).await;
    assert_eq!(
        (
            world.cluster.numbers().len(),
            repeats(world.cluster.numbers())
        ),
        (25, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_topic_is_waited_for_and_costs_no_restart() {
    let world = World::default();
    world.cluster.set_missing(true);
    let worker = world.start(declared("u", 1, &[("rate", "100")]));
    pass(60_000).await;
    let status = worker.becomes(ConnectorState::Unassigned).await;
    assert_eq!(
        (status.reason, status.tasks[0].restarts),
        (Some(Reason::TopicNotFound), 0)
    );
    world.cluster.set_missing(false);
    worker.becomes(ConnectorState::Running).await;
    pass(1000).await;
    world.cluster.set_missing(true);
    let status = worker.becomes(ConnectorState::Unassigned).await;
    assert_eq!(status.tasks[0].restarts, 0, "deleted while records flow");
    world.cluster.set_missing(false);
    worker.becomes(ConnectorState::Running).await;
    pass(1000).await;
    assert_eq!(repeats(world.cluster.numbers()), 0);
}

#[tokio::test(start_paused = true)]
async fn faults_are_restarted_by_the_policy_and_then_stay() {
    let world = World::default();
    let policy = [("rate", "100"), ("eddyline.restart.max", "2")];
    world.cluster.fail(1_000_000);
    let worker = world.start(declared("u", 1, &policy));
    let status = worker.becomes(ConnectorState::Restarting).await;
    assert_eq!(status.trace.as_deref(), Some("send records: boom"));
    let status = worker.becomes(ConnectorState::Failed).await;
    assert_eq!(status.tasks[0].restarts, 2);
    world.cluster.fail(0);
    let asked = worker
        .handle
        .ask(Command::Restart {
            name: "c".to_owned(),
            restart: Restart::Failed,
        })
        .await;
    assert_eq!(
        asked,
        Ok(Done::Accepted),
        "restart is allowed on a managed connector"
    );
    let status = worker.becomes(ConnectorState::Running).await;
    assert_eq!((status.tasks[0].restarts, status.trace), (0, None));
    pass(500).await;
    assert_eq!(repeats(world.cluster.numbers()), 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_broker_is_throttled_with_bounded_memory() {
    let world = World::default();
    let worker = world.start(declared("u", 1, &[("rate", "100000")]));
    worker.becomes(ConnectorState::Running).await;
    world.cluster.hold();
    let before = world.cluster.numbers().len();
    worker.becomes(ConnectorState::Throttled).await;
    pass(60_000).await;
    let status = worker.becomes(ConnectorState::Throttled).await;
    let told = status.trace.unwrap_or_default();
    assert!(told.starts_with("no record was acknowledged for"), "{told}");
    assert!(world.cluster.numbers().len() - before <= crate::producer::inflight::WINDOW * 2);
    world.cluster.release();
    worker.becomes(ConnectorState::Running).await;
    pass(1000).await;
    assert_eq!(repeats(world.cluster.numbers()), 0);
}

#[tokio::test(start_paused = true)]
async fn a_topic_deleted_under_load_is_told_as_missing() {
    let world = World::default();
    let worker = world.start(declared("u", 1, &[("rate", "100000")]));
    worker.becomes(ConnectorState::Running).await;
    world.cluster.hold();
    world.cluster.set_missing(true);
    let status = worker.becomes(ConnectorState::Unassigned).await;
    assert_eq!(status.reason, Some(Reason::TopicNotFound));
}

#[tokio::test(start_paused = true)]
async fn what_is_paused_or_complete_misses_no_topic() {
    let world = World::default();
    let few = |state| declared("u", 1, &[("iterations", "3"), ("eddyline.state", state)]);
    world.cluster.set_missing(true);
    let worker = world.start(few("PAUSED"));
    worker.becomes(ConnectorState::Paused).await;
    world.cluster.set_missing(false);
    worker.declared.send_replace(few("RUNNING"));
    worker.becomes(ConnectorState::Completed).await;
    worker.stop().await;
    world.cluster.set_missing(true);
    let worker = world.start(few("RUNNING"));
    worker.becomes(ConnectorState::Completed).await;
}

#[tokio::test(start_paused = true)]
async fn pace_pause_and_iterations_change_without_a_restart() {
    let world = World::default();
    let worker = world.start(declared("u", 1, &[("rate", "10")]));
    pass(1050).await;
    assert_eq!(world.cluster.numbers().len(), 11);
    worker
        .declared
        .send_replace(declared("u", 2, &[("rate", "100")]));
    pass(1000).await;
    assert!(
        (108..=113).contains(&world.cluster.numbers().len()),
        "{}",
        world.cluster.numbers().len()
    );
    worker.declared.send_replace(declared(
        "u",
        3,
        &[("rate", "100"), ("eddyline.state", "PAUSED")],
    ));
    worker.becomes(ConnectorState::Paused).await;
    let paused = world.cluster.numbers().len();
    pass(60_000).await;
    assert_eq!(world.cluster.numbers().len(), paused);
    worker
        .declared
        .send_replace(declared("u", 4, &[("rate", "100"), ("iterations", "200")]));
    worker.becomes(ConnectorState::Completed).await;
    assert_eq!(
        (world.cluster.sinks(), worker.status().tasks[0].restarts),
        (1, 0)
    );
    assert_eq!(
        (
            world.cluster.numbers().len(),
            repeats(world.cluster.numbers())
        ),
        (200, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn stopped_has_no_tasks_and_goes_on_where_it_was() {
    let world = World::default();
    let worker = world.start(declared("u", 1, &[("rate", "100")]));
    pass(505).await;
    worker.declared.send_replace(declared(
        "u",
        2,
        &[("rate", "100"), ("eddyline.state", "STOPPED")],
    ));
    let status = worker.becomes(ConnectorState::Stopped).await;
    assert!(status.tasks.is_empty());
    let stopped = world.cluster.numbers().len();
    pass(60_000).await;
    assert_eq!(world.cluster.numbers().len(), stopped);
    worker
        .declared
        .send_replace(declared("u", 3, &[("rate", "100")]));
    pass(500).await;
    assert!(world.cluster.numbers().len() > stopped);
    assert_eq!(repeats(world.cluster.numbers()), 0);
}

#[tokio::test(start_paused = true)]
async fn a_seed_is_drawn_once_for_an_object_and_another_object_starts_anew() {
    let world = World::default();
    let one = || declared("u", 1, &[("iterations", "2")]);
    for _ in 0..2 {
        let worker = world.start(one());
        worker.becomes(ConnectorState::Completed).await;
        worker.stop().await;
    }
    let worker = world.start(declared("u", 2, &[("iterations", "4")]));
    worker.becomes(ConnectorState::Completed).await;
    let seeds: Vec<String> = world
        .cluster
        .log()
        .into_iter()
        .map(|(seed, _)| seed)
        .collect();
    assert!(seeds.iter().all(|seed| *seed == seeds[0]), "{seeds:?}");
    // The object is deleted: nothing of it stays stored. Another one under its name begins at 0.
    worker.declared.send_replace(Vec::new());
    pass(1000).await;
    assert_eq!(world.stored(), Vec::<String>::new());
    worker
        .declared
        .send_replace(declared("v", 1, &[("iterations", "1")]));
    worker.becomes(ConnectorState::Completed).await;
    let log = world.cluster.log();
    assert_eq!((log.len(), log[4].1), (5, 0));
    assert_ne!(log[4].0, seeds[0]);
}

#[tokio::test(start_paused = true)]
async fn an_object_replaced_or_pointed_elsewhere_while_down_starts_anew() {
    let world = World::default();
    for (uid, topic) in [("u", "orders"), ("v", "orders"), ("v", "others")] {
        let settings = [
            ("iterations", "3"),
            ("kafka.topic", topic),
            ("random.seed", "7"),
        ];
        let worker = world.start(declared(uid, 1, &settings));
        worker.becomes(ConnectorState::Completed).await;
        worker.stop().await;
        let stored = world.stored();
        assert!(
            stored
                .iter()
                .all(|key| key.contains(&format!("\"uid\":\"{uid}\""))),
            "{stored:?}"
        );
    }
    assert_eq!(world.cluster.numbers(), [0, 1, 2, 0, 1, 2, 0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_not_yet_told_of_another_stream_sends_the_old_one_no_longer() {
    let world = World {
        journal: MemoryJournal::shared(),
        ..World::default()
    };
    let told = |generation: i64| {
        let number = generation.to_string();
        let settings = [
            ("rate", "10"),
            ("tasks.max", "2"),
            ("random.seed", number.as_str()),
            ("eddyline.uid", "u"),
            ("eddyline.generation", number.as_str()),
            ("eddyline.epoch", number.as_str()),
            ("eddyline.workers", "2"),
            ("eddyline.worker.uids", "a,b"),
        ];
        declared("u", generation, &settings)
    };
    let start = |(ordinal, pod): (u32, &str)| {
        let ports = Ports {
            cluster: Arc::new(world.cluster.clone()),
            journal: Arc::new(world.journal.clone()),
            registry: Registry::new(vec![Arc::new(Counter)]),
            clock: Arc::new(SystemClock),
        };
        let me = Me {
            ordinal,
            pod: pod.to_owned(),
            alone: false,
        };
        run(ports, me, told(1))
    };
    let [one, other] = [(0, "a"), (1, "b")].map(start);
    one.becomes(ConnectorState::Running).await;
    other.becomes(ConnectorState::Running).await;
    let sent = |seed: &str| -> Vec<u64> {
        let log = world.cluster.log().into_iter();
        log.filter(|(key, _)| key == seed)
            .map(|(_, number)| number)
            .collect()
    };

    one.declared.send_replace(told(2));
    pass(2_000).await;
    let old = sent("1").len();
    pass(5_000).await;
    assert_eq!(sent("1").len(), old);
    assert_eq!(other.status().reason, Some(Reason::HandingOver));
    other.declared.send_replace(told(2));
    other.becomes(ConnectorState::Running).await;
    pass(2_000).await;
    assert!(sent("2").iter().any(|number| number % 2 == 1));
    assert_eq!(repeats_of(2, sent("2")), 0);
    assert_eq!(sent("1").len(), old);
}

#[tokio::test(start_paused = true)]
async fn connectors_made_by_rest_are_kept_and_managed_ones_refuse_edits() {
    let world = World::default();
    let worker = world.start(declared("u", 1, &[("rate", "10")]));
    worker.becomes(ConnectorState::Running).await;
    let config = declared("", 0, &[("rate", "10")]).remove(0).config;
    let create = Command::Create {
        name: "r".to_owned(),
        config,
        state: TargetState::Running,
    };
    assert_eq!(worker.handle.ask(create.clone()).await, Ok(Done::Created));
    assert_eq!(
        worker.handle.ask(create).await,
        Err(Refusal::Exists("r".to_owned()))
    );
    let pause = |name: &str| Command::SetState {
        name: name.to_owned(),
        state: TargetState::Paused,
    };
    assert_eq!(worker.handle.ask(pause("r")).await, Ok(Done::Accepted));
    let refused = worker.handle.ask(pause("c")).await.unwrap_err().to_string();
    assert!(
        refused.contains("managed by the Connector default/c in c.yaml"),
        "{refused}"
    );
    worker.stop().await;

    let worker = world.start(Vec::new());
    pass(100).await;
    assert_eq!(worker.handle.board.names(), ["r"]);
    assert_eq!(
        worker.handle.board.status("r").unwrap().state,
        ConnectorState::Paused
    );
    assert_eq!(
        worker
            .handle
            .ask(Command::Delete {
                name: "r".to_owned()
            })
            .await,
        Ok(Done::Accepted)
    );
    worker.stop().await;
    assert!(
        !world.stored().iter().any(|key| key.contains("\"r\"")),
        "{:?}",
        world.stored()
    );
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_cannot_be_stored_does_not_hold_up_the_stop() {
    let world = World {
        journal: MemoryJournal::default().delayed(Duration::from_hours(1)),
        ..World::default()
    };
    let worker = world.start(Vec::new());
    pass(100).await;
    let create = Command::Create {
        name: "r".to_owned(),
        config: declared("", 0, &[]).remove(0).config,
        state: TargetState::Running,
    };
    let handle = worker.handle.clone();
    let asked = tokio::spawn(async move { handle.ask(create).await });
    pass(100).await;
    let stopped = tokio::time::timeout(Duration::from_secs(5), worker.stop()).await;
    assert_eq!(stopped, Ok(()));
    assert!(matches!(asked.await, Ok(Err(Refusal::NotNow(_)))));
}

#[tokio::test(start_paused = true)]
async fn a_put_with_the_uid_and_a_higher_generation_is_the_operators() {
    let world = World::default();
    let worker = world.start(declared("u", 3, &[("rate", "10")]));
    worker.becomes(ConnectorState::Running).await;
    let put = |generation: &str, uid: &str| {
        let settings = [
            ("eddyline.uid", uid),
            ("eddyline.generation", generation),
            ("iterations", "1"),
        ];
        Command::Configure {
            name: "c".to_owned(),
            config: declared("", 0, &settings).remove(0).config,
        }
    };
    // Another's edit is refused for what it is, before its settings are judged.
    let wrong = Command::Configure {
        name: "c".to_owned(),
        config: declared("", 0, &[("tasks.max", "many")]).remove(0).config,
    };
    for refused in [put("3", "u"), put("4", "other"), wrong] {
        assert!(matches!(
            worker.handle.ask(refused).await,
            Err(Refusal::Managed { .. })
        ));
    }
    assert_eq!(worker.handle.ask(put("4", "u")).await, Ok(Done::Accepted));
    assert_eq!(
        worker.becomes(ConnectorState::Completed).await.generation,
        4
    );
    // The mounted folder is behind: the higher generation stays.
    worker
        .declared
        .send_replace(declared("u", 3, &[("rate", "20")]));
    pass(1000).await;
    assert_eq!(worker.status().state, ConnectorState::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_configuration_is_told_and_what_runs_keeps_running() {
    let world = World::default();
    let worker = world.start(declared("u", 1, &[("tasks.max", "many")]));
    let status = worker.becomes(ConnectorState::Failed).await;
    assert_eq!(status.reason, Some(Reason::InvalidConfig));
    worker
        .declared
        .send_replace(declared("u", 2, &[("rate", "100")]));
    worker.becomes(ConnectorState::Running).await;
    worker
        .declared
        .send_replace(declared("u", 3, &[("rate", "100"), ("tasks.max", "0")]));
    pass(1000).await;
    let (before, status) = (world.cluster.numbers().len(), worker.status());
    assert!(status.trace.unwrap().contains("tasks.max"));
    pass(1000).await;
    assert!(world.cluster.numbers().len() > before);
}

#[tokio::test(start_paused = true)]
async fn offsets_move_only_while_stopped() {
    let world = World::default();
    let worker = world.start(Vec::new());
    let mut snapshot = worker.handle.board.watch();
    snapshot.wait_for(|all| all.ready).await.unwrap();
    let config = declared("", 0, &[("iterations", "5")]).remove(0).config;
    let create = Command::Create {
        name: "c".to_owned(),
        config,
        state: TargetState::Running,
    };
    worker.handle.ask(create).await.unwrap();
    worker.becomes(ConnectorState::Completed).await;
    let moved = |offsets| Command::MoveOffsets {
        name: "c".to_owned(),
        offsets,
    };
    assert_eq!(
        worker.handle.ask(moved(None)).await,
        Err(Refusal::NotStopped("c".to_owned()))
    );
    let told = |state| Command::SetState {
        name: "c".to_owned(),
        state,
    };
    for (offsets, sent) in [(Some(vec![(0, 3)]), 7), (None, 12)] {
        worker.handle.ask(told(TargetState::Stopped)).await.unwrap();
        worker.becomes(ConnectorState::Stopped).await;
        worker.handle.ask(moved(offsets)).await.unwrap();
        worker.handle.ask(told(TargetState::Running)).await.unwrap();
        worker.becomes(ConnectorState::Completed).await;
        assert_eq!(world.cluster.numbers().len(), sent);
    }
    worker.handle.ask(told(TargetState::Stopped)).await.unwrap();
    worker.becomes(ConnectorState::Stopped).await;
    assert!(matches!(
        worker.handle.ask(moved(Some(vec![(1, 3)]))).await,
        Err(Refusal::Invalid(_))
    ));
}
