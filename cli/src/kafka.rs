//! What `produce` and `consume` share: the settings of librdkafka, and the check that a topic is there.

use std::time::Duration;

use rdkafka::ClientConfig;

use crate::cluster::Cluster;
use crate::failure::Failure;

/// How long an answer of a cluster that is there may take.
pub const ANSWER: Duration = Duration::from_secs(5);

/// The settings that every client here has.
pub fn client(servers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", servers)
        .set("client.id", "eddyline");
    // A broker that is just starting is tried again at once.
    config
        .set("reconnect.backoff.ms", "20")
        .set("reconnect.backoff.max.ms", "1000");
    config
}

/// The topic's partitions. Asked for by our own client, which knows at once when nothing listens; librdkafka goes on trying.
///
/// # Errors
/// The cluster does not answer, or has no such topic: then with the nearest name.
pub async fn partitions(servers: &str, topic: &str) -> Result<Vec<i32>, Failure> {
    let cluster = Cluster::reach(servers).await?;
    match cluster.topic(topic) {
        Ok(found) => Ok(found.partitions.iter().map(|one| one.index).collect()),
        Err(missing) => {
            let help = format!(
                "{}\nmake it with: eddyline topic create {topic}",
                missing.help
            );
            Err(Failure { help, ..missing })
        }
    }
}
