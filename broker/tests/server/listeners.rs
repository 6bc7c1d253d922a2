//! Listeners: each tells its own address; a start that cannot be says why and changes nothing.

use broker::listeners::{BindError, Listener};
use broker::log::OpenError;
use broker::{Broker, Settings, StartError};
use wire::client::Connection;
use wire::messages::{describe_cluster, find_coordinator, metadata};

use super::rig::{PATIENCE, address, call, client, create, start};

#[tokio::test(flavor = "multi_thread")]
async fn two_listeners_give_two_answers() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::loopback(folder.path(), 0);
    settings.listeners = vec![
        "IN=127.0.0.1:0".parse::<Listener>().unwrap(),
        "OUT=127.0.0.1:0,advertise=broker.example:19094"
            .parse()
            .unwrap(),
    ];
    let broker = Broker::start(settings).await.unwrap();
    let inside = broker.listeners()[0].addresses[0];
    let outside = broker.listeners()[1].addresses[0];
    let cases = [
        (inside, "127.0.0.1".to_owned(), i32::from(inside.port())),
        (outside, "broker.example".to_owned(), 19094),
    ];
    for (dial, host, port) in cases {
        let connection = Connection::connect(&dial.to_string(), "test", PATIENCE)
            .await
            .unwrap();
        let reply = call(&connection, &metadata::Request::default()).await;
        let brokers = reply.decode().unwrap().brokers;
        assert_eq!(
            (brokers[0].host.as_ref(), brokers[0].port),
            (host.as_str(), port)
        );
        let reply = call(&connection, &describe_cluster::Request::default()).await;
        let brokers = reply.decode().unwrap().brokers;
        assert_eq!(
            (brokers[0].host.as_ref(), brokers[0].port),
            (host.as_str(), port)
        );
        let request = find_coordinator::Request {
            coordinator_keys: vec!["g".into()],
            ..Default::default()
        };
        let reply = call(&connection, &request).await;
        let found = reply.decode().unwrap().coordinators;
        assert_eq!(
            (found[0].host.as_ref(), found[0].port),
            (host.as_str(), port)
        );
    }
    broker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn both_loopback_families_reach_the_default_listener() {
    let folder = tempfile::tempdir().unwrap();
    let broker = start(folder.path()).await;
    for dial in &broker.listeners()[0].addresses {
        let connection = Connection::connect(&dial.to_string(), "test", PATIENCE)
            .await
            .unwrap();
        let reply = call(&connection, &metadata::Request::default()).await;
        let told = reply.decode().unwrap();
        assert_eq!(told.brokers[0].host, "localhost");
        assert_eq!(told.brokers[0].port, i32::from(dial.port()));
    }
    broker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_cannot_be_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let broker = start(folder.path()).await;
    let taken = address(&broker);

    let error = Broker::start(Settings::loopback(other.path(), taken.port()))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, StartError::Bind(BindError::PortInUse { address, .. }) if *address == taken),
        "{error}"
    );
    assert_eq!(
        std::fs::read_dir(other.path()).unwrap().count(),
        0,
        "nothing was touched"
    );

    let error = Broker::start(Settings::loopback(folder.path(), 0))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, StartError::Data(OpenError::InUse { .. })),
        "{error}"
    );

    let mut settings = Settings::loopback(other.path(), 0);
    settings
        .config
        .insert("num.partition".to_owned(), "2".to_owned());
    let error = Broker::start(settings).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown setting num.partition: did you mean num.partitions?"
    );

    // The one that runs was not disturbed.
    let connection = client(&broker).await;
    assert_eq!(create(&connection, "a", 1, &[]).await, 0);
    broker.stop().await.unwrap();
}
