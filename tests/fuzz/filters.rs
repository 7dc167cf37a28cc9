//! Filters of both contracts, asked of a few rows with attributes of each type.
//!
//! A query asks blocks of columns, and the condition of a write asks one row after the other. Whatever a
//! filter is, they agree: it is refused by both, or it holds for the same rows; and so it does when the
//! rows were folded. An object is a filter of v1, anything else one of v2.

use axum::http::Method;
use chrono::{DateTime, Datelike, SecondsFormat};
use elacsym::config::Auth;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::json::bend_body;
use crate::memory::Meter;
use crate::random::Random;
use crate::server::{self, FOLD_TIME, Server};
use crate::target::{Answer, Target};

const MEMORY_BYTES: usize = 64 << 20;
const MEMORY_PER_BYTE: usize = 400;
/// Of a filter at once.
const BENDS_MAX: usize = 3;

/// One row with all, one with none, one with what is empty, one with what is large. A text that is
/// filtered by has `regex`: of another, /v1 lets one be asked, and /v2 does not.
const ROWS: &str = r#"{
    "schema": {
        "id": "uint", "i": "int", "u": "uint", "f": "float", "b": "bool",
        "s": {"type": "string", "filterable": true, "regex": true}, "w": "uuid", "t": "datetime",
        "y": "bytes", "ss": "[]string", "is": "[]int",
        "us": "[]uint", "fs": "[]float", "bs": "[]bool", "ws": "[]uuid", "ts": "[]datetime",
        "hidden": {"type": "int", "filterable": false},
        "p": {"type": "string", "regex": true, "glob": true, "fuzzy": true},
        "x": {"type": "string", "full_text_search": true},
        "xs": {"type": "[]string", "filterable": true, "full_text_search": {"stemming": true}}
    },
    "distance_metric": "euclidean_squared",
    "upsert_rows": [
        {
            "id": 1, "s": "a", "i": -1, "u": 1, "f": 0.5, "b": true,
            "w": "00000000-0000-0000-0000-000000000001", "t": "2024-03-01", "y": "AAE=",
            "ss": ["a", "b"], "is": [-1, 1], "us": [1], "fs": [0.5], "bs": [true],
            "ws": ["00000000-0000-0000-0000-000000000001"], "ts": ["2024-03-01"],
            "vector": [0.5, -1], "hidden": 1,
            "p": "/a/walrus.rs", "x": "The quick brown fox", "xs": ["quick foxes", "and a walrus"]
        },
        {"id": 2, "vector": null},
        {
            "id": 3, "s": "", "i": 0, "u": 0, "f": -0.0, "b": false,
            "w": "00000000-0000-0000-0000-000000000000", "t": "1969-12-31T23:59:59.5Z", "y": "",
            "ss": [], "is": [], "us": [], "fs": [], "bs": [], "ws": [], "ts": [], "vector": [0, 1],
            "p": "", "x": "", "xs": []
        },
        {
            "id": 18446744073709551615, "s": "é", "i": 9007199254740993,
            "u": 18446744073709551615, "f": 9007199254740992, "is": [9223372036854775807],
            "us": [9007199254740993], "fs": [2], "vector": [1, 0]
        }
    ]
}"#;
/// One of them once more, after which they are folded.
const AGAIN: &str = r#"{"upsert_rows":[{"id":2,"vector":null}]}"#;

const SEEDS: &[&str] = &[
    r#"["id","In",[1,2,18446744073709551615]]"#,
    r#"["s","Eq","a"]"#,
    r#"["i","Lt",0.5]"#,
    r#"["i","Gte",9007199254740992.0]"#,
    r#"["u","NotEq",null]"#,
    r#"["f","Lte",9007199254740993]"#,
    r#"["b","Lt",true]"#,
    r#"["w","Gt","00000000-0000-0000-0000-000000000000"]"#,
    r#"["t","Lte","2024-03-01T01:00:00+01:00"]"#,
    r#"["y","NotIn",["AAE=",""]]"#,
    r#"["ss","In",["b","c"]]"#,
    r#"["is","Eq",[-1,1]]"#,
    r#"["us","NotIn",[9007199254740992.0]]"#,
    r#"["fs","NotEq",[0.5]]"#,
    r#"["bs","In",true]"#,
    r#"["ws","Eq",[]]"#,
    r#"["ts","NotIn",["2024-03-01"]]"#,
    r#"["hidden","Eq",1]"#,
    r#"["absent","Eq",1]"#,
    r#"["s","Glob","a*"]"#,
    r#"["p","Glob","/**/[a-w]?{lrus,x}.rs"]"#,
    r#"["p","NotIGlob","*WALRUS*"]"#,
    r#"["p","Regex","^/(a|b)+/\\w+\\.rs$"]"#,
    r#"["p","Fuzzy","walnus",{"max_edit_distance":[{"min_query_chars":3,"distance":0},{"min_query_chars":6,"distance":1}]}]"#,
    r#"["x","ContainsAllTokens","quick Fox"]"#,
    r#"["x","ContainsTokenSequence","brown fo",{"last_as_prefix":true}]"#,
    r#"["xs","ContainsAnyToken","walruses"]"#,
    r#"["ss","Contains","a"]"#,
    r#"["us","ContainsAny",[1,2.0]]"#,
    r#"["fs","AnyGte",0.5]"#,
    r#"["is","AnyLt",0]"#,
    r#"["vector","NotEq",[1,0]]"#,
    r#"["i","Lt",{"$ref_new":"f"}]"#,
    r#"["And",[["Not",["s","Gt",""]],["Or",[["i","In",[-1,0]],["id","Gte",2]]]]]"#,
    r#"{"field":"s","op":"eq","value":"a"}"#,
    r#"{"field":"f","op":"exists","value":false}"#,
    r#"{"field":"us","op":"not_in","value":[1,0.5]}"#,
    r#"{"field":"t","op":"lt","value":1709251200}"#,
    r#"{"field":"p","op":"regex","value":"rus"}"#,
    r#"{"field":"ss","op":"contains_any","value":["b"]}"#,
    r#"{"type":"and","conditions":[{"field":"i","op":"gte","value":-1},
        {"type":"not","conditions":[{"field":"s","op":"in","value":["a"]},
        {"type":"or","conditions":[{"field":"b","op":"ne","value":null}]}]}]}"#,
];

pub(crate) struct Filters;

impl Target for Filters {
    fn name(&self) -> &'static str {
        "filters"
    }

    fn ending(&self) -> &'static str {
        "json"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        SEEDS.iter().map(|seed| seed.as_bytes().to_vec()).collect()
    }

    fn bend(&self, random: &mut Random, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut filter = input.to_vec();
        bend_body(random, BENDS_MAX, &mut filter, other);
        filter
    }

    fn judge(&self, input: &[u8]) -> Result<Answer, String> {
        // Or it would be other fields of the request, too.
        let Ok(tree) = serde_json::from_slice::<Value>(input) else {
            return Ok(Answer::Refused("no JSON".to_owned()));
        };
        server::runtime().block_on(agree(input, &tree))
    }
}

/// For which rows it holds.
#[derive(Debug, PartialEq)]
enum Verdict {
    Of(Vec<u64>),
    Refused(String),
}

async fn agree(input: &[u8], tree: &Value) -> Result<Answer, String> {
    let server = Server::start(&Auth::Open).await;
    let meter = Meter::start();
    write(&server, ROWS).await?;
    let queried = query(&server, input, tree).await?;
    write(&server, AGAIN).await?;
    sleep(FOLD_TIME).await;
    if server.figure("elacsym_folds_total").await?.is_none_or(|folds| folds == "0") {
        return Err("the rows are not folded".to_owned());
    }
    let folded = query(&server, input, tree).await?;
    if queried != folded {
        return Err(format!("{queried:?}, and when the rows are folded {folded:?}"));
    }
    let held = condition(&server, input, tree).await?;
    meter.check(MEMORY_BYTES + MEMORY_PER_BYTE * input.len())?;
    let contract = if tree.is_object() { "v1" } else { "v2" };
    match (queried, held) {
        (Verdict::Of(rows), Some(Verdict::Of(held))) if rows == held => {
            Ok(Answer::Accepted(format!("{contract} finds {}", rows.len())))
        }
        (Verdict::Refused(_), Some(Verdict::Of(held))) if is_of_conditions(tree) => {
            Ok(Answer::Accepted(format!("a condition holds for {}", held.len())))
        }
        // What stands there twice, or is nothing, is not in its translation.
        (Verdict::Refused(why), Some(Verdict::Of(_))) if tree.is_object() => {
            Ok(Answer::Refused(format!("{contract} {why}")))
        }
        (Verdict::Refused(why), None | Some(Verdict::Refused(_))) => {
            Ok(Answer::Refused(format!("{contract} {why}")))
        }
        (queried, held) => Err(format!("a query says {queried:?}, and a condition {held:?}")),
    }
}

async fn write(server: &Server, rows: &str) -> Result<(), String> {
    match ask(server, "/v2/namespaces/a", rows.into(), "").await? {
        Verdict::Of(_) => Ok(()),
        Verdict::Refused(why) => Err(format!("there are no rows: {why}")),
    }
}

async fn query(server: &Server, input: &[u8], tree: &Value) -> Result<Verdict, String> {
    if tree.is_object() {
        let body = [&br#"{"top_k":100,"filter":"#[..], input, b"}"].concat();
        return ask(server, "/v1/namespaces/a/query", body, "results").await;
    }
    let order = br#"{"rank_by":["id","asc"],"limit":100,"filters":"#;
    let body = [&order[..], input, b"}"].concat();
    ask(server, "/v2/namespaces/a/query", body, "rows").await
}

/// Those are deleted for which it holds. None: it is nothing that v2 has a word for.
async fn condition(server: &Server, input: &[u8], tree: &Value) -> Result<Option<Verdict>, String> {
    let filter = match tree.is_object() {
        true => translated(tree).map(|filter| filter.to_string().into_bytes()),
        false => Some(input.to_vec()),
    };
    let Some(filter) = filter else { return Ok(None) };
    let all =
        br#"{"deletes":[1,2,3,18446744073709551615],"return_affected_ids":true,"delete_condition":"#;
    let body = [&all[..], &filter, b"}"].concat();
    ask(server, "/v2/namespaces/a", body, "deleted_ids").await.map(Some)
}

/// What lies in that list of the answer: ids, or documents.
async fn ask(
    server: &Server,
    path: &'static str,
    body: Vec<u8>,
    list: &str,
) -> Result<Verdict, String> {
    let (told, json) = server.ask(server::request(Method::POST, path, body)).await?;
    if !told.status.is_success() {
        return Ok(Verdict::Refused(told.words));
    }
    let items = json.get(list).and_then(Value::as_array).into_iter().flatten();
    let mut ids: Vec<u64> =
        items.filter_map(|item| item.get("id").unwrap_or(item).as_u64()).collect();
    ids.sort_unstable();
    Ok(Verdict::Of(ids))
}

/// Only the condition of a write may speak of the document that comes, and of vectors.
fn is_of_conditions(tree: &Value) -> bool {
    let text = tree.to_string();
    text.contains("\"$ref_new\"") || text.contains("\"vector\"")
}

/// A filter of v1 in the words of v2, if it is one.
fn translated(filter: &Value) -> Option<Value> {
    let field = |name: &str| filter.get(name).filter(|value| !value.is_null());
    let Some(word) = field("type") else {
        let (name, op) = (field("field")?.as_str()?, field("op")?.as_str()?);
        let value = filter.get("value").cloned().unwrap_or_default();
        let value = if matches!(name, "t" | "ts") { in_text(value) } else { value };
        let (op, value) = match (op, value) {
            ("eq", value) => ("Eq", value),
            ("ne", value) => ("NotEq", value),
            ("gt", value) => ("Gt", value),
            ("gte", value) => ("Gte", value),
            ("lt", value) => ("Lt", value),
            ("lte", value) => ("Lte", value),
            ("in", value) => ("In", value),
            ("not_in", value) => ("NotIn", value),
            ("contains", value) => ("Contains", value),
            ("contains_any", value) => ("ContainsAny", value),
            ("glob", value) => ("Glob", value),
            ("regex", value) => ("Regex", value),
            ("exists", Value::Bool(true) | Value::Null) => ("NotEq", Value::Null),
            ("exists", Value::Bool(false)) => ("Eq", Value::Null),
            _ => return None,
        };
        return Some(json!([name, op, value]));
    };
    let parts = field("conditions")?.as_array()?.iter().map(translated);
    let parts = parts.collect::<Option<Vec<Value>>>()?;
    match word.as_str()? {
        "and" => Some(json!(["And", parts])),
        "or" => Some(json!(["Or", parts])),
        "not" => Some(json!(["Not", ["Or", parts]])),
        _ => None,
    }
}

/// Moments, which v1 may call by their milliseconds.
fn in_text(value: Value) -> Value {
    let millis = match &value {
        Value::Array(items) => return items.iter().cloned().map(in_text).collect(),
        Value::Number(number) => number
            .as_i64()
            .or_else(|| number.as_f64().filter(|ms| ms.fract() == 0.0).map(|ms| ms as i64)),
        _ => None,
    };
    let moment = millis.and_then(DateTime::from_timestamp_millis);
    match moment.filter(|moment| (0..=9999).contains(&moment.year())) {
        Some(moment) => Value::from(moment.to_rfc3339_opts(SecondsFormat::Millis, true)),
        None => value,
    }
}

#[test]
fn a_filter_means_the_same_in_both_contracts() {
    for (seed, expected) in [
        (r#"["Not",["s","Gt",""]]"#, "v2 finds 2"),
        (r#"{"type":"not","conditions":[{"field":"s","op":"gt","value":""}]}"#, "v1 finds 2"),
        (r#"{"field":"t","op":"gte","value":1709251200000}"#, "v1 finds 1"),
        (r#"{"field":"ts","op":"in","value":[1709251200000.0, "1970-01-01"]}"#, "v1 finds 1"),
        (r#"["vector","NotEq",[1,0]]"#, "a condition holds for 3"),
        ("null", "v2 finds 4"),
    ] {
        let answer = Filters.judge(seed.as_bytes());
        assert_eq!(answer, Ok(Answer::Accepted(expected.to_owned())), "{seed}");
    }
}
