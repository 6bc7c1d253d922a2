//! What the schema of a Cluster cannot see. Pure.

use crds::Cluster;

use crate::{Finding, restricted::excesses};

/// Reads what the broker is to be started with.
///
/// # Errors
/// What has to be changed in the object.
pub fn validate(cluster: &Cluster) -> Result<(), Vec<Finding>> {
    let spec = &cluster.spec;
    let settings = spec.config.iter();
    let settings = settings.filter_map(|(name, value)| setting(name, value));
    let amounts = spec.resources.iter().flat_map(excesses);
    let findings: Vec<_> = settings.chain(amounts).collect();
    if findings.is_empty() {
        Ok(())
    } else {
        Err(findings)
    }
}

/// Settings reach the broker as lines of a file: what would make two lines of one, or none, is refused.
fn setting(name: &str, value: &str) -> Option<Finding> {
    let is_word = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    if name.is_empty() || !name.chars().all(is_word) {
        let message = "no setting has such a name: use the Kafka name, such as log.retention.hours";
        return Some(Finding::new(format!("spec.config[{name:?}]"), message));
    }
    let is_line = !value.contains(['\n', '\r']) && value.trim() == value;
    (!is_line).then(|| {
        let message = "the value must be one line without spaces around it";
        Finding::new(format!("spec.config[{name:?}]"), message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_one_line_under_a_kafka_name() {
        let mut cluster = Cluster::new("c", crds::ClusterSpec::default());
        let settings = [
            ("log.retention.hours", "24"),
            ("a", ""),
            ("", "1"),
            ("a=b", "1"),
            ("#c", "1"),
            ("d", "1\nlog.dirs=/"),
            ("e", " 1"),
        ];
        cluster.spec.config = settings
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let findings = validate(&cluster).unwrap_err();
        let paths: Vec<_> = findings.iter().map(|one| one.path.as_str()).collect();
        let wrong = ["\"\"", "\"#c\"", "\"a=b\"", "\"d\"", "\"e\""];
        assert_eq!(paths, wrong.map(|name| format!("spec.config[{name}]")));
        cluster
            .spec
            .config
            .retain(|name, _| name.starts_with("log"));
        assert_eq!(validate(&cluster), Ok(()));
    }

    #[test]
    fn requests_are_within_limits() {
        let spec = serde_json::json!({"resources": {
            "requests": {"memory": "2Gi", "cpu": "500m"}, "limits": {"memory": "1024Mi", "cpu": "1"},
        }});
        let cluster = Cluster::new("c", serde_json::from_value(spec).unwrap());
        let findings = validate(&cluster).unwrap_err();
        assert_eq!(
            findings,
            [Finding::new(
                "spec.resources.requests.memory",
                "2Gi is more than the limit of 1024Mi: raise the limit"
            )]
        );
    }
}
