use std::sync::Arc;

use crate::{
    datagen::Datagen,
    plugin::{Config, Pacing, Plugin, Registry},
};

fn config(pairs: &[(&str, &str)]) -> Config {
    let base = [
        ("connector.class", "Datagen"),
        ("kafka.topic", "t"),
        ("quickstart", "ORDERS"),
    ];
    base.iter()
        .chain(pairs)
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn settings_are_read() {
    let settings = |pairs: &[(&str, &str)]| Datagen.settings(&config(pairs)).unwrap();
    let plain = settings(&[]);
    assert_eq!(plain.topic, "t");
    assert_eq!(plain.identity, "Datagen/orders");
    assert_eq!(
        plain.pacing,
        Pacing::MaxInterval(std::time::Duration::from_millis(500))
    );
    assert_eq!((plain.iterations, plain.seed), (None, None));

    for (pairs, pacing) in [
        (("rate", "0.5"), Pacing::Rate(0.5)),
        (("max.interval", "1"), Pacing::Unthrottled),
        (("max.interval", "-5"), Pacing::Unthrottled),
        (
            ("max.interval", "2"),
            Pacing::MaxInterval(std::time::Duration::from_millis(2)),
        ),
    ] {
        assert_eq!(settings(&[pairs]).pacing, pacing);
    }
    assert_eq!(settings(&[("iterations", "1000")]).iterations, Some(1000));
    assert_eq!(settings(&[("iterations", "0")]).iterations, None);
    assert_eq!(settings(&[("random.seed", "-1")]).seed, Some(u64::MAX));
    assert_eq!(
        settings(&[("quickstart", "Rides_Location")]).identity,
        "Datagen/rides_location"
    );
}

#[test]
fn known_configurations_run_unchanged() {
    let self_managed = config(&[
        ("name", "datagen-orders"),
        (
            "connector.class",
            "io.confluent.kafka.connect.datagen.DatagenConnector",
        ),
        ("quickstart", "orders"),
        (
            "key.converter",
            "org.apache.kafka.connect.storage.StringConverter",
        ),
        (
            "value.converter",
            "org.apache.kafka.connect.json.JsonConverter",
        ),
        ("value.converter.schemas.enable", "false"),
        ("max.interval", "100"),
        ("iterations", "10000000"),
        ("tasks.max", "1"),
    ]);
    let hosted = config(&[
        ("name", "OrdersConnector_tutorial"),
        ("connector.class", "DatagenSource"),
        ("kafka.auth.mode", "KAFKA_API_KEY"),
        ("kafka.api.key", "key"),
        ("kafka.api.secret", "hush"),
        ("output.data.format", "JSON"),
        ("tasks.max", "1"),
    ]);
    let managed = config(&[
        ("name", "orders-gen"),
        ("eddyline.namespace", "default"),
        ("eddyline.uid", "u-1"),
        ("eddyline.generation", "3"),
        ("eddyline.epoch", "1"),
        ("eddyline.worker.uids", "p-0"),
        ("eddyline.workers", "1"),
        ("eddyline.state", "RUNNING"),
        ("rate", "10"),
        ("random.seed", "42"),
        (
            "value.converter",
            "org.apache.kafka.connect.storage.StringConverter",
        ),
        ("eddyline.restart.max", "10"),
        ("eddyline.restart.min.backoff.ms", "1000"),
        ("eddyline.restart.max.backoff.ms", "300000"),
    ]);
    let registry = Registry::new(vec![Arc::new(Datagen)]);
    for config in [self_managed, hosted, managed] {
        let plugin = registry.find(&config["connector.class"]).unwrap();
        let validation = plugin.validate(&config);
        validation.check().unwrap();
        plugin.open(&config, 1).unwrap();
        assert!(
            !serde_json::to_string(&validation).unwrap().contains("hush"),
            "a secret shows"
        );
        assert!(
            !format!("{:?}", validation.notes).contains("hush"),
            "a secret shows"
        );
    }
    assert_eq!(
        registry.find("Datagn").unwrap_err().to_string(),
        "find connector class Datagn: this worker has Datagen; did you mean Datagen?"
    );
}

/// A key, a value, and what is said about it.
const WRONG: [(&str, &str, &str); 17] = [
    (
        "interations",
        "5",
        "is not a setting of this connector; did you mean iterations?",
    ),
    (
        "maxInterval",
        "5",
        "is not a setting of this connector; did you mean max.interval?",
    ),
    ("xyz", "5", "is not a setting of this connector"),
    (
        "rate",
        "0",
        "is \"0\"; write records per second from 0.001 to 10000000, or pause the connector to \
         send none",
    ),
    ("rate", "ten", "is \"ten\"; write a number"),
    (
        "iterations",
        "many",
        "is \"many\"; write a whole number of 64 bits",
    ),
    (
        "tasks.max",
        "0",
        "is \"0\"; write a whole number from 1 to 256",
    ),
    (
        "kafka.topic",
        "a b",
        "is \"a b\"; write 1 to 249 letters, digits, dots, underscores and hyphens",
    ),
    (
        "quickstart",
        "order",
        "is \"order\", which is no template; did you mean orders?; there are orders, rides, \
         rides_location",
    ),
    (
        "quickstart",
        "PAGEVIEWS",
        "is \"PAGEVIEWS\", a template that is not built yet; there are orders, rides, \
         rides_location",
    ),
    (
        "schema.keyfield",
        "itemid",
        "is refused: each template has its own key; another one cannot be chosen yet",
    ),
    (
        "value.converter.schemas.enable",
        "true",
        "schemas in every record are not built yet; write false or leave it out",
    ),
    (
        "output.data.format",
        "AVRO",
        "is \"AVRO\", a format that is not built yet; write JSON",
    ),
    (
        "exactly.once.support",
        "required",
        "exactly-once delivery is not built yet; write requested or leave it out",
    ),
    (
        "eddyline.state",
        "Pausing",
        "is \"Pausing\"; write one of RUNNING, PAUSED, STOPPED",
    ),
    (
        "eddyline.restart.max.backoff.ms",
        "10",
        "makes eddyline.restart.min.backoff.ms longer than eddyline.restart.max.backoff.ms",
    ),
    (
        "producer.override.compression.type",
        "rar",
        "is \"rar\"; write one of none, gzip, snappy, lz4, zstd",
    ),
];

#[test]
fn every_wrong_setting_says_what_to_write() {
    for (key, value, message) in WRONG {
        let config = config(&[(key, value)]);
        let errors = Datagen.validate(&config).check().unwrap_err().errors;
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(
            (errors[0].name.as_str(), errors[0].message.as_str()),
            (key, message)
        );
        assert!(Datagen.open(&config, 1).is_err() && Datagen.settings(&config).is_err());
    }
}

#[test]
fn all_findings_come_at_once_and_read_as_connect_writes_them() {
    let mut config = config(&[("rate", "1"), ("max.interval", "1"), ("transforms", "a")]);
    config.remove("kafka.topic");
    let validation = Datagen.validate(&config);
    assert_eq!(validation.error_count, 3);
    assert_eq!(
        validation.check().unwrap_err().to_string(),
        "Connector configuration is invalid and contains the following 3 error(s):\n\
         kafka.topic: is required and has no default; set kafka.topic\n\
         rate: excludes max.interval; keep one of the two\n\
         transforms: is refused: transforms are not built yet; remove it, and shape the records \
         where they are read"
    );
}

#[test]
fn what_may_be_a_secret_never_shows() {
    for name in [
        "kafka.api.secrett",
        "producer.override.sasl.jaas.config",
        "kafka.api.secret",
    ] {
        let validation = Datagen.validate(&config(&[(name, "hush")]));
        let shown = format!("{validation:?} {:?}", validation.check());
        assert!(shown.contains(name) && !shown.contains("hush"), "{name}");
    }
}

#[test]
fn settings_without_effect_are_accepted_and_named() {
    let config = config(&[
        ("errors.tolerance", "all"),
        ("producer.override.acks", "1"),
        ("topic.creation.default.partitions", "2"),
        ("iterations", "9"),
        ("tasks.max", "3"),
    ]);
    let validation = Datagen.validate(&config);
    validation.check().unwrap();
    let named: Vec<_> = validation
        .notes
        .iter()
        .map(|note| note.name.as_str())
        .collect();
    assert_eq!(
        named,
        [
            "errors.tolerance",
            "producer.override.acks",
            "topic.creation.default.partitions",
            "iterations"
        ]
    );
}

#[test]
fn definitions_have_connects_shape_and_a_place_each() {
    let definitions = Datagen.definitions();
    let json = serde_json::to_value(&definitions[0]).unwrap();
    let keys: Vec<_> = json
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "name",
            "type",
            "required",
            "default_value",
            "importance",
            "documentation",
            "group",
            "order",
            "width",
            "display_name",
            "dependents"
        ]
    );
    let mut places: Vec<_> = definitions.iter().map(|d| (d.group, d.order)).collect();
    let mut names: Vec<_> = definitions.iter().map(|d| d.name.clone()).collect();
    places.sort_unstable();
    names.sort_unstable();
    assert!(places.is_sorted_by(|a, b| a < b) && names.is_sorted_by(|a, b| a < b));
    for definition in &definitions {
        assert!(
            definition.documentation.ends_with('.'),
            "{}",
            definition.name
        );
        for dependent in definition.dependents {
            assert!(
                definitions.iter().any(|d| d.name == *dependent),
                "{dependent}"
            );
        }
    }
}
