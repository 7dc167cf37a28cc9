//! Whether a value is what a schema says: as much of JSON Schema as our document has words of. Any
//! other word is refused, for what nobody checks must not look as if it were checked.

use regex::Regex;
use serde_json::{Map, Value};

/// The schemas of a document, which refer to each other.
pub(crate) struct Schemas<'d> {
    document: &'d Value,
}

type Told = Result<(), String>;

impl<'d> Schemas<'d> {
    pub(crate) fn of(document: &'d Value) -> Self {
        Self { document }
    }

    /// What a reference leads to; anything else is itself.
    pub(crate) fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        value.get("$ref").map_or(value, |reference| self.led_to(reference))
    }

    fn led_to(&self, reference: &Value) -> &Value {
        let place = reference.as_str().and_then(|reference| reference.strip_prefix('#'));
        let found = place.and_then(|place| self.document.pointer(place));
        found.unwrap_or_else(|| panic!("{reference} leads nowhere"))
    }

    pub(crate) fn check(&self, schema: &Value, value: &Value) -> Told {
        self.at("", schema, value)
    }

    fn at(&self, place: &str, schema: &Value, value: &Value) -> Told {
        let words = schema.as_object().ok_or_else(|| format!("{place}: {schema} is no schema"))?;
        words.iter().try_for_each(|(word, said)| self.word(place, words, word, said, value))
    }

    fn word(
        &self,
        place: &str,
        words: &Map<String, Value>,
        word: &str,
        said: &Value,
        value: &Value,
    ) -> Told {
        let length = value.as_str().map(|text| text.chars().count());
        let holds = match word {
            "description" => true,
            "$ref" => return self.at(place, self.led_to(said), value),
            "anyOf" => return self.any_of(place, said, value),
            "type" => is_of(value, said),
            "const" => value == said,
            "enum" => said.as_array().is_some_and(|known| known.contains(value)),
            "minimum" => value.as_f64() >= said.as_f64(),
            "maximum" => value.as_f64() <= said.as_f64(),
            "minLength" => length.is_none_or(|length| length >= size(said)),
            "maxLength" => length.is_none_or(|length| length <= size(said)),
            "pattern" => value.as_str().is_none_or(|text| matches(said, text)),
            "minItems" => value.as_array().is_none_or(|items| items.len() >= size(said)),
            "maxItems" => value.as_array().is_none_or(|items| items.len() <= size(said)),
            "prefixItems" => return self.first(place, said, value),
            "items" => return self.rest(place, words, said, value),
            "properties" => return self.fields(place, said, value),
            "additionalProperties" => return self.others(place, words, said, value),
            "required" => {
                let named = said.as_array().into_iter().flatten().filter_map(Value::as_str);
                let missing: Vec<&str> = named.filter(|name| value.get(name).is_none()).collect();
                missing.is_empty()
            }
            _ => return Err(format!("{place}: `{word}` is a word that is not checked")),
        };
        if holds { Ok(()) } else { Err(format!("{place}: {value} is not {word}: {said}")) }
    }

    fn any_of(&self, place: &str, said: &Value, value: &Value) -> Told {
        let mut told = Vec::new();
        for schema in said.as_array().into_iter().flatten() {
            match self.at(place, schema, value) {
                Ok(()) => return Ok(()),
                Err(why) => told.push(why),
            }
        }
        Err(format!("{place}: none of [{}]", told.join("; ")))
    }

    fn first(&self, place: &str, said: &Value, value: &Value) -> Told {
        let (schemas, items) = (list(said), list(value));
        let mut pairs = schemas.iter().zip(items).enumerate();
        pairs.try_for_each(|(at, (schema, item))| self.at(&format!("{place}[{at}]"), schema, item))
    }

    fn rest(&self, place: &str, words: &Map<String, Value>, said: &Value, value: &Value) -> Told {
        let first = words.get("prefixItems").map_or(0, |schemas| list(schemas).len());
        let mut items = list(value).iter().enumerate().skip(first);
        items.try_for_each(|(at, item)| self.at(&format!("{place}[{at}]"), said, item))
    }

    fn fields(&self, place: &str, said: &Value, value: &Value) -> Told {
        let known = said.as_object().into_iter().flatten();
        let mut there = known.filter_map(|(name, schema)| Some((name, schema, value.get(name)?)));
        there.try_for_each(|(name, schema, field)| {
            self.at(&format!("{place}.{name}"), schema, field)
        })
    }

    fn others(&self, place: &str, words: &Map<String, Value>, said: &Value, value: &Value) -> Told {
        let known = words.get("properties");
        let fields = value.as_object().into_iter().flatten();
        let mut others = fields.filter(|(name, _)| known.is_none_or(|it| it.get(name).is_none()));
        others.try_for_each(|(name, field)| match said {
            Value::Bool(false) => Err(format!("{place}: nobody knows {name}")),
            schema => self.at(&format!("{place}.{name}"), schema, field),
        })
    }
}

fn is_of(value: &Value, kind: &Value) -> bool {
    match kind.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some("number") => value.is_number(),
        Some("integer") => value.is_i64() || value.is_u64(),
        _ => false,
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn size(said: &Value) -> usize {
    said.as_u64().unwrap() as usize
}

fn matches(pattern: &Value, text: &str) -> bool {
    Regex::new(pattern.as_str().unwrap()).unwrap().is_match(text)
}

/// A check that finds nothing would never be missed.
#[test]
fn what_is_not_what_a_schema_says_is_found() {
    use serde_json::json;

    let tree = json!({"anyOf": [
        {"type": "integer", "minimum": 0, "maximum": 9},
        {"type": "array", "prefixItems": [{"const": "Not"}, {"$ref": "#/tree"}], "minItems": 2,
         "maxItems": 2},
    ]});
    let row = json!({
        "type": "object", "required": ["id"], "additionalProperties": false,
        "properties": {
            "id": {"type": "string", "minLength": 1, "maxLength": 2, "pattern": "^[a-z]+$"},
            "tags": {"type": "array", "items": {"enum": ["x", "y"]}},
            "none": {"type": "null"},
        },
    });
    let open = json!({"type": "object", "additionalProperties": {"type": "boolean"}});
    let headed = json!({"prefixItems": [{"const": 1}], "items": {"type": "string"}});
    let document = json!({"tree": tree, "row": row});
    let schemas = Schemas::of(&document);
    for (schema, value, holds) in [
        (&tree, json!(7), true),
        (&tree, json!(["Not", ["Not", 7]]), true),
        (&tree, json!(["Not", ["Not", 10]]), false),
        (&tree, json!(-1), false),
        (&tree, json!(7.5), false),
        (&tree, json!(["Not"]), false),
        (&tree, json!(["Not", 7, 7]), false),
        (&tree, json!(["And", 7]), false),
        (&row, json!({"id": "a", "tags": ["x"], "none": null}), true),
        (&row, json!({"tags": []}), false),
        (&row, json!({"id": ""}), false),
        (&row, json!({"id": "abc"}), false),
        (&row, json!({"id": "A"}), false),
        (&row, json!({"id": 1}), false),
        (&row, json!({"id": "a", "tags": ["z"]}), false),
        (&row, json!({"id": "a", "none": 0}), false),
        (&row, json!({"id": "a", "more": 0}), false),
        (&row, json!([]), false),
        (&open, json!({"a": true}), true),
        (&open, json!({"a": 1}), false),
        (&headed, json!([1, "a", "b"]), true),
        (&headed, json!([1, "a", 2]), false),
        (&json!({"type": "string", "format": "uuid"}), json!("a"), false),
    ] {
        let told = schemas.check(schema, &value);
        assert_eq!(told.is_ok(), holds, "{value}: {told:?}");
    }
}
