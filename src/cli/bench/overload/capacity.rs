//! As much as a server does: more and more clients, each of which asks on when it was answered, until
//! more of them get no more done.

use std::time::Duration;

use super::flood::aside;
use crate::cli::bench::crowd::{Crowd, Outcome};
use crate::cli::bench::line::Address;
use crate::cli::bench::rows::Load;
use crate::env::Clock;
use crate::error::{Error, Result};

const CLIENTS_MAX: usize = 256;
/// Twice the clients have to do so much more, or four times as many, or there is no more to be had:
/// writes share slots, and two more in a slot are no gain where eight are.
const GAIN_MIN: f64 = 1.05;
const VAIN_MAX: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Capacity {
    pub(super) per_second: f64,
    /// By so many.
    pub(super) clients: usize,
}

pub(super) async fn find(
    address: &Address,
    load: &Load,
    step: Duration,
    clock: Clock,
) -> Result<Capacity> {
    let mut best = Capacity { per_second: 0.0, clients: 0 };
    let (mut clients, mut vain) = (1, 0);
    while clients <= CLIENTS_MAX && vain < VAIN_MAX {
        let crowd = Crowd { clients, lasts: step };
        let (address, load) = (address.clone(), load.clone());
        let outcome =
            aside(move || async move { crowd.send(&address, &load, clock).await }).await?;
        refuse_failures(&outcome)?;
        let found = Capacity { per_second: outcome.per_second(1.0), clients };
        if found.is_more_than(&best) {
            (best, vain) = (found, 0);
        } else {
            vain += 1;
        }
        clients *= 2;
    }
    match best.clients {
        0 => Err(Error::unavailable("nobody was answered, so there is nothing to measure")),
        _ => Ok(best),
    }
}

/// To be sent away for a moment is an answer; what is wrong with a request is wrong each time.
fn refuse_failures(outcome: &Outcome) -> Result<()> {
    match outcome.refused.keys().find(|status| !matches!(**status, 429 | 503)) {
        None => Ok(()),
        Some(_) => Err(Error::unavailable(format!("it is refused: {}", outcome.failed().1))),
    }
}

impl Capacity {
    fn is_more_than(&self, other: &Self) -> bool {
        self.per_second > other.per_second * GAIN_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::ground::Ground;
    use crate::cli::bench::small_limits;
    use crate::cli::bench::stand::Stand;
    use crate::config::Location;

    #[test]
    fn a_little_more_is_no_more() {
        let of = |per_second| Capacity { per_second, clients: 1 };
        assert!(of(106.0).is_more_than(&of(100.0)));
        assert!(!of(104.0).is_more_than(&of(100.0)));
        assert!(!of(0.0).is_more_than(&of(0.0)));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn it_is_found_for_what_is_answered_and_for_nothing_else() {
        let (ground, clock) = (Ground::At(Location::Memory), Clock::start());
        let stand = Stand::open(&ground, &[], clock, small_limits()).await.unwrap();
        let step = Duration::from_millis(20);
        let load = Load::get(stand.address(), "/livez");
        let found = find(stand.address(), &load, step, clock).await.unwrap();
        assert!(found.per_second > 0.0 && found.clients >= 1, "{found:?}");
        let absent = Load::get(stand.address(), "/nowhere");
        let told = find(stand.address(), &absent, step, clock).await.unwrap_err();
        assert!(told.to_string().contains("404"), "{told}");
        stand.close().await.unwrap();
    }
}
