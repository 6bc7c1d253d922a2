//! The binary: hands arguments and environment to the library and exits with its code.

use std::process::ExitCode;

fn main() -> ExitCode {
    eddyline::run(std::env::args_os(), std::env::vars_os())
}
