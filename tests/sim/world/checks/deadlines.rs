//! Nobody waits for ever: a request has an end by the time at which its client gives up, be it answered or
//! not. (A node answers before that; but it may have stood still until then, and nobody can tell.)

use std::time::Duration;

use super::super::client::PATIENCE;
use super::super::words::{Act, Broken};
use super::{broken, spelt};

/// A clock that is waited by is not exact.
const SLACK: Duration = Duration::from_secs(1);

pub(super) fn judge(act: &Act) -> Result<(), Broken> {
    let waited = act.back_at.saturating_sub(act.called_at);
    if waited <= PATIENCE + SLACK {
        return Ok(());
    }
    broken(format!("{} had no end for {waited:?}", spelt(act)))
}

#[cfg(test)]
mod tests {
    use super::super::super::words::Wish;
    use super::super::sketch::{Sketch, unknown};
    use super::*;

    #[test]
    fn a_request_that_hangs_is_told() {
        for (waits, hangs) in [(0, false), (60, false), (62, true), (3600, true)] {
            let mut sketch = Sketch::default();
            let act = sketch.call(1, 0, Wish::List);
            sketch.back(act, unknown());
            let act = &mut sketch.history.acts[act];
            act.back_at = act.called_at + Duration::from_secs(waits);
            assert_eq!(judge(act).is_err(), hangs, "{waits}");
        }
    }
}
