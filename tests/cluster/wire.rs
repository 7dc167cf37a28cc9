//! What these tests say to a server and read from it, in the second contract.

use serde_json::{Value, json};

use crate::client::Answer;
use crate::history::{At, Beyond, Draft, Level, Told, What};
use crate::recorder::Rows;
use crate::row::Row;

/// As many as one query gives. A run ends an era before a name has so many.
pub(crate) const ROWS_MAX: usize = 10_000;

/// A request to write, as it is sent, however often.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) again: Again,
}

/// Whether it may be sent once more by who does not know what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    WithKey(String),
    /// With a key that belongs to another request.
    WithKeyOfAnother(String),
    /// To do it twice is to do it once.
    AsItIs,
    Never,
}

impl Again {
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::WithKey(key) | Self::WithKeyOfAnother(key) => Some(key),
            Self::AsItIs | Self::Never => None,
        }
    }
}

impl Post {
    pub(crate) fn of(name: &str, draft: &Draft, again: Again) -> Self {
        let (path, id) = (format!("/v2/namespaces/{name}"), format!("{}/0", draft.thing));
        let rows = |as_row: fn(&Row) -> Value| draft.rows.iter().map(as_row).collect::<Vec<_>>();
        let body = match &draft.what {
            What::End => return Self { method: "DELETE", path, body: String::new(), again },
            What::Put | What::Step { from: -1 } => json!({"upsert_rows": rows(Row::as_upsert)}),
            What::PutMaking => json!({
                "upsert_rows": rows(Row::as_upsert), "create_namespace": true,
            }),
            What::PutInto => json!({
                "upsert_rows": rows(Row::as_upsert), "create_namespace": false,
            }),
            What::Patch => json!({"patch_rows": rows(Row::as_patch)}),
            What::PatchIf { by } | What::PatchMissed { by } => json!({
                "patch_rows": rows(Row::as_patch), "patch_condition": ["by", "Eq", by],
            }),
            What::Delete { ids } => json!({"deletes": ids}),
            What::PatchFound { by, beyond } => json!({
                "patch_by_filter": {
                    "filters": ["by", "Eq", by], "patch": draft.rows.first().map(Row::as_stamp),
                },
                "patch_by_filter_allow_partial": *beyond == Beyond::Left,
            }),
            What::DeleteFound { by, beyond, .. } => json!({
                "delete_by_filter": ["by", "Eq", by],
                "delete_by_filter_allow_partial": *beyond == Beyond::Left,
            }),
            What::Step { from } => json!({
                "upsert_rows": rows(Row::as_upsert), "upsert_condition": ["n", "Eq", from],
            }),
            What::Take => json!({
                "upsert_rows": rows(Row::as_upsert), "upsert_condition": ["id", "Eq", null],
            }),
            What::Free { of } => json!({
                "deletes": [id], "delete_condition": ["by", "Eq", of],
            }),
        };
        Self { method: "POST", path, body: body.to_string(), again }
    }
}

/// What a 200 to a write says. The number of a slot is exact only if it is the first answer.
pub(crate) fn done(answer: &Answer, at: fn(u64) -> At) -> Told {
    let json = answer.json();
    // A deleted namespace has no rows to count.
    let rows = json["rows_affected"].as_u64().unwrap_or_default();
    Told::Done { rows, at: json["seq"].as_u64().map(at) }
}

/// The stable word of a refusal.
pub(crate) fn code(answer: &Answer) -> String {
    answer.json()["code"].as_str().unwrap_or_default().to_owned()
}

/// For all rows, or for those of some ids.
pub(crate) fn query(ids: Option<&[String]>, level: Level, floor: Option<u64>) -> String {
    let mut query = json!({
        "rank_by": ["id", "asc"], "limit": ROWS_MAX, "include_attributes": true,
        "aggregate_by": {"n": ["Count"]},
    });
    if let Some(ids) = ids {
        query["filters"] = json!(["id", "In", ids]);
    }
    if level == Level::Eventual {
        query["consistency"] = json!({"level": "eventual"});
    }
    if let Some(floor) = floor {
        query["min_seq"] = json!(floor);
    }
    query.to_string()
}

/// What a 200 to a query says.
pub(crate) fn rows(answer: &Answer) -> Option<Rows> {
    let json = answer.json();
    let rows: Vec<Row> = json["rows"].as_array()?.iter().map(Row::read).collect();
    let seq = json["performance"]["seq"].as_u64()?;
    let count = json["aggregations"]["n"].as_u64()?;
    (rows.len() < ROWS_MAX).then_some(Rows { seq, count, rows })
}

#[test]
fn a_request_says_what_is_drafted() {
    let draft = |what, rows| {
        let (token, thing) = ("w1.2".to_owned(), "l0".to_owned());
        Post::of("ns", &Draft { token, thing, what, rows }, Again::Never)
    };
    let row = Row::new("l0/0", 4, "w1.2", "-");
    for (what, rows, field, value) in [
        (What::Put, vec![row.clone()], "upsert_rows", json!([row.as_upsert()])),
        (What::Patch, vec![row.clone()], "patch_rows", json!([row.as_patch()])),
        (
            What::PatchFound { by: "t".to_owned(), beyond: Beyond::Left },
            vec![row.clone()],
            "patch_by_filter",
            json!({"filters": ["by", "Eq", "t"], "patch": row.as_stamp()}),
        ),
        (
            What::PatchFound { by: "t".to_owned(), beyond: Beyond::Left },
            vec![row.clone()],
            "patch_by_filter_allow_partial",
            json!(true),
        ),
        (
            What::DeleteFound { by: "t".to_owned(), rows: 2, beyond: Beyond::Refused },
            vec![],
            "delete_by_filter",
            json!(["by", "Eq", "t"]),
        ),
        (
            What::PatchIf { by: "t".to_owned() },
            vec![row.clone()],
            "patch_condition",
            json!(["by", "Eq", "t"]),
        ),
        (What::PutMaking, vec![row.clone()], "create_namespace", json!(true)),
        (What::PutInto, vec![row.clone()], "create_namespace", json!(false)),
        (What::Step { from: 3 }, vec![row.clone()], "upsert_condition", json!(["n", "Eq", 3])),
        (What::Step { from: -1 }, vec![row.clone()], "upsert_condition", Value::Null),
        (What::Take, vec![row], "upsert_condition", json!(["id", "Eq", null])),
        (What::Free { of: "t".to_owned() }, vec![], "delete_condition", json!(["by", "Eq", "t"])),
        (What::Free { of: "t".to_owned() }, vec![], "deletes", json!(["l0/0"])),
    ] {
        let post = draft(what, rows);
        let body: Value = serde_json::from_str(&post.body).unwrap();
        assert_eq!(body[field], value, "{body}");
        assert_eq!((post.method, &*post.path), ("POST", "/v2/namespaces/ns"));
    }
    assert_eq!(draft(What::End, vec![]).method, "DELETE");
}
