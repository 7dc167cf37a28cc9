//! Heads of requests, with one thing about them bent: methods, paths, parameters, headers.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::bend;
use crate::random::Random;
use crate::script::Call;

const METHODS: &[&str] =
    &["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE", "get", "*"];
const PATHS: &[&str] = &[
    "/v2/namespaces/a",
    "/v2/namespaces/a/query",
    "/v2/namespaces/a/metadata",
    "/v2/namespaces/a/explain_query",
    "/v2/namespaces/a/async",
    "/v1/namespaces",
    "/v1/namespaces/a",
    "/v1/namespaces/a/metadata",
    "/v1/namespaces/a/schema",
    "/v1/namespaces/a/hint_cache_warm",
    "/v1/namespaces/a/upsert",
    "/v1/namespaces/a/delete",
    "/v1/namespaces/a/query",
    "/v1/namespaces/a/export",
    "/v1/namespaces/a/documents/1",
    "/v1/namespaces/a/operations/x",
    "/v1/namespaces/a/_debug/recall",
    "/v1/cluster/owner/a",
    "/readyz",
    "/livez",
    "/metrics",
    "/openapi.json",
    "*",
];
const PARAMETERS: &[&str] =
    &["prefix", "cursor", "page_size", "include_vector", "purge", "deep", "format", "x"];
const HEADERS: &[&str] = &[
    "accept-encoding",
    "authorization",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "idempotency-key",
    "transfer-encoding",
    "x-request-id",
];
const VALUES: &[&str] = &[
    "",
    "0",
    "1",
    "-1",
    "true",
    "false",
    "1000",
    "1001",
    "100-continue",
    "512000000",
    "536870913",
    "18446744073709551616",
    "gzip",
    "gzip;q=0",
    "gzip;q=NaN",
    "GZIP, br;q=0.5,*",
    "zstd",
    "x-gzip",
    "deflate",
    "identity",
    "Bearer x",
    "bearer  ",
    "application/json; charset=utf-8",
    "chunked",
    "a",
];
/// What a path may hold of itself; the rest is escaped, most of the time.
const PLAIN: &[u8] = b"-_.~/?=&%+:@!$*,;";
const NAME_BYTES_MAX: usize = 200;

pub(crate) fn bend(random: &mut Random, call: &mut Call, donor: &Call) {
    match random.below(10) {
        0 => call.method = (*random.one_of(METHODS)).to_owned(),
        1 => call.path = (*random.one_of(PATHS)).to_owned(),
        2 => call.path.clone_from(&donor.path),
        3 | 4 => bend_path(random, call),
        5 | 6 => add_parameter(random, call),
        7 => call.headers.clone_from(&donor.headers),
        _ => bend_headers(random, call),
    }
}

fn bend_path(random: &mut Random, call: &mut Call) {
    let mut path = std::mem::take(&mut call.path).into_bytes();
    bend::text(random, &mut path, b"/v1/namespaces/%2e%2e/a!0?cursor=YQ");
    call.path = match random.percent(80) {
        true => escaped(&path),
        false => String::from_utf8_lossy(&path).into_owned(),
    };
}

fn add_parameter(random: &mut Random, call: &mut Call) {
    let (path, query) = call.path.split_once('?').unwrap_or((call.path.as_str(), ""));
    let name = *random.one_of(PARAMETERS);
    let value = match random.below(3) {
        // As a list gives it.
        0 => {
            let mut cursor = b"acme".to_vec();
            bend::text(random, &mut cursor, b"a!0123456789abcdef");
            URL_SAFE_NO_PAD.encode(cursor)
        }
        1 => (*random.one_of(VALUES)).to_owned(),
        _ => {
            let mut value = random.one_of(VALUES).as_bytes().to_vec();
            bend::text(random, &mut value, b"%c3%28+%20&");
            escaped(&value)
        }
    };
    let query = if random.percent(50) { query } else { "" };
    call.path = format!("{path}?{name}={value}&{query}");
}

fn bend_headers(random: &mut Random, call: &mut Call) {
    let name = match random.percent(95) {
        true => *random.one_of(HEADERS),
        false => bend::odd(random),
    };
    let value = match random.below(6) {
        0 => {
            call.headers.retain(|(its, _)| its != name);
            return;
        }
        1 => "x".repeat(random.below(NAME_BYTES_MAX + 100)),
        2 => bend::odd(random).to_owned(),
        _ => (*random.one_of(VALUES)).to_owned(),
    };
    match random.percent(80) {
        true => call.set_header(name, &value),
        // Twice, it may be.
        false => call.headers.push((name.to_owned(), value)),
    }
}

fn escaped(text: &[u8]) -> String {
    let mut out = String::new();
    for byte in text {
        match byte.is_ascii_alphanumeric() || PLAIN.contains(byte) {
            true => out.push(char::from(*byte)),
            false => out.push_str(&format!("%{byte:02x}")),
        }
    }
    out
}

#[test]
fn what_is_escaped_is_plain() {
    assert_eq!(escaped("/a é%zz".as_bytes()), "/a%20%c3%a9%zz");
}
