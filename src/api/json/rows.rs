//! The documents of a request, which are most of it: each is read into the row that the engine
//! gets, and the other fields of the request beside them.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::object::no_variant;
use super::{Any, Step, Trail, distinct, integral};
use crate::api::error::Refusal;
use crate::model::{Given, GivenRow};

const ID: &str = "id";
const VECTOR: &str = "vector";
/// Where a contract has no words of its own for it.
pub(in crate::api) const NO_ID: &str = "an id is a text, or a whole number of 64 bits";

/// How a contract spells a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) enum RowShape {
    /// `{"id": 1, "title": "x", "vector": [0.5]}`
    Flat,
    /// `{"id": 1, "vector": [0.5], "attributes": {"title": "x"}}`
    Nested,
}

/// One field of a request.
#[derive(Debug, PartialEq)]
pub(in crate::api) enum Field {
    /// None, where null stands there.
    Rows(Option<Vec<GivenRow>>),
    Other(Given),
}

/// A request, of which these fields hold documents.
#[derive(Clone, Copy)]
pub(in crate::api) struct Fields<'t> {
    pub(in crate::api) trail: &'t Trail,
    pub(in crate::api) of_rows: &'static [&'static str],
    pub(in crate::api) shape: RowShape,
}

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = Vec<(Box<str>, Field)>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Vec<(Box<str>, Field)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(name) = map.next_key::<Box<str>>()? {
            let field = if self.of_rows.contains(&&*name) {
                let rows = map.next_value_seed(Rows { trail: self.trail, shape: self.shape });
                rows.map(Field::Rows)
            } else {
                map.next_value_seed(Any(self.trail)).map(Field::Other)
            };
            let field = self.trail.at(|| Step::Field(name.clone()), field)?;
            fields.push((name, field));
        }
        distinct::<_, _, A::Error>(&fields)?;
        Ok(fields)
    }
}

#[derive(Clone, Copy)]
struct Rows<'t> {
    trail: &'t Trail,
    shape: RowShape,
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = Option<Vec<GivenRow>>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = Option<Vec<GivenRow>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut rows = Vec::new();
        loop {
            let row = seq.next_element_seed(Row(self));
            match self.trail.at(|| Step::Index(rows.len()), row)? {
                Some(row) => rows.push(row),
                None => return Ok(Some(rows)),
            }
        }
    }
}

struct Row<'t>(Rows<'t>);

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = GivenRow;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<GivenRow, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = GivenRow;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<GivenRow, A::Error> {
        let Rows { trail, shape } = self.0;
        let mut id = None;
        let mut values = Vec::new();
        while let Some(name) = map.next_key_seed(&trail.names)? {
            let value =
                trail.at(|| Step::Field((&*name).into()), map.next_value_seed(Any(trail)))?;
            if *name != *ID {
                values.push((name, value));
                continue;
            }
            let odd = || match shape {
                RowShape::Flat => <A::Error as de::Error>::custom(no_variant("Id")),
                RowShape::Nested => <A::Error as de::Error>::custom(NO_ID),
            };
            let read = id_of(value).ok_or_else(odd)?;
            if id.replace(read).is_some() {
                return Err(de::Error::duplicate_field(ID));
            }
        }
        distinct::<_, _, A::Error>(&values)?;
        if shape == RowShape::Nested {
            values = flat::<A::Error>(trail, values)?;
        }
        let id = id.ok_or_else(|| <A::Error as de::Error>::missing_field(ID))?;
        Ok(GivenRow { id, values })
    }
}

/// The attributes of a document, out of the object that it has them in.
fn flat<E: de::Error>(
    trail: &Trail,
    fields: Vec<(Arc<str>, Given)>,
) -> Result<Vec<(Arc<str>, Given)>, E> {
    let mut values = Vec::new();
    for (name, value) in fields {
        if *name == *VECTOR {
            values.push((name, value));
        } else if *name != *"attributes" {
            return Err(trail.unknown_field(&name));
        } else if let Given::Map(attributes) = value {
            if let Some((name, _)) = attributes.iter().find(|(name, _)| is_beside(name)) {
                let told = format!("attributes: `{name}` stands beside them, not among them");
                return Err(E::custom(told));
            }
            let shared = |(name, value): (Box<str>, Given)| (trail.names.share(&name), value);
            values.extend(attributes.into_iter().map(shared));
        } else if value != Given::Null {
            return Err(E::custom("attributes: expected an object"));
        }
    }
    distinct::<_, _, E>(&values)?;
    Ok(values)
}

fn is_beside(name: &str) -> bool {
    matches!(name, ID | VECTOR)
}

/// What may be an id at all; whether it is one of this namespace, the engine says.
fn id_of(given: Given) -> Option<Given> {
    match integral(given) {
        id @ (Given::Int(_) | Given::Uint(_) | Given::Text(_)) => Some(id),
        _ => None,
    }
}

/// A list of them. `odd` is what the contract says of what is none.
pub(in crate::api) fn ids_of(
    path: &str,
    given: Vec<Given>,
    odd: &str,
) -> Result<Vec<Given>, Refusal> {
    let refused = || Refusal::misshapen(&format!("{path}: {odd}"));
    given.into_iter().map(|given| id_of(given).ok_or_else(refused)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::parse;

    fn read(text: &str, shape: RowShape) -> Result<Vec<(Box<str>, Field)>, Refusal> {
        let trail = Trail::default();
        parse(text.as_bytes(), &trail, Fields { trail: &trail, of_rows: &["rows"], shape })
    }

    #[test]
    fn a_document_is_a_row_in_either_shape() {
        let row = GivenRow {
            id: Given::Int(7),
            values: vec![
                ("vector".into(), Given::List(vec![Given::Float(0.5)])),
                ("title".into(), Given::Null),
            ],
        };
        for (text, shape) in [
            (r#"{"rows":[{"vector":[0.5],"id":7,"title":null}]}"#, RowShape::Flat),
            (r#"{"rows":[{"id":7,"vector":[0.5],"attributes":{"title":null}}]}"#, RowShape::Nested),
        ] {
            let fields = read(text, shape).unwrap();
            let expected: Vec<(Box<str>, Field)> =
                vec![("rows".into(), Field::Rows(Some(vec![row.clone()])))];
            assert_eq!(fields, expected);
        }
        let fields = read(r#"{"rows":null,"other":1}"#, RowShape::Flat).unwrap();
        assert_eq!(fields[0].1, Field::Rows(None));
        assert_eq!(fields[1].1, Field::Other(Given::Int(1)));
    }

    #[test]
    fn a_document_of_another_shape_is_refused_in_the_words_of_the_contract() {
        let target = "Failed to deserialize the JSON body into the target type: ";
        for (text, told) in [
            ("[]", "invalid type: sequence, expected an object"),
            (r#"{"rows":{}}"#, "rows: invalid type: map, expected a sequence"),
            (r#"{"rows":[1]}"#, "rows[0]: invalid type: integer `1`, expected a map"),
            (r#"{"rows":[{"id":1},{"a":1}]}"#, "rows[1]: missing field `id` at line 1 column"),
            (r#"{"rows":[{"id":true}]}"#, "rows[0]: data did not match any variant of untagged"),
            (r#"{"rows":[{"id":1.5}]}"#, "variant of untagged enum Id at line 1"),
            (r#"{"rows":[{"id":1,"a":1,"a":2}]}"#, "rows[0]: duplicate field `a`"),
            (r#"{"rows":[{"id":1,"id":1}]}"#, "rows[0]: duplicate field `id`"),
            (r#"{"rows":[],"rows":[]}"#, "duplicate field `rows`"),
        ] {
            let refusal = read(text, RowShape::Flat).unwrap_err();
            assert!(refusal.story().starts_with(target), "{}", refusal.story());
            assert!(refusal.story().contains(told), "{}", refusal.story());
        }
        for (text, told) in [
            (r#"{"rows":[{"id":1,"attributes":[]}]}"#, "attributes: expected an object"),
            (r#"{"rows":[{"id":1,"attributes":{"id":1}}]}"#, "`id` stands beside them"),
            (r#"{"rows":[{"id":1,"attributes":{"vector":[]}}]}"#, "`vector` stands beside them"),
            (r#"{"rows":[{"id":1,"vector":[],"vector":[]}]}"#, "duplicate field `vector`"),
        ] {
            let refusal = read(text, RowShape::Nested).unwrap_err();
            assert!(refusal.story().contains(told), "{}", refusal.story());
        }
    }

    #[test]
    fn a_field_that_nobody_knows_is_told_so_with_its_place() {
        let text = r#"{"rows":[{"id":0},{"id":1,"vector":[1],"title":"x","attributes":{}}]}"#;
        let refusal = read(text, RowShape::Nested).unwrap_err();
        let told = (refusal.code(), refusal.story());
        assert_eq!(told, ("unknown_field", "rows[1]: unknown field `title`"));
    }

    #[test]
    fn an_id_may_be_spelt_as_minus_zero() {
        let fields = read(r#"{"rows":[{"id":-0}]}"#, RowShape::Flat).unwrap();
        let zero = GivenRow { id: Given::Int(0), values: Vec::new() };
        assert_eq!(fields[0].1, Field::Rows(Some(vec![zero])));
        assert!(id_of(Given::Float(0.0)).is_none());
    }
}
