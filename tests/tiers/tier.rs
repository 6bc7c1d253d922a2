//! The tiers of design.md section 4: which test programs belong to each, what it needs on the machine, and how it
//! is added where that is missing. It must not know how results are shown.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::build::TestProgram;
use crate::report::{Counts, Outcome};

/// One tier.
#[derive(Debug)]
pub(crate) struct Tier {
    /// The name used by `EDDYLINE_REQUIRE` and `ONLY`.
    pub(crate) name: &'static str,
    /// The suite of the `tests` package that is this tier; `None`: every other package's own tests.
    suite: Option<&'static str>,
    /// Commands that must be on the path.
    needs: &'static [&'static str],
    /// What else it needs, which a look at the path does not tell.
    kubernetes: Kubernetes,
    /// The one line that adds the tier where a command is missing.
    pub(crate) remedy: &'static str,
}

/// All tiers, cheap ones first.
pub(crate) const ALL: &[Tier] = &[
    Tier {
        name: "unit",
        suite: None,
        needs: &[],
        kubernetes: Kubernetes::None,
        remedy: "",
    },
    Tier {
        name: "tidy",
        suite: Some("tidy"),
        needs: &[],
        kubernetes: Kubernetes::None,
        remedy: "",
    },
    Tier {
        name: "pipeline",
        suite: Some("pipeline"),
        needs: &[],
        kubernetes: Kubernetes::None,
        remedy: "",
    },
    Tier {
        name: "crd-rules",
        suite: Some("crd-rules"),
        needs: &["go"],
        kubernetes: Kubernetes::None,
        remedy: "install Go 1.26 or later (go.dev/doc/install)",
    },
    Tier {
        name: "clients",
        suite: Some("clients"),
        needs: &["kcat", "python3", "java", "mvn", "strace"],
        kubernetes: Kubernetes::None,
        remedy: "sudo apt-get install -y kcat python3-venv openjdk-17-jdk-headless maven strace",
    },
    Tier {
        name: "apiserver",
        suite: Some("apiserver"),
        needs: &["ip", "nsenter", "openssl"],
        kubernetes: Kubernetes::ControlPlane,
        remedy: "as root, with Go 1.26 or later (go.dev/doc/install): apt-get install -y iproute2 openssl && \
                 tests/cluster/local/build",
    },
    Tier {
        name: "e2e",
        suite: Some("e2e"),
        needs: &[
            "ip",
            "nsenter",
            "openssl",
            "containerd",
            "ctr",
            "runc",
            "umoci",
            "skopeo",
            "gcc",
            "nft",
            "conntrack",
            "kcat",
            "java",
            "mvn",
        ],
        kubernetes: Kubernetes::Node,
        remedy: "as root, with Go 1.26 or later (go.dev/doc/install): apt-get install -y containerd runc \
                 containernetworking-plugins iproute2 nftables conntrack umoci skopeo gcc libc6-dev openssl kcat \
                 openjdk-17-jdk-headless maven && \
                 tests/cluster/local/build; or another Kubernetes: EDDYLINE_CLUSTER=kind|existing",
    },
];

/// The Kubernetes a tier starts for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kubernetes {
    None,
    /// etcd, API server and controller manager.
    ControlPlane,
    /// With a node that runs pods; or, when `EDDYLINE_CLUSTER` names another place, that one.
    Node,
}

impl Kubernetes {
    /// What it lacks on this machine: root, or programs that are not built and cannot be.
    fn missing(self) -> Option<&'static str> {
        let tools: &[&str] = match self {
            Self::None => return None,
            Self::ControlPlane => &["kube", "etcd", "helm"],
            Self::Node => &["kube", "etcd", "coredns", "helm"],
        };
        let output = |command: &mut Command| {
            let output = command.stderr(Stdio::null()).output().ok()?;
            Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        if output(Command::new("id").arg("-u")).as_deref() != Some("0") {
            return Some("root");
        }
        let build = tests::paths::root().join("tests/cluster/local/build");
        let left = output(Command::new(build).arg("--missing").args(tools));
        (left.as_deref() != Some("") && !on_path("go"))
            .then_some("a built Kubernetes, or Go to build it,")
    }
}

fn on_path(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(tool).is_file())
}

/// Whether e2e runs on a Kubernetes of another place, which sees itself to what it needs.
fn elsewhere() -> bool {
    let place = std::env::var_os("EDDYLINE_CLUSTER").unwrap_or_default();
    !place.is_empty() && place != "local"
}

impl Tier {
    /// The first thing this tier needs and the machine lacks.
    pub(crate) fn missing_tool(&self) -> Option<&'static str> {
        if self.kubernetes == Kubernetes::Node && elsewhere() {
            return None;
        }
        let tool = self.needs.iter().find(|tool| !on_path(tool)).copied();
        tool.or_else(|| self.kubernetes.missing())
    }

    /// Runs the tier's programs one after the other, passing their output on.
    pub(crate) fn run(&self, programs: &[TestProgram]) -> Outcome {
        let begun = Instant::now();
        let mut counts = Counts::default();
        let mut broken = Vec::new();
        let mine: Vec<_> = programs
            .iter()
            .filter(|program| self.owns(program))
            .collect();
        if mine.is_empty() {
            return Outcome::Failed("no test program was built for this tier".to_owned());
        }
        for program in mine {
            match run_program(program) {
                Ok((found, true)) => counts.add(found),
                Ok((found, false)) => {
                    counts.add(found);
                    broken.push(program.target.clone());
                }
                Err(error) => broken.push(format!("{}: {error}", program.target)),
            }
        }
        if broken.is_empty() {
            Outcome::Passed {
                counts,
                took: begun.elapsed(),
            }
        } else {
            Outcome::Broken {
                counts,
                took: begun.elapsed(),
                programs: broken,
            }
        }
    }

    fn owns(&self, program: &TestProgram) -> bool {
        if let Some(suite) = self.suite {
            return program.package == "tests" && program.target == suite;
        }
        let has_own_tier = ALL
            .iter()
            .any(|tier| tier.suite == Some(program.target.as_str()));
        program.package != "tests" || !has_own_tier
    }
}

/// Runs one program; its counts, and whether it ended well.
fn run_program(program: &TestProgram) -> std::io::Result<(Counts, bool)> {
    let mut child = Command::new(&program.path)
        .current_dir(&program.folder)
        .env("CARGO_MANIFEST_DIR", &program.folder)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut counts = Counts::default();
    let mut shown = std::io::stdout().lock();
    writeln!(shown, "\n── {} · {}", program.package, program.target)?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line?;
            counts.add(Counts::from_line(&line));
            writeln!(shown, "{line}")?;
        }
    }
    Ok((counts, child.wait()?.success()))
}
