//! One group: its state, its members, and how far it has come.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::coordinator::{Coordinator, Group, Member};
use super::list;
use crate::cluster::Cluster;
use crate::cluster::offsets::{self, LATEST, Place};
use crate::failure::Failure;
use crate::laptop::findings::suggest;
use crate::output::{self, Format};

#[derive(Debug, Serialize)]
struct Description {
    group: String,
    state: String,
    protocol: String,
    members: Vec<MemberLine>,
    offsets: Vec<OffsetLine>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberLine {
    id: String,
    instance_id: Option<String>,
    client_id: String,
    host: String,
    partitions: usize,
}

/// A partition that the group has an offset in, or a member has.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct OffsetLine {
    topic: String,
    partition: i32,
    committed: Option<i64>,
    end: Option<i64>,
    lag: Option<i64>,
    /// The id of the member that has it.
    member: Option<String>,
}

pub(super) async fn run(servers: &str, name: &str, format: Format) -> Result<(), Failure> {
    let mut cluster = Cluster::reach(servers).await?;
    let (group, committed) = {
        let coordinator = Coordinator::find(&mut cluster, name).await?;
        (
            coordinator.describe().await?,
            coordinator.committed().await?,
        )
    };
    if !group.exists() && committed.is_empty() {
        return Err(unknown(name, &list::names(&mut cluster).await?));
    }
    let places: BTreeSet<Place> = places(&group, &committed);
    let places: Vec<Place> = places.into_iter().collect();
    let ends = offsets::find_all(&mut cluster, &places, LATEST).await?;
    let description = describe(name, group, &committed, &ends);
    match format {
        Format::Json => output::line(&output::json(&description)),
        Format::Table => output::line(&in_words(&description)),
    }
}

fn unknown(name: &str, names: &[String]) -> Failure {
    let near = suggest(name, names.iter().map(String::as_str));
    let help = format!("{near}\nsee them with: eddyline group list");
    Failure::new(format!("there is no group \"{name}\""), help.trim_start())
}

fn places(group: &Group, committed: &BTreeMap<Place, i64>) -> BTreeSet<Place> {
    let assigned = group.members.iter().flat_map(|member| &member.partitions);
    assigned.chain(committed.keys()).cloned().collect()
}

fn describe(
    name: &str,
    group: Group,
    committed: &BTreeMap<Place, i64>,
    ends: &BTreeMap<Place, i64>,
) -> Description {
    let line = |place: Place| {
        let holder = |member: &&Member| member.partitions.contains(&place);
        let member = group.members.iter().find(holder);
        let (committed, end) = (committed.get(&place).copied(), ends.get(&place).copied());
        OffsetLine {
            committed,
            end,
            // A commit may be beyond the end for a moment; nothing is behind then.
            lag: committed.and_then(|committed| Some((end? - committed).max(0))),
            member: member.map(|member| member.id.clone()),
            topic: place.0,
            partition: place.1,
        }
    };
    let offsets = places(&group, committed).into_iter().map(line).collect();
    let members = group.members.into_iter().map(|member| MemberLine {
        partitions: member.partitions.len(),
        id: member.id,
        instance_id: member.instance_id,
        client_id: member.client_id,
        host: member.host,
    });
    Description {
        group: name.to_owned(),
        state: group.state,
        protocol: group.protocol,
        members: members.collect(),
        offsets,
    }
}

fn in_words(group: &Description) -> String {
    let mut facts = vec![
        format!("group     {}", group.group),
        format!("state     {}", group.state),
    ];
    if !group.protocol.is_empty() {
        facts.push(format!("protocol  {}", group.protocol));
    }
    let mut parts = vec![facts.join("\n")];
    if !group.members.is_empty() {
        let row = |one: &MemberLine| {
            let (id, client) = (one.id.clone(), one.client_id.clone());
            vec![id, client, one.host.clone(), one.partitions.to_string()]
        };
        let columns = ["member", "client", "host", "partitions"];
        parts.push(output::table(
            &columns,
            group.members.iter().map(row).collect(),
        ));
    }
    if group.offsets.is_empty() {
        parts.push("no offsets are committed".to_owned());
    } else {
        let row = |one: &OffsetLine| {
            vec![
                one.topic.clone(),
                one.partition.to_string(),
                one.committed
                    .map_or_else(|| "none".to_owned(), |offset| offset.to_string()),
                output::known(one.end),
                output::known(one.lag),
            ]
        };
        let columns = ["topic", "partition", "committed", "end", "lag"];
        parts.push(output::table(
            &columns,
            group.offsets.iter().map(row).collect(),
        ));
    }
    parts.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(topic: &str, partition: i32) -> Place {
        (topic.to_owned(), partition)
    }

    #[test]
    fn each_partition_has_its_lag_and_its_member() {
        let group = Group {
            state: "Stable".to_owned(),
            protocol: "range".to_owned(),
            members: vec![Member {
                id: "m-1".to_owned(),
                instance_id: None,
                client_id: "c".to_owned(),
                host: "127.0.0.1".to_owned(),
                partitions: vec![place("t", 1), place("t", 0)],
            }],
        };
        let committed = [
            (place("t", 0), 4),
            (place("gone", 0), 9),
            (place("u", 0), 8),
        ]
        .into();
        let ends = [(place("t", 0), 10), (place("t", 1), 3), (place("u", 0), 7)].into();
        let description = describe("g", group, &committed, &ends);
        assert_eq!(
            in_words(&description),
            "group     g\n\
             state     Stable\n\
             protocol  range\n\
             \n\
             MEMBER  CLIENT  HOST       PARTITIONS\n\
             m-1     c       127.0.0.1  2\n\
             \n\
             TOPIC  PARTITION  COMMITTED  END  LAG\n\
             gone   0          9          ?    ?\n\
             t      0          4          10   6\n\
             t      1          none       3    ?\n\
             u      0          8          7    0"
        );
        assert_eq!(description.offsets[2].member.as_deref(), Some("m-1"));
        assert_eq!(description.offsets[3].member, None);
    }

    #[test]
    fn an_unknown_group_is_met_with_the_nearest() {
        let failure = unknown("readr", &["reader".to_owned(), "other".to_owned()]);
        assert!(
            failure.help.contains("did you mean \"reader\"?"),
            "{failure}"
        );
        assert!(unknown("readr", &[]).help.starts_with("see them"));
    }
}
