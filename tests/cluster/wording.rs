//! How a request is worded. What it does is the same; what the server has to read, to compare and to answer
//! is not.

use serde_json::{Map, Value, json};

use crate::chance::Chance;
use crate::values::{METRIC, VECTOR, schema};

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wording {
    /// Rows are written as columns.
    pub(crate) columns: bool,
    /// What is said of the attributes at first is said again.
    pub(crate) declared: bool,
    /// It is done on a condition, which compares what is there with what is to be there, and holds.
    pub(crate) compared: bool,
    /// The ids of what it changes are asked for.
    pub(crate) listed: bool,
    /// It is to be let in, whatever waits to be folded.
    pub(crate) pressing: bool,
}

impl Wording {
    pub(crate) fn drawn(chance: &mut Chance) -> Self {
        let mut coin = || chance.one_in(2);
        let (columns, declared, compared) = (coin(), coin(), coin());
        Self { columns, declared, compared, listed: coin(), pressing: coin() }
    }

    /// Says so in a request that is an object.
    pub(crate) fn apply(self, body: &mut Value) {
        let Some(body) = body.as_object_mut() else { return };
        if self.declared && body.contains_key("upsert_rows") {
            body.insert("schema".to_owned(), schema());
            body.insert("distance_metric".to_owned(), json!(METRIC));
        }
        for (rows, condition, holds) in [
            ("upsert_rows", "upsert_condition", json!(["And", [older(), another_vector()]])),
            ("patch_rows", "patch_condition", older()),
            // What is to be there is nothing.
            ("deletes", "delete_condition", json!(["n", "NotEq", to_be("n")])),
        ] {
            if self.compared && body.contains_key(rows) && !body.contains_key(condition) {
                body.insert(condition.to_owned(), holds);
            }
        }
        for (rows, columns) in [("upsert_rows", "upsert_columns"), ("patch_rows", "patch_columns")]
        {
            if self.columns
                && let Some(rows) = body.remove(rows)
            {
                body.insert(columns.to_owned(), in_columns(&rows));
            }
        }
        for (wanted, word) in
            [(self.listed, "return_affected_ids"), (self.pressing, "disable_backpressure")]
        {
            if wanted {
                body.insert(word.to_owned(), json!(true));
            }
        }
    }
}

/// What is there is of an earlier version.
pub(crate) fn older() -> Value {
    json!(["n", "Lt", to_be("n")])
}

/// What is there is of a later version.
pub(crate) fn newer() -> Value {
    json!(["n", "Gt", to_be("n")])
}

fn another_vector() -> Value {
    json!([VECTOR, "NotEq", to_be(VECTOR)])
}

fn to_be(attribute: &str) -> Value {
    json!({"$ref_new": attribute})
}

/// All rows have the attributes of the first.
fn in_columns(rows: &Value) -> Value {
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    let names = rows.iter().take(1).filter_map(Value::as_object).flat_map(Map::keys);
    let column = |name: &String| Value::Array(rows.iter().map(|row| row[name].clone()).collect());
    Value::Object(names.map(|name| (name.clone(), column(name))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Wording =
        Wording { columns: true, declared: true, compared: true, listed: true, pressing: true };

    fn worded(wording: Wording, mut body: Value) -> Value {
        wording.apply(&mut body);
        body
    }

    #[test]
    fn a_plain_wording_says_no_more() {
        let body = json!({"upsert_rows": [{"id": "a", "n": 1}]});
        assert_eq!(worded(Wording::default(), body.clone()), body);
    }

    #[test]
    fn a_full_wording_says_all_that_fits() {
        let newer_and_another = json!(["And", [
            ["n", "Lt", {"$ref_new": "n"}], ["vector", "NotEq", {"$ref_new": "vector"}],
        ]]);
        assert_eq!(
            worded(ALL, json!({"upsert_rows": [{"id": "a", "n": 1}, {"id": "b", "n": null}]})),
            json!({
                "upsert_columns": {"id": ["a", "b"], "n": [1, null]},
                "upsert_condition": newer_and_another,
                "schema": schema(), "distance_metric": METRIC,
                "return_affected_ids": true, "disable_backpressure": true,
            })
        );
        assert_eq!(
            worded(ALL, json!({"patch_rows": [{"id": "a", "n": 2}]})),
            json!({
                "patch_columns": {"id": ["a"], "n": [2]},
                "patch_condition": ["n", "Lt", {"$ref_new": "n"}],
                "return_affected_ids": true, "disable_backpressure": true,
            })
        );
        assert_eq!(
            worded(ALL, json!({"deletes": ["a"]})),
            json!({
                "deletes": ["a"], "delete_condition": ["n", "NotEq", {"$ref_new": "n"}],
                "return_affected_ids": true, "disable_backpressure": true,
            })
        );
    }

    #[test]
    fn a_condition_that_matters_stays() {
        let condition = json!(["id", "Eq", null]);
        let body = json!({"upsert_rows": [{"id": "a"}], "upsert_condition": condition});
        assert_eq!(worded(ALL, body)["upsert_condition"], condition);
    }
}
