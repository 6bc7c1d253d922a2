//! One cluster for the whole suite, the chart with the image of this build, and the quickstart.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use tests::kube::kubectl::Kube;
use tests::kube::namespace::Namespace;
use tests::kube::provider::{Guard, Provider};
use tests::{manifest, paths, wait};

use crate::records;

/// The release's namespace.
pub(crate) const HOME: &str = "eddyline-system";
/// The operator as the API server knows it.
pub(crate) const USER: &str = "system:serviceaccount:eddyline-system:eddyline";
/// The suite's `resync`, short, so that "at rest" is soon.
pub(crate) const RESYNC: Duration = Duration::from_secs(3);
/// What the deletion contract promises.
pub(crate) const GONE: Duration = Duration::from_secs(90);

/// What all tests share.
pub(crate) struct Suite {
    pub(crate) kube: Kube,
    /// Holds the running quickstart.
    pub(crate) quickstart: String,
    /// From `helm install` to the first record read by a client in a pod.
    pub(crate) first_record: Duration,
    /// Held to read by each test, to write by one that must be alone.
    turn: RwLock<()>,
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
        suite().working();
        Self {
            namespace: fresh(test),
            _turn: turn,
        }
    }
}

#[track_caller]
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
        let provider = Provider::chosen("eddyline");
        let guard = provider.up(&[]);
        let kube = Kube::new(provider);
        assert!(kube.facts.nodes, "e2e needs a cluster that runs pods");
        let image = image();
        kube.load_image(&image.display().to_string());
        let quickstart = "quickstart".to_owned();
        let begun = Instant::now();
        // A cluster kept from an earlier run has it all.
        if kube
            .attempt(&["helm", "status", "eddyline", "-n", HOME], "")
            .is_err()
        {
            kube.kubectl(&["create", "namespace", &quickstart]);
            install(&kube, HOME, "eddyline", &[]);
        }
        let file = manifest::quickstart().display().to_string();
        kube.kubectl(&["apply", "-n", &quickstart, "-f", &file]);
        let first = records::by_a_pod(&kube, &quickstart, "orders", 1);
        assert_eq!(first.len(), 1);
        Self {
            kube,
            quickstart,
            first_record: begun.elapsed(),
            turn: RwLock::default(),
            _guard: guard,
        }
    }

    /// Waits until the operator has the Lease: one installed after an uninstall stands by until what took the Lease from
    /// the old one has run out.
    #[track_caller]
    fn working(&self) {
        let field = "jsonpath={.spec.holderIdentity}";
        wait::until("the operator to have its Lease", GONE * 2, || {
            let lease = ["get", "lease", "eddyline", "-n", HOME, "-o", field];
            let holder = self.kube.try_kubectl(&lease).ok()?;
            let label = "app.kubernetes.io/component=operator";
            let pods = ["get", "pods", "-n", HOME, "-l", label, "-o", "name"];
            let pods = self.kube.try_kubectl(&pods).ok()?;
            let works = pods.lines().any(|pod| pod == format!("pod/{holder}"));
            works.then_some(())
        });
    }

    /// The end of what the operator said.
    pub(crate) fn operator_log(&self) -> String {
        let words = ["logs", "-n", HOME, "deployment/eddyline", "--tail=80"];
        self.kube.try_kubectl(&words).unwrap_or_else(|error| error)
    }
}

/// The image's name, as the chart says it.
pub(crate) fn image_name() -> String {
    format!("registry.local/eddyline:{}", env!("CARGO_PKG_VERSION"))
}

/// The image of the program of this build as a file; `EDDYLINE_IMAGE_FILE` names one that is there already.
fn image() -> PathBuf {
    if let Some(file) = std::env::var_os("EDDYLINE_IMAGE_FILE").filter(|file| !file.is_empty()) {
        return file.into();
    }
    let file = std::env::temp_dir().join(format!("eddyline-image-{}.tar", std::process::id()));
    let made = Command::new(paths::root().join("tests/cluster/image"))
        .arg(paths::eddyline())
        .arg(image_name())
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&made.stdout);
    let talk = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "make the image: {said}{talk}");
    file
}

/// `helm install` of the checkout's chart with the suite's short times.
#[track_caller]
pub(crate) fn install(kube: &Kube, namespace: &str, release: &str, more: &[&str]) {
    let chart = chart().display().to_string();
    let install = ["helm", "install", release, &chart, "-n", namespace];
    let options = [
        "--create-namespace",
        "--set=resync=3s",
        "--set=logFormat=text",
    ];
    kube.run(&[&install[..], &options, more].concat());
}

/// The checkout's chart.
pub(crate) fn chart() -> PathBuf {
    Path::new(&paths::root()).join("charts/eddyline")
}
