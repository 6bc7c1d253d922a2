//! `make torture`: the real program under load, killed, starved of disk and memory, and cut off from power, until somebody stops
//! it; what its clients saw is judged after each blow (`tests::history`). Load goes to this machine only.

#![expect(
    clippy::cast_precision_loss,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a suite of tests: helpers fail like the tests that call them, and counts fit any number"
)]

mod child;
mod disk;
mod folder;
mod keys;
mod kill;
mod ledger;
mod memory;
mod power;
mod request;
mod stop;
mod torment;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use request::{Case, Request};

/// One line on standard output; a closed pipe is nobody's fault.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

fn main() -> ExitCode {
    let request = match Request::read(std::env::args().skip(1)) {
        Ok(request) => request,
        Err(problem) => {
            say(&format!("{problem}\n{}", request::USAGE));
            return ExitCode::from(2);
        }
    };
    stop::catch(request.minutes);
    let mut well = true;
    for pass in 0.. {
        let seed = request.seed.wrapping_add(pass);
        for case in &request.cases {
            if !stop::asked() {
                well &= run(*case, &request, seed);
            }
        }
        if stop::asked() || !well || request.rounds.is_some() {
            break;
        }
    }
    if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs one case and says in one line what came of it.
fn run(case: Case, request: &Request, seed: u64) -> bool {
    let name = case.name();
    say(&format!("── {name}, seed {seed}"));
    let begun = Instant::now();
    let rounds = request.rounds.unwrap_or(case.rounds());
    let result = catch_unwind(AssertUnwindSafe(|| match case {
        Case::Kill => Ok(kill::run(rounds, seed)),
        Case::FullDisk => disk::run(rounds, seed),
        Case::Memory => Ok(memory::run(rounds)),
        Case::PowerCut => power::run(rounds, seed),
    }));
    let took = begun.elapsed().as_secs_f64();
    match result {
        Ok(Ok(told)) => {
            say(&format!(
                "ok      {name}: {told} ({took:.0} s, seed {seed})"
            ));
            true
        }
        Ok(Err(why)) => {
            say(&format!("skipped {name}: {why}"));
            true
        }
        Err(_) => {
            say(&format!("FAILED  {name} ({took:.0} s, seed {seed})"));
            false
        }
    }
}
