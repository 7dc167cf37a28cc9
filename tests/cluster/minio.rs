//! A MinIO of our own (`scripts/minio`), which can be killed and comes back over the same data and
//! on the same port.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use elacsym::env::Clock;

use crate::client::{Client, Reply};
use crate::leash::{Leash, run, script};

const START_LIMIT: Duration = Duration::from_secs(30);
const STARTS_MAX: u32 = 4;
const READY_PAUSE: Duration = Duration::from_millis(50);
const LOOK_LIMIT: Duration = Duration::from_secs(5);
/// Nobody reads what it prints: it goes where the rest goes.
const ALL_TO_STDERR: &str = "exec \"$@\" >&2";

#[derive(Debug)]
pub(crate) struct Minio {
    pub(crate) at: SocketAddr,
    data: PathBuf,
    log: PathBuf,
    leash: Option<Leash>,
}

impl Minio {
    pub(crate) async fn start(folder: &Path) -> Self {
        run(&[script("minio").to_str().unwrap(), "install"]);
        for _ in 0..STARTS_MAX {
            // It may be taken in between: the next one is another.
            let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let (data, log) = (folder.join("minio"), folder.join("minio.log"));
            let mut minio = Self { at: free, data, log, leash: None };
            if minio.run().await {
                return minio;
            }
        }
        let log = std::fs::read_to_string(folder.join("minio.log")).unwrap_or_default();
        panic!("MinIO does not start; try scripts/minio\n{log}");
    }

    pub(crate) async fn restart(&mut self) {
        for _ in 0..STARTS_MAX {
            if self.run().await {
                return;
            }
        }
        panic!("MinIO does not come back on {}", self.at);
    }

    /// SIGKILL, in the middle of whatever it does.
    pub(crate) fn kill(&mut self) {
        if let Some(leash) = self.leash.take() {
            leash.cut();
        }
    }

    /// Whether it came up.
    async fn run(&mut self) -> bool {
        self.kill();
        let (script, port) = (script("minio"), self.at.port().to_string());
        let (script, data) = (script.to_str().unwrap(), self.data.to_str().unwrap());
        let words = ["sh", "-c", ALL_TO_STDERR, "sh", script, "start", data, &port];
        self.leash = Some(Leash::tie(&words.map(str::to_owned), &[], &self.log));
        let (clock, mut client) = (Clock::start(), Client::default());
        while clock.now() < START_LIMIT {
            let reply = client.get(self.at, "/minio/health/ready", LOOK_LIMIT).await;
            if matches!(reply, Reply::Answer(answer) if answer.status == 200) {
                return true;
            }
            clock.sleep(READY_PAUSE).await;
        }
        false
    }
}
