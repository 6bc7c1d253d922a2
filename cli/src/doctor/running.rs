//! What runs: each process that left its addresses, and whether its broker, worker and admin port answer.

use std::time::Duration;

use wire::messages::{api_versions, describe_cluster};

use super::Finding;
use crate::cluster::{self, Cluster};
use crate::failure::Failure;
use crate::laptop::run_file::Addresses;

/// How long an HTTP answer may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Looks at `bootstrap`, or at everything that runs here.
pub(super) async fn check(bootstrap: Option<&str>, running: &[Addresses]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for one in running {
        let what = format!(
            "{} (pid {})",
            one.cluster.as_deref().unwrap_or("a broker alone"),
            one.pid
        );
        findings.push(Finding::ok("running", what));
    }
    if running.is_empty() {
        let help = "start one with: eddyline up -f FILE";
        findings.push(Finding::note("running", "no Eddyline runs here", help));
    }
    if let Some(servers) = bootstrap {
        findings.push(broker(servers).await);
        return findings;
    }
    for one in running {
        findings.push(broker(&one.kafka).await);
        if let Some(url) = &one.connect {
            findings.push(http("connect", url, url).await);
        }
        if let Some(url) = &one.admin {
            findings.push(http("admin", url, &format!("{url}/readyz")).await);
        }
    }
    findings
}

async fn broker(servers: &str) -> Finding {
    match describe(servers).await {
        Ok(what) => Finding::ok("broker", what),
        Err(failure) => Finding::wrong("broker", failure.what, failure.help),
    }
}

/// Who answers, in which version, and what it holds.
async fn describe(servers: &str) -> Result<String, Failure> {
    let cluster = Cluster::reach(servers).await?;
    let any = cluster.any();
    let reply = cluster
        .ask(any.call(&describe_cluster::Request::default()))
        .await?;
    let id = {
        let answer = cluster.read(reply.decode())?;
        cluster::check(answer.error_code, "describe the cluster")?;
        answer.cluster_id.to_string()
    };
    let request = api_versions::Request {
        client_software_name: cluster::CLIENT_ID.into(),
        client_software_version: env!("CARGO_PKG_VERSION").into(),
    };
    let reply = cluster.ask(any.call(&request)).await?;
    let answer = cluster.read(reply.decode())?;
    cluster::check(answer.error_code, "tell its versions")?;
    let features = answer.finalized_features.iter();
    let level = features
        .filter(|feature| feature.name == "metadata.version")
        .map(|feature| format!(", metadata.version {}", feature.max_version_level))
        .next()
        .unwrap_or_default();
    let topics = cluster.topics().filter(|topic| !topic.internal).count();
    Ok(format!(
        "{servers} answers: cluster {id}, {} broker(s), {topics} topic(s), {} APIs{level}",
        cluster.brokers().len(),
        answer.api_keys.len()
    ))
}

async fn http(check: &'static str, shown: &str, url: &str) -> Finding {
    match status(url).await {
        Ok(status) if status.is_success() => Finding::ok(check, format!("{shown} answers")),
        Ok(status) => Finding::wrong(
            check,
            format!("{shown} answers {status}"),
            "look at what the process printed",
        ),
        Err(error) => {
            let why = if error.is_timeout() {
                "no answer in time"
            } else {
                "no connection"
            };
            Finding::wrong(
                check,
                format!("{shown}: {why}"),
                "stop the process and start it again",
            )
        }
    }
}

async fn status(url: &str) -> Result<reqwest::StatusCode, reqwest::Error> {
    let client = reqwest::Client::builder().timeout(TIMEOUT).build()?;
    Ok(client.get(url).send().await?.status())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Verdict;
    use super::*;

    #[tokio::test]
    async fn what_does_not_answer_is_wrong() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let here = Addresses {
            pid: 7,
            cluster: Some("default/t".to_owned()),
            kafka: address.clone(),
            connect: Some(format!("http://{address}")),
            admin: None,
            data_dir: None,
            listeners: BTreeMap::new(),
        };
        let found = check(None, &[here]).await;
        let verdicts: Vec<_> = found.iter().map(|one| (one.check, one.verdict)).collect();
        let expected = [
            ("running", Verdict::Ok),
            ("broker", Verdict::Wrong),
            ("connect", Verdict::Wrong),
        ];
        assert_eq!(verdicts, expected);
        assert_eq!(found[0].what, "default/t (pid 7)");
        assert!(found[1].help.contains("--bootstrap"), "{found:?}");
        let nothing = check(None, &[]).await;
        assert_eq!(nothing[0].verdict, Verdict::Note);
    }
}
