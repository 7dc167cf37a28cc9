//! The command line: one file per sub-command, all over one set of flags. Without a sub-command it
//! is `serve`.
//!
//! Exit codes: 0 it worked, 2 it was asked wrongly (usage or configuration), 1 anything else. Of `fsck`, 1
//! says that errors were found, and 2 also that it could not look at everything.
//! Answers go to stdout, everything said about them to stderr.

mod bench;
mod config;
mod flags;
mod fsck;
mod json;
mod logging;
mod machine;
mod serve;
mod threads;
mod version;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Problems;
use crate::error::Error;
use flags::Flags;

#[derive(Debug, Parser)]
#[command(
    name = "elacsym",
    version = version::VERSION,
    about = "The open search database that lives on your own bucket",
    after_long_help = EXAMPLES
)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a node; this is what happens without a command, too
    Serve,
    /// Check or print the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Check everything in the store, or one namespace; reads only, also beside nodes at work
    Fsck(fsck::Wish),
    /// Measure this build: on this machine, over a store, or through a server that runs
    #[command(subcommand)]
    Bench(bench::Command),
    /// Print the version, the commit, the platform and the kind of build
    Version,
}

const EXAMPLES: &str = "\
Examples:
  Run a node that keeps everything below ./data, for this machine alone
    elacsym

  Run one that keeps everything in a bucket, for everybody who has the key
    ELACSYM_API_KEYS=secret elacsym serve --storage-url s3://my-bucket/search

  What is wrong with this configuration, all of it, as far as can be told without its store?
    elacsym config check --config elacsym.toml

  What is obeyed, and where does each value come from?
    ELACSYM_STORAGE_URL=s3://my-bucket/search elacsym config print --port 8080

Configuration is a file (elacsym.toml, or the one that --config or ELACSYM_CONFIG names), then the
environment (ELACSYM__SECTION__KEY), then flags; docs/OPERATIONS.md lists every key.

A node prints `elacsym is ready on http://HOST:PORT` once it takes requests, and logs to stderr. At
SIGTERM or SIGINT it settles what it has begun and ends; at a second one it ends at once.

Exit codes: 0 it worked; 2 wrong usage or configuration; 1 anything else. Of fsck, 1 says that errors
were found, and 2 also that it could not look at everything.";

/// Why a command ended without doing what it was asked.
enum Failure {
    Configuration(Problems),
    /// It is configured well, for more than this release can do.
    Refused(Error),
    Serving(Error),
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
        Some(Command::Serve) | None => serve::run(cli.flags, env, &mut out),
        Some(Command::Config(command)) => config::run(command, cli.flags, env, &mut out),
        Some(Command::Fsck(wish)) => fsck::run(&wish, cli.flags, env, &mut out),
        Some(Command::Bench(command)) => bench::run(command, cli.flags, env, &mut out),
        Some(Command::Version) => version::run(&mut out).map_err(Failure::Output),
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
        Err(Failure::Refused(error)) => {
            complain(&error.chain());
            ExitCode::from(EXIT_USAGE)
        }
        Err(Failure::Serving(error)) => {
            complain(&error.chain());
            ExitCode::from(EXIT_OTHER)
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

/// The variables that are text: what is none is asked for by nobody.
fn texts(vars: &[(OsString, OsString)]) -> Vec<(String, String)> {
    let text = |(name, value): &(OsString, OsString)| {
        Some((name.to_str()?.to_owned(), value.to_str()?.to_owned()))
    };
    vars.iter().filter_map(text).collect()
}

/// There is nobody left to tell if stderr is closed.
fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "error: {message}");
}
