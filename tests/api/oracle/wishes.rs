//! What a client might wish: any write, any filter, any query, drawn from few ids and few values,
//! so that they meet.

use elacsym::env::Dice;
use serde_json::{Map, Value, json};

use super::model::{Document, Filter, Model, Operand, Query, Rank};

const IDS: usize = 60;
const ROWS_MAX: usize = 8;
const NAMES: [&str; 6] = ["n", "f", "s", "flag", "tags", "vector"];
/// What a query can ask for; `vector` is for conditions.
const ASKED: [&str; 6] = ["id", "n", "f", "s", "flag", "tags"];
const ORDERED: [&str; 5] = ["id", "n", "f", "s", "flag"];
const TEXTS: [&str; 7] = ["", "a", "aa", "b", "B", "é", "😀"];
const WORDS: [&str; 4] = ["x", "y", "z", ""];
const EQUALITY: [&str; 2] = ["Eq", "NotEq"];
const MEMBERSHIP: [&str; 4] = ["Eq", "NotEq", "In", "NotIn"];
const COMPARISON: [&str; 8] = ["Eq", "NotEq", "In", "NotIn", "Lt", "Lte", "Gt", "Gte"];

pub(super) struct Chance(Dice);

/// What a filter is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Query,
    Condition,
}

impl From<Dice> for Chance {
    fn from(dice: Dice) -> Self {
        Self(dice)
    }
}

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        (self.0.draw() % bound as u128) as usize
    }

    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Few numbers, so that many are equal, and each one that f32 holds.
    fn half(&mut self) -> f64 {
        (self.below(5) as f64 - 2.0) / 2.0
    }

    fn vector(&mut self) -> Vec<f64> {
        (0..4).map(|_| self.half()).collect()
    }

    fn value(&mut self, name: &str) -> Value {
        match name {
            "id" => json!(self.below(IDS)),
            "n" => json!(self.below(7) as i64 - 3),
            "f" => json!(self.half()),
            "s" => json!(self.one_of(&TEXTS)),
            "flag" => json!(self.percent(50)),
            "vector" => json!(self.vector()),
            _ => {
                let count = self.below(4);
                json!((0..count).map(|_| self.one_of(&WORDS)).collect::<Vec<_>>())
            }
        }
    }

    /// Each attribute with a value, with null, or not at all.
    fn document(&mut self) -> Document {
        let mut document = Document::new();
        for name in NAMES {
            if self.percent(80) {
                let value = if self.percent(12) { json!(null) } else { self.value(name) };
                document.insert(name, value);
            }
        }
        document
    }

    fn filter(&mut self, depth: usize, place: Place) -> Filter {
        match if depth == 0 { 0 } else { self.below(5) } {
            2 => Filter::And(self.filters(depth, place)),
            3 => Filter::Or(self.filters(depth, place)),
            4 => Filter::Not(Box::new(self.filter(depth - 1, place))),
            _ => self.test(place),
        }
    }

    fn filters(&mut self, depth: usize, place: Place) -> Vec<Filter> {
        let count = self.below(4);
        (0..count).map(|_| self.filter(depth - 1, place)).collect()
    }

    fn test(&mut self, place: Place) -> Filter {
        if place == Place::Condition && self.percent(50) {
            return self.test_of_new();
        }
        let attribute = self.one_of(&ASKED);
        let op = match attribute {
            "flag" | "tags" => self.one_of(&MEMBERSHIP),
            _ => self.one_of(&COMPARISON),
        };
        let operand = match op {
            "In" | "NotIn" => {
                // Of an array, a list of its elements.
                let count = self.below(4);
                let item = |chance: &mut Self| match attribute {
                    "tags" => json!(chance.one_of(&WORDS)),
                    _ => chance.operand(attribute),
                };
                (0..count).map(|_| item(self)).collect::<Value>()
            }
            _ if self.percent(12) => json!(null),
            _ => self.operand(attribute),
        };
        Filter::Test { attribute, op, operand: Operand::Literal(operand) }
    }

    /// Any number may be compared with any other.
    fn operand(&mut self, attribute: &str) -> Value {
        match attribute {
            "n" if self.percent(30) => self.value("f"),
            "f" if self.percent(30) => self.value("n"),
            _ => self.value(attribute),
        }
    }

    fn test_of_new(&mut self) -> Filter {
        let attribute = self.one_of(&NAMES);
        let (op, other) = match attribute {
            "n" | "f" => {
                let op = self.one_of(&["Eq", "NotEq", "Lt", "Lte", "Gt", "Gte"]);
                (op, self.one_of(&["n", "f"]))
            }
            "s" => (self.one_of(&["Eq", "NotEq", "Lt", "Lte", "Gt", "Gte"]), attribute),
            _ => (self.one_of(&EQUALITY), attribute),
        };
        Filter::Test { attribute, op, operand: Operand::New(other) }
    }

    fn condition(&mut self) -> Option<Filter> {
        self.percent(30).then(|| self.filter(1, Place::Condition))
    }

    pub(super) fn query(&mut self) -> Query {
        let filter = self.percent(70).then(|| self.filter(2, Place::Query));
        let rank = if self.percent(50) {
            let keys = 1 + self.below(3);
            let key =
                |chance: &mut Self| (chance.one_of(&ORDERED), chance.one_of(&["asc", "desc"]));
            Rank::Order((0..keys).map(|_| key(self)).collect())
        } else {
            let how = if filter.is_some() { self.one_of(&["ANN", "kNN"]) } else { "ANN" };
            Rank::Nearest(how, self.vector())
        };
        Query { filter, rank, limit: 1 + self.below(IDS + 10) }
    }
}

/// One write: distinct ids, each with what is to become of it.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    upserts: Vec<(u64, Document)>,
    patches: Vec<(u64, Document)>,
    deletes: Vec<u64>,
    upsert_condition: Option<Filter>,
    patch_condition: Option<Filter>,
    delete_condition: Option<Filter>,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Rows,
    Columns,
}

impl Wish {
    pub(super) fn any(chance: &mut Chance) -> Self {
        let mut wish = Self {
            upserts: Vec::new(),
            patches: Vec::new(),
            deletes: Vec::new(),
            upsert_condition: chance.condition(),
            patch_condition: chance.condition(),
            delete_condition: chance.condition(),
            form: chance.one_of(&[Form::Rows, Form::Columns]),
        };
        let mut ids: Vec<u64> = (0..IDS as u64).collect();
        // All patches of a request name the same attributes, as columns have to.
        let mut patched = chance.document();
        patched.remove("vector");
        for _ in 0..1 + chance.below(ROWS_MAX) {
            let id = ids.swap_remove(chance.below(ids.len()));
            match chance.below(4) {
                0 => {
                    let value = |name: &'static str| {
                        let null = chance.percent(20);
                        (name, if null { json!(null) } else { chance.value(name) })
                    };
                    wish.patches.push((id, patched.keys().copied().map(value).collect()));
                }
                // Of those that are not there, none counts.
                1 => wish.deletes.push(id),
                _ => {
                    let mut document = chance.document();
                    // What has no vector has to say so.
                    document.entry("vector").or_insert(Value::Null);
                    wish.upserts.push((id, document));
                }
            }
        }
        wish
    }

    pub(super) fn json(&self) -> Value {
        let mut body = json!({"return_affected_ids": true, "deletes": self.deletes});
        for (kind, documents) in [("upsert", &self.upserts), ("patch", &self.patches)] {
            match self.form {
                Form::Rows => body[format!("{kind}_rows")] = rows(documents),
                Form::Columns => body[format!("{kind}_columns")] = columns(documents),
            }
        }
        for (name, condition) in [
            ("upsert_condition", &self.upsert_condition),
            ("patch_condition", &self.patch_condition),
            ("delete_condition", &self.delete_condition),
        ] {
            body[name] = json!(condition.as_ref().map(Filter::json));
        }
        body
    }

    /// Does it, and tells which documents were upserted, patched and deleted.
    pub(super) fn apply(&self, model: &mut Model) -> [Vec<u64>; 3] {
        let before = model.documents.clone();
        let documents = &mut model.documents;
        let (mut upserted, mut patched, mut deleted) = (Vec::new(), Vec::new(), Vec::new());
        for (id, given) in &self.upserts {
            let new = present(given);
            // What is not there is inserted, whatever the condition.
            let applies = match (&self.upsert_condition, before.get(id)) {
                (Some(condition), Some(old)) => condition.holds(*id, old, &new),
                _ => true,
            };
            if applies {
                documents.insert(*id, new);
                upserted.push(*id);
            }
        }
        for (id, given) in &self.patches {
            let Some(old) = before.get(id) else { continue };
            if !holds(self.patch_condition.as_ref(), *id, old, &present(given)) {
                continue;
            }
            let document = documents.entry(*id).or_default();
            for (name, value) in given {
                match value {
                    Value::Null => document.remove(name),
                    value => document.insert(*name, value.clone()),
                };
            }
            patched.push(*id);
        }
        for id in &self.deletes {
            let Some(old) = before.get(id) else { continue };
            if holds(self.delete_condition.as_ref(), *id, old, &Document::new()) {
                documents.remove(id);
                deleted.push(*id);
            }
        }
        let mut done = [upserted, patched, deleted];
        done.iter_mut().for_each(|ids| ids.sort_unstable());
        done
    }
}

fn holds(condition: Option<&Filter>, id: u64, old: &Document, new: &Document) -> bool {
    condition.is_none_or(|condition| condition.holds(id, old, new))
}

fn present(given: &Document) -> Document {
    let there = given.iter().filter(|(_, value)| !value.is_null());
    there.map(|(name, value)| (*name, value.clone())).collect()
}

fn rows(documents: &[(u64, Document)]) -> Value {
    let row = |(id, document): &(u64, Document)| {
        let mut row: Map<String, Value> =
            document.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        row.insert("id".to_owned(), json!(id));
        Value::Object(row)
    };
    documents.iter().map(row).collect()
}

/// What a document does not say is null, which for a column is the same.
fn columns(documents: &[(u64, Document)]) -> Value {
    let mut columns = Map::new();
    let ids: Vec<u64> = documents.iter().map(|(id, _)| *id).collect();
    columns.insert("id".to_owned(), json!(ids));
    for name in NAMES {
        if documents.iter().any(|(_, document)| document.contains_key(name)) {
            let column = documents.iter().map(|(_, document)| document.get(name));
            columns.insert(name.to_owned(), json!(column.collect::<Vec<_>>()));
        }
    }
    Value::Object(columns)
}
