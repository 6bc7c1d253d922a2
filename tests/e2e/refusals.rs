//! What cannot be is refused by `kubectl apply`, in words that say what to write instead.

use crate::harness::namespace;

const GOOD: &str = "
apiVersion: eddyline.dev/v1alpha1
kind: Topic
metadata: {name: t}
spec: {cluster: nowhere, partitions: 4, retention: {time: 1d}}
---
apiVersion: eddyline.dev/v1alpha1
kind: Connector
metadata: {name: x}
spec: {cluster: nowhere, topic: t, tasks: 2, datagen: {quickstart: orders}}
";

#[test]
fn what_cannot_be_is_refused_at_apply() {
    let test = namespace("refused");
    test.apply(GOOD);
    for (good, bad, words) in [
        ("partitions: 4", "partitions: 2", "partitions can only grow"),
        (
            "partitions: 4",
            "partitions: 4, topicName: other",
            "topicName cannot be changed",
        ),
        ("time: 1d", "time: 1week", "spec.retention.time"),
        ("partitions: 4", "partitons: 4", "partitons"),
        ("tasks: 2", "tasks: 2, workers: 3", "raise tasks first"),
        ("quickstart: orders", "quickstart: ordres", "quickstart"),
    ] {
        let refusal = test.refused(&GOOD.replace(good, bad));
        assert!(refusal.contains(words), "{bad}: {refusal}");
    }
    let topic = test.get("topic/t").unwrap();
    assert_eq!(topic["spec"]["partitions"], 4, "{topic}");
}
