//! What came of each tier, and the table at the end. It must not run anything.

use std::io::Write;
use std::time::Duration;

/// How many tests a program reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    /// Reads the closing line of a Rust test program; any other line counts nothing.
    pub(crate) fn from_line(line: &str) -> Self {
        let Some(rest) = line.strip_prefix("test result: ") else {
            return Self::default();
        };
        let number = |word: &str| {
            rest.split([';', '.'])
                .filter_map(|part| part.trim().strip_suffix(word))
                .find_map(|count| count.trim().parse().ok())
                .unwrap_or(0)
        };
        Self {
            passed: number("passed"),
            failed: number("failed"),
            skipped: number("ignored"),
        }
    }

    /// Adds another program's counts.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// What came of a tier.
#[derive(Debug)]
pub(crate) enum Outcome {
    Passed {
        counts: Counts,
        took: Duration,
    },
    Broken {
        counts: Counts,
        took: Duration,
        programs: Vec<String>,
    },
    Failed(String),
    LeftOut {
        missing: String,
        remedy: String,
    },
}

/// The outcomes so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<(&'static str, Outcome)>,
}

impl Report {
    /// Adds a tier's outcome.
    pub(crate) fn add(&mut self, tier: &'static str, outcome: Outcome) {
        self.rows.push((tier, outcome));
    }

    /// Whether anything must make the run fail.
    pub(crate) fn failed(&self) -> bool {
        self.rows
            .iter()
            .any(|(_, outcome)| matches!(outcome, Outcome::Broken { .. } | Outcome::Failed(_)))
    }

    /// The table, then what was left out, then the sums.
    pub(crate) fn print(&self) {
        let mut sums = Counts::default();
        say("\ntier         tests  minutes");
        for (tier, outcome) in &self.rows {
            say(&row(tier, outcome));
            if let Outcome::Passed { counts, .. } | Outcome::Broken { counts, .. } = outcome {
                sums.add(*counts);
            }
        }
        for (tier, outcome) in &self.rows {
            if let Outcome::LeftOut { missing, remedy } = outcome {
                say(&format!(
                    "left out: {tier} ({missing} is missing). To add it: {remedy}"
                ));
            }
        }
        let Counts {
            passed,
            failed,
            skipped,
        } = sums;
        say(&format!(
            "all: {passed} passed, {failed} failed, {skipped} skipped"
        ));
    }
}

fn row(tier: &str, outcome: &Outcome) -> String {
    let minutes = |took: &Duration| took.as_secs_f64() / 60.0;
    match outcome {
        Outcome::Passed { counts, took } => {
            format!("{tier:<12} {:>5}  {:>7.1}", counts.passed, minutes(took))
        }
        Outcome::Broken {
            counts,
            took,
            programs,
        } => format!(
            "{tier:<12} {:>5}  {:>7.1}  FAILED: {}",
            counts.passed,
            minutes(took),
            programs.join(", ")
        ),
        Outcome::Failed(why) => format!("{tier:<12}     -        -  FAILED: {why}"),
        Outcome::LeftOut { .. } => format!("{tier:<12}     -        -  left out"),
    }
}

/// One line on standard output; a closed pipe is nobody's fault.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_of_a_test_program_is_read() {
        let line =
            "test result: FAILED. 12 passed; 1 failed; 3 ignored; 0 measured; 0 filtered out";
        let expected = Counts {
            passed: 12,
            failed: 1,
            skipped: 3,
        };
        assert_eq!(Counts::from_line(line), expected);
        assert_eq!(Counts::from_line("running 3 tests"), Counts::default());
    }

    #[test]
    fn a_tier_left_out_is_no_failure_and_a_required_one_is() {
        let mut report = Report::default();
        let left_out = Outcome::LeftOut {
            missing: "go".into(),
            remedy: "install Go".into(),
        };
        report.add("crd-rules", left_out);
        assert!(!report.failed());
        report.add(
            "clients",
            Outcome::Failed("required, but kcat is missing".into()),
        );
        assert!(report.failed());
    }
}
