//! A row of these tests: what it says, who wrote it, a sum over both, by which a row shows by itself
//! that it is not what anybody wrote, and values that follow from the rest.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::values::{TEXT, of_body, of_stamp, text};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    /// `thing/part`: a thing is what is written and judged as one.
    pub(crate) id: String,
    /// The value of a counter, the version of a parcel, the number of a life.
    pub(crate) n: i64,
    /// The token of the act that wrote it last.
    pub(crate) by: String,
    pub(crate) body: String,
    pub(crate) sum: i64,
    /// Of one that was read, the first attribute that is not what the others call for.
    pub(crate) odd: Option<String>,
}

impl Row {
    pub(crate) fn new(id: &str, n: i64, by: &str, body: &str) -> Self {
        let (id, by, body) = (id.to_owned(), by.to_owned(), body.to_owned());
        let mut row = Self { id, n, by, body, sum: 0, odd: None };
        row.sum = row.sum_of_all();
        row
    }

    /// The next version of it, with the same body.
    pub(crate) fn stamped(&self, n: i64, by: &str) -> Self {
        Self::new(&self.id, n, by, &self.body)
    }

    pub(crate) fn thing(&self) -> &str {
        self.id.split_once('/').map_or(&*self.id, |(thing, _)| thing)
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.odd.is_none() && self.sum == self.sum_of_all()
    }

    fn sum_of_all(&self) -> i64 {
        let Self { id, n, by, body, .. } = self;
        i64::from(crc32fast::hash(format!("{id}|{n}|{by}|{body}").as_bytes()))
    }

    /// Off the wire. What is missing or of another type is as good as wrong: the sum will tell.
    pub(crate) fn read(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| value[name].as_i64().unwrap_or(-1);
        let (id, by, body) = (text("id"), text("by"), text("body"));
        let mut row = Self { id, n: number("n"), by, body, sum: number("sum"), odd: None };
        row.odd = row.first_odd(value);
        row
    }

    /// What is absent from a row is null in the request that wrote it.
    fn first_odd(&self, shown: &Value) -> Option<String> {
        let wrote = self.as_upsert();
        let objects = [&wrote, shown].into_iter().filter_map(Value::as_object);
        let names: BTreeSet<&String> = objects.flat_map(Map::keys).collect();
        let odd = names.into_iter().find(|name| shown[*name] != wrote[*name])?;
        Some(format!("{odd}: {}, not {}", shown[odd], wrote[odd]))
    }

    pub(crate) fn as_upsert(&self) -> Value {
        let mut row = self.as_patch();
        row["body"] = json!(self.body);
        for (name, vector) in of_body(&self.id, &self.body) {
            row[name] = vector;
        }
        row
    }

    /// All but the body and the vectors, which are to stay.
    pub(crate) fn as_patch(&self) -> Value {
        let mut patch = self.as_stamp();
        patch["id"] = json!(self.id);
        patch
    }

    /// The same for who finds the row, and does not name it.
    pub(crate) fn as_stamp(&self) -> Value {
        let mut stamp = Value::Object(of_stamp(&self.id, self.n, &self.by));
        stamp["n"] = json!(self.n);
        stamp["by"] = json!(self.by);
        stamp["sum"] = json!(self.sum);
        stamp[TEXT] = json!(text(self.thing(), &self.by));
        stamp
    }
}

#[test]
fn a_row_that_nobody_wrote_shows_it() {
    let row = Row::new("p1/0", 3, "w1.7", "abc");
    assert_eq!((row.thing(), Row::read(&row.as_upsert())), ("p1", row.clone()));
    assert!(row.is_whole() && row.stamped(4, "w1.8").is_whole());
    for (name, value) in
        [("n", json!(4)), ("by", json!("w1.8")), ("body", json!("abd")), ("body", Value::Null)]
    {
        let mut bent = row.as_upsert();
        bent[name] = value;
        assert!(!Row::read(&bent).is_whole(), "{name}");
    }
    // A patch of another body than it was meant for.
    let mut bent = Row::new("p1/0", 3, "w1.7", "other").as_upsert();
    bent["sum"] = row.as_patch()["sum"].clone();
    assert!(!Row::read(&bent).is_whole());
}

#[test]
fn a_row_is_not_whole_if_one_of_its_attributes_is_another() {
    let row = Row::new("p1/0", 3, "w1.7", "abc");
    let wrote = row.as_upsert();
    for (name, value) in wrote.as_object().unwrap() {
        let mut bent = wrote.clone();
        bent[name] = json!("bent");
        assert!(!Row::read(&bent).is_whole(), "{name}");
        // A server does not show what is null.
        bent.as_object_mut().unwrap().remove(name);
        assert_eq!(Row::read(&bent).is_whole(), value.is_null(), "{name}");
    }
    let mut more = wrote.clone();
    more["more"] = json!(1);
    assert_eq!(Row::read(&more).odd.as_deref(), Some("more: 1, not null"));
}

#[test]
fn a_patch_changes_all_that_follows_from_it_and_leaves_the_vectors() {
    let row = Row::new("p1/0", 3, "w1.7", "abc");
    let next = row.stamped(4, "w1.8");
    let mut patched = row.as_upsert();
    for (name, value) in next.as_patch().as_object().unwrap() {
        patched[name] = value.clone();
    }
    assert_eq!((patched.clone(), Row::read(&patched)), (next.as_upsert(), next));
    let stays = of_body(&row.id, &row.body);
    for name in stays.keys().map(String::as_str).chain(["body"]) {
        assert_eq!(row.as_patch().get(name), None, "{name}");
    }
}
