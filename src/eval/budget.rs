//! What filters may take, all that are asked together: a pattern costs far more to make ready than
//! to ask for, and a request has room for thousands of filters.

use crate::error::{Error, Result};

/// Each takes up to 1 MiB when it is made ready.
pub(crate) const EXPRESSIONS_MAX: usize = 64;

/// How much of it is left.
#[derive(Debug)]
pub struct Budget {
    expressions: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { expressions: EXPRESSIONS_MAX }
    }
}

impl Budget {
    /// For one glob or regular expression.
    pub(super) fn spend(&mut self) -> Result<()> {
        let left = self.expressions.checked_sub(1).ok_or_else(|| {
            Error::invalid(format!(
                "filters have at most {EXPRESSIONS_MAX} globs and regular expressions, all together"
            ))
        })?;
        self.expressions = left;
        Ok(())
    }
}
