//! Runs the sessions of the plan one after the other, and gathers what their rows gave. It must not know how a row is
//! measured.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::measurement::{Measurement, Measurements, Values};
use crate::plan::{Row, Session, System, Work};
use crate::rows::{self, Bench};
use crate::say;
use crate::settings::Profile;

/// Runs every session; one that fails costs its own rows only.
pub(crate) fn measure(
    profile: &Profile,
    sessions: &[Session],
    ground: &Path,
    conditions: &mut Vec<String>,
) -> Measurements {
    let mut runs = Measurements::default();
    let begun = Instant::now();
    for (index, session) in sessions.iter().enumerate() {
        let minutes = begun.elapsed().as_secs_f64() / 60.0;
        let (number, of, name) = (index + 1, sessions.len(), session.system.name());
        say(&format!(
            "{minutes:5.1} min  {number}/{of}  {name}, round {}",
            session.round
        ));
        let folder = ground.join(format!("{number}-{name}"));
        let before = runs.0.len();
        match run_session(profile, session, &folder, &mut runs) {
            Ok(counted_by) => {
                let condition = format!("processor time from {counted_by}");
                if !conditions.contains(&condition) {
                    conditions.push(condition);
                }
            }
            Err(error) => {
                let taken = runs.0.len() - before;
                for row in &session.rows[taken..] {
                    runs.0.push(failed(session, row.name, &error));
                }
            }
        }
        let _ = std::fs::remove_dir_all(&folder);
    }
    runs
}

fn run_session(
    profile: &Profile,
    session: &Session,
    folder: &Path,
    runs: &mut Measurements,
) -> Result<&'static str> {
    let running = session.system.start(folder)?;
    let counted_by = running.counted_by();
    let mut bench = Bench {
        profile,
        running: Some(running),
    };
    let at_start = session
        .rows
        .iter()
        .take_while(|row| row.work == Work::Start);
    let (at_start, others) = session.rows.split_at(at_start.count());
    for row in at_start {
        take(&mut bench, session, *row, runs);
    }
    let warm_s = match session.system {
        System::Eddyline => profile.warm_eddyline_s,
        System::Kafka | System::KafkaSync => profile.warm_s,
    };
    if let Some(running) = bench.running.as_ref().filter(|_| !others.is_empty()) {
        rows::warm(running, warm_s).context("warm it")?;
    }
    for row in others {
        take(&mut bench, session, *row, runs);
    }
    Ok(counted_by)
}

/// Runs one row and notes what came of it.
fn take(bench: &mut Bench<'_>, session: &Session, row: Row, runs: &mut Measurements) {
    let run = match bench.run(row) {
        Ok(outcome) => Measurement {
            row: row.name.to_owned(),
            system: session.system.name(),
            round: session.round,
            values: outcome.values,
            curve: outcome.curve,
            floor: outcome.floor,
            failure: None,
        },
        Err(error) => failed(session, row.name, &error),
    };
    say(&line(&run));
    runs.0.push(run);
}

fn failed(session: &Session, row: &str, error: &anyhow::Error) -> Measurement {
    Measurement {
        row: row.to_owned(),
        system: session.system.name(),
        round: session.round,
        values: Values::new(),
        curve: None,
        floor: None,
        failure: Some(format!("{error:#}")),
    }
}

/// One run for whoever waits for the end.
fn line(run: &Measurement) -> String {
    let values = run.values.iter();
    let values: Vec<String> = values
        .map(|(name, value)| format!("{name} {value:.2}"))
        .collect();
    let what = run
        .failure
        .as_ref()
        .map_or(values.join("  "), |failure| format!("FAILED: {failure}"));
    format!("           {:<18} {what}", run.row)
}
