//! A node in a process of its own, over a local folder: what is measured of a start, and of memory.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::line::{Address, Line};
use crate::env::{Clock, blocking};
use crate::error::{Error, Result};

const START_MAX: Duration = Duration::from_secs(60);
/// What a node says on stdout when it can be asked.
const READY: &str = "elacsym is ready on ";

/// Killed when it is dropped: what it leaves is what a node leaves that dies.
pub(super) struct Process {
    child: Child,
    address: Address,
    clock: Clock,
    began: Duration,
    /// From its start until it said so.
    pub(super) ready: Duration,
    /// Held, so that there is somebody who could read.
    _stdout: BufReader<ChildStdout>,
}

/// The memory of a process that is in RAM, in MiB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Resident {
    pub(super) now: f64,
    pub(super) most: f64,
}

impl Process {
    /// This program, on a free port, with nothing said but what stands here.
    pub(super) async fn start(folder: &Path, clock: Clock) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Error::unavailable("starting a node in a process of its own").with_source(error)
        };
        let program = std::env::current_exe().map_err(failed)?;
        let mut command = Command::new(program);
        command.args(["serve", "--host", "127.0.0.1", "--port", "0", "--log-level", "warn"]);
        command.arg("--storage-path").arg(folder.join("data")).current_dir(folder).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let began = clock.now();
        let mut starting = Starting(Some(command.spawn().map_err(failed)?));
        let Some(stdout) = starting.0.as_mut().and_then(|child| child.stdout.take()) else {
            return Err(Error::internal("a process was started without its stdout"));
        };
        let said = blocking(move || {
            let (mut stdout, mut line) = (BufReader::new(stdout), String::new());
            stdout.read_line(&mut line).map(|_| (stdout, line))
        });
        let late = |_| Error::unavailable(format!("a node did not start within {START_MAX:?}"));
        let said = tokio::time::timeout(START_MAX, said).await.map_err(late)?;
        let (stdout, line) = said.map_err(failed)?;
        let ready = clock.now() - began;
        let Some(url) = line.strip_prefix(READY) else {
            let message = format!("a node did not start, and said {line:?}; stderr says why");
            return Err(Error::unavailable(message));
        };
        let address = Address::read(url.trim_end(), None)?;
        let Some(child) = starting.0.take() else {
            return Err(Error::internal("a process was started and is not there"));
        };
        Ok(Self { child, address, clock, began, ready, _stdout: stdout })
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Asks for something, and tells how long after the start it was answered.
    pub(super) async fn answers(&self, request: &[u8]) -> Result<Duration> {
        Line::to(&self.address).ask_for(request).await?;
        Ok(self.clock.now() - self.began)
    }

    pub(super) fn resident(&self) -> Result<Resident> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(&path)
            .map_err(|error| Error::unavailable(format!("reading {path}")).with_source(error))?;
        Resident::read(&status).ok_or_else(|| {
            Error::unavailable(format!("{path} does not tell the memory of the process"))
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// A process of which nobody has heard yet.
struct Starting(Option<Child>);

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            end(child);
        }
    }
}

/// What cannot be killed has ended already. It is waited for, for it may still be writing.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

impl Resident {
    fn read(status: &str) -> Option<Self> {
        let mib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kib = line.strip_suffix("kB")?.trim().parse::<u64>().ok()?;
            Some(kib as f64 / 1024.0)
        };
        Some(Self { now: mib("VmRSS:")?, most: mib("VmHWM:")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_mib() {
        let status = "Name:\telacsym\nVmHWM:\t   20480 kB\nVmRSS:\t   10752 kB\nThreads:\t3\n";
        assert_eq!(Resident::read(status), Some(Resident { now: 10.5, most: 20.0 }));
        assert_eq!(Resident::read("Name:\telacsym\n"), None);
    }

    #[test]
    fn of_this_process_it_is_told() {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let resident = Resident::read(&status).unwrap();
        assert!(resident.now > 0.0 && resident.most >= resident.now);
    }
}
