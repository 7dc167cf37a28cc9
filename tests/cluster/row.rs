//! A row of these tests: what it says, who wrote it, and a sum over both, by which a row shows by
//! itself that it is not what anybody wrote.

use serde_json::{Value, json};

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
}

impl Row {
    pub(crate) fn new(id: &str, n: i64, by: &str, body: &str) -> Self {
        let (id, by, body) = (id.to_owned(), by.to_owned(), body.to_owned());
        let mut row = Self { id, n, by, body, sum: 0 };
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
        self.sum == self.sum_of_all()
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
        Self { id, n: number("n"), by, body, sum: number("sum") }
    }

    pub(crate) fn as_upsert(&self) -> Value {
        json!({"id": self.id, "n": self.n, "by": self.by, "body": self.body, "sum": self.sum})
    }

    /// All but the body, which is to stay.
    pub(crate) fn as_patch(&self) -> Value {
        let mut patch = self.as_stamp();
        patch["id"] = json!(self.id);
        patch
    }

    /// The same for who finds the row, and does not name it.
    pub(crate) fn as_stamp(&self) -> Value {
        json!({"n": self.n, "by": self.by, "sum": self.sum})
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
