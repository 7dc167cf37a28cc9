//! What these tests say to a server and read from it, in the second contract.

use serde_json::{Value, json};

use crate::client::Answer;
use crate::history::{At, Beyond, Draft, Level, Told, What};
use crate::recorder::Rows;
use crate::row::Row;
use crate::values::{TEXT, word};
use crate::wording::{Wording, newer, older};

/// As many as one query gives. A run ends an era before a name has so many.
pub(crate) const ROWS_MAX: usize = 10_000;
const LISTS: [&str; 3] = ["upserted_ids", "patched_ids", "deleted_ids"];

/// A request to write, as it is sent, however often.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) again: Again,
    pub(crate) list: Option<List>,
}

/// What the answer to a request is to list, if that changes anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List {
    name: &'static str,
    ids: Vec<String>,
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
    pub(crate) fn of(name: &str, draft: &Draft, wording: Wording, again: Again) -> Self {
        let path = format!("/v2/namespaces/{name}");
        if draft.what == What::End {
            return Self { method: "DELETE", path, body: String::new(), again, list: None };
        }
        // It may be the first that is said of a name.
        let first = matches!(draft.what, What::PutMaking | What::Step { from: -1 });
        let mut body = plain(draft, wording);
        Wording { declared: wording.declared || first, ..wording }.apply(&mut body);
        let list = if wording.listed { List::of(draft) } else { None };
        Self { method: "POST", path, body: body.to_string(), again, list }
    }
}

impl List {
    fn of(draft: &Draft) -> Option<Self> {
        let rows = || draft.rows.iter().map(|row| row.id.clone()).collect::<Vec<String>>();
        let (name, mut ids) = match &draft.what {
            What::Put | What::PutMaking | What::PutInto | What::Step { .. } | What::Take => {
                ("upserted_ids", rows())
            }
            What::Patch | What::PatchIf { .. } | What::PatchFound { .. } => ("patched_ids", rows()),
            What::Delete { ids } | What::DeleteFound { ids, .. } => ("deleted_ids", ids.clone()),
            What::Free { .. } => ("deleted_ids", vec![draft.only_id()]),
            What::PatchMissed { .. } | What::End => return None,
        };
        ids.sort();
        Some(Self { name, ids })
    }
}

/// Without what any wording can add.
fn plain(draft: &Draft, wording: Wording) -> Value {
    let rows = |as_row: fn(&Row) -> Value| draft.rows.iter().map(as_row).collect::<Vec<_>>();
    match &draft.what {
        What::End => Value::Null,
        What::Put | What::Step { from: -1 } => json!({"upsert_rows": rows(Row::as_upsert)}),
        What::PutMaking => json!({
            "upsert_rows": rows(Row::as_upsert), "create_namespace": true,
        }),
        What::PutInto => json!({
            "upsert_rows": rows(Row::as_upsert), "create_namespace": false,
        }),
        What::Patch => json!({"patch_rows": rows(Row::as_patch)}),
        What::PatchMissed { .. } if wording.compared => json!({
            "patch_rows": rows(Row::as_patch), "patch_condition": newer(),
        }),
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
        // It was what it is to be raised from, and can only have been raised since.
        What::Step { .. } if wording.compared => json!({
            "upsert_rows": rows(Row::as_upsert), "upsert_condition": older(),
        }),
        What::Step { from } => json!({
            "upsert_rows": rows(Row::as_upsert), "upsert_condition": ["n", "Eq", from],
        }),
        What::Take => json!({
            "upsert_rows": rows(Row::as_upsert), "upsert_condition": ["id", "Eq", null],
        }),
        What::Free { of } => json!({
            "deletes": [draft.only_id()], "delete_condition": ["by", "Eq", of],
        }),
    }
}

/// Whether an answer lists the ids that its request is about, if it was asked to and changed something;
/// and no others.
pub(crate) fn lists_what_it_changed(list: Option<&List>, told: &Value) -> bool {
    let list = list.filter(|_| told["rows_affected"].as_u64() > Some(0));
    LISTS.into_iter().all(|name| {
        let ids = told[name].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut ids: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
        ids.sort_unstable();
        match list.filter(|list| list.name == name) {
            Some(list) => ids == list.ids,
            None => ids.is_empty(),
        }
    })
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

pub(crate) fn by_ids(ids: &[String]) -> Value {
    json!(["id", "In", ids])
}

/// All rows of some things, by the words that they have and no others.
pub(crate) fn by_words(things: &[String]) -> Value {
    let words: Vec<String> = things.iter().map(|thing| word(thing)).collect();
    json!([TEXT, "ContainsAnyToken", words.join(" ")])
}

/// For all rows, or for those that a filter finds.
pub(crate) fn query(filter: Option<Value>, level: Level, floor: Option<u64>) -> String {
    let mut query = json!({
        "rank_by": ["id", "asc"], "limit": ROWS_MAX, "include_attributes": true,
        "aggregate_by": {"n": ["Count"]},
    });
    if let Some(filter) = filter {
        query["filters"] = filter;
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
pub(crate) fn rows(json: &Value) -> Option<Rows> {
    let rows: Vec<Row> = json["rows"].as_array()?.iter().map(Row::read).collect();
    let seq = json["performance"]["seq"].as_u64()?;
    let count = json["aggregations"]["n"].as_u64()?;
    (rows.len() < ROWS_MAX).then_some(Rows { seq, count, rows })
}

#[test]
fn a_request_says_what_is_drafted() {
    let draft = |what, rows| {
        let (token, thing) = ("w1.2".to_owned(), "l0".to_owned());
        Post::of("ns", &Draft { token, thing, what, rows }, Wording::default(), Again::Never)
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
            What::DeleteFound { by: "t".to_owned(), ids: vec![], beyond: Beyond::Refused },
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
        (What::Step { from: -1 }, vec![row.clone()], "distance_metric", json!("euclidean_squared")),
        (What::PutMaking, vec![row.clone()], "distance_metric", json!("euclidean_squared")),
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

#[test]
fn what_a_wording_compares_is_for_the_same_rows() {
    let body = |what| {
        let (token, thing) = ("w1.2".to_owned(), "c0".to_owned());
        let rows = vec![Row::new("c0/0", 4, "w1.2", "-")];
        let wording = Wording { compared: true, ..Wording::default() };
        let post = Post::of("ns", &Draft { token, thing, what, rows }, wording, Again::Never);
        serde_json::from_str::<Value>(&post.body).unwrap()
    };
    assert_eq!(body(What::Step { from: 3 })["upsert_condition"], older());
    assert_eq!(body(What::Take)["upsert_condition"], json!(["id", "Eq", null]));
    let by = || "t".to_owned();
    assert_eq!(body(What::PatchMissed { by: by() })["patch_condition"], newer());
    assert_eq!(body(What::PatchIf { by: by() })["patch_condition"], json!(["by", "Eq", "t"]));
    assert_eq!(body(What::Free { of: by() })["delete_condition"], json!(["by", "Eq", "t"]));
}

#[test]
fn an_answer_lists_what_it_changed_and_nothing_else() {
    let list = |what, rows: &[Row]| {
        let (token, thing, rows) = ("w1.2".to_owned(), "p".to_owned(), rows.to_vec());
        let wording = Wording { listed: true, ..Wording::default() };
        Post::of("ns", &Draft { token, thing, what, rows }, wording, Again::Never).list
    };
    let rows = ["p/1", "p/0"].map(|id| Row::new(id, 4, "w1.2", "-"));
    let (all, one, none) = (&rows[..], &rows[..1], &rows[..0]);
    let ids = || vec!["p/0".to_owned()];
    let (by, beyond) = (|| "t".to_owned(), Beyond::Left);
    let two = json!(["p/0", "p/1"]);
    for (what, rows, field, told) in [
        (What::Put, all, "upserted_ids", two.clone()),
        (What::Patch, all, "patched_ids", two.clone()),
        (What::PatchFound { by: by(), beyond }, one, "patched_ids", json!(["p/1"])),
        (What::Delete { ids: ids() }, none, "deleted_ids", json!(["p/0"])),
        (What::DeleteFound { by: by(), ids: ids(), beyond }, none, "deleted_ids", json!(["p/0"])),
        (What::Free { of: by() }, none, "deleted_ids", json!(["p/0"])),
    ] {
        let list = list(what, rows);
        let right = json!({"rows_affected": 1, field: told});
        assert!(lists_what_it_changed(list.as_ref(), &right), "{right}");
        assert!(!lists_what_it_changed(None, &right), "{right}");
        for wrong in [json!([]), json!(["p/2"]), json!(["p/0", "p/1", "p/2"])] {
            let wrong = json!({"rows_affected": 1, field: wrong});
            assert!(!lists_what_it_changed(list.as_ref(), &wrong), "{wrong}");
        }
        let mut more = right.clone();
        more["upserted_ids"] = json!(["p/7"]);
        assert!(!lists_what_it_changed(list.as_ref(), &more), "{more}");
        // What changed nothing lists nothing.
        let nothing = json!({"rows_affected": 0});
        assert!(lists_what_it_changed(list.as_ref(), &nothing));
        assert!(!lists_what_it_changed(list.as_ref(), &json!({"rows_affected": 0, field: two})));
    }
    assert_eq!(list(What::PatchMissed { by: by() }, all), None);
    assert!(lists_what_it_changed(None, &json!({"rows_affected": 2})));
}
