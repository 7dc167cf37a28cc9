//! `elacsym bench`: how fast is this build, on this machine, over that store? Each figure stands
//! beside the one that it should reach. Nothing fails because it is slow: a figure is judged by who
//! reads it.
//!
//! A request goes the way that all go, over HTTP and a socket, and a store is one that a node could
//! have. What an operator has configured of memory and folds is obeyed; where his data lies is not
//! looked at.

mod burst;
mod chain;
mod crowd;
mod finding;
mod first;
mod ground;
mod http;
mod line;
mod names;
mod overload;
mod plan;
mod process;
mod reads;
mod report;
mod rows;
mod samples;
mod scrape;
mod scratch;
mod single;
mod stand;
mod start;
mod table;
mod text;
mod words;
mod write;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::Subcommand;

use super::flags::Flags;
use super::{Failure, logging, machine, texts, threads};
use crate::config::Config;
use crate::engine::Limits;
use crate::env;

/// A line of the log for every request would be measured too.
const LOG_LEVEL: (&str, &str) = ("--log-level", "warn");

const EXAMPLES: &str = "\
Examples:
  Everything, over a local folder and over a store that takes its time: some ten minutes, most of
  them for 100,000 namespaces
    elacsym bench write

  How fast are large writes over my bucket? What is written there stays, below bench-…
    AWS_REGION=eu-central-1 elacsym bench write --only large --store s3://my-bucket/trial

  And through the server that I have?
    elacsym bench write --only small,single,reads --url http://127.0.0.1:3000

docs/BENCHMARKS.md says what is measured, and what the targets are.";

const OF_TEXT: &str = "\
Examples:
  How good is the order in which documents are found, and how fast?
    elacsym bench text --corpus cranfield

The folder has the three files of the Cranfield collection, and the targets are set for it: of other
documents in the same form the figures say nothing beside them. docs/BENCHMARKS.md tells more.";

const OF_HTTP: &str = "\
Examples:
  What does a request cost before and after the engine? Over a local folder, and in memory
    elacsym bench http

  How long does an exact query over 50,000 vectors take?
    elacsym bench http --only exact

docs/BENCHMARKS.md says what is measured, and what the targets are.";

const OF_OVERLOAD: &str = "\
Examples:
  What becomes of three times as many queries and writes as can be answered?
    elacsym bench overload

  And of queries, for five minutes?
    elacsym bench overload --only queries --seconds 300

docs/BENCHMARKS.md says what is measured, and what the targets are.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Measure writes and strong reads, the start of a node, and what many namespaces cost it
    #[command(after_long_help = EXAMPLES)]
    Write(plan::Wish),
    /// Measure how well and how fast BM25 finds the documents of a corpus whose answers are known
    #[command(after_long_help = OF_TEXT)]
    Text(text::Wish),
    /// Measure what HTTP and JSON cost beside the engine, exact vector queries, and bulk writes
    #[command(after_long_help = OF_HTTP)]
    Http(http::Wish),
    /// Measure what three times as much as can be done does to those who are let in, and for how long
    #[command(after_long_help = OF_OVERLOAD)]
    Overload(overload::Wish),
}

pub(super) fn run(
    command: Command,
    flags: Flags,
    vars: Vec<(OsString, OsString)>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let texts = texts(&vars);
    let mut inputs = flags.into_inputs(vars);
    let (flag, level) = LOG_LEVEL;
    if !inputs.flags.iter().any(|(said, _)| *said == flag) {
        inputs.flags.push((flag, level.to_owned()));
    }
    let config = Config::load(&inputs).map_err(Failure::Configuration)?;
    logging::start(&config.log);
    // Hundreds of clients, and the server that they talk to.
    env::raise_open_files();
    let measured = measure(&command, machine::limits(&config), texts, out);
    threads::run_unless_stopped(measured).map_err(Failure::Serving)?
}

async fn measure(
    command: &Command,
    limits: Limits,
    vars: Vec<(String, String)>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    match command {
        Command::Write(wish) => write::run(wish, limits, vars, out).await,
        Command::Text(wish) => text::run(wish, limits, out).await,
        Command::Http(wish) => http::run(wish, limits, out).await,
        Command::Overload(wish) => overload::run(wish, limits, out).await,
    }
}

/// Those of a server that is started by a test.
#[cfg(test)]
fn small_limits() -> Limits {
    Limits::of(1 << 30, crate::namespace::keeper::FoldAt { slots: 8, bytes: 1 << 20 })
}

/// How far it is. There is nobody left to tell if stderr is closed.
fn tell(progress: &str) {
    let _ = writeln!(io::stderr(), "{progress}");
}
