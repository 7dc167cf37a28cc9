//! The real binary, serving: started for one test, killed at its end, looked at from outside.

use std::fs::{self, File, read_to_string};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use elacsym::env::{Clock, blocking};
use tempfile::TempDir;

const START_LIMIT: Duration = Duration::from_secs(30);
/// What it says on stdout when it can be asked.
const READY: &str = "elacsym is ready on ";
const DATA: &str = "data";
const LOG: &str = "log";
const LOG_LINES_SHOWN: usize = 30;

/// How a server is started. Started with the same options again, it stands on what it left.
#[derive(Clone)]
pub(crate) struct Options {
    home: Arc<TempDir>,
    env: Vec<(&'static str, String)>,
}

impl Options {
    /// Nothing outlives the process.
    pub(crate) fn memory() -> Self {
        Self::of("ELACSYM_STORAGE_URL", "memory://")
    }

    pub(crate) fn folder() -> Self {
        Self::of("ELACSYM_STORAGE_PATH", DATA)
    }

    fn of(name: &'static str, place: &str) -> Self {
        let home = Arc::new(tempfile::tempdir().unwrap());
        Self { home, env: Vec::new() }
            .with("ELACSYM_HOST", "127.0.0.1")
            .with("ELACSYM_PORT", "0")
            .with("ELACSYM__LOG__LEVEL", "warn")
            .with(name, place)
    }

    /// Of what is said twice, the last is obeyed.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.env.push((name, value.to_owned()));
        self
    }

    /// A file where a server stands, there at once and whole: it may have started already.
    pub(crate) fn put(&self, name: &str, text: &str) {
        let (path, beside) = (self.home.path().join(name), self.home.path().join("beside~"));
        fs::write(&beside, text).unwrap();
        fs::rename(&beside, &path).unwrap();
    }

    /// Where a server over a folder keeps everything.
    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join(DATA)
    }
}

pub(crate) struct Server {
    child: Child,
    options: Options,
    /// `127.0.0.1:40000`
    host: String,
    /// Held: a server whose stdout is closed has a reason to complain.
    _stdout: Option<BufReader<ChildStdout>>,
}

impl Server {
    pub(crate) async fn start(options: &Options) -> Self {
        let home = options.home.path();
        let log = File::options().create(true).append(true).open(home.join(LOG)).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_elacsym"))
            .arg("serve")
            .env_clear()
            .envs(options.env.iter().map(|(name, value)| (*name, value.as_str())))
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut server =
            Self { child, options: options.clone(), host: String::new(), _stdout: None };
        let first_line = blocking(move || {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            (stdout, line)
        });
        let said = tokio::time::timeout(START_LIMIT, first_line).await;
        let (stdout, line) = said.expect("a server is ready in time");
        let url = line.trim_end().strip_prefix(READY);
        let host = url.and_then(|url| url.split_once("://")).map(|(_, host)| host);
        server.host = host.unwrap_or_else(|| panic!("the server said {line:?} first")).to_owned();
        server._stdout = Some(stdout);
        server
    }

    /// Killed in the middle of whatever it does, and started again.
    pub(crate) async fn killed_and_started(self) -> Self {
        let options = self.options.clone();
        drop(self);
        Self::start(&options).await
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// All that it, and those before it with the same options, have said to stderr.
    pub(crate) fn log(&self) -> String {
        read_to_string(self.options.home.path().join(LOG)).unwrap()
    }

    /// The most that it ever had in memory.
    pub(crate) fn memory_bytes_max(&self) -> u64 {
        let status = read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = value.unwrap().trim().trim_end_matches("kB").trim().parse::<u64>().unwrap();
        kib << 10
    }

    /// Asks it to end, as whatever runs services does.
    pub(crate) fn terminate(&self) {
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// How it ended, if it did within `limit`.
    pub(crate) async fn exit(&mut self, limit: Duration) -> Option<ExitStatus> {
        let clock = Clock::start();
        while clock.now() < limit {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            clock.sleep(Duration::from_millis(20)).await;
        }
        None
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = read_to_string(self.options.home.path().join(LOG)).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
            eprintln!("the end of the server's log:\n{}", last.join("\n"));
        }
    }
}
