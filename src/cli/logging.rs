//! Where `tracing` events go: to stderr, as text for people or one JSON object a line.
//!
//! Called once, at the start of a sub-command that has a configuration.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

use crate::config::{Log, LogFormat};

pub(super) fn start(log: &Log) {
    let levels =
        Targets::new().with_default(log.levels.base).with_targets(log.levels.modules.clone());
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let registry = tracing_subscriber::registry().with(levels);
    match log.format {
        LogFormat::Text => registry.with(layer.with_ansi(io::stderr().is_terminal())).init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).init(),
    }
}
