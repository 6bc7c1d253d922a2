//! `make bench`: the bundled broker and Apache Kafka side by side, in one run on one machine with one client.
//! Starts each system on a fresh folder in the order of the plan, runs its rows, and writes what came out. Everything
//! it starts ends with it. It must not know the product from the inside: it speaks to programs.

mod cgroup;
mod client;
mod elsewhere;
mod floor;
mod launch;
mod load;
mod machine;
mod measurement;
mod null;
mod plan;
mod platform;
mod probe;
mod report;
mod rows;
mod session;
mod settings;
mod statistics;
mod system;
mod targets;
mod touch;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;

use report::Results;
use settings::{Args, Profile};

/// Killed children are gone within this.
const END_LIMIT: Duration = Duration::from_secs(5);
const BREATH: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some((launch::LAUNCH, rest)) = words
        .split_first()
        .map(|(first, rest)| (first.as_str(), rest))
    {
        return launch::launcher(rest);
    }
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("bench: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// A folder for everything the systems write; removed when dropped.
#[derive(Debug)]
struct Ground(PathBuf);

impl Ground {
    fn make(args: &Args) -> Result<Self> {
        let above = args.data_dir.clone();
        let above = above.unwrap_or_else(|| ::tests::paths::cache().join("bench"));
        sweep(&above);
        let folder = above.join(format!("run-{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        Ok(Self(folder))
    }

    fn free_mb(&self) -> Result<u64> {
        let stat = rustix::fs::statvfs(&self.0)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize) / 1_000_000)
    }
}

/// Removes what benches have left that were killed.
fn sweep(above: &Path) {
    cgroup::sweep();
    for entry in std::fs::read_dir(above).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name
            .strip_prefix("run-")
            .is_some_and(|id| !platform::is_alive(id))
        {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(args: &Args) -> Result<()> {
    let profile = args.profile();
    let sessions = plan::sessions(&profile, &args.only, &args.systems);
    ensure!(
        !sessions.is_empty(),
        "no row or system is called so; there are the rows {}",
        plan::rows()
            .map(|row| row.name)
            .collect::<Vec<_>>()
            .join(" ")
    );
    let eddyline = ::tests::paths::eddyline();
    ensure!(
        eddyline.is_file(),
        "{} is not built: make build, or EDDYLINE_PROGRAM",
        eddyline.display()
    );
    system::kafka_libraries()?;
    platform::open_many_files()?;
    let ground = Ground::make(args)?;
    let (free_mb, needed_mb) = (ground.free_mb()?, profile.disk_mb());
    ensure!(
        free_mb > needed_mb,
        "{free_mb} MB are free for data, {needed_mb} MB may be needed: --data-dir, or smaller sizes"
    );
    end_at_interrupt(ground.0.clone())?;
    let mut results = begin(args, &profile, &ground.0);
    let touched = touch::touch(&ground.0, profile.touch_gib)?;
    results.conditions = report::conditions(&profile, touched);
    let runs = session::measure(&profile, &sessions, &ground.0, &mut results.conditions);
    results.conditions.extend(report::disturbance(&runs));
    let folder = args.results_dir.clone();
    let folder = folder.unwrap_or_else(|| ::tests::paths::root().join("tests/bench/results"));
    for path in results.write(&runs, &folder)? {
        say(&path.display().to_string());
    }
    let failed = runs.0.iter().filter(|run| run.failure.is_some()).count();
    ensure!(failed == 0, "{failed} runs failed; the results say why");
    Ok(())
}

fn begin(args: &Args, profile: &Profile, folder: &Path) -> Results {
    let now = jiff::Timestamp::now();
    let second = now.round(jiff::Unit::Second).unwrap_or(now);
    Results {
        date: second.to_string(),
        machine: machine::Machine::look(folder),
        versions: machine::Versions::ask(),
        profile: profile.clone(),
        only: args.only.clone(),
        conditions: Vec::new(),
        client: Results::clients(),
        disturbed: false,
        targets: Vec::new(),
        runs: Vec::new(),
    }
}

/// Ctrl-C and SIGTERM: the children go, and so does what they wrote.
fn end_at_interrupt(folder: PathBuf) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    std::thread::spawn(move || {
        let stopped: Result<()> = runtime.block_on(async {
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut terminate = signal(SignalKind::terminate())?;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            Ok(())
        });
        if stopped.is_ok() {
            launch::kill_all();
            let _ = std::fs::remove_dir_all(folder);
            let begun = Instant::now();
            while !cgroup::sweep() && begun.elapsed() < END_LIMIT {
                ::tests::wait::pass(BREATH);
            }
            std::process::exit(130);
        }
    });
    Ok(())
}

/// One line on standard output; a closed pipe is nobody's fault.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
