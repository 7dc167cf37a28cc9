//! The words that every bench takes on the command line, and what they mean wherever they are said.

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

use super::plan::Form;

const SECONDS_MAX: u64 = 3600;

// With a comment of its own it would take the place of what the command says of itself.
#[derive(Debug, Args)]
pub(super) struct Print {
    /// Print each figure as an object of JSON, one a line
    #[arg(long)]
    json: bool,
}

impl Print {
    pub(super) fn form(&self) -> Form {
        if self.json { Form::Json } else { Form::Table }
    }
}

/// How long something is measured.
pub(super) fn seconds() -> RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=SECONDS_MAX)
}

/// What is measured, in its order: all that can be, unless some of it was named.
pub(super) fn chosen<M: ValueEnum + PartialEq>(named: &[M]) -> Vec<M> {
    let all = M::value_variants().iter();
    all.filter(|measure| named.is_empty() || named.contains(measure)).cloned().collect()
}

/// What a line of words is read as, if it is one of a command.
#[cfg(test)]
pub(super) fn read<W: Args>(line: &[&str]) -> Option<W> {
    let command = W::augment_args(clap::Command::new("bench"));
    let found = command.try_get_matches_from(["bench"].iter().chain(line)).ok()?;
    W::from_arg_matches(&found).ok()
}

/// Whether a measure is named as it is shown, and measured where it is named or nothing is.
#[cfg(test)]
pub(super) fn check_measures<W, M>(measures: impl Fn(&W) -> Vec<M>)
where
    W: Args,
    M: ValueEnum + PartialEq + std::fmt::Debug + std::fmt::Display,
{
    let of = |line: &[&str]| read::<W>(line).map(|wish| measures(&wish));
    let all = M::value_variants();
    assert_eq!(of(&[]).as_deref(), Some(all));
    for measure in all {
        assert_eq!(of(&["--only", &measure.to_string()]), Some(vec![measure.clone()]));
    }
    let (first, last) = (&all[0], &all[all.len() - 1]);
    let some = format!("{last},{first}");
    assert_eq!(of(&["--only", &some]), Some(vec![first.clone(), last.clone()]));
    assert_eq!(of(&["--only", "huge"]), None);
}
