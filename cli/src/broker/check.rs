//! `eddyline broker check FOLDER`: looks the data of a stopped broker over, and changes nothing.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;

use ::broker::check::{Report, check};
use ::broker::log::{CheckFinding, CheckedPartition, OpenError, PartitionKey};
use serde_json::{Value, json};
use wire::Uuid;

use super::FLAGS;
use super::refusal;
use crate::failure::Failure;
use crate::laptop::state;
use crate::output::{self, Format};

/// Looks the data folder of a stopped broker over, reads every record batch and says what is damaged; changes nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder: of `eddyline broker`, or of `eddyline up`.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

/// Runs the command. Damage makes it fail.
pub(super) fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let folder = if state::is_in(&args.folder) {
        args.folder.join("broker")
    } else {
        args.folder.clone()
    };
    let mut report = check(&folder).map_err(|error| unusable(&error))?;
    let Report { checked, names } = &mut report;
    checked
        .partitions
        .sort_by_cached_key(|one| (name(one.partition, names), one.partition.partition));
    let columns = [
        "topic",
        "partition",
        "start",
        "end",
        "segments",
        "batches",
        "bytes",
    ];
    match format {
        Format::Json => output::line(&output::json(&whole(&report)))?,
        Format::Table => {
            let rows = report.checked.partitions.iter();
            let rows = rows.map(|one| row(one, &report.names)).collect();
            output::line(&output::table(&columns, rows))?;
            output::line(&summary(&report))?;
        }
    }
    let places = match report.checked.findings.len() {
        0 => return Ok(()),
        1 => "one place is".to_owned(),
        count => format!("{count} places are"),
    };
    Err(Failure::new(
        format!("{places} damaged in {}", folder.display()),
        "start the broker all the same: whoever reads these records is told, and all others are served",
    ))
}

fn unusable(error: &OpenError) -> Failure {
    match error {
        OpenError::Io { path, error } if error.kind() == io::ErrorKind::NotFound => Failure::new(
            format!("{} holds no broker's data", path.display()),
            "give the folder that eddyline broker or eddyline up was started with",
        ),
        OpenError::InUse { path } => Failure::new(
            format!(
                "the data folder {} is in use by another broker",
                path.display()
            ),
            "stop that one, then look the folder over",
        ),
        _ => refusal::data(error, &FLAGS),
    }
}

fn name(partition: PartitionKey, names: &HashMap<Uuid, String>) -> String {
    match names.get(&partition.topic) {
        Some(name) => name.clone(),
        None if partition == ::broker::topics::METADATA => "(broker metadata)".to_owned(),
        None => partition.topic.to_string(),
    }
}

fn row(one: &CheckedPartition, names: &HashMap<Uuid, String>) -> Vec<String> {
    let numbers = [one.segments, one.batches, one.size_bytes];
    let mut row = vec![
        name(one.partition, names),
        one.partition.partition.to_string(),
        one.start.to_string(),
        one.end.to_string(),
    ];
    row.extend(numbers.map(|number| number.to_string()));
    row
}

fn summary(report: &Report) -> String {
    let checked = &report.checked;
    let stop = if checked.clean {
        "stopped in order"
    } else {
        "not stopped in order: the next start replays the log"
    };
    let mut lines = vec![format!(
        "log: {} rounds with {} batches beyond the segments; {stop}",
        checked.rounds, checked.round_batches
    )];
    lines.extend(
        checked
            .findings
            .iter()
            .map(|one| finding(one, &report.names)),
    );
    if checked.findings.is_empty() {
        lines.push("no damage found".to_owned());
    }
    lines.join("\n")
}

fn finding(one: &CheckFinding, names: &HashMap<Uuid, String>) -> String {
    let CheckFinding { file, what, .. } = one;
    match one.records {
        Some(records) => {
            let (first, last) = (records.first_offset, records.next_offset - 1);
            let partition = records.partition.partition;
            let topic = name(records.partition, names);
            format!(
                "damaged: {topic} partition {partition}, offsets {first} to {last}: {file}: {what}"
            )
        }
        None => format!("damaged: {file}: {what}"),
    }
}

fn whole(report: &Report) -> Value {
    let partitions = report.checked.partitions.iter().map(|one| {
        json!({
            "topic": name(one.partition, &report.names),
            "topicId": one.partition.topic.to_string(),
            "partition": one.partition.partition,
            "start": one.start,
            "end": one.end,
            "segments": one.segments,
            "batches": one.batches,
            "bytes": one.size_bytes,
        })
    });
    let findings = report.checked.findings.iter().map(|one| {
        json!({
            "file": one.file,
            "what": one.what,
            "topic": one.records.map(|records| name(records.partition, &report.names)),
            "partition": one.records.map(|records| records.partition.partition),
            "firstOffset": one.records.map(|records| records.first_offset),
            "nextOffset": one.records.map(|records| records.next_offset),
        })
    });
    json!({
        "clean": report.checked.clean,
        "rounds": report.checked.rounds,
        "partitions": partitions.collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
    })
}
