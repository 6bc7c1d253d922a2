//! What the command line asks for.

use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) const USAGE: &str =
    "usage: torture [--only kill,full-disk,power-cut,memory] [--rounds N] [--minutes N] [--seed N]
  --only     these cases; unset: kill, full-disk and power-cut
  --rounds   one pass over the cases, with so many rounds each; unset: pass after pass until stopped
  --minutes  stop after so long, at the end of a round
  --seed     repeat the choices of another run";

/// One kind of torture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// kill -9 of the process under load.
    Kill,
    /// A volume filled to its end.
    FullDisk,
    /// Clients that want more memory than there is.
    Memory,
    /// A virtual machine that loses its power.
    PowerCut,
}

const ALL: [Case; 4] = [Case::Kill, Case::FullDisk, Case::PowerCut, Case::Memory];

impl Case {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::FullDisk => "full-disk",
            Self::Memory => "memory",
            Self::PowerCut => "power-cut",
        }
    }

    /// Rounds of one pass. A history is held in memory, so none of them runs for ever: the next pass begins a new one.
    pub(crate) fn rounds(self) -> u32 {
        match self {
            Self::Kill | Self::FullDisk => 20,
            Self::Memory => 1,
            Self::PowerCut => 50,
        }
    }
}

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) cases: Vec<Case>,
    pub(crate) rounds: Option<u32>,
    pub(crate) minutes: Option<u64>,
    pub(crate) seed: u64,
}

impl Request {
    /// Reads the command line.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let mut request = Self {
            // The memory case has bounds of its own to hold, and stands apart.
            cases: ALL[..3].to_vec(),
            rounds: None,
            minutes: None,
            seed: now.map_or(0, |now| now.as_secs()),
        };
        while let Some(word) = words.next() {
            let value = words.next().unwrap_or_default();
            let not = |_| format!("{word} {value}: not a number");
            match word.as_str() {
                "--only" => request.cases = cases(&value)?,
                "--rounds" => request.rounds = Some(value.parse().map_err(not)?),
                "--minutes" => request.minutes = Some(value.parse().map_err(not)?),
                "--seed" => request.seed = value.parse().map_err(not)?,
                _ => return Err(format!("unknown: {word}")),
            }
        }
        Ok(request)
    }
}

fn cases(names: &str) -> Result<Vec<Case>, String> {
    let one = |name: &str| ALL.iter().copied().find(|case| case.name() == name);
    names
        .split(',')
        .map(|name| one(name).ok_or_else(|| format!("unknown case: {name}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Request, String> {
        Request::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn the_command_line_is_read_whole() {
        let request = read("--only memory,kill --rounds 5 --minutes 2 --seed 9").unwrap();
        let expected = Request {
            cases: vec![Case::Memory, Case::Kill],
            rounds: Some(5),
            minutes: Some(2),
            seed: 9,
        };
        assert_eq!(request, expected);
        assert_eq!(read("").unwrap().cases.len(), 3);
    }

    #[test]
    fn what_is_not_understood_is_said() {
        assert_eq!(read("--onyl kill"), Err("unknown: --onyl".to_owned()));
        assert_eq!(read("--only kil"), Err("unknown case: kil".to_owned()));
        assert!(read("--rounds many").is_err());
    }
}
