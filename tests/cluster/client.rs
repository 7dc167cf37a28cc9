//! A client of HTTP that knows how much it knows: answered; not sent, so certainly not done; or
//! sent and never answered.
//!
//! It has one connection, and opens another when that broke or leads elsewhere. Every request has a
//! deadline of its own, and nothing is sent twice.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const HEAD_BYTES_MAX: usize = 16 << 10;
const BODY_BYTES_MAX: usize = 64 << 20;

#[derive(Debug, Default)]
pub(crate) struct Client {
    line: Option<(SocketAddr, TcpStream)>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) key: Option<&'a str>,
    pub(crate) body: &'a str,
}

#[derive(Debug)]
pub(crate) enum Reply {
    Answer(Answer),
    /// There was nobody to send it to.
    Unsent,
    Silence,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    body: Vec<u8>,
}

impl Client {
    pub(crate) async fn ask(
        &mut self,
        at: SocketAddr,
        request: &Request<'_>,
        limit: Duration,
    ) -> Reply {
        // It comes back only if it ends well: a line that broke in the middle is not used again.
        let mut line = match self.line.take() {
            Some((there, line)) if there == at => line,
            _ => match connect(at).await {
                Some(line) => line,
                None => return Reply::Unsent,
            },
        };
        match timeout(limit, exchange(&mut line, request)).await {
            Ok(Ok(answer)) => {
                self.line = Some((at, line));
                Reply::Answer(answer)
            }
            Ok(Err(_)) | Err(_) => Reply::Silence,
        }
    }

    pub(crate) async fn get(&mut self, at: SocketAddr, path: &str, limit: Duration) -> Reply {
        self.ask(at, &Request { method: "GET", path, key: None, body: "" }, limit).await
    }
}

impl Request<'_> {
    fn as_bytes(&self) -> Vec<u8> {
        let Self { method, path, key, body } = self;
        let key = key.map_or(String::new(), |key| format!("Idempotency-Key: {key}\r\n"));
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n{key}\r\n"
        );
        [head.as_bytes(), body.as_bytes()].concat()
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Null, if it is not JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

async fn connect(at: SocketAddr) -> Option<TcpStream> {
    let line = timeout(CONNECT_LIMIT, TcpStream::connect(at)).await.ok()?.ok()?;
    // A packet that waits for the acknowledgement of another would only slow the run.
    line.set_nodelay(true).ok()?;
    Some(line)
}

async fn exchange(line: &mut TcpStream, request: &Request<'_>) -> io::Result<Answer> {
    line.write_all(&request.as_bytes()).await?;
    let mut bytes = Vec::with_capacity(HEAD_BYTES_MAX);
    let head_bytes = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        more(line, &mut bytes, HEAD_BYTES_MAX).await?;
    };
    let mut body = bytes.split_off(head_bytes);
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let Some((status, length)) = read_head(&head).filter(|(_, length)| *length <= BODY_BYTES_MAX)
    else {
        return Err(io::Error::other(format!("not an answer of ours: {head}")));
    };
    body.reserve(length.saturating_sub(body.len()));
    while body.len() < length {
        more(line, &mut body, length).await?;
    }
    Ok(Answer { status, head, body })
}

async fn more(line: &mut TcpStream, bytes: &mut Vec<u8>, bytes_max: usize) -> io::Result<()> {
    if bytes.len() >= bytes_max || line.read_buf(bytes).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// The status, and how long the body is: our server always says so.
fn read_head(head: &str) -> Option<(u16, usize)> {
    let status = head.lines().next()?.strip_prefix("HTTP/1.1 ")?.split(' ').next()?;
    let length = header(head, "content-length")?;
    Some((status.parse().ok()?, length.parse().ok()?))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let (_, value) = fields.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::net::TcpListener;

    const LIMIT: Duration = Duration::from_secs(20);

    /// Answers one request on each connection, and closes it.
    async fn server(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut line, _)) = listener.accept().await {
                let mut request = [0; 1024];
                assert_ne!(line.read(&mut request).await.unwrap(), 0);
                line.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        at
    }

    async fn reply(at: SocketAddr) -> String {
        match Client::default().get(at, "/", LIMIT).await {
            Reply::Answer(answer) => format!("{} {}", answer.status, answer.text()),
            Reply::Unsent => "unsent".to_owned(),
            Reply::Silence => "silence".to_owned(),
        }
    }

    #[tokio::test]
    async fn an_answer_is_told_from_silence_and_both_from_what_was_not_sent() {
        let whole = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(reply(server(whole).await).await, "503 {}");
        for broken in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}"]
        {
            assert_eq!(reply(server(broken).await).await, "silence", "{broken:?}");
        }
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert_eq!(reply(gone).await, "unsent");
    }

    #[test]
    fn of_a_head_each_line_is_found_by_its_name() {
        let head = "HTTP/1.1 429 Too Many\r\nRetry-After: 1\r\ncontent-length: 7\r\n\r\n";
        assert_eq!(read_head(head), Some((429, 7)));
        assert_eq!((header(head, "retry-after"), header(head, "x")), (Some("1"), None));
        assert_eq!(read_head("HTTP/1.1 200 OK\r\n\r\n"), None);
    }

    #[test]
    fn a_request_is_written_whole() {
        let request = Request { method: "POST", path: "/v2", key: Some("k"), body: "{}" };
        let text = String::from_utf8(request.as_bytes()).unwrap();
        assert!(text.starts_with("POST /v2 HTTP/1.1\r\n"), "{text}");
        assert!(text.contains("\r\nContent-Length: 2\r\nIdempotency-Key: k\r\n\r\n{}"), "{text}");
    }
}
