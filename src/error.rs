//! One error for the whole house. Its *kind* tells the caller what to do next,
//! its message names what is wrong, its source says why.
//!
//! An error is passed inside and logged once, where it is handled. There is no
//! `From` that guesses a kind: whoever creates an error knows what it means.

use std::fmt;

/// What the caller can do about it. Seven answers, and no eighth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Fix the request; sent again unchanged it fails again.
    Invalid,
    /// There is nothing by that name.
    NotFound,
    /// The state is not the one the request asks for: read again, then decide.
    Conflict,
    /// Too much at once: the same request succeeds later.
    Throttled,
    /// Something below is away or undecided: try again, or ask another node.
    Unavailable,
    /// Stored bytes are not what was written. Stop trusting that object, page a human.
    Corrupt,
    /// Our bug.
    Internal,
}

/// A kind, one message, and the error underneath, if there is one.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, message)
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// The error underneath. Its text is printed by `chain`, not by `Display`.
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The whole story on one line: this message, then every source below it.
    pub fn chain(&self) -> String {
        let mut line = self.message.clone();
        let mut below = std::error::Error::source(self);
        while let Some(error) = below {
            line.push_str(": ");
            line.push_str(&error.to_string());
            below = error.source();
        }
        line
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Says where an error was met, and keeps what to do about it.
pub trait Context<T> {
    fn context(self, place: impl Into<String>) -> Result<T>;
}

impl<T> Context<T> for Result<T> {
    fn context(self, place: impl Into<String>) -> Result<T> {
        self.map_err(|error| Error::new(error.kind, place).with_source(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_keeps_the_kind_and_the_chain_tells_the_whole_story() {
        let error = Err::<(), _>(Error::corrupt("crc32 is 1, not 2"))
            .context("reading slot 7")
            .context("opening acme")
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert_eq!(error.to_string(), "opening acme");
        assert_eq!(error.chain(), "opening acme: reading slot 7: crc32 is 1, not 2");
    }
}
