//! `eddyline completion`: a script that teaches a shell to complete our commands and flags.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::failure::Failure;

/// Prints the completion script of a shell, for example: source <(eddyline completion bash)
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Writes the script to standard output.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut crate::args::Args::command(),
        "eddyline",
        &mut script,
    );
    crate::output::line(String::from_utf8_lossy(&script).trim_end())
}
