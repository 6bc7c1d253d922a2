//! Children that end with this process, however it ends, and that a Ctrl-C meant for it does not reach.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// A command of `program` that the kernel kills when this process is gone: `setpriv` of util-linux asks for that and becomes the
/// program itself, so that the process id is the program's. Where it is missing, only this process can see to the child.
pub fn bound(program: impl AsRef<OsStr>) -> Command {
    static CAN: OnceLock<bool> = OnceLock::new();
    let can = *CAN.get_or_init(|| Command::new("setpriv").arg("--version").output().is_ok());
    let mut command = if can {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .process_group(0);
    command
}
