//! HTTP/1.1 as bytes on a socket. A request may come in pieces, late, or never to its end, which no
//! client would send that was made to work.

use std::io;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// What follows the head of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    Whole,
    /// The answer to a HEAD has the length of a body and no body; a `100 Continue` has neither.
    HeadOnly,
}

pub(crate) struct Socket {
    incoming: Incoming,
    outgoing: OwnedWriteHalf,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Their names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// The head of a request, with the blank line behind it.
pub(crate) fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: elacsym\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    head.into_bytes()
}

impl Socket {
    pub(crate) async fn open(host: &str) -> io::Result<Self> {
        let (reader, outgoing) = TcpStream::connect(host).await?.into_split();
        Ok(Self { incoming: Incoming { reader, bytes: Vec::new() }, outgoing })
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.outgoing.write_all(bytes).await
    }

    /// `None`: the server closed the connection where an answer would begin.
    pub(crate) async fn answer(&mut self, reads: Reads) -> io::Result<Option<Answer>> {
        self.incoming.answer(reads).await
    }

    /// Sends, and listens meanwhile: a server may answer before it has everything, and then close.
    pub(crate) async fn exchange(
        &mut self,
        parts: &[&[u8]],
        reads: Reads,
    ) -> io::Result<Option<Answer>> {
        let Self { incoming, outgoing } = self;
        let sending = async {
            for part in parts {
                if outgoing.write_all(part).await.is_err() {
                    break;
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            answer = incoming.answer(reads) => answer,
            () = sending => Err(io::ErrorKind::Other.into()),
        }
    }
}

struct Incoming {
    reader: OwnedReadHalf,
    /// Received, and not yet a part of an answer.
    bytes: Vec<u8>,
}

impl Incoming {
    async fn answer(&mut self, reads: Reads) -> io::Result<Option<Answer>> {
        if self.bytes.is_empty() {
            match self.more().await {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                received => received?,
            }
        }
        let head = self.until(b"\r\n\r\n").await?;
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let status = status.and_then(|status| status.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_lowercase(), value.trim().to_owned()))
        };
        let headers = lines.filter_map(header).collect();
        let mut answer = Answer { status, headers, body: Vec::new() };
        if reads == Reads::Whole {
            answer.body = self.body(&answer).await?;
        }
        Ok(Some(answer))
    }

    async fn body(&mut self, answer: &Answer) -> io::Result<Vec<u8>> {
        if let Some(length) = answer.header("content-length") {
            let length = length.parse().map_err(|_| io::ErrorKind::InvalidData)?;
            return self.exactly(length).await;
        }
        let mut body = Vec::new();
        if answer.header("transfer-encoding") != Some("chunked") {
            while self.more().await.is_ok() {}
            body.append(&mut self.bytes);
            return Ok(body);
        }
        loop {
            let line = self.until(b"\r\n").await?;
            let length = usize::from_str_radix(String::from_utf8_lossy(&line).trim(), 16);
            let length = length.map_err(|_| io::ErrorKind::InvalidData)?;
            body.extend(self.exactly(length).await?);
            self.until(b"\r\n").await?;
            if length == 0 {
                return Ok(body);
            }
        }
    }

    async fn until(&mut self, mark: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            if let Some(at) = self.bytes.windows(mark.len()).position(|part| part == mark) {
                let before = self.bytes[..at].to_vec();
                self.bytes.drain(..at + mark.len());
                return Ok(before);
            }
            self.more().await?;
        }
    }

    async fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.bytes.len() < length {
            self.more().await?;
        }
        let rest = self.bytes.split_off(length);
        Ok(std::mem::replace(&mut self.bytes, rest))
    }

    async fn more(&mut self) -> io::Result<()> {
        self.bytes.reserve(64 << 10);
        match self.reader.read_buf(&mut self.bytes).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(known, _)| known == name);
        header.map(|(_, value)| value.as_str())
    }

    pub(crate) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text:?}"))
    }

    /// What a success says.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        self.json()
    }

    /// The message of a refusal, in an envelope that is as promised.
    pub(crate) fn refusal(&self) -> String {
        assert!(self.status >= 400, "{} {}", self.status, self.text());
        let kind = self.header("content-type");
        if kind.is_some_and(|kind| kind.starts_with("text/plain")) {
            return self.text();
        }
        assert_eq!(kind, Some("application/json"), "{}", self.text());
        let body = self.json();
        assert_eq!(body["status"], "error", "{body}");
        assert!(body["code"].as_str().is_some_and(|code| !code.is_empty()), "{body}");
        assert_eq!(body["request_id"].as_str(), self.header("x-request-id"), "{body}");
        body["error"].as_str().unwrap_or_else(|| panic!("no message in {body}")).to_owned()
    }
}
