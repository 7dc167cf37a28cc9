//! The level filter of the log: `info`, or `info,elacsym::storage=debug`.
//!
//! Stricter than the parsers of the tracing crates, which take a mistyped level for the name of a
//! module and then log nothing at all.

use std::fmt;

use tracing::level_filters::LevelFilter;

#[derive(Clone, Debug, PartialEq)]
pub struct LogLevels {
    pub base: LevelFilter,
    /// Modules that differ from it.
    pub modules: Vec<(String, LevelFilter)>,
}

impl Default for LogLevels {
    fn default() -> Self {
        Self { base: LevelFilter::INFO, modules: Vec::new() }
    }
}

impl LogLevels {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut levels = Self::default();
        for part in text.split(',').map(str::trim) {
            match part.split_once('=') {
                None => levels.base = level(part)?,
                Some((module, word)) if is_module(module) => {
                    levels.modules.push((module.to_owned(), level(word)?));
                }
                Some((module, _)) => {
                    return Err(format!("{module:?} is not a module such as elacsym::storage"));
                }
            }
        }
        Ok(levels)
    }
}

fn level(word: &str) -> Result<LevelFilter, String> {
    match word {
        "off" => Ok(LevelFilter::OFF),
        "error" => Ok(LevelFilter::ERROR),
        "warn" => Ok(LevelFilter::WARN),
        "info" => Ok(LevelFilter::INFO),
        "debug" => Ok(LevelFilter::DEBUG),
        "trace" => Ok(LevelFilter::TRACE),
        _ => Err(format!("{word:?} is not a level; use off, error, warn, info, debug or trace")),
    }
}

fn is_module(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))
}

impl fmt::Display for LogLevels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.base)?;
        self.modules.iter().try_for_each(|(module, level)| write!(f, ",{module}={level}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_prints_as_it_was_written() {
        for text in ["off", "error", "warn", "info", "debug", "trace", "warn,elacsym::cli=trace"] {
            assert_eq!(LogLevels::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(LogLevels::parse("elacsym=debug").unwrap().to_string(), "info,elacsym=debug");
    }

    #[test]
    fn a_mistyped_level_is_not_taken_for_a_module() {
        for text in ["inof", "INFO", "", "info,", "elacsym=", "=info", "a b=info", "elacsym=loud"] {
            assert!(LogLevels::parse(text).is_err(), "{text:?} must be refused");
        }
    }
}
