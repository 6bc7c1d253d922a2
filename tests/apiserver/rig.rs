//! The control plane itself: what the other tests lean on.

use crate::harness::{HOME, USER, suite};
use tests::paths;

#[test]
fn the_operators_user_has_the_charts_rights_and_no_more() {
    let can = |verb: &str, resource: &str| {
        let words = [
            "auth", "can-i", verb, resource, "--as", USER, "-n", "default",
        ];
        suite().kube.try_kubectl(&words).is_ok()
    };
    assert!(can("list", "topics.eddyline.dev"));
    assert!(can("patch", "statefulsets.apps"));
    assert!(!can("get", "secrets"), "the operator reads no Secret");
    assert!(!can("create", "pods/exec"));
    assert!(!can("delete", "topics.eddyline.dev"));
}

#[test]
fn every_example_is_taken_by_a_real_api_server() {
    let folder = paths::root().join("examples").display().to_string();
    let words = ["apply", "--dry-run=server", "-n", "default", "-f", &folder];
    let said = suite().kube.kubectl(&words);
    assert!(said.contains("cluster.eddyline.dev/tutorial"), "{said}");
    assert!(!said.contains("Warning"), "{said}");
}

#[test]
fn the_audit_log_shows_who_wrote_what() {
    let audit = suite().kube.audit().unwrap();
    let mark = audit.mark();
    let create = ["create", "configmap", "seen", "-n", HOME];
    suite().kube.kubectl(&create);
    let entries = audit.since(mark);
    let found = entries
        .iter()
        .find(|entry| entry.is_write() && entry.name == "seen" && entry.user == "admin");
    assert!(found.is_some(), "{entries:?}");
}
