//! When it is over: one client, that asks on when it was answered. It is let in on the slowest machine;
//! where it is not, what was too much has left something behind.

use std::time::Duration;

use crate::cli::bench::line::{Address, Line};
use crate::cli::bench::rows::Load;
use crate::env::Clock;

/// In a row: one may be let in by chance.
const ANSWERS: usize = 50;
/// Who was sent away comes again after so long.
const PAUSE: Duration = Duration::from_millis(100);
/// What was let in may still have to be written down by a disk that takes its time.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How long it takes until all are answered, or none if they are not in that time.
pub(super) async fn answered(
    address: &Address,
    load: &Load,
    patience: Duration,
    clock: Clock,
) -> Option<Duration> {
    let (mut line, mut load) = (Line::to(address), load.clone());
    let (began, mut in_a_row) = (clock.now(), 0);
    while in_a_row < ANSWERS {
        if clock.now() - began > patience {
            return None;
        }
        if line.ask(load.renew()).await.is_ok_and(|answer| answer.status == 200) {
            in_a_row += 1;
        } else {
            in_a_row = 0;
            clock.sleep(PAUSE).await;
        }
    }
    Some(clock.now() - began)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::ground::Ground;
    use crate::cli::bench::small_limits;
    use crate::cli::bench::stand::Stand;
    use crate::config::Location;

    #[tokio::test(flavor = "multi_thread")]
    async fn who_is_never_answered_is_not_let_in() {
        let (ground, clock) = (Ground::At(Location::Memory), Clock::start());
        let stand = Stand::open(&ground, &[], clock, small_limits()).await.unwrap();
        let of = |path| Load::get(stand.address(), path);
        assert!(answered(stand.address(), &of("/livez"), PATIENCE, clock).await.is_some());
        let patience = 2 * PAUSE;
        assert_eq!(answered(stand.address(), &of("/nowhere"), patience, clock).await, None);
        stand.close().await.unwrap();
    }
}
