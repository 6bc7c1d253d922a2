//! Two Clusters of one name in two namespaces are two Clusters, whatever the order in which their objects were applied.

use crate::harness::namespace;
use crate::records;

const FLOWING: &str = include_str!("faults/flowing.yaml");

#[test]
fn clusters_of_one_name_in_two_namespaces_share_nothing() {
    let one = namespace("one");
    let two = one.beside("two");
    // One by one and backwards: a Connector before its Topic, and both before their Cluster.
    let mut documents: Vec<_> = FLOWING.split("---\n").collect();
    documents.reverse();
    for document in documents {
        two.apply(document);
    }
    one.apply(FLOWING);
    for test in [&*one, &two] {
        for object in ["cluster/c", "topic/t", "topic/kept", "connector/x"] {
            test.ready(object);
        }
    }
    records::produce(&one, "c", "kept", "only here\n");
    assert_eq!(records::count(&one, "c", "kept"), 1);
    assert_eq!(records::count(&two, "c", "kept"), 0);
    let id = |test: &tests::kube::namespace::Namespace| {
        test.get("cluster/c").unwrap()["status"]["clusterId"].clone()
    };
    assert!(id(&one).is_string());
    assert_ne!(id(&one), id(&two));
    one.kubectl(&["delete", "topic", "t", "--timeout=90s"]);
    records::at_least(&two, "c", "t", 10);
}
