//! One server: the real binary, over a store, on a port that the system chose.

use std::net::SocketAddr;
use std::time::Duration;

use elacsym::env::Clock;
use tokio::time::timeout;

use crate::client::{Client, Reply};
use crate::leash::{Leash, Signal};
use crate::site::Site;

const START_LIMIT: Duration = Duration::from_secs(60);
const LOOK_LIMIT: Duration = Duration::from_secs(20);
const READINESS_LIMIT: Duration = Duration::from_secs(60);
const READINESS_PAUSE: Duration = Duration::from_millis(50);
/// What a server prints when it listens.
const READY: &str = "elacsym is ready on http://";
const BINARY: &str = "ELACSYM_BIN";

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) at: SocketAddr,
    pub(crate) started_in: Duration,
    process: String,
    leash: Leash,
}

impl Node {
    pub(crate) async fn start(site: &Site) -> Self {
        let clock = Clock::start();
        let binary =
            std::env::var(BINARY).unwrap_or_else(|_| env!("CARGO_BIN_EXE_elacsym").to_owned());
        let words = site.command(&[&binary, "serve"]);
        let mut leash = Leash::tie(&words, &site.vars, &site.log());
        let said = timeout(START_LIMIT, leash.greeting()).await.ok().flatten();
        let ready = said.as_ref().and_then(|(_, line)| line.strip_prefix(READY));
        let Some(at) = ready.and_then(|at| at.trim_end_matches('/').parse().ok()) else {
            panic!("no server came up over {}; it said {said:?}\n{}", site.title, site.log_end());
        };
        let process = said.map(|(process, _)| process).unwrap_or_default();
        Self { at, started_in: clock.now(), process, leash }
    }

    /// SIGKILL, in the middle of whatever it does.
    pub(crate) fn kill(self) {
        self.leash.cut();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        signal.send(&self.process);
    }

    /// Whether the process that was started still answers.
    pub(crate) async fn lives(&self) -> bool {
        let reply = Client::default().get(self.at, "/livez", LOOK_LIMIT).await;
        matches!(reply, Reply::Answer(answer) if answer.status == 200)
    }

    /// Waits until this is the status of `/readyz`, which may go by what was so a second ago.
    pub(crate) async fn until_readiness(&self, status: u16) {
        let clock = Clock::start();
        loop {
            let reply = Client::default().get(self.at, "/readyz", LOOK_LIMIT).await;
            if matches!(&reply, Reply::Answer(answer) if answer.status == status) {
                return;
            }
            assert!(clock.now() < READINESS_LIMIT, "/readyz is not {status} but {reply:?}");
            clock.sleep(READINESS_PAUSE).await;
        }
    }

    /// How often it has folded a tail since it was started.
    pub(crate) async fn folds(&self) -> u64 {
        let Reply::Answer(answer) = Client::default().get(self.at, "/metrics", LOOK_LIMIT).await
        else {
            panic!("a server that serves does not tell its figures");
        };
        figure(&answer.text(), "elacsym_folds_total")
    }
}

fn figure(page: &str, name: &str) -> u64 {
    let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let value = value.and_then(|value| value.parse::<f64>().ok());
    value.unwrap_or_else(|| panic!("{name} is not among the figures:\n{page}")) as u64
}

#[test]
fn a_figure_is_found_by_its_whole_name() {
    let page = "# TYPE a_total counter\na_total_b 7\na_total 3\n";
    assert_eq!(figure(page, "a_total"), 3);
}
