//! A connection to a server: HTTP/1.1, one request at a time, kept open from one to the next. As
//! small as can be, because a client that shares its cores with the server that it measures is part
//! of what is measured.
//!
//! It knows no TLS, and of answers only those that say how long they are: a server of ours does.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::env::Clock;
use crate::error::{Error, Result};

/// A server says no in less.
const ANSWER_MAX: Duration = Duration::from_secs(70);
const HEAD_BYTES_MAX: usize = 64 << 10;
const BODY_BYTES_MAX: usize = 64 << 20;
const PIECE_BYTES: usize = 4 << 10;
/// Who was sent away comes again, so often and after so long.
const TRIES_MAX: usize = 100;
const PAUSE: Duration = Duration::from_millis(200);
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// Where a server is, and what it wants to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// `127.0.0.1:3000`
    host: String,
    key: Option<String>,
}

pub(super) struct Line {
    address: Address,
    stream: Option<TcpStream>,
    /// Received, and not yet a part of an answer.
    inbox: Vec<u8>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// As much of the head of an answer as is needed to read on.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    body_bytes: usize,
    then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    KeepsOpen,
    Closes,
}

impl Address {
    pub(super) fn of(host: impl ToString) -> Self {
        Self { host: host.to_string(), key: None }
    }

    /// Of `http://HOST[:PORT]`, without a path.
    pub(super) fn read(url: &str, key: Option<String>) -> Result<Self> {
        let refused = || {
            Error::invalid(format!(
                "{url:?} is no address to measure: say http://HOST:PORT, without TLS and without \
                 a path"
            ))
        };
        let host = url.strip_prefix("http://").ok_or_else(refused)?;
        let host = host.strip_suffix('/').unwrap_or(host);
        if host.is_empty() || host.contains(['/', '@', '?', '#', ' ']) {
            return Err(refused());
        }
        // In brackets there are colons that are no port's.
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
        let host = if has_port { host.to_owned() } else { format!("{host}:80") };
        if key.as_ref().is_some_and(|key| !key.chars().all(|c| c.is_ascii_graphic())) {
            return Err(Error::invalid("the API key is made of ASCII characters without blanks"));
        }
        Ok(Self { host, key })
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn get(&self, path: &str) -> Vec<u8> {
        self.request("GET", path, b"")
    }

    pub(super) fn delete(&self, path: &str) -> Vec<u8> {
        self.request("DELETE", path, b"")
    }

    /// Its body is the last part of what this gives.
    pub(super) fn post(&self, path: &str, body: &[u8]) -> Vec<u8> {
        self.request("POST", path, body)
    }

    fn request(&self, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let Self { host, key } = self;
        let length = body.len();
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n"
        );
        if let Some(key) = key {
            head.push_str(&format!("authorization: Bearer {key}\r\n"));
        }
        head.push_str("\r\n");
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        request
    }
}

impl Line {
    /// Connects with the first request.
    pub(super) fn to(address: &Address) -> Self {
        Self { address: address.clone(), stream: None, inbox: Vec::new() }
    }

    /// Sends a request as `Address` made it. After an error the next one takes a new connection.
    pub(super) async fn ask(&mut self, request: &[u8]) -> Result<Answer> {
        let asked = tokio::time::timeout(ANSWER_MAX, self.exchange(request)).await;
        let late = || Err(io::ErrorKind::TimedOut.into());
        asked.unwrap_or_else(|_| late()).map_err(|error| {
            self.stream = None;
            self.inbox.clear();
            Error::unavailable(format!("asking {}", self.address.host)).with_source(error)
        })
    }

    /// The body of an answer with 200, or why there is none.
    pub(super) async fn ask_for(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        let Answer { status, body } = self.ask(request).await?;
        if status == 200 {
            return Ok(body);
        }
        let told = String::from_utf8_lossy(&body[..body.len().min(1000)]).into_owned();
        Err(Error::unavailable(format!("{} answers {status}: {told}", self.address.host)))
    }

    /// Sends it until it is answered with 200, if it is sent away because too much comes at once.
    pub(super) async fn insist(&mut self, request: &[u8], clock: Clock) -> Result<()> {
        for _ in 1..TRIES_MAX {
            match self.ask(request).await?.status {
                200 => return Ok(()),
                429 | 503 => clock.sleep(PAUSE).await,
                _ => break,
            }
        }
        self.ask_for(request).await.map(drop)
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(&self.address.host).await?,
        };
        send(&stream, request).await?;
        let (answer, then) = receive(&stream, &mut self.inbox).await?;
        if then == Then::KeepsOpen {
            self.stream = Some(stream);
        }
        Ok(answer)
    }
}

async fn connect(host: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(host).await?;
    // A request that does not fill its last packet would wait for an acknowledgement.
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn send(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(sent) => bytes = &bytes[sent..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn receive(stream: &TcpStream, inbox: &mut Vec<u8>) -> io::Result<(Answer, Then)> {
    let body_at = loop {
        match inbox.windows(END_OF_HEAD.len()).position(|window| window == END_OF_HEAD) {
            Some(at) => break at + END_OF_HEAD.len(),
            None if inbox.len() > HEAD_BYTES_MAX => return Err(odd("its head has no end")),
            None => more(stream, inbox).await?,
        }
    };
    let head = Head::read(&inbox[..body_at])?;
    let end = body_at + head.body_bytes;
    while inbox.len() < end {
        more(stream, inbox).await?;
    }
    let body = inbox[body_at..end].to_vec();
    inbox.drain(..end);
    Ok((Answer { status: head.status, body }, head.then))
}

async fn more(stream: &TcpStream, inbox: &mut Vec<u8>) -> io::Result<()> {
    let mut piece = [0; PIECE_BYTES];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut piece) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(received) => {
                inbox.extend_from_slice(&piece[..received]);
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

impl Head {
    fn read(bytes: &[u8]) -> io::Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|_| odd("its head is no text"))?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
        let status = status.and_then(|line| line.get(..3)?.parse().ok());
        let status = status.ok_or_else(|| odd("it is no HTTP/1.1"))?;
        let (mut body_bytes, mut then) = (None, Then::KeepsOpen);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                body_bytes = value.parse::<usize>().ok().filter(|bytes| *bytes <= BODY_BYTES_MAX);
            } else if name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case("close")
            {
                then = Then::Closes;
            }
        }
        let body_bytes = body_bytes.ok_or_else(|| odd("it does not say how long it is"))?;
        Ok(Self { status, body_bytes, then })
    }
}

fn odd(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the answer is not understood: {why}"))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for (url, host) in [
            ("http://127.0.0.1:3000", "127.0.0.1:3000"),
            ("http://search.example/", "search.example:80"),
            ("http://[::1]:3000", "[::1]:3000"),
            ("http://[::1]", "[::1]:80"),
        ] {
            assert_eq!(Address::read(url, None).unwrap().host(), host);
        }
        for bad in ["https://a", "127.0.0.1:3000", "http://", "http://a/v2", "http://id:key@a"] {
            assert!(Address::read(bad, None).is_err(), "{bad}");
        }
        assert!(Address::read("http://a", Some("a\r\nb".to_owned())).is_err());
    }

    #[test]
    fn a_request_says_how_long_it_is_and_shows_its_key() {
        let address = Address::read("http://a:1", Some("secret".to_owned())).unwrap();
        let request = String::from_utf8(address.post("/x", b"{}")).unwrap();
        assert_eq!(
            request,
            "POST /x HTTP/1.1\r\nhost: a:1\r\ncontent-type: application/json\r\n\
             content-length: 2\r\nauthorization: Bearer secret\r\n\r\n{}"
        );
    }

    #[test]
    fn of_an_answer_is_read_what_is_needed_to_read_on() {
        let read = |head: &str| Head::read(head.as_bytes());
        let head = read("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nx: a:b\r\n\r\n").unwrap();
        assert_eq!(head, Head { status: 200, body_bytes: 12, then: Then::KeepsOpen });
        let head = read("HTTP/1.1 429 \r\ncontent-length:0\r\nConnection: Close\r\n\r\n").unwrap();
        assert_eq!(head, Head { status: 429, body_bytes: 0, then: Then::Closes });
        for bad in [
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
            "HTTP/1.1 two\r\ncontent-length: 1\r\n\r\n",
            "SSH-2.0\r\n\r\n",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    /// Answers each connection with what it was given, as soon as it hears anything, and closes.
    async fn server(answers: Vec<&'static str>) -> Address {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = Address::of(listener.local_addr().unwrap());
        tokio::spawn(async move {
            for answer in answers {
                let (stream, _) = listener.accept().await.unwrap();
                more(&stream, &mut Vec::new()).await.unwrap();
                send(&stream, answer.as_bytes()).await.unwrap();
            }
        });
        address
    }

    #[tokio::test]
    async fn a_connection_that_was_lost_is_an_error_once() {
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let address = server(vec![ok, ok, "HTTP/1.1 503 x\r\ncontent-length: 4\r\n\r\naway"]).await;
        let mut line = Line::to(&address);
        let request = address.get("/livez");
        assert_eq!(line.ask_for(&request).await.unwrap(), b"ok");
        assert!(line.ask(&request).await.is_err());
        assert_eq!(line.ask(&request).await.unwrap().body, b"ok");
        assert!(line.ask(&request).await.is_err());
        let told = line.ask_for(&request).await.unwrap_err();
        assert!(told.to_string().ends_with("answers 503: away"), "{told}");
    }
}
