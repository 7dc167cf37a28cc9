//! `elacsym version`: which code this is, for a bug report.
//!
//! The commit is known if whoever built it set `ELACSYM_COMMIT`. Nothing asks git, so that a build
//! is the same with and without a repository around it.

use std::env::consts::{ARCH, OS};
use std::io::{self, Write};

pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) fn run(out: &mut impl Write) -> io::Result<()> {
    let commit = option_env!("ELACSYM_COMMIT").unwrap_or("unknown");
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    writeln!(out, "elacsym {VERSION}")?;
    writeln!(out, "commit: {commit}")?;
    writeln!(out, "platform: {ARCH}-{OS}")?;
    writeln!(out, "build: {build}")
}
