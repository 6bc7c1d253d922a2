//! Workers as a Connector's pods run them, several processes that share the tasks of one connector: layouts change, a process is
//! killed, a pod is replaced, one is scaled away. No order is lost, and only a kill repeats some.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tests::program::{self, Program};
use tests::{kafka, wait};

const PATIENCE: Duration = Duration::from_mins(1);
const RATE: i64 = 300;

/// One broker, and the folder that every worker has mounted.
struct Site {
    _broker: Program,
    kafka: String,
    config: tempfile::TempDir,
    _data: tempfile::TempDir,
    peers: Vec<String>,
    generation: u32,
}

impl Site {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().to_str().unwrap();
        let anywhere = "127.0.0.1:0";
        let arguments = [
            "broker",
            "-o",
            "json",
            "--data-dir",
            folder,
            "--listen",
            anywhere,
            "--admin-listen",
            anywhere,
        ];
        let mut broker = Program::start(program::command(&arguments));
        let ready: Value = serde_json::from_str(&broker.first_line(PATIENCE)).unwrap();
        let kafka = ready["kafka"].as_str().unwrap().to_owned();
        let made = program::run(&[
            "topic",
            "create",
            "orders",
            "--partitions",
            "2",
            "--bootstrap",
            &kafka,
        ]);
        assert!(made.status.success(), "{made:?}");
        Self {
            _broker: broker,
            kafka,
            config: tempfile::tempdir().unwrap(),
            _data: data,
            peers: free_addresses(3),
            generation: 0,
        }
    }

    /// What the operator would mount; written in one step.
    fn configure(&mut self, tasks: usize, workers: usize, uids: &[&str]) {
        self.generation += 1;
        let generation = self.generation.to_string();
        let config = json!({
            "name": "gen",
            "eddyline.namespace": "default",
            "eddyline.uid": "u",
            "eddyline.generation": generation,
            "eddyline.epoch": generation,
            "eddyline.workers": workers.to_string(),
            "eddyline.worker.uids": uids.join(","),
            "connector.class": "Datagen",
            "kafka.topic": "orders",
            "quickstart": "orders",
            "tasks.max": tasks.to_string(),
            "rate": RATE.to_string(),
        });
        let folder = self.config.path();
        std::fs::write(folder.join("draft"), config.to_string()).unwrap();
        std::fs::rename(folder.join("draft"), folder.join("connector.json")).unwrap();
    }

    fn worker(&self, ordinal: usize, uid: &str) -> Program {
        let (peers, name) = (self.peers.join(","), format!("gen-worker-{ordinal}"));
        let config: &Path = self.config.path();
        let mut command = program::command(&[
            "worker",
            "-o",
            "json",
            "--bootstrap",
            &self.kafka,
            "--admin-listen",
            "127.0.0.1:0",
        ]);
        command
            .args(["--listen", &self.peers[ordinal], "--peers", &peers])
            .args(["--pod-name", &name, "--pod-uid", uid])
            .arg("--config-dir")
            .arg(config);
        let mut worker = Program::start(command);
        worker.first_line(PATIENCE);
        worker
    }

    /// The connector as the worker with this ordinal tells it.
    fn status(&self, ordinal: usize) -> Option<Value> {
        let out = program::run(&[
            "connector",
            "status",
            "gen",
            "-o",
            "json",
            "--connect",
            &self.peers[ordinal],
        ]);
        serde_json::from_slice(&out.stdout).ok()
    }

    /// Waits until all tasks run where they belong, and for some more orders.
    #[track_caller]
    fn flows(&self, asked: usize, tasks: usize, workers: usize) {
        let expected: Vec<(i64, &str)> = (0..tasks)
            .map(|task| (task as i64, self.peers[task % workers].as_str()))
            .collect();
        wait::until("tasks where they belong", PATIENCE, || {
            let status = self.status(asked)?;
            let all = status["tasks"].as_array()?;
            let runs = |task: &Value| task["state"] == "RUNNING";
            let places: Option<Vec<(i64, &str)>> = all
                .iter()
                .map(|task| Some((task["id"].as_i64()?, task["worker_id"].as_str()?)))
                .collect();
            (all.iter().all(runs)
                && places? == expected
                && status["connector"]["state"] == "RUNNING")
                .then_some(())
        });
        let enough = kafka::count(&self.kafka, "orders") + RATE;
        wait::until("orders", PATIENCE, || {
            (kafka::count(&self.kafka, "orders") >= enough).then_some(())
        });
    }

    /// How many orders came more than once; none is missing but the last ones of slower tasks.
    fn repeats(&self) -> usize {
        let ids: Vec<i64> = kafka::read_all(&self.kafka, "orders")
            .iter()
            .map(|one| one.number("orderid"))
            .collect();
        let distinct: BTreeSet<i64> = ids.iter().copied().collect();
        let highest = distinct.last().copied().unwrap_or(0);
        let missing: Vec<i64> = (0..highest).filter(|id| !distinct.contains(id)).collect();
        let late = highest - RATE;
        assert!(
            missing.iter().all(|id| *id > late),
            "lost: {missing:?} of {highest}"
        );
        ids.len() - distinct.len()
    }
}

/// Addresses that were free a moment ago.
fn free_addresses(count: usize) -> Vec<String> {
    let held: Vec<TcpListener> = (0..count)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    held.iter()
        .map(|one| one.local_addr().unwrap().to_string())
        .collect()
}

#[test]
fn layouts_change_and_pods_are_replaced_in_order() {
    let mut site = Site::new();
    site.configure(1, 1, &["a"]);
    let a = site.worker(0, "a");
    site.flows(0, 1, 1);
    site.configure(4, 3, &["a"]);
    let (b, c) = (site.worker(1, "b"), site.worker(2, "c"));
    site.configure(4, 3, &["a", "b", "c"]);
    site.flows(2, 4, 3);
    // Deleted, and another pod of that ordinal comes, before anybody says so in the configuration.
    assert_eq!(b.interrupt(PATIENCE), Some(0));
    let status = wait::until("a silent worker to be told", PATIENCE, || {
        let status = site.status(0)?;
        (status["eddyline"]["reason"] == "WorkerUnreachable").then_some(status)
    });
    assert_eq!(status["tasks"][1]["state"], "UNASSIGNED", "{status}");
    let b = site.worker(1, "b2");
    site.flows(0, 4, 3);
    site.configure(3, 1, &["a", "b2", "c"]);
    site.flows(1, 3, 1);
    for worker in [b, c, a] {
        assert_eq!(worker.interrupt(PATIENCE), Some(0));
    }
    assert_eq!(site.repeats(), 0, "nothing was killed");
}

#[test]
fn a_kill_repeats_the_last_second_of_one_worker_and_loses_nothing() {
    let mut site = Site::new();
    site.configure(2, 2, &["a", "b"]);
    let (a, mut b) = (site.worker(0, "a"), site.worker(1, "b"));
    let mut tasks = 2;
    for next in [3, 5, 2] {
        site.flows(0, tasks, 2);
        b.kill();
        // The layout changes while the process is away: the others wait for its successor.
        site.configure(next, 2, &["a", "b"]);
        b = site.worker(1, "b");
        site.flows(1, next, 2);
        tasks = next;
    }
    assert_eq!(b.interrupt(PATIENCE), Some(0));
    assert_eq!(a.interrupt(PATIENCE), Some(0));
    let repeats = site.repeats();
    println!("{repeats} orders repeated over 3 kills");
    // Half of the rate in a second of each life, and ten times that on a slow machine.
    assert!(repeats as i64 <= 3 * 10 * RATE / 2, "{repeats} repeats");
}
