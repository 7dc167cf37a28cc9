//! Requests as a file of the corpus has them: one after the other, to a server that knows of nothing.
//!
//! ```text
//! POST /v2/namespaces/a
//! idempotency-key: k
//!
//! {"upsert_rows":[{"id":1}]}
//! ###
//! GET /v1/namespaces
//! ```

const BETWEEN: &[u8] = b"\n###\n";
const BELOW_HEAD: &[u8] = b"\n\n";

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Any bytes are a script of one call or more.
pub(crate) fn read(input: &[u8]) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut rest = input;
    while let Some(at) = find(rest, BETWEEN) {
        calls.push(call(&rest[..at]));
        rest = &rest[at + BETWEEN.len()..];
    }
    calls.push(call(rest));
    calls
}

pub(crate) fn write(calls: &[Call]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        if at > 0 {
            out.extend_from_slice(BETWEEN);
        }
        out.extend_from_slice(line(&format!("{} {}", call.method, call.path)).as_bytes());
        for (name, value) in &call.headers {
            out.push(b'\n');
            out.extend_from_slice(line(&format!("{name}: {value}")).as_bytes());
        }
        if !call.body.is_empty() {
            out.extend_from_slice(BELOW_HEAD);
            out.extend_from_slice(&call.body);
        }
    }
    out
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(its, _)| its.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.as_str())
    }

    /// The one value of this header.
    pub(crate) fn set_header(&mut self, name: &str, value: &str) {
        self.headers.retain(|(its, _)| !its.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
    }
}

fn call(text: &[u8]) -> Call {
    let (head, body) = match find(text, BELOW_HEAD) {
        Some(at) => (&text[..at], &text[at + BELOW_HEAD.len()..]),
        None => (text, &text[text.len()..]),
    };
    let head = String::from_utf8_lossy(head);
    let (first, rest) = head.split_once('\n').unwrap_or((&*head, ""));
    let (method, path) = first.split_once(' ').unwrap_or((first, ""));
    let headers = rest.lines().filter_map(|line| line.split_once(':'));
    Call {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect(),
        body: body.to_vec(),
    }
}

/// What stands in one line stays there.
fn line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[test]
fn calls_are_read_as_they_are_written() {
    let text = b"POST /v2/namespaces/a?x=1\nk: v: w\n\n{\"a\":\n\n1}\n###\nGET /";
    let calls = read(text);
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].header("K"), Some("v: w"));
    assert_eq!(calls[0].body, b"{\"a\":\n\n1}");
    assert_eq!((calls[1].method.as_str(), calls[1].path.as_str()), ("GET", "/"));
    assert_eq!(write(&calls), text);
    for odd in [&b""[..], b"\n", b"\n\n", b"\n###\n", b"###", b"\xff \xff\n\xff:\n\n\xff"] {
        let calls = read(odd);
        assert_eq!(read(&write(&calls)), calls, "{odd:?}");
    }
}
