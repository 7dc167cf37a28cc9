//! What a refusal looks like, and which one can come with which status.

use serde_json::{Map, Value, json};

use super::shape::{object, one_of, only, text, told};
use crate::api::error::Contract;
use crate::api::rights::Need;

/// A status, what its answer is called in the document, which words its `code` can be, and what it
/// means.
struct Refused {
    status: u16,
    name: &'static str,
    codes: &'static [&'static str],
    means: &'static str,
}

const REFUSED: &[Refused] = &[
    Refused {
        status: 400,
        name: "Invalid",
        codes: &["answer_too_large", "invalid", "malformed_json", "not_supported", "unknown_field"],
        means: "The request asks for what cannot be; the message names the field, and what to do",
    },
    Refused {
        status: 401,
        name: "Unauthorized",
        codes: &["unauthorized"],
        means: "The key is missing or not known",
    },
    Refused {
        status: 403,
        name: "Forbidden",
        codes: &["forbidden"],
        means: "The key is known, and may not do this; be the namespace there or not",
    },
    Refused {
        status: 404,
        name: "Absent",
        codes: &["not_found"],
        means: "There is no such namespace or document",
    },
    Refused {
        status: 405,
        name: "WrongMethod",
        codes: &["wrong_method"],
        means: "The path does not take this method; `Allow` has those that it takes",
    },
    Refused {
        status: 408,
        name: "SlowBody",
        codes: &["body_too_slow"],
        means: "The body came too slowly, and nothing was done",
    },
    Refused {
        status: 409,
        name: "Conflict",
        codes: &["conflict"],
        means: "What is there is another; `x-should-retry` is `false`",
    },
    Refused {
        status: 413,
        name: "TooLarge",
        codes: &["body_too_large"],
        means: "The body is too large, or unpacks to too much",
    },
    Refused {
        status: 415,
        name: "UnknownEncoding",
        codes: &["unknown_encoding"],
        means: "The body is packed in a way that is not known",
    },
    Refused {
        status: 422,
        name: "WrongShape",
        codes: &["idempotency_key_reused", "wrong_shape"],
        means: "The body is JSON of another shape, or its key came before with another request",
    },
    Refused {
        status: 429,
        name: "Throttled",
        codes: &["throttled"],
        means: "Too much is asked at once, or more than the key may have; nothing was done",
    },
    Refused {
        status: 500,
        name: "Failed",
        codes: &["corrupt", "internal"],
        means: "Stored bytes are damaged, or the server has a bug",
    },
    Refused {
        status: 503,
        name: "Unavailable",
        codes: &["deadline", "not_committed", "unavailable"],
        means: "The store or the memory is not there now; nothing was done, and never will be",
    },
    Refused {
        status: 504,
        name: "Late",
        codes: &["deadline", "outcome_unknown"],
        means: "It took too long; a write of `outcome_unknown` may or may not be committed",
    },
];

/// Of a request with a key, whatever else it is; a key may be over its limits wherever one is shown.
pub(super) fn of_whoever_needs(need: Need) -> &'static [u16] {
    match need {
        Need::Nothing => &[],
        Need::Known => &[400, 401, 429, 500, 503],
        Need::InNamespace(_) | Need::Names | Need::Everything => &[400, 401, 403, 429, 500, 503],
    }
}

/// Of one with a body.
pub(super) const OF_A_BODY: &[u16] = &[408, 413, 415, 422];
/// Of one that looks at a namespace.
pub(super) const OF_A_READ: &[u16] = &[404, 429, 504];
/// Of one that changes a namespace.
pub(super) const OF_A_WRITE: &[u16] = &[404, 429, 504];

/// Where the answer of a status is found. The first contract has conflicts of its own, the second
/// tells what is wrong with a URL as text.
pub(super) fn reference(status: u16, contract: Contract) -> Value {
    let suffix = if status == 400 && contract == Contract::V2 { "InV2" } else { "" };
    json!({"$ref": format!("#/components/responses/{}{suffix}", find(status).name)})
}

/// The same, where it stands.
pub(super) fn response(status: u16, contract: Contract) -> Value {
    let refused = find(status);
    let mut codes = refused.codes.to_vec();
    let in_v2 = status == 400 && contract == Contract::V2;
    if in_v2 {
        codes.push("conflict");
    }
    let mut response = json!({
        "description": refused.means,
        "content": {"application/json": {"schema": refusal(one_of(&codes))}},
    });
    if in_v2 {
        let plain = told(text(), "What is wrong with the URL, such as with the name in it");
        response["content"]["text/plain"] = json!({ "schema": plain });
    }
    if let Some((name, words)) = header(status) {
        response["headers"] = json!({name: {"description": words, "schema": text()}});
    }
    response
}

pub(super) fn components() -> Map<String, Value> {
    let shared = REFUSED
        .iter()
        .map(|refused| (refused.name.to_owned(), response(refused.status, Contract::V1)));
    let mut components: Map<String, Value> = shared.collect();
    components.insert("InvalidInV2".to_owned(), response(400, Contract::V2));
    components
}

fn find(status: u16) -> &'static Refused {
    let found = REFUSED.iter().find(|refused| refused.status == status);
    found.expect("every status that an operation names is one of these")
}

/// Every refusal that is JSON.
fn refusal(code: Value) -> Value {
    object(
        &["status", "error", "code", "request_id"],
        [
            ("status", only("error")),
            ("error", told(text(), "What is wrong, with which field, and what to do")),
            ("attribute", told(text(), "The attribute that a schema was refused for")),
            ("code", told(code, "A word that stays")),
            ("request_id", told(text(), "As in the header `X-Request-Id`, and in the log")),
        ],
    )
}

fn header(status: u16) -> Option<(&'static str, &'static str)> {
    match status {
        401 => Some(("WWW-Authenticate", "`Bearer`")),
        405 => Some(("Allow", "The methods that the path takes")),
        409 | 500 | 504 => Some(("x-should-retry", "`false`, where it must not be sent again")),
        429 | 503 => Some(("Retry-After", "Seconds, after which to come again")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::http::StatusCode;
    use regex::Regex;

    use super::*;

    /// A code that is new there has to be told here.
    #[test]
    fn every_code_that_a_refusal_can_have_is_documented_under_its_status() {
        let source = include_str!("../error.rs");
        let pair = Regex::new(r#"StatusCode::([A-Z_]+),\s+"([a-z_]+)""#).unwrap();
        let names: Vec<(u16, String)> = (400..600)
            .filter_map(|status| {
                let reason = StatusCode::from_u16(status).ok()?.canonical_reason()?;
                Some((status, reason.to_uppercase().replace([' ', '-'], "_")))
            })
            .collect();
        let status_of = |name: &str| names.iter().find(|(_, known)| known == name).unwrap().0;
        let said: BTreeSet<(u16, &str)> = pair
            .captures_iter(source)
            .map(|found| (status_of(&found[1]), found.get(2).unwrap().as_str()))
            .collect();
        let told: BTreeSet<(u16, &str)> = REFUSED
            .iter()
            .flat_map(|refused| refused.codes.iter().map(|code| (refused.status, *code)))
            // In the second contract, a conflict is a 400.
            .chain([(400, "conflict")])
            .collect();
        assert_eq!(said, told);
    }
}
