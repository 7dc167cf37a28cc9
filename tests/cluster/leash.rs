//! A process that does not outlive this one (`scripts/leash`): it hangs on a pipe that we hold, and
//! is killed with SIGKILL when we let go, in whatever way we end.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use elacsym::env::blocking;

/// Says the id that the process has after every `exec`, and becomes it.
const SAY_AND_BECOME: &str = "echo $$; exec \"$@\"";
/// Where the tools lie; of all other variables of ours, a server is told what we say.
const KEPT: &str = "ELACSYM_TOOLS";

#[derive(Debug)]
pub(crate) struct Leash {
    holder: Child,
    out: Option<BufReader<ChildStdout>>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    Stop,
    Go,
}

impl Leash {
    /// The first of the words is a program. What it says on stderr goes to the end of the log.
    pub(crate) fn tie(words: &[String], vars: &[(String, String)], log: &Path) -> Self {
        let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut command = Command::new(script("leash"));
        command.arg(tempfile::tempdir().unwrap().keep());
        command.args(["sh", "-c", SAY_AND_BECOME, "sh"]).args(words);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text != KEPT && (text.starts_with("ELACSYM_") || text.starts_with("AWS_")) {
                command.env_remove(&name);
            }
        }
        command.envs(vars.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut holder = command.spawn().unwrap();
        let out = holder.stdout.take().map(BufReader::new);
        Self { holder, out }
    }

    /// The id of the process, and the first line that it prints itself. None: it ended before.
    pub(crate) async fn greeting(&mut self) -> Option<(String, String)> {
        let process = self.line().await?;
        Some((process, self.line().await?))
    }

    /// The next line that it prints. Nothing: it prints no more.
    async fn line(&mut self) -> Option<String> {
        let mut out = self.out.take()?;
        let (out, line) = blocking(move || {
            let mut line = String::new();
            let read = out.read_line(&mut line);
            (out, read.is_ok_and(|bytes| bytes > 0).then_some(line))
        })
        .await;
        self.out = Some(out);
        line.map(|line| line.trim_end().to_owned())
    }

    /// Kills it, and waits until it is dead.
    pub(crate) fn cut(mut self) {
        drop(self.holder.stdin.take());
        self.holder.wait().unwrap();
    }
}

impl Signal {
    pub(crate) fn send(self, process: &str) {
        let name = match self {
            Self::Stop => "STOP",
            Self::Go => "CONT",
        };
        run(&["sh", "-c", "kill -s \"$1\" \"$2\"", "sh", name, process]);
    }
}

pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name)
}

/// What a short command prints; it must succeed.
pub(crate) fn run<T: AsRef<str>>(words: &[T]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let (program, rest) = words.split_first().unwrap();
    let output = Command::new(program).args(rest).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {told}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
