//! What goes over the socket: how many requests a call is, with which headers, and what is made of
//! the answer. The server here speaks by script, so the client below us is the real one.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use elacsym::config::Location;
use elacsym::env::{Clock, Dice};
use elacsym::error::ErrorKind;
use elacsym::storage::{self, Attempt, ImmutableKey, Look, Store, Verb};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::promises::{file, head, slot};

/// Every request as it came, and a store that sends to here.
struct Script {
    heard: Arc<Mutex<Vec<String>>>,
    store: Store,
}

/// Answers in order; the last one for ever. An empty answer breaks the connection.
async fn script(answers: Vec<String>) -> Script {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    tokio::spawn(serve(listener, answers, heard.clone()));
    let vars = [
        ("AWS_ENDPOINT", endpoint.as_str()),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let location = Location::S3 { bucket: "bucket".to_owned(), prefix: "base".to_owned() };
    let store = storage::open(&location, vars, Clock::start(), Dice::from_seed(1)).await.unwrap();
    Script { heard, store }
}

async fn serve(listener: TcpListener, answers: Vec<String>, heard: Arc<Mutex<Vec<String>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream, answers.clone(), heard.clone()));
    }
}

async fn converse(
    mut stream: TcpStream,
    answers: Vec<String>,
    heard: Arc<Mutex<Vec<String>>>,
) -> std::io::Result<()> {
    while let Some(request) = request(&mut stream).await? {
        let turn = {
            let mut heard = heard.lock().unwrap();
            heard.push(request);
            heard.len() - 1
        };
        let answer = &answers[turn.min(answers.len() - 1)];
        stream.write_all(answer.as_bytes()).await?;
        if answer.is_empty() || answer.contains("short") {
            return Ok(());
        }
    }
    Ok(())
}

/// The head of a request in lower case, once its body is here too.
async fn request(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = header(&head, "content-length").map_or(0, |text| text.parse().unwrap());
    while bytes.len() < end + 4 + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(head))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

fn object(body: &str) -> String {
    let headers = "etag: \"abc\"\r\nlast-modified: Sat, 21 Nov 2026 00:00:00 GMT\r\n";
    answer("200 OK", headers, body)
}

fn error(status: &str, code: &str) -> String {
    answer(
        status,
        "content-type: application/xml\r\n",
        &format!("<Error><Code>{code}</Code></Error>"),
    )
}

/// `object_store` would send these again by itself, and then report its own object as another's.
#[tokio::test]
async fn a_conditional_put_is_one_request_whatever_the_answer() {
    for (said, refused) in [
        (error("412 Precondition Failed", "PreconditionFailed"), true),
        (error("409 Conflict", "ConditionalRequestConflict"), true),
        (error("500 Internal Server Error", "InternalError"), false),
        (error("503 Slow Down", "SlowDown"), false),
        (error("429 Too Many Requests", "SlowDown"), false),
        (error("408 Request Timeout", "RequestTimeout"), false),
        (error("403 Forbidden", "AccessDenied"), false),
        (error("400 Bad Request", "RequestTimeout"), false),
        (error("400 Bad Request", "ExpiredToken"), false),
        (error("404 Not Found", "NoSuchBucket"), false),
        (String::new(), false),
    ] {
        let Script { heard, store } = script(vec![said.clone()]).await;
        let created = store.create(&slot(1), "mine".into()).await;
        assert_eq!(matches!(created, Attempt::Refused), refused, "{said:?}: {created:?}");
        assert!(!matches!(created, Attempt::Done(())), "{said:?}");
        assert_eq!(heard.lock().unwrap().len(), 1, "{said:?}");

        let Script { heard, store } = script(vec![object(""), said.clone()]).await;
        let Attempt::Done(tag) = store.swap(&head(), None, "1".into()).await else { panic!() };
        let swapped = store.swap(&head(), Some(&tag), "2".into()).await;
        assert_eq!(matches!(swapped, Attempt::Refused), refused, "{said:?}: {swapped:?}");
        assert!(!matches!(swapped, Attempt::Done(_)), "{said:?}");
        assert_eq!(heard.lock().unwrap().len(), 2, "{said:?}");
    }
}

#[tokio::test]
async fn conditions_are_sent_as_headers_and_keys_under_the_prefix() {
    let Script { heard, store } = script(vec![object("")]).await;
    let Attempt::Done(tag) = store.swap(&head(), None, "1".into()).await else { panic!() };
    let Attempt::Done(_) = store.swap(&head(), Some(&tag), "2".into()).await else { panic!() };
    let Attempt::Done(()) = store.create(&slot(1), "3".into()).await else { panic!() };
    store.put(&file(1), "4".into()).await.unwrap();
    let heard = heard.lock().unwrap();
    assert!(heard[0].starts_with("put /bucket/base/n/85/acme/head http/1.1"), "{}", heard[0]);
    let conditions = heard
        .iter()
        .map(|head| (header(head, "if-none-match").map(str::to_owned), header(head, "if-match")));
    let once = || (Some("*".to_owned()), None);
    assert!(conditions.eq([once(), (None, Some("\"abc\"")), once(), (None, None)]));
}

#[tokio::test]
async fn a_put_that_is_confirmed_without_a_tag_is_in_doubt_only_where_a_tag_is_needed() {
    let Script { store, .. } = script(vec![answer("200 OK", "etag: \r\n", "")]).await;
    assert!(matches!(store.create(&slot(1), "x".into()).await, Attempt::Done(())));
    assert!(matches!(store.swap(&head(), None, "x".into()).await, Attempt::Doubt(_)));
}

#[tokio::test]
async fn a_missing_key_is_certain_and_a_missing_bucket_is_not() {
    let Script { heard, store } = script(vec![error("404 Not Found", "NoSuchKey")]).await;
    assert_eq!(store.slot(&slot(1)).await.unwrap().body, None);
    assert_eq!(heard.lock().unwrap().len(), 1);

    for said in [error("404 Not Found", "NoSuchBucket"), error("403 Forbidden", "AccessDenied")] {
        let Script { heard, store } = script(vec![said]).await;
        assert_eq!(store.slot(&slot(1)).await.unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(heard.lock().unwrap().len(), 1);
    }
}

/// AWS says 400 for a request that came too slowly and for credentials that have run out. Both were
/// told as a bug of ours, of kind `Internal`, and the first was never sent again.
#[tokio::test]
async fn what_a_400_is_about_is_told_by_its_code() {
    let file = ImmutableKey::File(file(1));
    let slow = error("400 Bad Request", "RequestTimeout");
    let Script { heard, store } = script(vec![slow, object("whole")]).await;
    assert_eq!(store.read(&file).await.unwrap(), "whole");
    assert_eq!(heard.lock().unwrap().len(), 2);

    for (code, kind) in [
        ("ExpiredToken", ErrorKind::Unavailable),
        ("InvalidToken", ErrorKind::Unavailable),
        ("AuthorizationHeaderMalformed", ErrorKind::Unavailable),
        ("InvalidRequest", ErrorKind::Internal),
    ] {
        let Script { heard, store } = script(vec![error("400 Bad Request", code)]).await;
        let told = store.read(&file).await.unwrap_err();
        assert_eq!(told.kind(), kind, "{code}: {}", told.chain());
        let denied = told.to_string().contains(&format!("denies it ({code}): check its cred"));
        assert_eq!(denied, kind == ErrorKind::Unavailable, "{told}");
        assert_eq!(heard.lock().unwrap().len(), 1, "{code}");
    }
}

/// A head and the 404 after it are answers of one clock, whatever the clock of this machine did.
#[tokio::test]
async fn the_date_of_an_answer_is_told_with_what_was_found_and_with_what_was_not() {
    let dated = |answer: String, time: &str| {
        answer.replace("\r\n\r\n", &format!("\r\ndate: Sat, 21 Nov 2026 {time} GMT\r\n\r\n"))
    };
    let missing = error("404 Not Found", "NoSuchKey");
    let away = error("500 Internal Server Error", "InternalError");
    let answers = vec![
        dated(object("head"), "23:50:00"),
        dated(away, "23:59:59"),
        dated(missing.clone(), "23:58:20"),
        dated(object("slot"), "some day"),
        missing,
    ];
    let Script { store, .. } = script(answers).await;
    let head = store.load(&head()).await.unwrap().unwrap();
    let look = store.slot(&slot(1)).await.unwrap();
    assert_eq!(look.body, None);
    let age = look.date.unwrap().since(head.date.unwrap());
    assert_eq!(age, Duration::from_secs(500));
    for body in [Some("slot".into()), None] {
        assert_eq!(store.slot(&slot(2)).await.unwrap(), Look { body, date: None });
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_fetched_again() {
    let short = object("this is short").replace("content-length: 13", "content-length: 20");
    let Script { heard, store } = script(vec![short, String::new(), object("whole")]).await;
    let read = store.read(&ImmutableKey::File(file(1))).await;
    assert_eq!(read.unwrap(), "whole");
    assert_eq!(store.counts().sent(Verb::Read), 3);
    assert_eq!(heard.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_range_that_was_not_asked_for_is_no_answer() {
    let Script { store, .. } = script(vec![error("416 Range", "InvalidRange")]).await;
    let file = ImmutableKey::File(file(1));
    let past = store.read_range(&file, 5..9).await;
    assert_eq!(past.unwrap_err().kind(), ErrorKind::Corrupt);

    let part = |range: &str| {
        object("four")
            .replace("200 OK", "206 Partial Content")
            .replace("etag", &format!("content-range: bytes {range}/100\r\netag"))
    };
    let answers = vec![object("all of it"), part("6-9"), part("5-8")];
    let Script { heard, store } = script(answers).await;
    assert_eq!(store.read_range(&file, 5..9).await.unwrap(), "four");
    assert_eq!(heard.lock().unwrap().len(), 3);
}
