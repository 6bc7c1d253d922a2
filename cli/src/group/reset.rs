//! Moving a group to other offsets: it must be empty, for members would go on committing their own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::coordinator::{Coordinator, Group};
use crate::cluster::Cluster;
use crate::cluster::offsets::{self, EARLIEST, LATEST, Place};
use crate::consume::start::Start;
use crate::failure::Failure;
use crate::output::{self, Format};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    group: String,
    /// Move it in this topic; may be repeated. Unset, in all that it has committed offsets for.
    #[arg(short, long = "topic", value_name = "TOPIC")]
    topics: Vec<String>,
    /// Where to: earliest, latest, an offset (42), the last records (-10), a time (2026-01-31T12:00:00Z) or how long
    /// ago (10m).
    #[arg(long, value_name = "WHERE", allow_hyphen_values = true)]
    to: Start,
    /// Only show what would be done: that is the default.
    #[arg(long, conflicts_with = "execute")]
    dry_run: bool,
    /// Do it.
    #[arg(long)]
    execute: bool,
}

/// What becomes of one partition's offset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Move {
    topic: String,
    partition: i32,
    from: Option<i64>,
    to: i64,
}

/// What a partition holds, and where the group is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bounds {
    start: i64,
    end: i64,
}

pub(super) async fn run(servers: &str, args: &Args, format: Format) -> Result<(), Failure> {
    let mut cluster = Cluster::reach(servers).await?;
    let (group, committed) = {
        let coordinator = Coordinator::find(&mut cluster, &args.group).await?;
        (
            coordinator.describe().await?,
            coordinator.committed().await?,
        )
    };
    refuse_members(&args.group, &group)?;
    let places = places(&cluster, args, &committed)?;
    let execute = args.execute && !args.dry_run;
    let bounds = bounds(&mut cluster, &places).await?;
    let timed = timed(&mut cluster, args.to, &places).await?;
    let moves: Vec<Move> = bounds
        .iter()
        .map(|(place, bounds)| Move {
            topic: place.0.clone(),
            partition: place.1,
            from: committed.get(place).copied(),
            to: target(args.to, *bounds, timed.get(place).copied().flatten()),
        })
        .collect();
    if execute {
        let wanted = moves
            .iter()
            .map(|one| ((one.topic.clone(), one.partition), one.to));
        let wanted = wanted.collect();
        // Asked for anew: the borrow of the cluster ended above.
        let coordinator = Coordinator::find(&mut cluster, &args.group).await?;
        coordinator.commit(&wanted).await?;
    }
    output::show(
        format,
        &moves,
        &["topic", "partition", "from", "to"],
        || moves.iter().map(row).collect(),
    )?;
    if execute {
        output::talk(&format!("moved group {}", args.group));
    } else {
        if !group.exists() && committed.is_empty() {
            output::talk(&format!(
                "group {} does not exist yet: this would make it",
                args.group
            ));
        }
        output::talk("nothing was done: repeat it with --execute");
    }
    Ok(())
}

fn refuse_members(name: &str, group: &Group) -> Result<(), Failure> {
    if group.members.is_empty() && matches!(group.state.as_str(), "Empty" | "Dead") {
        return Ok(());
    }
    let clients: BTreeSet<String> = group
        .members
        .iter()
        .map(|member| format!("{} on {}", member.client_id, member.host))
        .collect();
    let what = format!(
        "group {name} is in use ({}): only an empty group can be moved",
        group.state
    );
    let help = if clients.is_empty() {
        "try again when its members are gone".to_owned()
    } else {
        let clients: Vec<String> = clients.into_iter().collect();
        format!("stop its members first: {}", clients.join(", "))
    };
    Err(Failure::new(what, help))
}

fn places(
    cluster: &Cluster,
    args: &Args,
    committed: &BTreeMap<Place, i64>,
) -> Result<Vec<Place>, Failure> {
    let mut places = Vec::new();
    for topic in &args.topics {
        places.extend(offsets::places(cluster.topic(topic)?));
    }
    if args.topics.is_empty() {
        places.extend(committed.keys().cloned());
    }
    if places.is_empty() {
        let what = format!("group {} has no committed offsets", args.group);
        return Err(Failure::new(what, "say which topic with --topic NAME"));
    }
    Ok(places)
}

async fn bounds(
    cluster: &mut Cluster,
    places: &[Place],
) -> Result<BTreeMap<Place, Bounds>, Failure> {
    let starts = offsets::find_all(cluster, places, EARLIEST).await?;
    let ends = offsets::find_all(cluster, places, LATEST).await?;
    let bounds = |place: &Place| {
        let (start, end) = (*starts.get(place)?, *ends.get(place)?);
        Some((place.clone(), Bounds { start, end }))
    };
    let known: BTreeMap<Place, Bounds> = places.iter().filter_map(bounds).collect();
    if let Some((topic, partition)) = places.iter().find(|place| !known.contains_key(place)) {
        let what = format!("the offsets of {topic} partition {partition} are not known");
        let help = "does the topic still exist, and has the partition a leader?\n\
            see it with: eddyline topic list";
        return Err(Failure::new(what, help));
    }
    Ok(known)
}

/// Where the first record at or after the time is, for a `to` that is a time.
async fn timed(
    cluster: &mut Cluster,
    to: Start,
    places: &[Place],
) -> Result<BTreeMap<Place, Option<i64>>, Failure> {
    match to.time_ms(Timestamp::now()) {
        None => Ok(BTreeMap::new()),
        Some(time) => {
            let wanted = places.iter().map(|place| (place.clone(), time)).collect();
            offsets::find(cluster, &wanted).await
        }
    }
}

/// The new offset, inside what the partition holds. No record at or after a time means the end.
fn target(to: Start, bounds: Bounds, timed: Option<i64>) -> i64 {
    let Bounds { start, end } = bounds;
    let wanted = match to {
        Start::Beginning => start,
        Start::End => end,
        Start::Offset(offset) => offset,
        Start::Last(count) => end.saturating_sub(count),
        Start::At(_) | Start::Ago(_) => timed.unwrap_or(end),
    };
    wanted.clamp(start, end.max(start))
}

fn row(one: &Move) -> Vec<String> {
    vec![
        one.topic.clone(),
        one.partition.to_string(),
        one.from
            .map_or_else(|| "none".to_owned(), |offset| offset.to_string()),
        one.to.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::coordinator::Member;
    use super::*;

    #[test]
    fn targets_stay_inside_the_partition() {
        let bounds = Bounds { start: 10, end: 20 };
        let noon = Start::At("2026-01-31T12:00:00Z".parse().unwrap());
        for (to, timed, expected) in [
            (Start::Beginning, None, 10),
            (Start::End, None, 20),
            (Start::Offset(15), None, 15),
            (Start::Offset(5), None, 10),
            (Start::Offset(99), None, 20),
            (Start::Last(3), None, 17),
            (Start::Last(99), None, 10),
            (noon, Some(12), 12),
            (noon, None, 20),
            (Start::Ago(5), Some(11), 11),
        ] {
            assert_eq!(target(to, bounds, timed), expected, "{to:?}");
        }
    }

    #[test]
    fn only_an_empty_group_is_moved() {
        let member = Member {
            id: "m".to_owned(),
            instance_id: None,
            client_id: "reader".to_owned(),
            host: "10.0.0.1".to_owned(),
            partitions: Vec::new(),
        };
        let group = |state: &str, members: &[Member]| Group {
            state: state.to_owned(),
            protocol: String::new(),
            members: members.to_vec(),
        };
        assert_eq!(refuse_members("g", &group("Empty", &[])), Ok(()));
        assert_eq!(refuse_members("g", &group("Dead", &[])), Ok(()));
        let failure = refuse_members("g", &group("Stable", &[member])).unwrap_err();
        assert!(failure.what.contains("in use (Stable)"), "{failure}");
        assert!(failure.help.contains("reader on 10.0.0.1"), "{failure}");
        assert!(refuse_members("g", &group("PreparingRebalance", &[])).is_err());
    }
}
