//! All groups, a line each.

use std::collections::BTreeMap;

use serde::Serialize;
use wire::messages::list_groups;

use crate::cluster::{self, Cluster};
use crate::failure::Failure;
use crate::output::{self, Format};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    group: String,
    state: String,
    protocol_type: String,
}

pub(super) async fn run(servers: &str, format: Format) -> Result<(), Failure> {
    let mut cluster = Cluster::reach(servers).await?;
    let lines: Vec<Line> = all(&mut cluster).await?.into_values().collect();
    output::show(format, &lines, &["group", "state", "type"], || {
        let row = |line: &Line| {
            vec![
                line.group.clone(),
                line.state.clone(),
                line.protocol_type.clone(),
            ]
        };
        lines.iter().map(row).collect()
    })
}

/// The names of all groups.
pub(super) async fn names(cluster: &mut Cluster) -> Result<Vec<String>, Failure> {
    Ok(all(cluster).await?.into_keys().collect())
}

/// Each broker tells the groups that it keeps.
async fn all(cluster: &mut Cluster) -> Result<BTreeMap<String, Line>, Failure> {
    let mut groups = BTreeMap::new();
    for broker in cluster.brokers() {
        let connection = cluster.broker(broker).await?;
        let request = list_groups::Request::default();
        let reply = cluster.ask(connection.call(&request)).await?;
        let answer = cluster.read(reply.decode())?;
        cluster::check(answer.error_code, "list its groups")?;
        groups.extend(answer.groups.iter().map(|one| {
            let line = Line {
                group: one.group_id.to_string(),
                state: one.group_state.to_string(),
                protocol_type: one.protocol_type.to_string(),
            };
            (line.group.clone(), line)
        }));
    }
    Ok(groups)
}
