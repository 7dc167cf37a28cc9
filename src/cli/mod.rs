//! The command line: one file per sub-command, all over one set of flags.
//!
//! Exit codes: 0 it worked, 2 it was asked wrongly (usage or configuration), 1 anything else.
//! Answers go to stdout, everything said about them to stderr.

mod config;
mod flags;
mod logging;
mod version;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Problems;
use flags::Flags;

#[derive(Debug, Parser)]
#[command(
    name = "elacsym",
    version = version::VERSION,
    about = "The open search database that lives on your own bucket",
    after_long_help = EXAMPLES,
    arg_required_else_help = true
)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check or print the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Print the version, the commit, the platform and the kind of build
    Version,
}

const EXAMPLES: &str = "\
Examples:
  What is wrong with this configuration, all of it, as far as can be told without its store?
    elacsym config check --config elacsym.toml

  What is obeyed, and where does each value come from?
    ELACSYM_STORAGE_URL=s3://my-bucket/search elacsym config print --port 8080

Configuration is a file (elacsym.toml, or the one that --config or ELACSYM_CONFIG names), then the
environment (ELACSYM__SECTION__KEY), then flags; docs/OPERATIONS.md lists every key.

Exit codes: 0 it worked; 2 wrong usage or configuration; 1 anything else.";

/// Why a command ended without doing what it was asked.
enum Failure {
    Configuration(Problems),
    Output(io::Error),
}

const EXIT_USAGE: u8 = 2;
const EXIT_OTHER: u8 = 1;

pub fn run(args: impl Iterator<Item = OsString>, env: Vec<(OsString, OsString)>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(answer) => return print_clap(&answer),
    };
    let mut out = io::stdout().lock();
    let done = match cli.command {
        Command::Config(command) => config::run(command, cli.flags, env, &mut out),
        Command::Version => version::run(&mut out).map_err(Failure::Output),
    };
    match done.and_then(|()| out.flush().map_err(Failure::Output)) {
        Ok(()) => ExitCode::SUCCESS,
        // `elacsym config print | head -1`: whoever read has seen enough.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(Failure::Output(error)) => {
            complain(&format!("writing to stdout: {error}"));
            ExitCode::from(EXIT_OTHER)
        }
        Err(Failure::Configuration(problems)) => {
            complain(&problems.to_string());
            ExitCode::from(EXIT_USAGE)
        }
    }
}

/// Help and version are answers, the rest is wrong usage; clap knows which and where to.
fn print_clap(answer: &clap::Error) -> ExitCode {
    let printed = answer.print();
    match (answer.use_stderr(), printed) {
        (true, _) => ExitCode::from(EXIT_USAGE),
        (false, Ok(())) => ExitCode::SUCCESS,
        (false, Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        (false, Err(_)) => ExitCode::from(EXIT_OTHER),
    }
}

/// There is nobody left to tell if stderr is closed.
fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "error: {message}");
}
