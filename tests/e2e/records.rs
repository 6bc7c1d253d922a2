//! Reading and writing records from inside the cluster, by clients in pods.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tests::kube::kubectl::Kube;
use tests::kube::namespace::Namespace;

use crate::harness::image_name;

/// One record as it was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Read {
    pub(crate) partition: i64,
    pub(crate) offset: i64,
    /// CreateTime in milliseconds since 1970.
    pub(crate) timestamp: i64,
    /// JSON text.
    pub(crate) value: String,
}

impl Read {
    /// A whole-number field of the value.
    #[track_caller]
    pub(crate) fn number(&self, field: &str) -> i64 {
        let value: Value = serde_json::from_str(&self.value).unwrap();
        value[field].as_i64().unwrap()
    }
}

/// Milliseconds since 1970 of a time as the hand tools write it.
#[track_caller]
fn milliseconds(time: &str) -> i64 {
    let time: jiff::Timestamp = time.parse().unwrap();
    time.as_millisecond()
}

fn parse(lines: &str) -> Vec<Read> {
    let read = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap();
        Read {
            partition: record["partition"].as_i64().unwrap(),
            offset: record["offset"].as_i64().unwrap(),
            timestamp: milliseconds(record["timestamp"].as_str().unwrap()),
            value: match &record["value"] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            },
        }
    };
    let mut found: Vec<_> = lines.lines().map(read).collect();
    found.sort();
    found
}

/// The first `count` records of a topic of the Cluster `tutorial`, read by a pod that does nothing else. The pod may be
/// there before the Cluster: it tries until there is something to read.
#[track_caller]
pub(crate) fn by_a_pod(kube: &Kube, namespace: &str, topic: &str, count: u32) -> Vec<Read> {
    let words = [
        "consume".to_owned(),
        topic.to_owned(),
        "-n".to_owned(),
        count.to_string(),
        "-o".to_owned(),
        "json".to_owned(),
    ];
    let name = format!("read-{topic}-{count}");
    let pod = client_pod(&name, &format!("tutorial.{namespace}.svc:9092"), &words);
    kube.run_with(&["kubectl", "apply", "-n", namespace, "-f", "-"], &pod);
    let object = format!("pod/{name}");
    let done = "--for=jsonpath={.status.phase}=Succeeded";
    kube.kubectl(&["wait", "-n", namespace, done, &object, "--timeout=600s"]);
    let lines = kube.kubectl(&["logs", "-n", namespace, &name]);
    kube.kubectl(&["delete", "-n", namespace, &object, "--wait=false"]);
    parse(&lines)
}

/// A pod of our image with a command line, as strict as a namespace can ask; it is started again until it succeeds.
pub(crate) fn client_pod(name: &str, bootstrap: &str, words: &[String]) -> String {
    let pod = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "OnFailure",
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": false,
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}
            },
            "containers": [{
                "name": "client",
                "image": image_name(),
                "args": words,
                "env": [{"name": "EDDYLINE_BOOTSTRAP", "value": bootstrap}],
                "securityContext": {
                    "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"]}
                }
            }]
        }
    });
    pod.to_string()
}

/// A hand tool in the broker's pod of a Cluster, `["topic", "list"]`, which must succeed.
#[track_caller]
pub(crate) fn tool(test: &Namespace, cluster: &str, words: &[&str]) -> String {
    let pod = format!("{cluster}-broker-0");
    test.kubectl(&[&["exec", &pod, "--", "/eddyline"], words].concat())
}

/// Start and end offset by partition; none while the topic or its broker cannot be asked.
pub(crate) fn offsets(test: &Namespace, cluster: &str, topic: &str) -> BTreeMap<i64, (i64, i64)> {
    let pod = format!("{cluster}-broker-0");
    let words = [
        "exec",
        &pod,
        "--",
        "/eddyline",
        "topic",
        "describe",
        topic,
        "-o",
        "json",
    ];
    let Ok(said) = test.try_kubectl(&words) else {
        return BTreeMap::new();
    };
    let described: Value = serde_json::from_str(&said).unwrap_or_default();
    let partitions = described["partitions"].as_array();
    let offsets = |one: &Value| {
        let number = |field: &str| one[field].as_i64();
        Some((number("partition")?, (number("start")?, number("end")?)))
    };
    partitions
        .into_iter()
        .flatten()
        .filter_map(offsets)
        .collect()
}

/// Records visible now, over all partitions.
pub(crate) fn count(test: &Namespace, cluster: &str, topic: &str) -> i64 {
    let offsets = offsets(test, cluster, topic);
    offsets.values().map(|(start, end)| end - start).sum()
}

/// Waits until there are at least `least` records; how many there are.
#[track_caller]
pub(crate) fn at_least(test: &Namespace, cluster: &str, topic: &str, least: i64) -> i64 {
    let what = format!("{least} records in {topic}");
    test.until(&what, Duration::from_mins(1), || {
        Some(count(test, cluster, topic)).filter(|found| *found >= least)
    })
}

/// Every record of a topic into which nobody writes, by partition and offset; the offsets must be whole.
#[track_caller]
pub(crate) fn all(test: &Namespace, cluster: &str, topic: &str) -> Vec<Read> {
    let ends = offsets(test, cluster, topic);
    let count: i64 = ends.values().map(|(start, end)| end - start).sum();
    if count == 0 {
        return Vec::new();
    }
    let number = count.to_string();
    let words = ["consume", topic, "-o", "json", "-n", &number];
    let found = parse(&tool(test, cluster, &words));
    let mut expected: Vec<(i64, i64)> = Vec::new();
    for (partition, (start, end)) in ends {
        expected.extend((start..end).map(|offset| (partition, offset)));
    }
    let places: Vec<_> = found
        .iter()
        .map(|one| (one.partition, one.offset))
        .collect();
    assert_eq!(
        places, expected,
        "{topic}: an acknowledged offset is missing"
    );
    found
}

/// How often each order number was read; every one below the highest must be there.
#[track_caller]
pub(crate) fn orders(records: &[Read]) -> BTreeMap<i64, u32> {
    let mut seen: BTreeMap<i64, u32> = BTreeMap::new();
    for record in records {
        *seen.entry(record.number("orderid")).or_default() += 1;
    }
    let highest = seen.keys().next_back().copied().unwrap_or(-1);
    let missing: Vec<_> = (0..=highest).filter(|id| !seen.contains_key(id)).collect();
    assert!(
        missing.is_empty(),
        "of {highest} orders these are missing: {missing:?}"
    );
    seen
}

/// Gives a topic lines through a pod's `exec`, each acknowledged before this returns.
#[track_caller]
pub(crate) fn produce(test: &Namespace, cluster: &str, topic: &str, lines: &str) {
    let pod = format!("{cluster}-broker-0");
    let words = [
        "kubectl",
        "-n",
        &test.name,
        "exec",
        "-i",
        &pod,
        "--",
        "/eddyline",
        "produce",
        topic,
    ];
    test.kube.run_with(&words, lines);
}
