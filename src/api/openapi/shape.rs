//! The words of JSON Schema that the document is made of, each with one meaning. The test of the
//! document knows these and no others.

use serde_json::{Map, Value, json};

/// A name that a contract has, and what stands under it.
pub(super) type Field = (&'static str, Value);

/// Anything, of which only words can say more.
pub(super) fn any(told: &str) -> Value {
    json!({ "description": told })
}

pub(super) fn text() -> Value {
    json!({"type": "string"})
}

pub(super) fn text_like(pattern: &str) -> Value {
    json!({"type": "string", "pattern": pattern})
}

pub(super) fn text_of(least: usize, most: usize) -> Value {
    json!({"type": "string", "minLength": least, "maxLength": most})
}

pub(super) fn one_of(words: &[&str]) -> Value {
    json!({"type": "string", "enum": words})
}

pub(super) fn truth() -> Value {
    json!({"type": "boolean"})
}

pub(super) fn number() -> Value {
    json!({"type": "number"})
}

/// From this on.
pub(super) fn at_least(least: u64) -> Value {
    json!({"type": "number", "minimum": least})
}

pub(super) fn between(least: f64, most: f64) -> Value {
    json!({"type": "number", "minimum": least, "maximum": most})
}

pub(super) fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

pub(super) fn within(least: usize, most: usize) -> Value {
    json!({"type": "integer", "minimum": least, "maximum": most})
}

/// Of 64 bits, with a sign or without.
pub(super) fn whole() -> Value {
    json!({"type": "integer", "minimum": i64::MIN, "maximum": u64::MAX})
}

/// This and nothing else.
pub(super) fn only(value: impl Into<Value>) -> Value {
    json!({ "const": value.into() })
}

pub(super) fn nothing() -> Value {
    json!({"type": "null"})
}

pub(super) fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

pub(super) fn list_of(items: Value, least: usize, most: usize) -> Value {
    json!({"type": "array", "items": items, "minItems": least, "maxItems": most})
}

/// One of each, in this order; of those beyond `least` none has to be there.
pub(super) fn tuple<const N: usize>(items: [Value; N], least: usize) -> Value {
    json!({"type": "array", "prefixItems": items.to_vec(), "minItems": least, "maxItems": N})
}

/// This, and behind it any number of others.
pub(super) fn headed(first: Value, others: Value, least: usize) -> Value {
    json!({"type": "array", "prefixItems": [first], "items": others, "minItems": least})
}

/// Under names that the client chooses.
pub(super) fn map_of(values: Value) -> Value {
    json!({"type": "object", "additionalProperties": values})
}

/// These fields and no others.
pub(super) fn object<const N: usize>(
    required: &[&str],
    fields: [(&'static str, Value); N],
) -> Value {
    object_of(required, Vec::from(fields))
}

/// The same, put together from several.
pub(super) fn object_of(required: &[&str], fields: Vec<Field>) -> Value {
    let mut schema = open_object_of(required, fields);
    schema["additionalProperties"] = json!(false);
    schema
}

/// These fields, and whatever else.
pub(super) fn open_object<const N: usize>(
    required: &[&str],
    fields: [(&'static str, Value); N],
) -> Value {
    open_object_of(required, Vec::from(fields))
}

/// These fields, and whatever else of one kind.
pub(super) fn named_object<const N: usize>(
    required: &[&str],
    fields: [(&'static str, Value); N],
    others: Value,
) -> Value {
    let mut schema = open_object(required, fields);
    schema["additionalProperties"] = others;
    schema
}

fn open_object_of(required: &[&str], fields: Vec<Field>) -> Value {
    let fields = fields.into_iter().map(|(name, schema)| (name.to_owned(), schema));
    let properties: Map<String, Value> = fields.collect();
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

pub(super) fn either<const N: usize>(options: [Value; N]) -> Value {
    json!({ "anyOf": options.to_vec() })
}

/// One of the schemas that have a name.
pub(super) fn named(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// The same, in words.
pub(super) fn told(mut schema: Value, words: &str) -> Value {
    schema["description"] = json!(words);
    schema
}
