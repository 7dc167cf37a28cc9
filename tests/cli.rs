//! The real binary, as a person or a script meets it: what it prints, where, and its exit code.
//!
//! Every run gets an environment of its own and an empty folder to stand in.

// The helpers of a test are a test, which clippy knows only of functions marked so.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

#[derive(Default)]
struct Case {
    args: &'static [&'static str],
    env: &'static [(&'static str, &'static str)],
    /// The text of `elacsym.toml`, if there is one.
    file: Option<&'static str>,
    code: i32,
    stdout: &'static [&'static str],
    stderr: &'static [&'static str],
}

fn elacsym(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_elacsym"));
    command.env_clear().current_dir(folder.path()).stdin(Stdio::null());
    command
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

fn check(cases: &[Case]) {
    for case in cases {
        let folder = tempfile::tempdir().unwrap();
        if let Some(file) = case.file {
            fs::write(folder.path().join("elacsym.toml"), file).unwrap();
        }
        let env = case.env.iter().copied();
        let output = elacsym(&folder).args(case.args).envs(env).output().unwrap();
        let (stdout, stderr) = texts(&output);
        let told = format!("{:?}\nstdout: {stdout}\nstderr: {stderr}", case.args);
        assert_eq!(output.status.code(), Some(case.code), "{told}");
        for (printed, expected) in [(&stdout, case.stdout), (&stderr, case.stderr)] {
            assert_eq!(printed.is_empty(), expected.is_empty(), "{told}");
            for part in expected {
                assert!(printed.contains(part), "{part:?} is missing from {told}");
            }
        }
    }
}

/// What every run without keys logs.
const OPEN: &str = "no API keys are configured";

#[test]
fn config_check_says_ok_or_every_problem() {
    check(&[
        Case {
            args: &["config", "check"],
            stdout: &["ok: 0 of "],
            stderr: &["WARN", OPEN],
            ..Case::default()
        },
        Case {
            args: &["config", "check", "--port", "8080"],
            env: &[("ELACSYM_API_KEYS", "k")],
            file: Some("[storage]\nurl = 's3://bucket'"),
            stdout: &["ok: 3 of "],
            ..Case::default()
        },
        Case {
            args: &["config", "check", "--port", "http"],
            env: &[("ELACSYM_NODE_INDEX", "1"), ("ELACSYM__LOG__FROMAT", "json")],
            file: Some("[storage]\nurl = 'az://bucket'\n[sever]\nport = 1"),
            code: 2,
            stderr: &[
                "error: the configuration has 5 problems:",
                "server.port (--port): \"http\" is not a port",
                "node.index (ELACSYM_NODE_INDEX): needs node.total",
                "did you mean ELACSYM__LOG__FORMAT?",
                "storage.url (elacsym.toml:2): az:// is not supported yet",
                "[sever] (elacsym.toml:3): there is no such section; did you mean [server]?",
            ],
            ..Case::default()
        },
    ]);
}

/// What `serve` would refuse, and with it what else is wrong.
#[test]
fn config_check_tells_all_that_this_release_cannot_obey() {
    check(&[Case {
        args: &["config", "check"],
        env: &[
            ("ELACSYM_NODE_TYPE", "query"),
            ("ELACSYM_MISROUTED", "forward"),
            ("ELACSYM_ADVERTISE_URL", "http://x:1"),
            ("ELACSYM_API_KEYS_FILE", "absent.toml"),
            ("ELACSYM_NODE_INDEX", "5"),
            ("ELACSYM_TOTAL_NODES", "3"),
            ("ELACSYM__SERVER__TLS__CERT", "c.pem"),
            ("ELACSYM__SERVER__TLS__KEY", "k.pem"),
        ],
        code: 2,
        stderr: &[
            "error: the configuration has 7 problems:",
            "node.index (ELACSYM_NODE_INDEX): 5 is not in a ring of 3",
            "node.total (ELACSYM_TOTAL_NODES): cannot be obeyed yet",
            "server.tls (ELACSYM__SERVER__TLS__CERT): server.tls.cert (c.pem)",
            "node.type (ELACSYM_NODE_TYPE): cannot be obeyed yet",
            "server.misrouted (ELACSYM_MISROUTED): cannot be obeyed yet",
            "server.advertise_url (ELACSYM_ADVERTISE_URL): cannot be obeyed yet",
            "auth.api_keys_file (ELACSYM_API_KEYS_FILE)",
        ],
        ..Case::default()
    }]);
}

#[test]
fn config_check_looks_into_the_file_of_api_keys() {
    check(&[
        Case {
            args: &["config", "check"],
            env: &[("ELACSYM_API_KEYS_FILE", "absent.toml")],
            code: 2,
            stderr: &["auth.api_keys_file (ELACSYM_API_KEYS_FILE)", "No such file"],
            ..Case::default()
        },
        Case {
            args: &["config", "check"],
            file: Some("[auth]\napi_keys_file = 'elacsym.toml'"),
            code: 2,
            stderr: &["auth.api_keys_file (elacsym.toml:2)", "has no keys"],
            ..Case::default()
        },
        Case {
            args: &["config", "check"],
            env: &[("ELACSYM__SERVER__TLS__CERT", "c.pem"), ("ELACSYM__SERVER__TLS__KEY", "k.pem")],
            code: 2,
            stderr: &["server.tls.cert (c.pem) and server.tls.key (k.pem)", "No such file"],
            ..Case::default()
        },
    ]);
}

#[test]
fn config_print_shows_what_is_obeyed_and_where_it_was_said() {
    check(&[Case {
        args: &["--node-id", "a", "config", "print", "--storage-path", "/srv/elacsym"],
        env: &[("ELACSYM_API_KEYS", "hunter2"), ("ELACSYM_PORT", "8080")],
        file: Some("[server]\nport = 1\nmisrouted = 'forward'"),
        stdout: &[
            "[node]\nid = \"a\"  # --node-id\ntype = \"all\"  # default\n# index is not set\n",
            "host = \"0.0.0.0\"  # default\nport = 8080  # ELACSYM_PORT\n",
            "misrouted = \"forward\"  # elacsym.toml:3\n",
            "path = \"/srv/elacsym\"  # --storage-path\n",
            "api_keys = [\"***\"]  # ELACSYM_API_KEYS\n",
            "[log]\nformat = \"text\"  # default\nlevel = \"info\"  # default\n",
        ],
        ..Case::default()
    }]);
}

#[test]
fn the_file_is_the_one_that_was_named() {
    check(&[
        Case {
            args: &["config", "check", "--config", "absent.toml"],
            code: 2,
            stderr: &["file \"absent.toml\" (--config): cannot be read: No such file"],
            ..Case::default()
        },
        Case {
            args: &["config", "check"],
            env: &[("ELACSYM_CONFIG", "absent.toml"), ("ELACSYM_PORT", "x")],
            code: 2,
            stderr: &["2 problems", "file \"absent.toml\" (ELACSYM_CONFIG): cannot be read"],
            ..Case::default()
        },
        Case {
            args: &["config", "check", "--config", "elacsym.toml"],
            env: &[("ELACSYM_CONFIG", "absent.toml"), ("ELACSYM_API_KEYS", "k")],
            file: Some(""),
            stdout: &["ok: 1 of "],
            ..Case::default()
        },
    ]);
}

#[test]
fn the_log_obeys_its_format_and_its_level() {
    check(&[
        Case {
            args: &["config", "check", "--log-level", "error"],
            stdout: &["ok"],
            ..Case::default()
        },
        Case {
            args: &["config", "check", "--log-level", "error,elacsym::cli=warn"],
            stdout: &["ok"],
            stderr: &[OPEN],
            ..Case::default()
        },
        Case {
            args: &["config", "check", "--log-format", "json"],
            stdout: &["ok"],
            stderr: &["{\"timestamp\":\"", "\"level\":\"WARN\"", "\"message\":\"no API keys"],
            ..Case::default()
        },
    ]);
}

#[test]
fn help_helps_and_wrong_usage_is_told_from_it() {
    check(&[
        Case {
            args: &["--help"],
            stdout: &["Examples:", "elacsym serve", "config print", "--storage-url", "Exit codes"],
            ..Case::default()
        },
        Case {
            args: &["config", "--help"],
            stdout: &["check", "asks no store", "print", "secrets are masked"],
            ..Case::default()
        },
        Case {
            args: &["version"],
            stdout: &["elacsym ", env!("CARGO_PKG_VERSION"), "commit: ", "platform: "],
            ..Case::default()
        },
        Case {
            args: &["--version"],
            stdout: &["elacsym ", env!("CARGO_PKG_VERSION")],
            ..Case::default()
        },
        Case { args: &["config"], code: 2, stderr: &["Usage: elacsym config"], ..Case::default() },
        Case { args: &["confog"], code: 2, stderr: &["'confog'", "config"], ..Case::default() },
        Case {
            args: &["config", "check", "--prot", "1"],
            code: 2,
            stderr: &["--prot", "--port"],
            ..Case::default()
        },
    ]);
}

#[test]
fn a_node_that_cannot_be_what_it_was_told_does_not_start() {
    check(&[
        Case {
            args: &["serve"],
            env: &[("ELACSYM_NODE_TYPE", "query")],
            code: 2,
            stderr: &["node.type (ELACSYM_NODE_TYPE)", "one kind of node"],
            ..Case::default()
        },
        Case {
            env: &[("ELACSYM_NODE_INDEX", "0"), ("ELACSYM_TOTAL_NODES", "3")],
            code: 2,
            stderr: &["node.index (", "node.total (", "one kind of node"],
            ..Case::default()
        },
        Case {
            args: &["serve"],
            env: &[("ELACSYM_API_KEYS_FILE", "keys.toml")],
            code: 2,
            stderr: &[
                "auth.api_keys_file (ELACSYM_API_KEYS_FILE): file \"keys.toml\"",
                "No such file",
            ],
            ..Case::default()
        },
        Case {
            args: &["serve"],
            file: Some("[auth]\napi_keys_file = 'elacsym.toml'"),
            code: 2,
            stderr: &["auth.api_keys_file (elacsym.toml:2)", "has no keys"],
            ..Case::default()
        },
        Case {
            args: &["serve"],
            file: Some("[server.tls]\ncert = 'elacsym.toml'\nkey = 'elacsym.toml'"),
            code: 2,
            stderr: &["server.tls (elacsym.toml:2)", "there is no certificate"],
            ..Case::default()
        },
        // All of it at once.
        Case {
            args: &["serve", "--port", "http"],
            env: &[("ELACSYM_NODE_TYPE", "query"), ("ELACSYM_API_KEYS_FILE", "keys.toml")],
            code: 2,
            stderr: &["3 problems", "server.port (", "node.type (", "auth.api_keys_file ("],
            ..Case::default()
        },
        Case {
            args: &["--port", "http"],
            code: 2,
            stderr: &["server.port (--port): \"http\" is not a port"],
            ..Case::default()
        },
        Case {
            args: &["serve", "--port", "0"],
            file: Some("[storage]\npath = 'elacsym.toml'"),
            code: 1,
            stderr: &["error: opening the store elacsym.toml: "],
            ..Case::default()
        },
    ]);
}

#[test]
fn fsck_looks_at_nothing_that_is_not_there_and_says_so() {
    check(&[
        Case {
            args: &["fsck"],
            code: 2,
            stderr: &["error: ./data is not there: nobody has stored anything in it"],
            ..Case::default()
        },
        Case {
            args: &["fsck", "--json", "--storage-path", "elsewhere"],
            code: 2,
            stderr: &["error: elsewhere is not there"],
            ..Case::default()
        },
        Case {
            args: &["fsck", "--storage-url", "memory://"],
            code: 2,
            stderr: &["error: memory:// is seen by the process alone that holds it"],
            ..Case::default()
        },
        Case {
            args: &["fsck", "--name", "ac/me"],
            code: 2,
            stderr: &["error: a namespace name is made of A-Z a-z 0-9 - _ and '.', not '/'"],
            ..Case::default()
        },
        Case {
            args: &["fsck", "--port", "http"],
            code: 2,
            stderr: &["server.port (--port): \"http\" is not a port"],
            ..Case::default()
        },
    ]);
}

/// Killed when it is dropped, if it is still there.
struct Node {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: String,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

impl Node {
    /// On a port that the system chooses, with its data in the folder.
    fn start(folder: &TempDir, args: &[&str]) -> Self {
        let mut command = elacsym(folder);
        command.args(args).args(["--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.strip_prefix("elacsym is ready on http://");
        let address = address.unwrap_or_else(|| panic!("it said {line:?}")).trim_end().to_owned();
        Self { child, stdout, address }
    }

    fn ask(&self, request: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{request} HTTP/1.1\r\nhost: elacsym\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Ends at a signal; what else it said, and how it ended.
    fn stop(mut self, signal: Signal) -> (String, Option<i32>) {
        let pid = Pid::from_raw(self.child.id() as i32).unwrap();
        kill_process(pid, signal).unwrap();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (rest, self.child.wait().unwrap().code())
    }
}

#[test]
fn a_node_says_when_it_is_ready_and_ends_in_order_at_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(&folder, &["serve"]);
    assert!(node.ask("GET /readyz", "").starts_with("HTTP/1.1 200"));
    let row = r#"{"upsert_rows":[{"id":7,"title":"kept"}]}"#;
    let written = node.ask("POST /v2/namespaces/acme", row);
    assert!(written.starts_with("HTTP/1.1 200"), "{written}");
    assert_eq!(node.stop(Signal::TERM), (String::new(), Some(0)));
    assert!(folder.path().join("data").is_dir());

    // Without a command, and from what lies in the folder.
    let node = Node::start(&folder, &[]);
    let query = r#"{"rank_by":["id","asc"],"limit":10,"include_attributes":true}"#;
    let found = node.ask("POST /v2/namespaces/acme/query", query);
    assert!(found.contains(r#""id":7,"title":"kept""#), "{found}");
    assert_eq!(node.stop(Signal::INT), (String::new(), Some(0)));
}

#[test]
fn fsck_has_nothing_to_say_of_what_a_node_left_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(&folder, &["serve"]);
    let row = r#"{"upsert_rows":[{"id":7,"title":"kept"}]}"#;
    let written = node.ask("POST /v2/namespaces/acme", row);
    assert!(written.starts_with("HTTP/1.1 200"), "{written}");
    assert_eq!(node.stop(Signal::TERM), (String::new(), Some(0)));

    let found = |args: &[&str]| {
        let output = elacsym(&folder).arg("fsck").args(args).output().unwrap();
        let (stdout, stderr) = texts(&output);
        assert_eq!(output.status.code(), Some(0), "{args:?}\nstdout: {stdout}\nstderr: {stderr}");
        stdout
    };
    for args in [&["--name", "acme"][..], &[]] {
        let said = found(args);
        assert!(said.starts_with("1 names, 1 lives, 1 slots, 0 files, "), "{args:?}: {said}");
        assert!(said.ends_with(" bytes\n0 errors, 0 leaks, 0 notes\n"), "{args:?}: {said}");
    }
    let nobody = elacsym(&folder).args(["fsck", "--name", "nobody"]).output().unwrap();
    assert_eq!(nobody.status.code(), Some(2));
    assert!(texts(&nobody).1.contains("there is no namespace 'nobody' in "), "{nobody:?}");
    let said = found(&["--json"]);
    let clean = "{\"errors\":0,\"leaks\":0,\"notes\":0,\"names\":1,\"lives\":1,\"slots\":1,\
                 \"files\":0,\"bytes\":";
    assert!(said.starts_with(clean) && said.lines().count() == 1, "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_a_failure_unless_the_reader_left() {
    let folder = tempfile::tempdir().unwrap();
    for command in [&["config", "print"][..], &["version"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = elacsym(&folder).args(command).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        assert!(texts(&output).1.contains("error: writing to stdout"), "{command:?}");

        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = elacsym(&folder).args(command).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{command:?}");
    }
}
