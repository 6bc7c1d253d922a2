//! Why a command ended without success, in words for a person: what and why, then what to do next.

use std::fmt;
use std::io::Write;
use std::process::ExitCode;

/// The exit code that scripts see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// It failed.
    Failed = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// It was not ready in the time given.
    NotReady = 3,
    /// The user interrupted it.
    Interrupted = 130,
    /// The reader of our output went away (`| head`): not a failure, and nobody is left to tell.
    OutputClosed = 0,
}

/// A command's error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub code: Code,
    /// What went wrong, where and why.
    pub what: String,
    /// What to do: the next command, the flag. May be empty.
    pub help: String,
}

impl Failure {
    pub fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code: Code::Failed,
            what: what.into(),
            help: help.into(),
        }
    }

    pub fn usage(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code: Code::Usage,
            ..Self::new(what, help)
        }
    }

    pub fn not_ready(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code: Code::NotReady,
            ..Self::new(what, help)
        }
    }

    /// Prints the error to standard error and gives the exit code.
    pub fn report(&self) -> ExitCode {
        if self.code != Code::OutputClosed && !self.what.is_empty() {
            // Nothing can be done when standard error is gone.
            let _ = writeln!(std::io::stderr(), "{self}");
        }
        ExitCode::from(self.code as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        for line in self.help.lines() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// Writing to standard output: a closed pipe is an end, not an error.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let failure = Self::new(format!("cannot write the output: {error}"), "");
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self {
                code: Code::OutputClosed,
                ..failure
            },
            _ => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_stands_below_the_error() {
        let failure = Failure::new(
            "port 9092 is taken by pid 812 (java)",
            "use --kafka-port PORT\nor --any-port",
        );
        assert_eq!(
            failure.to_string(),
            "error: port 9092 is taken by pid 812 (java)\n  use --kafka-port PORT\n  or --any-port"
        );
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let closed = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert_eq!(Failure::from(closed).code, Code::OutputClosed);
    }
}
