//! The words of JSON Schema that the document is made of, each with one meaning. The test of the
//! document knows these and no others.

use serde_json::{Map, Value, json};

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

pub(super) fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

pub(super) fn within(least: usize, most: usize) -> Value {
    json!({"type": "integer", "minimum": least, "maximum": most})
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
    let mut schema = open_object(required, fields);
    schema["additionalProperties"] = json!(false);
    schema
}

/// These fields, and whatever else.
pub(super) fn open_object<const N: usize>(
    required: &[&str],
    fields: [(&'static str, Value); N],
) -> Value {
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
