//! Where the servers are now. They come and go with a port of their own each time, and who writes
//! waits here for one to be there.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::chance::Chance;

/// A server that refuses connections may be about to take them again.
const REFUSED_PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug, Default)]
pub(crate) struct Board {
    seats: watch::Sender<Vec<SocketAddr>>,
}

/// Whom a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    Any,
    Seat(usize),
}

impl Board {
    pub(crate) fn set(&self, seats: &[SocketAddr]) {
        self.seats.send_replace(seats.to_vec());
    }

    pub(crate) async fn server(&self, aim: Aim, chance: &mut Chance) -> SocketAddr {
        let least = match aim {
            Aim::Any => 1,
            Aim::Seat(seat) => seat + 1,
        };
        let mut seats = self.seats.subscribe();
        // The sender is ours and lives as long as we do.
        let seats = seats.wait_for(|seats| seats.len() >= least).await.unwrap();
        match aim {
            Aim::Any => *chance.pick(&seats),
            Aim::Seat(seat) => seats[seat],
        }
    }

    /// Waits until there is another server than the one that was not there.
    pub(crate) async fn moved(&self, from: SocketAddr) {
        let mut seats = self.seats.subscribe();
        let gone = seats.wait_for(|seats| !seats.contains(&from));
        timeout(REFUSED_PAUSE, gone).await.ok();
    }
}
