//! One control plane for the whole suite, the chart's rights, the real operator as a process, and brokers.

use std::ops::Deref;
use std::process::Command;
use std::sync::{
    LazyLock, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
use std::time::Duration;

use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};
use tests::kube::kubectl::Kube;
use tests::kube::namespace::{Namespace, PATIENCE};
use tests::kube::provider::{Guard, Provider};
use tests::program::Program;
use tests::{paths, wait};

/// Where the operator's account and Lease are.
pub(crate) const HOME: &str = "eddyline-system";
/// The operator as the API server knows it.
pub(crate) const USER: &str = "system:serviceaccount:eddyline-system:eddyline";
/// The suite's `resync`, short, so that "at rest" is soon.
pub(crate) const RESYNC: Duration = Duration::from_secs(3);
/// The suite's `topic-deletion-deadline`.
pub(crate) const DEADLINE: Duration = Duration::from_secs(3);
const ADMIN: &str = "127.0.0.1:9600";

/// What all tests share.
pub(crate) struct Suite {
    pub(crate) kube: Kube,
    operator: Mutex<Option<Program>>,
    /// Held to read by each test, to write by one that must be alone.
    turn: RwLock<()>,
    kubeconfig: NamedTempFile,
    _guard: Guard,
}

static SUITE: LazyLock<Suite> = LazyLock::new(Suite::start);

/// The suite; the first caller starts the cluster.
pub(crate) fn suite() -> &'static Suite {
    &SUITE
}

/// A namespace of a test's own, with the operator at work.
#[track_caller]
pub(crate) fn namespace(test: &str) -> Turn<RwLockReadGuard<'static, ()>> {
    let turn = suite().turn.read().unwrap_or_else(PoisonError::into_inner);
    Turn::new(test, turn)
}

/// The same while no other test runs, for those that stop the operator or count what it writes.
#[track_caller]
pub(crate) fn alone(test: &str) -> Turn<RwLockWriteGuard<'static, ()>> {
    let turn = suite().turn.write().unwrap_or_else(PoisonError::into_inner);
    Turn::new(test, turn)
}

/// A namespace and the turn of its test.
pub(crate) struct Turn<T> {
    // Before the turn: the namespace goes first.
    namespace: Namespace,
    _turn: T,
}

impl<T> Turn<T> {
    #[track_caller]
    fn new(test: &str, turn: T) -> Self {
        suite().start_operator(&[]);
        Self {
            namespace: fresh(test),
            _turn: turn,
        }
    }
}

fn fresh(test: &str) -> Namespace {
    let log = || ("operator".to_owned(), suite().operator_log());
    Namespace::new(&suite().kube, test).showing(log)
}

impl<T> Deref for Turn<T> {
    type Target = Namespace;

    fn deref(&self) -> &Namespace {
        &self.namespace
    }
}

impl Suite {
    fn start() -> Self {
        let provider = Provider::local("eddyline-apiserver");
        let guard = provider.up(&["control-plane"]);
        let kube = Kube::new(provider);
        let chart = paths::root().join("charts/eddyline");
        let chart = chart.display().to_string();
        // Everything but a running pod: definitions, policy, account and exactly the operator's rights.
        let install = ["helm", "install", "eddyline", &chart, "-n", HOME];
        let options = ["--create-namespace", "--set", "replicaCount=0"];
        kube.run(&[&install[..], &options].concat());
        let kubeconfig = operator_kubeconfig(&kube);
        Self {
            kube,
            operator: Mutex::default(),
            turn: RwLock::default(),
            kubeconfig,
            _guard: guard,
        }
    }

    fn operator(&self) -> MutexGuard<'_, Option<Program>> {
        self.operator.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the operator if none runs, with more flags, and waits until it says it is ready.
    #[track_caller]
    pub(crate) fn start_operator(&self, more: &[&str]) {
        let mut operator = self.operator();
        if operator.is_some() {
            return;
        }
        let mut program = Program::start(self.operator_command(more));
        wait::until("the operator to be ready", PATIENCE, || {
            let ended = program.ended();
            assert!(ended.is_none(), "{ended:?}:\n{}", program.talk());
            self.admin("/readyz")
                .starts_with("HTTP/1.1 200")
                .then_some(())
        });
        *operator = Some(program);
    }

    fn operator_command(&self, more: &[&str]) -> Command {
        let kubeconfig = format!("KUBECONFIG={}", self.kubeconfig.path().display());
        let program = paths::eddyline().display().to_string();
        let mut command = self
            .kube
            .command(&["env", &kubeconfig, &program, "operator"]);
        command
            .args(["--admin-listen", ADMIN, "-v"])
            .arg(format!("--resync={}s", RESYNC.as_secs()))
            .arg(format!("--topic-deletion-deadline={}s", DEADLINE.as_secs()))
            .args(more)
            // As the chart sets them.
            .env("EDDYLINE_LEASE_NAMESPACE", HOME)
            .env("EDDYLINE_LEASE_NAME", "eddyline")
            .env("EDDYLINE_IMAGE", "registry.local/eddyline:tested")
            .env("EDDYLINE_POD_NAME", "eddyline-0");
        command
    }

    /// SIGKILL to the operator; [`Self::start_operator`] or the next test starts it again.
    pub(crate) fn kill_operator(&self) {
        if let Some(program) = self.operator().take() {
            program.kill();
        }
    }

    /// SIGINT to the operator, as a polite end; its exit code.
    #[track_caller]
    pub(crate) fn stop_operator(&self) -> Option<i32> {
        let program = self.operator().take();
        program.and_then(|program| program.interrupt(Duration::from_secs(20)))
    }

    /// `eddyline operator release` with the operator's own account; what it said.
    #[track_caller]
    pub(crate) fn release(&self) -> String {
        let mut command = self.operator_command(&[]);
        command.arg("release");
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        said
    }

    /// Whether the operator ended by itself; then the next test starts another.
    #[track_caller]
    pub(crate) fn operator_ended(&self) -> bool {
        let mut operator = self.operator();
        let Some(program) = operator.as_mut() else {
            return true;
        };
        let limit = Duration::from_secs(10);
        wait::until("the operator to end", limit, || program.ended());
        *operator = None;
        true
    }

    /// The operator's answer on its admin port, with its head; empty while it does not answer.
    pub(crate) fn admin(&self, path: &str) -> String {
        let (host, port) = ADMIN.split_once(':').unwrap();
        let ask = format!(
            "exec 3<>/dev/tcp/{host}/{port} && printf 'GET {path} HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' >&3 && cat <&3"
        );
        let words = ["timeout", "5", "bash", "-c", &ask];
        self.kube.attempt(&words, "").unwrap_or_default()
    }

    /// The end of what the operator said.
    pub(crate) fn operator_log(&self) -> String {
        let talk = self.operator().as_ref().map(Program::talk);
        let talk = talk.unwrap_or_default();
        let lines: Vec<_> = talk.lines().collect();
        lines[lines.len().saturating_sub(80)..].join("\n")
    }
}

/// A kubeconfig with the token of the chart's account, so that the operator has exactly the chart's rights.
fn operator_kubeconfig(kube: &Kube) -> NamedTempFile {
    let token = kube.kubectl(&["create", "token", "eddyline", "-n", HOME, "--duration=24h"]);
    let config = kube.kubectl(&["config", "view", "--raw", "--flatten", "-o", "json"]);
    let mut config: Value = serde_json::from_str(&config).unwrap();
    config["users"][0]["user"] = serde_json::json!({ "token": token.trim() });
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), config.to_string()).unwrap();
    file
}

/// A real broker inside the cluster's network; killed when dropped.
pub(crate) struct Broker {
    program: Option<Program>,
    /// `127.0.0.1:PORT`, the same after a restart.
    pub(crate) kafka: String,
    data: TempDir,
}

impl Broker {
    /// On a free port.
    #[track_caller]
    pub(crate) fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let (program, kafka) = broker("127.0.0.1:0", &data);
        Self {
            program: Some(program),
            kafka,
            data,
        }
    }

    /// SIGKILL; its address answers no more.
    pub(crate) fn kill(&mut self) {
        if let Some(program) = self.program.take() {
            program.kill();
        }
    }

    /// Starts it again where it was, with what it had.
    #[track_caller]
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.program = Some(broker(&self.kafka, &self.data).0);
    }

    /// A hand tool against this broker, `["topic", "list"]`, which must succeed.
    #[track_caller]
    pub(crate) fn tool(&self, words: &[&str]) -> String {
        let program = paths::eddyline().display().to_string();
        let bootstrap = ["--bootstrap", &self.kafka];
        suite()
            .kube
            .run(&[&[program.as_str()], words, &bootstrap].concat())
    }

    /// A topic as the broker describes it; `None` when there is none.
    #[track_caller]
    pub(crate) fn topic(&self, name: &str) -> Option<Value> {
        let listed = self.tool(&["topic", "list", "-o", "json"]);
        let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
        if !listed.iter().any(|topic| topic["name"] == name) {
            return None;
        }
        let described = self.tool(&["topic", "describe", name, "-o", "json"]);
        serde_json::from_str(&described).ok()
    }
}

fn broker(listen: &str, data: &TempDir) -> (Program, String) {
    let program = paths::eddyline().display().to_string();
    let words = [&program, "broker", "-o", "json", "--listen", listen];
    let mut command = suite().kube.command(&words);
    command
        .args(["--admin-listen", "127.0.0.1:0", "--data-dir"])
        .arg(data.path());
    let mut program = Program::start(command);
    let line = program.first_line(Duration::from_secs(30));
    let ready: Value = serde_json::from_str(&line).unwrap();
    (program, ready["kafka"].as_str().unwrap().to_owned())
}

/// A Cluster named `c` with `engine: External` at `kafka`.
pub(crate) fn external(kafka: &str) -> String {
    format!(
        "apiVersion: eddyline.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: c\nspec:\n  engine: External\n  \
         bootstrapServers: [\"{kafka}\"]\n"
    )
}

/// A Topic on Cluster `c`; `spec` is more lines of the spec, indented by two.
pub(crate) fn topic(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: eddyline.dev/v1alpha1\nkind: Topic\nmetadata:\n  name: {name}\nspec:\n  cluster: c\n{spec}"
    )
}
