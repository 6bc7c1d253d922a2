//! Goal: records that the broker may still take are sent by nobody else, however long it is away.

use super::*;

/// More than tasks that end wait for before they are asked again.
const OUTAGE_MS: u64 = 60_000;

async fn held(world: &World) -> Worker {
    let worker = world.start(declared("u", 1, &[("rate", "100")]));
    pass(500).await;
    world.cluster.hold();
    pass(500).await;
    worker
}

fn with_tasks(generation: i64, tasks: &str) -> Vec<ManagedConnector> {
    declared("u", generation, &[("rate", "100"), ("tasks.max", tasks)])
}

async fn hands_over(worker: &Worker) {
    let mut snapshot = worker.handle.board.watch();
    let is_so = |status: &ConnectorStatus| status.reason == Some(Reason::HandingOver);
    let waited = snapshot.wait_for(|all| all.connectors.get("c").is_some_and(is_so));
    let seen = tokio::time::timeout(Duration::from_mins(1), waited).await;
    assert!(seen.is_ok(), "{:?}", worker.status());
    let told = worker.status().trace.unwrap_or_default();
    assert!(
        told.starts_with("waiting for the broker to acknowledge"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn tasks_that_change_while_the_broker_is_away_repeat_nothing() {
    let world = World::default();
    let worker = held(&world).await;
    worker.declared.send_replace(with_tasks(2, "3"));
    hands_over(&worker).await;
    let sent = world.cluster.numbers().len();
    pass(OUTAGE_MS).await;
    assert_eq!(world.cluster.numbers().len(), sent, "nothing new is sent");
    world.cluster.release();
    pass(5000).await;
    let status = worker.becomes(ConnectorState::Running).await;
    assert_eq!((status.tasks.len(), status.trace), (3, None));
    let numbers = world.cluster.numbers();
    assert!(numbers.len() > sent + 100);
    assert_eq!(repeats_of(3, numbers), 0);
}

#[tokio::test(start_paused = true)]
async fn a_change_taken_back_meanwhile_goes_on_all_the_same() {
    let world = World::default();
    let worker = held(&world).await;
    worker.declared.send_replace(with_tasks(2, "3"));
    hands_over(&worker).await;
    worker.declared.send_replace(with_tasks(3, "1"));
    let restart = Command::Restart {
        name: "c".to_owned(),
        restart: Restart::All,
    };
    assert_eq!(worker.handle.ask(restart).await, Ok(Done::Accepted));
    pass(OUTAGE_MS).await;
    world.cluster.release();
    pass(5000).await;
    worker.becomes(ConnectorState::Running).await;
    let numbers = world.cluster.numbers();
    assert!(numbers.len() > 300, "{}", numbers.len());
    assert_eq!(repeats(numbers), 0);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_ends_meanwhile_ends_in_time_and_leaves_no_gap() {
    let world = World::default();
    let worker = held(&world).await;
    worker.declared.send_replace(with_tasks(2, "3"));
    hands_over(&worker).await;
    tokio::time::timeout(Duration::from_secs(5), worker.stop())
        .await
        .unwrap();
    world.cluster.release();
    let worker = world.start(with_tasks(2, "3"));
    pass(2000).await;
    worker.becomes(ConnectorState::Running).await;
    let numbers = world.cluster.numbers();
    assert!(repeats_of(3, numbers) <= 100, "no more than was in flight");
}
