//! The schema of a request: an attribute is a type, or an object of a type and its options, or is
//! dropped. Options that nobody knows are passed over where a type stands, as the contract wants.

use crate::api::error::{Contract, Refusal};
use crate::api::full_text;
use crate::api::json::{Object, mistyped, quoted, unknown_word};
use crate::model::{Ann, AttrType, Declaration, Given, IdType, Metric, SchemaChange};

#[derive(Debug, Default, PartialEq)]
pub(super) struct Declared {
    pub(super) changes: Vec<(Box<str>, SchemaChange)>,
    pub(super) id_type: Option<IdType>,
}

/// The fields of `object` are attributes, and the id.
pub(super) fn read(object: Object) -> Result<Declared, Refusal> {
    let mut declared = Declared::default();
    for (name, path, given) in object.into_fields() {
        if *name == *"id" {
            declared.id_type = Some(id_type(&path, given)?);
        } else {
            let change = change(&name, &path, given)?;
            declared.changes.push((name, change));
        }
    }
    Ok(declared)
}

fn id_type(path: &str, given: Given) -> Result<IdType, Refusal> {
    let word = match given {
        Given::Text(word) => word,
        given => {
            let mut object = Object::of(path, given)?;
            if object.truth("drop")? == Some(true) {
                return Err(Refusal::invalid(format!(
                    "{path}: the id of documents cannot be dropped"
                )));
            }
            for option in ["full_text_search", "regex", "glob", "fuzzy"] {
                if !matches!(object.take(option), None | Some(Given::Null | Given::Bool(false))) {
                    let option = object.path_of(option);
                    return Err(Refusal::invalid(format!("{option}: an id is not searched in")));
                }
            }
            object.text("type")?.ok_or_else(|| object.missing("type"))?
        }
    };
    word.parse::<IdType>().map_err(|error| Contract::V2.refuse(&error))
}

fn change(name: &str, path: &str, given: Given) -> Result<SchemaChange, Refusal> {
    let mut object = match given {
        Given::Text(word) => {
            return Ok(SchemaChange::Declare(Declaration::of(attr_type(&word)?)));
        }
        Given::Map(_) => Object::of(path, given)?,
        other => return Err(mistyped(path, &other, "a type or an object")),
    };
    if object.truth("drop")? == Some(true) {
        // Beside anything else it would be a contradiction.
        object.end()?;
        return Ok(SchemaChange::Drop);
    }
    let word = object.text("type")?.ok_or_else(|| object.missing("type"))?;
    let mut declaration = Declaration::of(attr_type(&word)?);
    declaration.filterable = object.truth("filterable")?;
    declaration.regex = object.truth("regex")?;
    declaration.glob = object.truth("glob")?;
    declaration.fuzzy = object.truth("fuzzy")?;
    if let Some(given) = object.take("full_text_search") {
        let path = object.path_of("full_text_search");
        declaration.full_text = Some(full_text::read(&path, given)?);
    }
    declaration.ann = ann(name, &mut object, declaration.kind)?;
    declaration.sparse_knn = sparse_knn(&mut object)?;
    if object.take("embed").is_some() {
        let path = quoted(path);
        return Err(Refusal::invalid(format!(
            "{path}.embed: this server has no model; send the vectors themselves"
        )));
    }
    Ok(SchemaChange::Declare(declaration))
}

fn attr_type(word: &str) -> Result<AttrType, Refusal> {
    word.parse::<AttrType>().map_err(|error| Contract::V2.refuse(&error))
}

/// `true`, or an object. Of what is no vector `false` is as if nothing was said.
fn ann(name: &str, object: &mut Object, kind: AttrType) -> Result<Option<Ann>, Refusal> {
    let path = object.path_of("ann");
    match object.take("ann") {
        Some(Given::Bool(false)) if kind.is_vector() => {
            Err(Contract::V2.refuse(&SchemaChange::unsearched(name)))
        }
        None | Some(Given::Bool(false)) => Ok(None),
        Some(Given::Bool(true)) => Ok(Some(Ann::default())),
        Some(given) => {
            let mut ann = Object::of(&path, given)?;
            let metric = metric_of(&mut ann)?;
            let late_interaction = ann.truth("late_interaction")?.unwrap_or(false);
            ann.end()?;
            Ok(Some(Ann { metric, late_interaction }))
        }
    }
}

fn sparse_knn(object: &mut Object) -> Result<Option<bool>, Refusal> {
    let path = object.path_of("sparse_knn");
    match object.take("sparse_knn") {
        None => Ok(None),
        Some(Given::Bool(value)) => Ok(Some(value)),
        Some(given) => {
            let mut sparse = Object::of(&path, given)?;
            match sparse.text("distance_metric")?.as_deref() {
                None | Some("dot_product") => sparse.end().map(|()| Some(true)),
                Some(other) => Err(Refusal::invalid(format!(
                    "{path}.distance_metric is dot_product, not {}",
                    quoted(other)
                ))),
            }
        }
    }
}

/// The `distance_metric` of a request, or of a part of one.
pub(super) fn metric_of(object: &mut Object) -> Result<Option<Metric>, Refusal> {
    let path = object.path_of("distance_metric");
    let Some(word) = object.text("distance_metric")? else { return Ok(None) };
    let known = "one of `cosine_distance`, `euclidean_squared`, `dot_product`";
    word.parse::<Metric>().map(Some).map_err(|_| unknown_word(&path, &word, known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;
    use crate::model::{Element, FullText, Scalar};

    fn declared(text: &str) -> Result<Declared, Refusal> {
        read(Object::of("schema", given(text)).unwrap())
    }

    #[test]
    fn an_attribute_is_a_type_or_a_type_with_options() {
        let text = r#"{
            "id": "uuid",
            "a": "[]string",
            "t": {"type":"string","filterable":false,"full_text_search":{"stemming":true},
                  "regex":true,"novelty":7},
            "u": {"type":"string","full_text_search":false,"filterable":null},
            "v": {"type":"[2]f16","ann":{"distance_metric":"cosine_distance"}},
            "w": {"type":"[3]f32","ann":true},
            "s": {"type":"{}f16","sparse_knn":{"distance_metric":"dot_product"}},
            "old": {"drop":true}
        }"#;
        let string = AttrType::Scalar(Scalar::String);
        let vector = |dims, element| AttrType::Vector { dims, element };
        let changes = [
            ("a", Declaration::of(AttrType::Array(Scalar::String))),
            (
                "t",
                Declaration {
                    filterable: Some(false),
                    full_text: Some(Some(FullText { stemming: true, ..FullText::default() })),
                    regex: Some(true),
                    ..Declaration::of(string)
                },
            ),
            ("u", Declaration { full_text: Some(None), ..Declaration::of(string) }),
            (
                "v",
                Declaration {
                    ann: Some(Ann { metric: Some(Metric::Cosine), late_interaction: false }),
                    ..Declaration::of(vector(2, Element::F16))
                },
            ),
            (
                "w",
                Declaration {
                    ann: Some(Ann::default()),
                    ..Declaration::of(vector(3, Element::F32))
                },
            ),
            ("s", Declaration { sparse_knn: Some(true), ..Declaration::of(AttrType::Sparse) }),
        ];
        let mut changes: Vec<(Box<str>, SchemaChange)> = changes
            .into_iter()
            .map(|(name, declaration)| (name.into(), SchemaChange::Declare(declaration)))
            .collect();
        changes.push(("old".into(), SchemaChange::Drop));
        let expected = Declared { changes, id_type: Some(IdType::Uuid) };
        assert_eq!(declared(text).unwrap(), expected);
        let shown = r#"{"id":{"type":"uint","filterable":null,"full_text_search":null}}"#;
        assert_eq!(declared(shown).unwrap().id_type, Some(IdType::Uint));
        assert_eq!(declared(r#"{"id":"int"}"#).unwrap().id_type, Some(IdType::Int));
    }

    #[test]
    fn what_is_no_attribute_is_refused() {
        for (text, told) in [
            (r#"{"a":{}}"#, "schema.a: missing field `type`"),
            (r#"{"a":{"type":"[2]f32","ann":false}}"#, "vector attribute 'a' must have ann:true"),
            (r#"{"a":1}"#, "schema.a: invalid type: integer `1`, expected a type or an object"),
            (r#"{"a":"text"}"#, "'text'"),
            (r#"{"id":"float"}"#, "'float'"),
            (r#"{"id":{}}"#, "schema.id: missing field `type`"),
            (r#"{"id":{"drop":true}}"#, "schema.id: the id of documents cannot be dropped"),
            (r#"{"id":{"type":"uint","fuzzy":true}}"#, "schema.id.fuzzy: an id is not searched in"),
            (r#"{"a":{"drop":true,"type":"int"}}"#, "unknown field `schema.a.type`"),
            (r#"{"a":{"type":"int","filterable":1}}"#, "schema.a.filterable: invalid type"),
            (r#"{"a":{"type":"string","embed":"m"}}"#, "schema.a.embed: this server has no model"),
            (
                r#"{"v":{"type":"[2]f32","ann":{"distance_metric":"l2"}}}"#,
                "schema.v.ann.distance_metric: unknown variant `l2`, expected one of",
            ),
            (r#"{"v":{"type":"[2]f32","ann":{"fast":1}}}"#, "unknown field `schema.v.ann.fast`"),
        ] {
            let refusal = declared(text).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }
}
