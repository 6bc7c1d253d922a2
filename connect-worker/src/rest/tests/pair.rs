//! Two workers that share a connector: either answers for both, and passes on what is the other's.

use super::*;
use crate::{
    rest::peers::Peers as Others,
    settings::{Peers, Place},
};

async fn pair() -> [Server; 2] {
    let (cluster, journal) = (MemoryCluster::default(), MemoryJournal::shared());
    let bind = || TcpListener::bind("127.0.0.1:0");
    let listeners = [bind().await.unwrap(), bind().await.unwrap()];
    let addresses: Vec<String> = listeners
        .iter()
        .map(|one| one.local_addr().unwrap().to_string())
        .collect();
    let mut shared = managed();
    let more = [
        ("tasks.max", "3"),
        ("eddyline.workers", "2"),
        ("eddyline.uid", "u"),
        ("eddyline.generation", "1"),
        ("eddyline.epoch", "1"),
        ("eddyline.worker.uids", "p0,p1"),
    ];
    let more = more.map(|(key, value)| (key.to_owned(), value.to_owned()));
    shared.config.extend(more);
    let mut servers = Vec::new();
    for (ordinal, listener) in (0..).zip(listeners) {
        let place = Place {
            ordinal,
            pod: format!("p{ordinal}"),
            peers: Peers::Listed(addresses.clone()),
        };
        let ports = ports(&cluster, journal.clone());
        let (declare, wanted) = watch::channel(vec![shared.clone()]);
        let me = Me {
            ordinal,
            pod: place.pod.clone(),
            alone: false,
        };
        let (runtime, handle) = Runtime::new(ports, me, wanted);
        tokio::spawn(runtime.run(CancellationToken::new()));
        let worker_id = place.peers.address(ordinal).unwrap();
        let others = Others::new(place).unwrap();
        let server = Server::serve(listener, handle, &worker_id, Some(others), declare).await;
        servers.push(server);
    }
    servers.try_into().unwrap_or_else(|_| unreachable!())
}

#[tokio::test]
async fn either_worker_answers_for_both() {
    let servers = pair().await;
    for server in &servers {
        let status = server.becomes("orders-gen", "RUNNING").await;
        let places: Vec<&str> = status["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["worker_id"].as_str().unwrap())
            .collect();
        let ids = [&servers[0].url, &servers[1].url].map(|url| url.trim_start_matches("http://"));
        assert_eq!(places, [ids[0], ids[1], ids[0]]);
        assert_eq!(status["eddyline"]["epoch"], 1);
        let (_, info) = server.get("/connectors/orders-gen").await;
        assert_eq!(info["tasks"].as_array().unwrap().len(), 3);
        let (_, one) = server.get("/connectors/orders-gen/tasks/1/status").await;
        assert_eq!(one["worker_id"], ids[1]);
    }
    let path = "/connectors/orders-gen/status?local=true";
    let (_, part) = servers[1].get(path).await;
    assert_eq!(part["tasks"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_the_other_workers_is_passed_on() {
    let servers = pair().await;
    servers[0].becomes("orders-gen", "RUNNING").await;
    let post = |path: &'static str| servers[0].call(Method::POST, path, None);
    for (path, code) in [
        ("/connectors/orders-gen/tasks/1/restart", 204),
        ("/connectors/orders-gen/tasks/2/restart", 204),
        ("/connectors/orders-gen/tasks/1/restart?local=true", 404),
        ("/connectors/orders-gen/tasks/3/restart", 404),
        ("/connectors/orders-gen/restart?includeTasks=true", 202),
    ] {
        assert_eq!(post(path).await.0, code, "{path}");
    }
    let body = json!({ "name": "mine", "config": counter(&[]) });
    let (code, error) = servers[0]
        .call(Method::POST, "/connectors", Some(body))
        .await;
    assert_eq!(code, 403, "{error}");
}

#[tokio::test]
async fn the_operators_next_word_is_taken_and_no_one_elses() {
    let [server, _] = pair().await;
    server.becomes("orders-gen", "RUNNING").await;
    let (_, config) = server.get("/connectors/orders-gen/config").await;
    let with = |changes: &[(&str, &str)]| {
        let mut config = config.clone();
        for (key, value) in changes {
            config[*key] = json!(value);
        }
        Some(config)
    };
    let path = "/connectors/orders-gen/config";
    for (changes, code) in [
        (&[("rate", "7")][..], 409),
        (&[("eddyline.uid", "v"), ("eddyline.generation", "9")], 409),
        (&[("eddyline.epoch", "0")], 409),
        (&[], 200),
        (&[("eddyline.worker.uids", "p0,")], 200),
        (&[("eddyline.epoch", "2")], 200),
        (&[("eddyline.epoch", "1")], 409),
        (
            &[
                ("rate", "7"),
                ("eddyline.generation", "2"),
                ("eddyline.epoch", "2"),
            ],
            200,
        ),
        (&[], 409),
    ] {
        let (got, answer) = server.call(Method::PUT, path, with(changes)).await;
        assert_eq!(got, code, "{changes:?}: {answer}");
    }
}
