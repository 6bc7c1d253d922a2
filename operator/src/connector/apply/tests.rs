//! Goal: every worker hears each configuration once, and one that answers speaks for all. Method: a
//! port that plays workers.

use std::net::SocketAddr;

use super::*;

/// Answers by the worker's port: 1 well, 2 refuses, 3 does not know the connector, others are silent.
#[derive(Default)]
struct Workers {
    heard: Mutex<Vec<u16>>,
}

impl Workers {
    fn heard(&self) -> Vec<u16> {
        let mut heard = std::mem::take(&mut *self.heard.lock().unwrap());
        heard.sort_unstable();
        heard
    }

    fn answer(&self, worker: SocketAddr) -> Result<(), ConnectError> {
        self.heard.lock().unwrap().push(worker.port());
        match worker.port() {
            1 | 3 => Ok(()),
            2 => Err(ConnectError::Refused {
                worker,
                message: "no".into(),
            }),
            _ => Err(ConnectError::Unreachable {
                worker,
                reason: "silent".into(),
            }),
        }
    }
}

impl ConnectApi for Workers {
    async fn put(&self, worker: SocketAddr, _: &str, _: &Config) -> Result<(), ConnectError> {
        self.answer(worker)
    }

    async fn report(&self, worker: SocketAddr, _: &str) -> Result<Option<Report>, ConnectError> {
        self.answer(worker)?;
        Ok((worker.port() == 1).then(Report::default))
    }
}

fn pod(ordinal: usize, port: u16) -> WorkerPod {
    WorkerPod {
        ordinal,
        name: format!("gen-worker-{ordinal}"),
        uid: format!("p-{ordinal}"),
        restarts: 0,
        rest: Some(([127, 0, 0, 1], port).into()),
        ready: true,
        since: None,
        trouble: None,
    }
}

fn name() -> ObjectName {
    ObjectName {
        namespace: "shop".into(),
        name: "gen".into(),
    }
}

fn config(rate: &str) -> Config {
    Config::from([("rate".to_owned(), rate.to_owned())])
}

#[tokio::test]
async fn a_worker_is_told_once_and_again_when_it_is_new_or_was_silent() {
    let (workers, told) = (Workers::default(), Told::default());
    let mut pods = vec![pod(0, 1), pod(1, 9)];
    let mut without_address = pod(2, 1);
    without_address.rest = None;
    pods.push(without_address);
    put(&workers, &told, &name(), &config("1"), &pods)
        .await
        .unwrap();
    assert_eq!(workers.heard(), [1, 9]);
    put(&workers, &told, &name(), &config("1"), &pods)
        .await
        .unwrap();
    assert_eq!(workers.heard(), [9], "the silent one is tried again");
    put(&workers, &told, &name(), &config("2"), &pods)
        .await
        .unwrap();
    assert_eq!(workers.heard(), [1, 9], "a change");
    pods[0].restarts += 1;
    put(&workers, &told, &name(), &config("2"), &pods)
        .await
        .unwrap();
    assert_eq!(workers.heard(), [1, 9], "a container that started again");
    told.forget(&name());
    put(&workers, &told, &name(), &config("2"), &pods[..1])
        .await
        .unwrap();
    assert_eq!(workers.heard(), [1]);
}

#[tokio::test]
async fn a_refusal_is_told_and_not_repeated() {
    let (workers, told) = (Workers::default(), Told::default());
    let pods = [pod(0, 2), pod(1, 1)];
    let refusal = put(&workers, &told, &name(), &config("1"), &pods)
        .await
        .unwrap_err();
    assert!(matches!(refusal, ConnectError::Refused { .. }));
    assert_eq!(workers.heard(), [1, 2]);
    put(&workers, &told, &name(), &config("1"), &pods)
        .await
        .unwrap();
    assert!(workers.heard().is_empty());
}

#[tokio::test]
async fn the_first_worker_that_answers_speaks_for_all() {
    let workers = Workers::default();
    let mut starting = pod(0, 1);
    starting.ready = false;
    assert_eq!(report(&workers, &name(), &[starting.clone()]).await, None);
    let pods = [starting, pod(1, 9), pod(2, 3), pod(3, 1), pod(4, 1)];
    let answer = report(&workers, &name(), &pods).await;
    assert_eq!(answer, Some(Ok(Some(Report::default()))));
    assert_eq!(workers.heard(), [1, 3, 9]);
    let silent: Vec<_> = (0..9).map(|ordinal| pod(ordinal, 9)).collect();
    assert!(matches!(
        report(&workers, &name(), &silent).await,
        Some(Err(_))
    ));
    assert_eq!(workers.heard().len(), ASKED_MAX);
}
