//! The schema with which v1 creates a namespace.

use crate::api::error::Refusal;
use crate::api::full_text;
use crate::api::json::{Object, quoted, unknown_word};
use crate::model::{
    Ann, AttrType, DIMS_MAX, Declaration, Element, Given, Metric, Scalar, SchemaChange, VectorFault,
};

/// The attribute that v1 keeps its one vector in.
pub(super) const VECTOR: &str = "vector";

#[derive(Debug, Default, PartialEq)]
pub(super) struct Declared {
    pub(super) changes: Vec<(Box<str>, SchemaChange)>,
    pub(super) metric: Option<Metric>,
}

/// `{"schema": {"vector_dim", "vector_metric", "attributes"}}`
pub(super) fn read(mut request: Object) -> Result<Declared, Refusal> {
    let schema = request.object("schema")?;
    let mut schema = request.needed("schema", schema)?;
    request.end()?;
    let mut declared = Declared::default();
    let dims = schema.count("vector_dim")?;
    declared.metric = metric(&mut schema, "vector_metric")?;
    let attributes = schema.take("attributes");
    if dims.is_some() || declared.metric.is_some() {
        let dims = schema.needed("vector_dim", dims)?;
        let metric = schema.needed("vector_metric", declared.metric)?;
        declared.changes.push((VECTOR.into(), vector(dims, metric)?));
    }
    schema.end()?;
    let Some(attributes) = attributes else { return Ok(declared) };
    for (name, path, given) in Object::of("schema.attributes", attributes)?.into_fields() {
        if *name == *VECTOR {
            return Err(Refusal::invalid(format!(
                "{path} is where vectors lie: declare it with `vector_dim` and `vector_metric`"
            )));
        }
        let declaration = attribute(&path, given)?;
        declared.changes.push((name, SchemaChange::Declare(declaration)));
    }
    Ok(declared)
}

fn vector(dims: u64, metric: Metric) -> Result<SchemaChange, Refusal> {
    let dims = u32::try_from(dims).ok().filter(|dims| (1..=DIMS_MAX).contains(dims));
    let dims =
        dims.ok_or_else(|| Refusal::invalid(format!("schema.vector_dim is 1 to {DIMS_MAX}")))?;
    let kind = AttrType::Vector { dims, element: Element::F32 };
    let ann = Some(Ann { metric: Some(metric), late_interaction: false });
    Ok(SchemaChange::Declare(Declaration { ann, ..Declaration::of(kind) }))
}

pub(super) fn metric(object: &mut Object, name: &str) -> Result<Option<Metric>, Refusal> {
    match object.text(name)?.as_deref() {
        None => Ok(None),
        Some("cosine") => Ok(Some(Metric::Cosine)),
        Some("l2") => Ok(Some(Metric::EuclideanSquared)),
        Some("dot") => Ok(Some(Metric::DotProduct)),
        Some(other) => {
            Err(unknown_word(&object.path_of(name), other, "one of `cosine`, `l2`, `dot`"))
        }
    }
}

fn word_of(metric: Metric) -> &'static str {
    match metric {
        Metric::Cosine => "cosine",
        Metric::EuclideanSquared => "l2",
        Metric::DotProduct => "dot",
    }
}

/// What is wrong with a vector, and what may be done about it in this contract.
pub(super) fn words_of(fault: VectorFault) -> String {
    match fault {
        VectorFault::NoMetric | VectorFault::NoVectors => {
            "this namespace has no `vector`: one that has it is created with `vector_dim` and \
             `vector_metric` in its schema"
                .to_owned()
        }
        VectorFault::OtherMetric { expected, got } => {
            let [expected, got] = [expected, got].map(word_of);
            format!("`metric`: that of this namespace is `{expected}`, and not `{got}`")
        }
    }
}

fn attribute(path: &str, given: Given) -> Result<Declaration, Refusal> {
    let mut object = Object::of(path, given)?;
    let word = match (object.text("type")?, object.text("attr_type")?) {
        (Some(_), Some(_)) => {
            return Err(Refusal::invalid(format!(
                "{path}: `type` and `attr_type` are two words for one thing: give one"
            )));
        }
        (word, None) | (None, word) => word,
    };
    let indexed = object.truth("indexed")?;
    let full_text = object.take("full_text");
    let word = object.needed("type", word)?;
    let kind = kind_of(&word).ok_or_else(|| {
        Refusal::invalid(format!(
            "{path}.type is string, integer, float, boolean, datetime, uuid or array<…> of one of \
             these, not `{}`",
            quoted(&word)
        ))
    })?;
    let mut declaration = Declaration::of(kind);
    declaration.filterable = indexed;
    if let Some(given) = full_text {
        let path = object.path_of("full_text");
        declaration.full_text = Some(full_text::read(&path, unwrapped(given))?);
    }
    object.end()?;
    Ok(declaration)
}

/// The boolean within `{"Simple": true}`, which is how the quick start writes it.
fn unwrapped(given: Given) -> Given {
    match given {
        Given::Map(mut entries) if entries.len() == 1 && *entries[0].0 == *"Simple" => {
            entries.pop().map_or(Given::Null, |(_, given)| given)
        }
        other => other,
    }
}

fn kind_of(word: &str) -> Option<AttrType> {
    match word.strip_prefix("array<").and_then(|rest| rest.strip_suffix('>')) {
        Some(items) => scalar_of(items).map(AttrType::Array),
        None => scalar_of(word).map(AttrType::Scalar),
    }
}

fn scalar_of(word: &str) -> Option<Scalar> {
    let scalar = match word {
        "string" => Scalar::String,
        "integer" => Scalar::Int,
        "float" => Scalar::Float,
        "boolean" => Scalar::Bool,
        "datetime" => Scalar::DateTime,
        "uuid" => Scalar::Uuid,
        _ => return None,
    };
    Some(scalar)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;
    use crate::model::FullText;

    fn declared(text: &str) -> Result<Declared, Refusal> {
        read(Object::of("", given(text)).unwrap())
    }

    /// As the quick start has it.
    #[test]
    fn a_schema_has_a_vector_and_attributes() {
        let text = r#"{"schema":{"vector_dim":768,"vector_metric":"cosine","attributes":{
            "title":{"attr_type":"string","indexed":false,"full_text":{"Simple":true}},
            "tags":{"type":"array<string>"}}}}"#;
        let kind = AttrType::Vector { dims: 768, element: Element::F32 };
        let ann = Some(Ann { metric: Some(Metric::Cosine), late_interaction: false });
        let title = Declaration {
            filterable: Some(false),
            full_text: Some(Some(FullText::default())),
            ..Declaration::of(AttrType::Scalar(Scalar::String))
        };
        let changes = [
            ("vector", Declaration { ann, ..Declaration::of(kind) }),
            ("title", title),
            ("tags", Declaration::of(AttrType::Array(Scalar::String))),
        ];
        let change = |(name, declaration): (&str, Declaration)| {
            (Box::<str>::from(name), SchemaChange::Declare(declaration))
        };
        let changes = changes.into_iter().map(change).collect();
        assert_eq!(declared(text).unwrap(), Declared { changes, metric: Some(Metric::Cosine) });
        assert_eq!(declared(r#"{"schema":{}}"#).unwrap(), Declared::default());
    }

    #[test]
    fn what_is_no_schema_is_refused_by_name() {
        for (text, told) in [
            ("{}", "missing field `schema`"),
            (r#"{"schema":{"vector_dim":3}}"#, "schema: missing field `vector_metric`"),
            (r#"{"schema":{"vector_metric":"l2"}}"#, "schema: missing field `vector_dim`"),
            (
                r#"{"schema":{"vector_dim":100000,"vector_metric":"l2"}}"#,
                "schema.vector_dim is 1 to 10752",
            ),
            (
                r#"{"schema":{"vector_dim":3,"vector_metric":"manhattan"}}"#,
                "schema.vector_metric: unknown variant `manhattan`",
            ),
            (
                r#"{"schema":{"attributes":{"a":{"type":"text"}}}}"#,
                "schema.attributes.a.type is string",
            ),
            (r#"{"schema":{"attributes":{"a":{}}}}"#, "schema.attributes.a: missing field `type`"),
            (
                r#"{"schema":{"attributes":{"a":{"type":"uuid","unique":true}}}}"#,
                "unknown field `schema.attributes.a.unique`",
            ),
            (r#"{"schema":{},"shards":2}"#, "unknown field `shards`"),
        ] {
            let refusal = declared(text).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }
}
