//! Keys with scopes and namespaces, in a file that is changed under a running server; and that nobody
//! learns of what is not theirs, be it there or not.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use elacsym::env::Clock;
use serde_json::{Value, json};

use crate::figures::Page;
use crate::server::{Options, Server};
use crate::socket::Answer;

pub(crate) const KEYS: &str = "keys.toml";
/// A change is seen within two seconds; on a machine that is busy, a little later.
const SEEN_WITHIN: Duration = Duration::from_secs(30);
const ALL: &[&str] = &["read", "write", "list", "admin"];

/// Of a key that is its own name.
pub(crate) fn entry(name: &str, scopes: &[&str], namespaces: &[&str], more: &str) -> String {
    let hash = digest(&SHA256, name.as_bytes());
    let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "[[keys]]\nname = \"{name}\"\nsha256 = \"{hash}\"\nscopes = {scopes:?}\n\
         namespaces = {namespaces:?}\n{more}\n\n"
    )
}

pub(crate) fn locked(keys: &[String]) -> Options {
    let options = Options::memory().with("ELACSYM_API_KEYS_FILE", KEYS);
    options.put(KEYS, &keys.concat());
    options
}

impl Server {
    pub(crate) async fn call_as(
        &self,
        key: &str,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Answer {
        let bearer = format!("Bearer {key}");
        let headers = [("Authorization", bearer.as_str()), ("X-Request-Id", "the-same")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.call(method, path, &headers, body.as_bytes()).await
    }

    /// A namespace with one document.
    async fn make(&self, key: &str, ns: &str) {
        let path = format!("/v2/namespaces/{ns}");
        let made = self.call_as(key, "POST", &path, &json!({"upsert_rows": [{"id": 1}]})).await;
        assert_eq!(made.status, 200, "{}", made.text());
    }

    /// Waits until a key is answered so to whether it may list.
    async fn comes_to(&self, key: &str, status: u16) {
        let clock = Clock::start();
        loop {
            let answer = self.call_as(key, "GET", "/v1/namespaces", &Value::Null).await;
            if answer.status == status {
                return;
            }
            assert!(clock.now() < SEEN_WITHIN, "{key} is still answered {}", answer.status);
            clock.sleep(Duration::from_millis(50)).await;
        }
    }
}

/// All of an answer but the time at which it was given.
fn without_date(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers().iter().filter(|(name, _)| name != "date").cloned();
    (answer.status, headers.collect(), answer.text())
}

#[tokio::test]
async fn what_is_not_theirs_is_the_same_to_them_whether_it_is_there_or_not() {
    let server = Server::start(&locked(&[
        entry("root", ALL, &["*"], ""),
        entry("tenant", ALL, &["acme-*"], ""),
        entry("reader", &["read", "list"], &["*"], ""),
    ]))
    .await;
    server.make("root", "other-1").await;
    let asked_of_store = async || {
        let figures = Page::of(&server).await;
        figures.sum("elacsym_store_requests_total", &[])
    };
    let clock = Clock::start();
    // What is left to do of the write is done.
    let before = loop {
        let asked = asked_of_store().await;
        clock.sleep(Duration::from_millis(200)).await;
        if asked_of_store().await == asked {
            break asked;
        }
        assert!(clock.now() < SEEN_WITHIN, "the store is asked all the time");
    };
    let rows = json!({"upsert_rows": [{"id": 1}]});
    let all = json!({"rank_by": ["id", "asc"], "limit": 1});
    for (method, path, body) in [
        ("POST", "/v2/namespaces/NS", &rows),
        ("POST", "/v2/namespaces/NS", &json!({"create_namespace": false})),
        ("POST", "/v2/namespaces/NS/query", &all),
        ("POST", "/v2/namespaces/NS/query", &json!({"odd": 1})),
        ("GET", "/v2/namespaces/NS/metadata", &Value::Null),
        ("HEAD", "/v2/namespaces/NS/metadata", &Value::Null),
        ("PATCH", "/v1/namespaces/NS/metadata", &json!({"read_only": true})),
        ("GET", "/v1/namespaces/NS/schema", &Value::Null),
        ("GET", "/v1/namespaces/NS/documents/1", &Value::Null),
        ("GET", "/v1/cluster/owner/NS", &Value::Null),
        ("PUT", "/v1/namespaces/NS", &json!({"schema": {}})),
        ("DELETE", "/v2/namespaces/NS", &Value::Null),
    ] {
        let ask = async |ns| {
            let path = path.replace("NS", ns);
            server.call_as("tenant", method, &path, body).await
        };
        // Of the same length, so that nothing tells the two apart but what is known of them.
        let (there, absent) = (ask("other-1").await, ask("other-2").await);
        assert_eq!(there.status, 403, "{method} {path}: {}", there.text());
        assert_eq!(without_date(&there), without_date(&absent), "{method} {path}");
        assert!(!there.text().contains("other"), "{}", there.text());
    }
    // Nor is it another thing that takes another time.
    assert_eq!(asked_of_store().await, before);
    // Without the scope it is the same where all names are theirs.
    for ns in ["other-1", "other-2"] {
        let path = format!("/v2/namespaces/{ns}");
        assert_eq!(server.call_as("reader", "DELETE", &path, &Value::Null).await.status, 403);
    }
    let own = server.call_as("tenant", "GET", "/v2/namespaces/acme-1/metadata", &Value::Null).await;
    assert_eq!(own.status, 404, "what is theirs and not there, they are told");
    let kept = server.call_as("root", "GET", "/v2/namespaces/other-1/metadata", &Value::Null).await;
    assert_eq!(kept.status, 200, "{}", kept.text());
}

/// A name may be written in another way, and is the same name.
#[tokio::test]
async fn a_name_that_is_spelt_in_percents_is_who_it_is() {
    let keys = [entry("root", ALL, &["*"], ""), entry("tenant", ALL, &["acme-*"], "")];
    let server = Server::start(&locked(&keys)).await;
    server.make("root", "acme-1").await;
    server.make("root", "other-1").await;
    for (path, status) in [
        ("/v1/namespaces/%61cme-1/schema", 200),
        ("/v1/namespaces/%6Fther-1/schema", 403),
        ("/v1/namespaces/acme-%2E%2E%2Fother-1/schema", 400),
        ("/v1/namespaces/..%2Facme-1/schema", 403),
        ("/v1/namespaces/%FF/schema", 403),
        ("/v1/namespaces/%61cme-*/schema", 400),
    ] {
        let answer = server.call_as("tenant", "GET", path, &Value::Null).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_list_shows_the_names_of_the_key_as_if_there_were_no_others() {
    let server = Server::start(&locked(&[
        entry("root", ALL, &["*"], ""),
        entry("tenant", &["list"], &["acme-*", "docs"], ""),
        entry("nobody", &["list"], &["none-*"], ""),
    ]))
    .await;
    for ns in ["aaa", "acme-1", "acme-2", "acme-3", "bbb", "docs", "docs-2", "zzz"] {
        server.make("root", ns).await;
    }
    let list = async |key, parameters: &str| {
        let path = format!("/v1/namespaces?{parameters}");
        let page = server.call_as(key, "GET", &path, &Value::Null).await.ok();
        let names: Vec<String> = page["namespaces"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name["id"].as_str().unwrap().to_owned())
            .collect();
        (names.join(" "), page["next_cursor"].as_str().map(str::to_owned))
    };
    let told = |names: &str| (names.to_owned(), None);
    assert_eq!(list("tenant", "").await, told("acme-1 acme-2 acme-3 docs"));
    assert_eq!(list("tenant", "prefix=d").await, told("docs"));
    assert_eq!(list("tenant", "prefix=b").await, told(""));
    // Behind the last of theirs there are others, and no page.
    assert_eq!(list("tenant", "page_size=4").await, told("acme-1 acme-2 acme-3 docs"));
    assert_eq!(list("tenant", "prefix=acme&page_size=3").await, told("acme-1 acme-2 acme-3"));
    let (names, cursor) = list("tenant", "page_size=3").await;
    assert_eq!(names, "acme-1 acme-2 acme-3");
    let next = format!("page_size=3&cursor={}", cursor.unwrap());
    assert_eq!(list("tenant", &next).await, told("docs"));
    // A cursor of somebody else leads to nothing that is not theirs.
    let (_, foreign) = list("root", "page_size=1").await;
    let foreign = format!("cursor={}", foreign.unwrap());
    assert_eq!(list("tenant", &foreign).await, told("acme-1 acme-2 acme-3 docs"));
    assert_eq!(list("nobody", "").await, told(""));
    let all = "aaa acme-1 acme-2 acme-3 bbb docs docs-2 zzz";
    assert_eq!(list("root", "").await, told(all));
}

#[tokio::test]
async fn a_change_of_the_file_is_obeyed_without_a_restart_and_a_broken_one_is_not() {
    let (one, two) = (entry("one", ALL, &["*"], ""), entry("two", ALL, &["*"], ""));
    let options = locked(std::slice::from_ref(&one));
    let server = Server::start(&options).await;
    server.comes_to("one", 200).await;
    server.comes_to("two", 401).await;
    options.put(KEYS, &(one + &two));
    server.comes_to("two", 200).await;
    server.comes_to("one", 200).await;
    options.put(KEYS, &two);
    server.comes_to("one", 401).await;

    options.put(KEYS, &two.replace("scopes", "scope"));
    let clock = Clock::start();
    let broken = async || {
        let figures = Page::of(&server).await;
        figures.sum("elacsym_reload_broken", &[("what", "keys")])
    };
    while broken().await == 0.0 {
        assert!(clock.now() < SEEN_WITHIN, "a broken file is not told");
        clock.sleep(Duration::from_millis(50)).await;
    }
    server.comes_to("two", 200).await;
    let log = server.log();
    assert!(log.contains("cannot be obeyed") && log.contains("keys[0].scopes is missing"), "{log}");
    let three = entry("three", ALL, &["*"], "");
    options.put(KEYS, &three);
    server.comes_to("three", 200).await;
    server.comes_to("two", 401).await;
    assert_eq!(broken().await, 0.0);
    let reloads = Page::of(&server).await;
    let count =
        |outcome| reloads.sum("elacsym_reloads_total", &[("what", "keys"), ("outcome", outcome)]);
    assert_eq!((count("taken"), count("refused")), (3.0, 1.0));
}
