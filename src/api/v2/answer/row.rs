//! A row of an answer: its id, how near it is, what it holds, what was made of it.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::api::json::{Encoding, Id, Shown, unsigned_zero};
use crate::model::{Fragment, Hit, Made, Places};

pub(in crate::api::v2) struct Rows<'a> {
    pub(in crate::api::v2) hits: &'a [Hit],
    pub(in crate::api::v2) encoding: Encoding,
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        json.collect_seq(self.hits.iter().map(|hit| Row { hit, encoding: self.encoding }))
    }
}

struct Row<'a> {
    hit: &'a Hit,
    encoding: Encoding,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut map = json.serialize_map(None)?;
        map.serialize_entry("id", &Id(&self.hit.id))?;
        if let Some(dist) = self.hit.dist {
            map.serialize_entry("$dist", &unsigned_zero(dist))?;
        }
        for (name, kind, value) in &self.hit.values {
            map.serialize_entry(name, &Shown { value, kind: *kind, encoding: self.encoding })?;
        }
        for (label, made) in &self.hit.made {
            match made {
                Made::Number(number) => map.serialize_entry(label, &unsigned_zero(*number))?,
                Made::Truth(truth) => map.serialize_entry(label, truth)?,
                Made::Fragments(fragments) => map.serialize_entry(label, &Parts(fragments))?,
            }
        }
        map.end()
    }
}

struct Parts<'a>(&'a [Fragment]);

impl Serialize for Parts<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        json.collect_seq(self.0.iter().map(Part))
    }
}

struct Part<'a>(&'a Fragment);

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut map = json.serialize_map(None)?;
        map.serialize_entry("text", &self.0.text)?;
        if let Some(Places { fragment, matches }) = &self.0.places {
            map.serialize_entry("fragment_range", &[fragment.start, fragment.end])?;
            let matches: Vec<[usize; 2]> =
                matches.iter().map(|found| [found.start, found.end]).collect();
            map.serialize_entry("match_ranges", &matches)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::super::printed;
    use super::*;

    use serde_json::json;

    use crate::model::{AttrType, DocId, Scalar, Value};

    fn row(hit: &Hit) -> serde_json::Value {
        printed(Row { hit, encoding: Encoding::Float })
    }

    #[test]
    fn what_was_made_of_a_row_stands_beside_what_it_holds() {
        let text = AttrType::Scalar(Scalar::String);
        let part = |places| Fragment { text: "a fox".into(), places };
        let places = Places { fragment: 10..15, matches: std::iter::once(12..15).collect() };
        let hit = Hit {
            id: DocId::Uint(1),
            dist: Some(0.7),
            values: vec![("title".into(), text, Value::String("x".into()))],
            made: vec![
                ("score".into(), Made::Number(-0.0)),
                ("mine".into(), Made::Truth(true)),
                ("plain".into(), Made::Fragments(vec![part(None)])),
                ("told".into(), Made::Fragments(vec![part(Some(places))])),
            ],
        };
        let expected = json!({
            "id": 1, "$dist": 0.7_f32, "title": "x", "score": 0.0, "mine": true,
            "plain": [{"text": "a fox"}],
            "told": [{"text": "a fox", "fragment_range": [10, 15], "match_ranges": [[12, 15]]}],
        });
        assert_eq!(row(&hit), expected);
        let text = serde_json::to_string(&Row { hit: &hit, encoding: Encoding::Float }).unwrap();
        assert!(text.starts_with(r#"{"id":1,"$dist":0.7,"#), "{text}");
    }

    #[test]
    fn what_nobody_ranked_has_no_distance() {
        let hit = Hit { id: DocId::Uint(1), dist: None, values: Vec::new(), made: Vec::new() };
        assert_eq!(row(&hit), json!({"id": 1}));
    }
}
