//! `elacsym config`: what is wrong with this configuration, and what would a node obey?

use std::ffi::OsString;
use std::io::Write;

use clap::Subcommand;
use tracing::warn;

use super::flags::{Flags, text_of};
use super::{Failure, logging};
use crate::api::Tls;
use crate::config::{Config, KEYS, Problem, Problems};

#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum Command {
    /// Tell every problem of the file, the variables and the flags at once, what of them this release
    /// cannot obey, and whether keys and certificate can be used; asks no store, and does not look at the AWS_* variables
    Check,
    /// Print what is obeyed, as TOML, with the origin of each value; secrets are masked
    Print,
}

pub(super) fn run(
    command: Command,
    flags: Flags,
    env: Vec<(OsString, OsString)>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let config = Config::load(&flags.into_inputs(env)).map_err(Failure::Configuration)?;
    if matches!(command, Command::Check) {
        let told = [config.check_alone(), config.check_files(text_of)];
        let problems: Vec<Problem> =
            told.into_iter().filter_map(Result::err).flat_map(|Problems(told)| told).collect();
        if !problems.is_empty() {
            return Err(Failure::Configuration(Problems(problems)));
        }
        config.server.tls.as_ref().map(Tls::open).transpose().map_err(Failure::Refused)?;
    }
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
