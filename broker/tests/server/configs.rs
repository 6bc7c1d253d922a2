//! Settings over the wire: described with their places, altered, refused with what is allowed.

use wire::ErrorCode;
use wire::client::Connection;
use wire::messages::{describe_configs, incremental_alter_configs as alter};

use super::rig::{call, client, create, start_with};

/// Value, source, type and read-only flag of one setting.
type Told = (Option<String>, i8, i8, bool);

async fn described(connection: &Connection, kind: i8, name: &'static str, key: &str) -> Told {
    let resource = describe_configs::DescribeConfigsResource {
        resource_type: kind,
        resource_name: name.into(),
        configuration_keys: None,
    };
    let request = describe_configs::Request {
        resources: vec![resource],
        include_synonyms: true,
        include_documentation: true,
    };
    let reply = call(connection, &request).await;
    let result = reply.decode().unwrap().results.remove(0);
    assert_eq!(result.error_code, 0, "{:?}", result.error_message);
    let one = result
        .configs
        .into_iter()
        .find(|one| one.name == key)
        .unwrap();
    assert!(one.documentation.is_some());
    (
        one.value.map(Into::into),
        one.config_source,
        one.config_type,
        one.read_only,
    )
}

/// Kind, name, operation, setting and value of one change.
type Wish = (i8, &'static str, i8, &'static str, Option<&'static str>);

async fn altered(connection: &Connection, wish: Wish, validate_only: bool) -> (i16, String) {
    let (resource_type, name, config_operation, key, value) = wish;
    let config = alter::AlterableConfig {
        name: key.into(),
        config_operation,
        value: value.map(Into::into),
    };
    let resource = alter::AlterConfigsResource {
        resource_type,
        resource_name: name.into(),
        configs: vec![config],
    };
    let request = alter::Request {
        resources: vec![resource],
        validate_only,
    };
    let reply = call(connection, &request).await;
    let result = reply.decode().unwrap().responses.remove(0);
    (
        result.error_code,
        result.error_message.unwrap_or_default().into_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_described_and_altered() {
    let folder = tempfile::tempdir().unwrap();
    let config = [("log.retention.hours", "24"), ("num.partitions", "2")];
    let broker = start_with(folder.path(), &config).await;
    let connection = client(&broker).await;
    assert_eq!(create(&connection, "a", 1, &[]).await, 0);

    let value = |text: &str| Some(text.to_owned());
    let retention = described(&connection, 2, "a", "retention.ms").await;
    assert_eq!(retention, (value("86400000"), 4, 5, false));
    let flush = described(&connection, 2, "a", "eddyline.flush").await;
    assert_eq!(flush, (value("sync"), 5, 2, false));
    let partitions = described(&connection, 4, "1", "num.partitions").await;
    assert_eq!(partitions, (value("2"), 4, 3, true));
    let request_bytes = described(&connection, 4, "1", "socket.request.max.bytes").await;
    assert!(request_bytes.0.unwrap().parse::<u64>().unwrap() <= 100 << 20);

    let set = (2, "a", 0, "retention.ms", Some("5"));
    assert_eq!(altered(&connection, set, true).await.0, 0);
    assert_eq!(
        described(&connection, 2, "a", "retention.ms").await,
        retention
    );
    assert_eq!(altered(&connection, set, false).await.0, 0);
    assert_eq!(
        described(&connection, 2, "a", "retention.ms").await,
        (value("5"), 1, 5, false)
    );
    let append = (2, "a", 2, "cleanup.policy", Some("compact"));
    assert_eq!(altered(&connection, append, false).await.0, 0);
    let policy = described(&connection, 2, "a", "cleanup.policy").await;
    assert_eq!(policy, (value("delete,compact"), 1, 7, false));
    let delete = (2, "a", 1, "retention.ms", None);
    assert_eq!(altered(&connection, delete, false).await.0, 0);
    let all_brokers = (4, "", 0, "log.retention.ms", Some("7"));
    assert_eq!(altered(&connection, all_brokers, false).await.0, 0);
    assert_eq!(
        described(&connection, 2, "a", "retention.ms").await,
        (value("7"), 3, 5, false)
    );
    broker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_changes_say_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let broker = start_with(folder.path(), &[]).await;
    let connection = client(&broker).await;
    assert_eq!(create(&connection, "a", 1, &[]).await, 0);
    let cases: [(Wish, ErrorCode, &str); 9] = [
        (
            (2, "a", 0, "retention.m", Some("1")),
            ErrorCode::InvalidConfig,
            "did you mean retention.ms?",
        ),
        (
            (2, "a", 0, "retention.ms", Some("1d")),
            ErrorCode::InvalidConfig,
            "a whole number",
        ),
        (
            (2, "a", 0, "eddyline.flush", Some("never")),
            ErrorCode::InvalidConfig,
            "pagecache",
        ),
        (
            (2, "a", 0, "retention.ms", None),
            ErrorCode::InvalidRequest,
            "delete it",
        ),
        (
            (2, "a", 9, "retention.ms", Some("1")),
            ErrorCode::InvalidRequest,
            "no operation",
        ),
        (
            (2, "b", 0, "retention.ms", Some("1")),
            ErrorCode::UnknownTopicOrPartition,
            "no such topic",
        ),
        (
            (4, "1", 0, "num.partitions", Some("3")),
            ErrorCode::InvalidRequest,
            "give it at the start",
        ),
        (
            (4, "7", 0, "num.partitions", Some("3")),
            ErrorCode::InvalidRequest,
            "the only broker is 1",
        ),
        (
            (16, "a", 0, "x", Some("1")),
            ErrorCode::InvalidRequest,
            "type 16",
        ),
    ];
    for (wish, code, part) in cases {
        let (found, message) = altered(&connection, wish, false).await;
        assert_eq!(found, code.code(), "{wish:?}: {message}");
        assert!(message.contains(part), "{wish:?}: {message}");
    }
    broker.stop().await.unwrap();
}
