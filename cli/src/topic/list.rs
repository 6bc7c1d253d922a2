//! All topics, a line each.

use serde::Serialize;

use crate::cluster::offsets::{self, EARLIEST, LATEST, Place};
use crate::cluster::{Cluster, Topic};
use crate::failure::Failure;
use crate::output::{self, Format};

#[derive(Debug, Serialize)]
struct Line {
    name: String,
    partitions: usize,
    replicas: usize,
    /// Unset while a partition's leader is away.
    records: Option<i64>,
    internal: bool,
}

pub(super) async fn run(servers: &str, internal: bool, format: Format) -> Result<(), Failure> {
    let mut cluster = Cluster::reach(servers).await?;
    let topics = cluster.topics().filter(|topic| internal || !topic.internal);
    let topics: Vec<Topic> = topics.cloned().collect();
    let places: Vec<Place> = topics.iter().flat_map(offsets::places).collect();
    let starts = offsets::find_all(&mut cluster, &places, EARLIEST).await?;
    let ends = offsets::find_all(&mut cluster, &places, LATEST).await?;
    let records = |topic| -> Option<i64> {
        let counts =
            offsets::places(topic).map(|place| Some(ends.get(&place)? - starts.get(&place)?));
        counts.sum()
    };
    let lines = topics.iter().map(|topic| Line {
        name: topic.name.clone(),
        partitions: topic.partitions.len(),
        replicas: topic.replicas(),
        records: records(topic),
        internal: topic.internal,
    });
    let lines: Vec<Line> = lines.collect();
    output::show(format, &lines, &["topic", "partitions", "records"], || {
        lines.iter().map(row).collect()
    })
}

fn row(line: &Line) -> Vec<String> {
    vec![
        line.name.clone(),
        line.partitions.to_string(),
        output::known(line.records),
    ]
}
