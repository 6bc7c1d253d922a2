//! `kubectl explain` of what people write, as golden files that read well.

use tests::golden;

use crate::harness::suite;

#[test]
fn explain_tells_what_every_field_means() {
    for field in [
        "cluster.spec",
        "cluster.spec.storage",
        "cluster.status",
        "topic.spec",
        "topic.spec.retention",
        "topic.status",
        "connector.spec",
        "connector.spec.datagen",
        "connector.spec.restart",
        "connector.status",
    ] {
        let version = "--api-version=eddyline.dev/v1alpha1";
        let said = suite().kube.kubectl(&["explain", field, version]);
        assert!(!said.contains("<no description>"), "{said}");
        golden::same(&format!("apiserver/golden/{field}.expected"), &said);
    }
}
