//! A place to run the page's commands at: folders of its own, the built program first on the path, and one `eddyline up` beside.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tests::program::{self, Program};
use tests::{paths, wait};

const PATIENCE: Duration = Duration::from_mins(1);

/// The addresses the page names, each with the word before it on the screen.
const ADDRESSES: &[(&str, &str)] = &[
    ("broker", "localhost:9092"),
    ("connect", "localhost:8083"),
    ("admin", "localhost:9600"),
];

/// The place, with what runs at it.
pub(super) struct Desk {
    folder: tempfile::TempDir,
    up: Program,
    /// Addresses as the page names them, and as they are.
    addresses: Vec<(&'static str, String)>,
}

impl Desk {
    /// Starts `up` on free ports, and waits until its screen is whole.
    pub(super) fn set_up(up: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let examples = paths::root().join("examples");
        std::os::unix::fs::symlink(examples, folder.path().join("examples")).unwrap();
        let words: Vec<_> = up.split_whitespace().skip(1).collect();
        let mut command = program::command(&words);
        command.arg("--any-port");
        at(&mut command, &folder);
        let up = Program::start(command);
        let screen = wait::until("the screen", PATIENCE, || {
            Some(up.talk()).filter(|screen| screen.contains("Stop:"))
        });
        let addresses = ADDRESSES
            .iter()
            .map(|(word, named)| (*named, address(&screen, word)))
            .collect();
        Self {
            folder,
            up,
            addresses,
        }
    }

    /// What `up` has said, with the addresses and the data folder of the page.
    pub(super) fn screen(&self) -> String {
        let mut screen = self.up.talk();
        for (named, real) in &self.addresses {
            screen = screen.replace(real, named);
        }
        let data = self.folder.path().join("data");
        // Started on free ports, which the page does not.
        let screen = screen.replace(" --any-port", "");
        screen.replace(&*data.to_string_lossy(), "~/.local/share")
    }

    /// Runs a command to its end; what it printed. It must end in time and well.
    pub(super) fn run(&self, command: &str) -> String {
        let (well, said) = self.try_run(command);
        assert!(well, "{command}:\n{said}");
        said
    }

    /// Runs a command to its end in time: whether it ended well, and what it printed.
    pub(super) fn try_run(&self, command: &str) -> (bool, String) {
        let mut real = command.to_owned();
        for (named, address) in &self.addresses {
            real = real.replace(named, address);
        }
        let said = self.folder.path().join("said");
        let file = File::create(&said).unwrap();
        let mut shell = Command::new("bash");
        shell
            .args(["-euo", "pipefail", "-c", &real])
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file);
        at(&mut shell, &self.folder);
        let mut child = Ended(shell.spawn().unwrap());
        let status = wait::until(command, PATIENCE, || child.0.try_wait().unwrap());
        let said = String::from_utf8_lossy(&std::fs::read(said).unwrap()).into_owned();
        (status.success(), said)
    }

    /// Starts a command that runs until Ctrl-C on free ports and with data of its own, waits until it is ready, and ends it.
    pub(super) fn serve(&self, command: &str) {
        let data = tempfile::tempdir().unwrap();
        let command = command.replace("localhost:9092", "localhost:0");
        let words: Vec<_> = command.split_whitespace().skip(1).collect();
        let free: &[&str] = match words[0] {
            "broker" => &["--admin-listen", "127.0.0.1:0"],
            _ => &["--any-port"],
        };
        let mut server = program::command(&words);
        server.args(free).args(["-o", "json", "--data-dir"]);
        server.arg(data.path());
        at(&mut server, &self.folder);
        let mut server = Program::start(server);
        let ready = server.first_line(PATIENCE);
        assert!(ready.contains("localhost:"), "{command}: {ready}");
        assert_eq!(server.interrupt(PATIENCE), Some(0), "{command}");
    }

    /// Ends `up` as Ctrl-C does.
    pub(super) fn close(self) {
        assert_eq!(self.up.interrupt(PATIENCE), Some(0));
    }
}

/// Lets a command run at the desk: no run file and no data of anybody else, and the built program first on the path.
fn at(command: &mut Command, desk: &tempfile::TempDir) {
    let program = paths::eddyline();
    let mut path: Vec<PathBuf> = program.parent().map(PathBuf::from).into_iter().collect();
    path.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    command
        .current_dir(desk.path())
        .env("PATH", std::env::join_paths(path).unwrap())
        .env("XDG_DATA_HOME", desk.path().join("data"))
        .env_remove("XDG_RUNTIME_DIR")
        .env("NO_COLOR", "1");
}

/// `host:port` on the line of the screen that has this word.
fn address(screen: &str, word: &str) -> String {
    let mut lines = screen.lines();
    let line = lines.find(|line| line.split_whitespace().nth(1) == Some(word));
    let address = line.and_then(|line| line.split_whitespace().nth(2));
    let address = address.unwrap_or_else(|| panic!("no {word} in:\n{screen}"));
    let address = address.trim_start_matches("http://");
    address.split('/').next().unwrap_or(address).to_owned()
}

/// What `make` says in the checkout.
pub(super) fn make(arguments: &[&str]) -> String {
    let mut make = Command::new("make");
    make.args(arguments)
        .current_dir(paths::root())
        .env_remove("MAKEFLAGS");
    let output = make.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "make {arguments:?}: {said}{wrong}");
    said
}

/// A command that does not outlive its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
