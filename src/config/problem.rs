//! A problem with the configuration: which key, who said it, and what to do about it. They are
//! collected and told together, so that an operator mends a file once.

use std::fmt;

/// Where a value was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    File { path: String, line: usize },
    Env(String),
    Flag(&'static str),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, or what stands where a key should.
    pub key: String,
    pub origin: Origin,
    pub message: String,
}

/// At least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Origin {
    /// A higher layer overrides a lower one.
    pub(super) fn layer(&self) -> u8 {
        match self {
            Self::File { .. } => 0,
            Self::Env(_) => 1,
            Self::Flag(_) => 2,
        }
    }
}

impl Problem {
    pub(super) fn new(key: &str, origin: &Origin, message: impl Into<String>) -> Self {
        Self { key: key.to_owned(), origin: origin.clone(), message: message.into() }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{path}:{line}"),
            Self::Env(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.key, self.origin, self.message)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "the configuration has {} problem{plural}:", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for Problems {}
