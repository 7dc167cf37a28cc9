//! `elacsym config`: what is wrong with this configuration, and what would a node obey?

use std::ffi::OsString;
use std::io::Write;

use clap::Subcommand;
use tracing::warn;

use super::flags::{Flags, text_of};
use super::{Failure, logging};
use crate::api::Tls;
use crate::config::{Config, Inputs, KEYS, Problems};

#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum Command {
    /// Tell every problem of the file, the variables and the flags at once, what of them this release
    /// cannot obey, and whether keys and certificate can be used; asks no store, and does not look at
    /// the AWS_* variables
    Check,
    /// Print what is obeyed, as TOML, with the origin of each value; secrets are masked
    Print,
}

/// What a node can obey, or all that is wrong with it.
pub(super) fn checked(inputs: &Inputs) -> Result<Config, Problems> {
    let opened = |files: &_| Tls::open(files).map(drop).map_err(|error| error.chain());
    Config::check(inputs, text_of, opened)
}

pub(super) fn run(
    command: Command,
    flags: Flags,
    env: Vec<(OsString, OsString)>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let inputs = flags.into_inputs(env);
    let config = match command {
        Command::Check => checked(&inputs),
        Command::Print => Config::load(&inputs),
    };
    let config = config.map_err(Failure::Configuration)?;
    logging::start(&config.log);
    for notice in config.notices() {
        warn!("{notice}");
    }
    match command {
        Command::Check => {
            let said = config.keys_said();
            writeln!(
                out,
                "ok: {said} of {} keys are said, the rest have their defaults",
                KEYS.len()
            )
        }
        Command::Print => write!(out, "{config}"),
    }
    .map_err(Failure::Output)
}
