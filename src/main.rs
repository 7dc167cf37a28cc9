//! The binary: hand the arguments and the environment to the command line, exit with its code.

use std::process::ExitCode;

fn main() -> ExitCode {
    elacsym::cli::run(std::env::args_os(), std::env::vars_os().collect())
}
