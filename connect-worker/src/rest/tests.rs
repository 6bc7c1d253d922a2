//! Goal: scripts and tools made for Kafka Connect find the same codes, shapes and texts. Method:
//! the real server on a free port over a cluster in memory.

mod pair;

use std::{sync::Arc, time::Duration};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{OnceCell, watch},
};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    clock::SystemClock,
    datagen::Datagen,
    plugin::{Config, Registry},
    settings::ManagedConnector,
    store::testing::MemoryJournal,
    worker::{
        Me,
        runtime::{Ports, Runtime},
        testing::{Counter, MemoryCluster},
    },
};

struct Server {
    url: String,
    client: Client,
    _managed: watch::Sender<Vec<ManagedConnector>>,
}

impl Server {
    async fn start() -> Self {
        let ports = ports(&MemoryCluster::default(), MemoryJournal::default());
        let (declare, wanted) = watch::channel(vec![managed()]);
        let (runtime, handle) = Runtime::new(ports, Me::alone(), wanted);
        tokio::spawn(runtime.run(CancellationToken::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::serve(listener, handle, "w:8083", None, declare).await
    }

    async fn serve(
        listener: TcpListener,
        handle: Handle,
        worker_id: &str,
        peers: Option<Peers>,
        managed: watch::Sender<Vec<ManagedConnector>>,
    ) -> Self {
        let api = Api {
            handle: handle.clone(),
            worker_id: worker_id.into(),
            peers,
            cluster: Arc::new(MemoryCluster::default()),
            cluster_id: Arc::new(OnceCell::new()),
        };
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = axum::serve(listener::Bounded::new(listener, 16), router(api));
        tokio::spawn(server.into_future());
        handle
            .board
            .watch()
            .wait_for(|snapshot| snapshot.ready)
            .await
            .unwrap();
        Self {
            url,
            client: Client::new(),
            _managed: managed,
        }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let code = response.status().as_u16();
        let text = response.text().await.unwrap();
        (code, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, None).await
    }

    async fn create(&self, name: &str) -> (u16, Value) {
        let body = json!({ "name": name, "config": counter(&[]) });
        self.call(Method::POST, "/connectors", Some(body)).await
    }

    /// Waits until the connector is in this state.
    async fn becomes(&self, name: &str, state: &str) -> Value {
        let path = format!("/connectors/{name}/status");
        let waited = async {
            loop {
                let (_, status) = self.get(&path).await;
                if status["connector"]["state"] == state {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), waited)
            .await
            .unwrap()
    }
}

fn ports(cluster: &MemoryCluster, journal: MemoryJournal) -> Ports {
    Ports {
        cluster: Arc::new(cluster.clone()),
        journal: Arc::new(journal),
        registry: Registry::new(vec![Arc::new(Datagen), Arc::new(Counter)]),
        clock: Arc::new(SystemClock),
    }
}

fn counter(more: &[(&str, &str)]) -> Value {
    let mut config = json!({ "connector.class": "Counter", "kafka.topic": "t", "rate": 100 });
    for (key, value) in more {
        config[*key] = json!(value);
    }
    config
}

fn managed() -> ManagedConnector {
    let config = [
        ("connector.class", "Counter"),
        ("kafka.topic", "t"),
        ("rate", "100"),
    ];
    let config: Config = config
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    ManagedConnector {
        namespace: "default".to_owned(),
        name: "orders-gen".to_owned(),
        uid: "u".to_owned(),
        generation: 1,
        epoch: None,
        config,
        managed_by: "the Connector default/orders-gen in quickstart.yaml".to_owned(),
    }
}

#[tokio::test]
async fn the_worker_says_who_it_is_and_how_it_is() {
    let server = Server::start().await;
    let (code, root) = server.get("/").await;
    assert_eq!((code, &root["kafka_cluster_id"]), (200, &json!("memory")));
    assert!(root["version"].is_string() && root["commit"].is_string());
    assert_eq!(server.get("/health").await.1["status"], "healthy");
}

#[tokio::test]
async fn a_connector_is_made_shown_and_removed() {
    let server = Server::start().await;
    let (code, info) = server.create("c").await;
    assert_eq!(code, 201);
    assert_eq!(
        (&info["name"], &info["type"], &info["config"]["rate"]),
        (&json!("c"), &json!("source"), &json!("100"))
    );
    let (code, error) = server.create("c").await;
    assert_eq!(
        (code, error),
        (
            409,
            json!({ "error_code": 409, "message": "Connector c already exists" })
        )
    );
    assert_eq!(
        server.get("/connectors").await.1,
        json!(["c", "orders-gen"])
    );
    let status = server.becomes("c", "RUNNING").await;
    let task = json!({ "id": 0, "state": "RUNNING", "worker_id": "w:8083" });
    assert_eq!(
        (&status["type"], &status["tasks"]),
        (&json!("source"), &json!([task]))
    );
    let (_, all) = server
        .get("/connectors?expand=info&expand=status&expand=else")
        .await;
    assert_eq!(
        all["c"]["info"]["tasks"],
        json!([{ "connector": "c", "task": 0 }])
    );
    assert_eq!(all["c"]["status"]["name"], "c");
    assert_eq!(
        server.get("/connectors/c/tasks").await.1[0]["id"],
        json!({ "connector": "c", "task": 0 })
    );
    assert_eq!(
        server.get("/connectors/c/tasks/0/status").await.1["state"],
        "RUNNING"
    );
    assert_eq!(
        server.call(Method::DELETE, "/connectors/c", None).await.0,
        204
    );
    assert_eq!(server.get("/connectors/c/status").await.0, 404);
}

#[tokio::test]
async fn a_configuration_is_put_and_patched() {
    let server = Server::start().await;
    let path = "/connectors/c/config";
    assert_eq!(
        server.call(Method::PUT, path, Some(counter(&[]))).await.0,
        201
    );
    assert_eq!(
        server
            .call(Method::PUT, path, Some(counter(&[("tasks.max", "2")])))
            .await
            .0,
        200
    );
    let change = json!({ "tasks.max": null, "rate": 50 });
    let (code, info) = server.call(Method::PATCH, path, Some(change)).await;
    assert_eq!(
        (
            code,
            &info["config"]["rate"],
            info["config"].get("tasks.max")
        ),
        (200, &json!("50"), None)
    );
    assert_eq!(server.get(path).await.1["name"], "c");
    assert_eq!(
        server
            .call(Method::PATCH, "/connectors/none/config", Some(json!({})))
            .await
            .0,
        404
    );
    let (code, error) = server
        .call(Method::PUT, path, Some(counter(&[("name", "other")])))
        .await;
    assert_eq!(code, 400, "{error}");
    let wrong = json!({ "connector.class": "Datagen", "quickstart": "orders", "kafka.topic": "t", "interations": "1" });
    let (code, error) = server.call(Method::PUT, path, Some(wrong)).await;
    let message = error["message"].as_str().unwrap();
    assert!(
        code == 400
            && message.starts_with(
                "Connector configuration is invalid and contains the following 1 error(s):"
            )
    );
    assert!(message.contains("did you mean iterations?"), "{message}");
}

#[tokio::test]
async fn secrets_are_taken_and_never_shown() {
    let server = Server::start().await;
    let config = json!({
        "connector.class": "DatagenSource",
        "quickstart": "ORDERS",
        "kafka.topic": "t",
        "kafka.auth.mode": "KAFKA_API_KEY",
        "kafka.api.key": "K",
        "kafka.api.secret": "hush",
    });
    let (code, info) = server
        .call(Method::PUT, "/connectors/c/config", Some(config))
        .await;
    assert_eq!(code, 201, "{info}");
    for path in [
        "/connectors/c",
        "/connectors/c/config",
        "/connectors/c/tasks",
        "/connectors?expand=info",
    ] {
        let (_, shown) = server.get(path).await;
        assert!(!shown.to_string().contains("hush"), "{path}: {shown}");
    }
    // What was shown can be sent back.
    let (_, shown) = server.get("/connectors/c/config").await;
    let (code, _) = server
        .call(Method::PUT, "/connectors/c/config", Some(shown))
        .await;
    assert_eq!(code, 200);
}

#[tokio::test]
async fn states_are_asked_for_with_connects_codes() {
    let server = Server::start().await;
    server.create("c").await;
    for (verb, code, state) in [
        ("pause", 202, "PAUSED"),
        ("resume", 202, "RUNNING"),
        ("stop", 204, "STOPPED"),
    ] {
        assert_eq!(
            server
                .call(Method::PUT, &format!("/connectors/c/{verb}"), None)
                .await
                .0,
            code
        );
        server.becomes("c", state).await;
    }
    assert_eq!(server.becomes("c", "STOPPED").await["tasks"], json!([]));
    server.call(Method::PUT, "/connectors/c/resume", None).await;
    server.becomes("c", "RUNNING").await;
    assert_eq!(
        server
            .call(Method::POST, "/connectors/c/tasks/0/restart", None)
            .await
            .0,
        204
    );
    assert_eq!(
        server
            .call(Method::POST, "/connectors/c/tasks/7/restart", None)
            .await
            .0,
        404
    );
    assert_eq!(
        server
            .call(Method::POST, "/connectors/c/restart", None)
            .await
            .0,
        204
    );
    let path = "/connectors/c/restart?includeTasks=true&onlyFailed=true";
    let (code, status) = server.call(Method::POST, path, None).await;
    assert_eq!((code, &status["name"]), (202, &json!("c")));
    let paused = json!({ "name": "p", "config": counter(&[]), "initial_state": "PAUSED" });
    assert_eq!(
        server
            .call(Method::POST, "/connectors", Some(paused))
            .await
            .0,
        201
    );
    server.becomes("p", "PAUSED").await;
}

#[tokio::test]
async fn a_managed_connector_refuses_edits_and_names_its_owner() {
    let server = Server::start().await;
    server.becomes("orders-gen", "RUNNING").await;
    let config = Some(counter(&[]));
    for (method, path, body) in [
        (Method::PUT, "/config", config),
        (Method::PATCH, "/config", Some(json!({ "rate": "1" }))),
        (Method::PUT, "/pause", None),
        (Method::PUT, "/resume", None),
        (Method::PUT, "/stop", None),
        (Method::DELETE, "", None),
        (Method::DELETE, "/offsets", None),
    ] {
        let (code, error) = server
            .call(
                method.clone(),
                &format!("/connectors/orders-gen{path}"),
                body,
            )
            .await;
        let message = error["message"].as_str().unwrap_or_default();
        assert_eq!(code, 409, "{method} {path}");
        assert!(
            message.contains("managed by the Connector default/orders-gen in quickstart.yaml"),
            "{message}"
        );
    }
    let path = "/connectors/orders-gen/restart?includeTasks=true";
    assert_eq!(server.call(Method::POST, path, None).await.0, 202);
}

#[tokio::test]
async fn a_status_tells_more_than_connects_under_a_key_of_ours() {
    let server = Server::start().await;
    server.becomes("orders-gen", "RUNNING").await;
    let (_, status) = server.get("/connectors/orders-gen/status").await;
    let ours = &status["eddyline"];
    assert_eq!(
        (&ours["uid"], &ours["generation"], &ours["state"]),
        (&json!("u"), &json!(1), &json!("Running"))
    );
    assert_eq!(
        ours["tasks"],
        json!([{ "id": 0, "state": "Running", "restarts": 0 }])
    );
    let connects = json!({ "id": 0, "state": "RUNNING", "worker_id": "w:8083" });
    assert_eq!(status["tasks"], json!([connects]));
}

#[tokio::test]
async fn topics_and_offsets_are_shown_and_moved() {
    let server = Server::start().await;
    let body =
        json!({ "name": "c", "config": counter(&[("iterations", "3"), ("tasks.max", "1")]) });
    server.call(Method::POST, "/connectors", Some(body)).await;
    server.becomes("c", "COMPLETED").await;
    assert_eq!(
        server.get("/connectors/c/topics").await.1,
        json!({ "c": { "topics": ["t"] } })
    );
    let at = |next: u64| json!({ "offsets": [{ "partition": { "task": 0 }, "offset": { "next": next } }] });
    let path = "/connectors/c/offsets";
    assert_eq!(server.get(path).await, (200, at(3)));
    assert_eq!(
        server.call(Method::PATCH, path, Some(at(1))).await.0,
        400,
        "not stopped"
    );
    server.call(Method::PUT, "/connectors/c/stop", None).await;
    server.becomes("c", "STOPPED").await;
    assert_eq!(server.get(path).await, (200, at(3)));
    assert_eq!(
        server
            .call(Method::PATCH, path, Some(json!({ "offsets": [] })))
            .await
            .0,
        400
    );
    assert_eq!(server.call(Method::PATCH, path, Some(at(1))).await.0, 200);
    assert_eq!(server.get(path).await, (200, at(1)));
    assert_eq!(server.call(Method::DELETE, path, None).await.0, 200);
    assert_eq!(server.get(path).await, (200, json!({ "offsets": [] })));
}

#[tokio::test]
async fn plugins_describe_and_validate() {
    let server = Server::start().await;
    let (_, plugins) = server.get("/connector-plugins").await;
    assert_eq!(plugins[0]["class"], "Datagen");
    let (_, keys) = server.get("/connector-plugins/DatagenSource/config").await;
    assert!(
        keys.as_array()
            .unwrap()
            .iter()
            .any(|key| key["name"] == "quickstart")
    );
    let path = "/connector-plugins/Datagen/config/validate";
    let wrong = json!({ "connector.class": "Datagen", "kafka.topic": "t", "quickstart": "order" });
    let (code, verdict) = server.call(Method::PUT, path, Some(wrong)).await;
    assert_eq!((code, &verdict["error_count"]), (200, &json!(1)));
    let other = json!({ "connector.class": "Counter" });
    assert_eq!(server.call(Method::PUT, path, Some(other)).await.0, 400);
    assert_eq!(server.get("/connector-plugins/None/config").await.0, 404);
}

#[tokio::test]
async fn wrong_requests_get_connects_error_bodies() {
    let server = Server::start().await;
    for (method, path, body, code) in [
        (Method::GET, "/nowhere", None, 404),
        (Method::PUT, "/connectors", None, 405),
        (Method::GET, "/connectors/none", None, 404),
        (
            Method::GET,
            "/connectors/orders-gen/tasks/x/status",
            None,
            404,
        ),
        (
            Method::POST,
            "/connectors/orders-gen/restart?includeTasks=maybe",
            None,
            400,
        ),
        (Method::POST, "/connectors", Some(json!("x")), 400),
        (
            Method::POST,
            "/connectors",
            Some(json!({ "name": "a/b", "config": counter(&[]) })),
            400,
        ),
        (
            Method::POST,
            "/connectors",
            Some(json!({ "name": "c", "config": { "a": [1] } })),
            400,
        ),
        (
            Method::POST,
            "/connectors",
            Some(json!({ "name": "c", "config": { "a": "1" } })),
            400,
        ),
        (
            Method::POST,
            "/connectors",
            Some(json!({ "name": "x".repeat(2 << 20), "config": {} })),
            413,
        ),
    ] {
        let (got, error) = server.call(method.clone(), path, body).await;
        assert_eq!(
            (got, &error["error_code"]),
            (code, &json!(code)),
            "{method} {path}: {error}"
        );
        assert!(error["message"].is_string());
    }
}
