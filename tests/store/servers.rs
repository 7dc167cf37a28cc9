//! Real servers: each started once for this binary, on a free port, over a folder of its own.
//!
//! A server hangs on a leash (`scripts/leash`): the pipe that we hold. When this process ends, in
//! whatever way, the pipe closes, the server dies and its folder goes.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use elacsym::config::Location;
use elacsym::env::{Clock, Dice};
use elacsym::storage::{self, Store};
use tokio::sync::OnceCell;

const START_LIMIT: Duration = Duration::from_secs(60);
const STARTS_MAX: u32 = 5;

pub(crate) struct Server {
    port: u16,
    keys: (&'static str, &'static str),
    _leash: Child,
}

pub(crate) async fn minio() -> &'static Server {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    let ready = |port| answers(port, "GET /minio/health/ready");
    SERVER.get_or_init(|| start("minio", ("test", "testtest123"), ready)).await
}

pub(crate) async fn ministack() -> &'static Server {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    let ready = |port| answers(port, "PUT /test");
    SERVER.get_or_init(|| start("ministack", ("test", "test"), ready)).await
}

pub(crate) async fn s3rver() -> &'static Server {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    let ready = |port| answers(port, "GET /");
    SERVER.get_or_init(|| start("s3rver", ("S3RVER", "S3RVER"), ready)).await
}

impl Server {
    /// A store under a root of its own, so that tests do not meet.
    pub(crate) async fn store(&self) -> Store {
        let root = Dice::from_os().draw();
        self.open("test", &format!("{root:032x}/deep"), self.keys.1).await
    }

    pub(crate) async fn open(&self, bucket: &str, prefix: &str, secret: &str) -> Store {
        let vars = [
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_ACCESS_KEY_ID", self.keys.0.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", secret.to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ];
        let vars = vars.map(|(name, value)| (name.to_owned(), value));
        let location = Location::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() };
        storage::open(&location, vars, Clock::start(), Dice::from_os()).await.unwrap()
    }

    pub(crate) fn secret(&self) -> &str {
        self.keys.1
    }
}

async fn start(
    name: &str,
    keys: (&'static str, &'static str),
    ready: impl Fn(u16) -> bool,
) -> Server {
    install(name);
    for _ in 0..STARTS_MAX {
        let folder = tempfile::tempdir().unwrap().keep();
        let log = folder.join("log");
        let port = free_port();
        let mut leash = leash(name, &folder, &log, port);
        if up(&mut leash, || ready(port)).await {
            return Server { port, keys, _leash: leash };
        }
        // The port may have been taken in between: the next one is another.
        eprintln!("{name} did not start: {}", std::fs::read_to_string(&log).unwrap_or_default());
    }
    panic!("{name} does not start; try: scripts/{name} install && scripts/{name} start /tmp/x 9000")
}

fn install(name: &str) {
    let done = Command::new(script(name)).arg("install").output().unwrap();
    assert!(
        done.status.success(),
        "{name} is not installed and could not be: run scripts/{name} install\n{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

fn leash(name: &str, folder: &Path, log: &Path, port: u16) -> Child {
    let log = File::create(log).unwrap();
    Command::new(script("leash"))
        .arg(folder)
        .arg(script(name))
        .args(["start", folder.to_str().unwrap(), &port.to_string()])
        .stdin(Stdio::piped())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

async fn up(leash: &mut Child, ready: impl Fn() -> bool) -> bool {
    let clock = Clock::start();
    while clock.now() < START_LIMIT && leash.try_wait().unwrap().is_none() {
        if ready() {
            return true;
        }
        clock.sleep(Duration::from_millis(50)).await;
    }
    false
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Whether the server answers that request with a 200.
fn answers(port: u16, request: &str) -> bool {
    let answer = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let headers = "Host: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close";
        write!(stream, "{request} HTTP/1.1\r\n{headers}\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(String::from_utf8_lossy(&head).into_owned())
    };
    answer().is_ok_and(|head| head == "HTTP/1.1 200")
}
