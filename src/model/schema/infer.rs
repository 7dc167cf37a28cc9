//! What a value says about an attribute that nobody declared.
//!
//! Only what JSON tells apart can be inferred: text, integers, other numbers, truth, and arrays of
//! one of these. An attribute called `vector` that holds numbers is a vector of so many of them.

use super::declare::{VECTOR, refused};
use super::{Ann, Declaration, Schema, SchemaChange, SchemaEdit, VectorFault};
use crate::error::Result;
use crate::model::given::short;
use crate::model::vector;
use crate::model::{AttrType, DIMS_MAX, Element, Given, Metric, Scalar};

impl Schema {
    /// The edit that adds an attribute that is not in the schema; none, if the value tells nothing:
    /// a null, or an array without elements, which is then no value at all.
    pub fn infer(
        &self,
        name: &str,
        given: &Given,
        metric: Option<Metric>,
    ) -> Result<Vec<SchemaEdit>> {
        let Some(kind) = kind_of(name, given)? else { return Ok(Vec::new()) };
        let mut declaration = Declaration::of(kind);
        if kind.is_vector() {
            if self.settled && !self.attributes.values().any(|known| known.kind.is_vector()) {
                return Err(VectorFault::NoVectors.told());
            }
            declaration.ann = Some(Ann::default());
        }
        self.declare(&[(name.into(), SchemaChange::Declare(declaration))], None, metric)
    }
}

fn kind_of(name: &str, given: &Given) -> Result<Option<AttrType>> {
    let kind = match given {
        Given::Null => return Ok(None),
        Given::List(items) if items.is_empty() => return Ok(None),
        Given::List(items) if name == VECTOR && items[0].number().is_some() => {
            vector_of(items.len())
        }
        Given::Text(text) if name == VECTOR => match vector::of_base64(text) {
            Some(numbers) => vector_of(numbers.len()),
            None => Err(format!("'{}' is no vector: not f32 numbers in base64", short(text))),
        },
        Given::List(items) => elements(items).map(AttrType::Array),
        _ => scalar(given).map(AttrType::Scalar),
    };
    kind.map(Some).map_err(|why| refused(name, &why))
}

fn vector_of(length: usize) -> Result<AttrType, String> {
    match u32::try_from(length) {
        Ok(dims @ 1..=DIMS_MAX) => Ok(AttrType::Vector { dims, element: Element::F32 }),
        _ => Err(format!("a vector has 1 to {DIMS_MAX} dimensions, not {length}")),
    }
}

/// What all elements are. Integers among other numbers are such numbers too.
fn elements(items: &[Given]) -> Result<Scalar, String> {
    let mut found: Option<Scalar> = None;
    for item in items {
        let next = scalar(item).map_err(|why| format!("in an array, {why}"))?;
        found = match (found, next) {
            (None, next) => Some(next),
            (Some(found), next) if found == next => Some(next),
            (Some(Scalar::Int | Scalar::Float), Scalar::Int | Scalar::Float) => Some(Scalar::Float),
            (Some(found), next) => {
                return Err(format!("an array holds one type, and not {found} and {next}"));
            }
        };
    }
    found.ok_or_else(|| "an empty array has no type".to_owned())
}

fn scalar(given: &Given) -> Result<Scalar, String> {
    match given {
        Given::Text(_) => Ok(Scalar::String),
        Given::Int(_) => Ok(Scalar::Int),
        Given::Float(_) => Ok(Scalar::Float),
        Given::Bool(_) => Ok(Scalar::Bool),
        Given::Uint(_) => Err(format!("'{given}' is too large for int, declare it as uint")),
        Given::Null => Err("null is no element".to_owned()),
        Given::List(_) | Given::Map(_) => {
            Err(format!("the type of '{given}' cannot be inferred, declare it"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AttrNo;

    const COSINE: Option<Metric> = Some(Metric::Cosine);

    fn text(text: &str) -> Given {
        Given::Text(text.into())
    }

    fn list(items: &[Given]) -> Given {
        Given::List(items.to_vec())
    }

    fn inferred(name: &str, given: &Given) -> Option<String> {
        let schema = Schema::default();
        let after = schema.with(&schema.infer(name, given, COSINE).unwrap());
        after.attributes.get(name).map(|attribute| attribute.kind.to_string())
    }

    fn told(name: &str, given: &Given, metric: Option<Metric>) -> String {
        Schema::default().infer(name, given, metric).unwrap_err().to_string()
    }

    #[test]
    fn what_json_tells_apart_is_inferred() {
        let (int, float) = (Given::Int(1), Given::Float(0.5));
        for (given, kind) in [
            (text("2024-03-01"), "string"),
            (int.clone(), "int"),
            (Given::Int(-1), "int"),
            (float.clone(), "float"),
            (Given::Bool(false), "bool"),
            (list(&[text("a"), text("b")]), "[]string"),
            (list(&[int.clone(), int.clone()]), "[]int"),
            (list(&[int.clone(), float.clone(), int.clone()]), "[]float"),
            (list(&[float, int]), "[]float"),
            (list(&[Given::Bool(true)]), "[]bool"),
        ] {
            assert_eq!(inferred("a", &given).as_deref(), Some(kind), "{given}");
        }
    }

    #[test]
    fn null_and_the_empty_array_tell_nothing() {
        for name in ["a", "vector"] {
            assert_eq!(inferred(name, &Given::Null), None);
            assert_eq!(inferred(name, &list(&[])), None);
        }
    }

    #[test]
    fn what_is_inferred_is_declared_with_its_defaults() {
        let schema = Schema { numbers: 7, ..Schema::default() };
        let after = schema.with(&schema.infer("a", &Given::Int(1), None).unwrap());
        assert_eq!(after.attributes["a"].number, AttrNo(7));
        assert!(after.attributes["a"].options.filterable);
        assert!(told("$a", &Given::Int(1), None).contains("'$a'"));
    }

    #[test]
    fn what_cannot_be_told_has_to_be_declared() {
        for given in [
            Given::Uint(u64::MAX),
            Given::Map(vec![("a".into(), Given::Int(1))]),
            list(&[Given::Null]),
            list(&[Given::Int(1), Given::Null]),
            list(&[list(&[Given::Int(1)])]),
            list(&[Given::Int(1), text("a")]),
            list(&[Given::Bool(true), Given::Int(1)]),
        ] {
            assert!(told("a", &given, None).contains("attribute 'a'"), "{given}");
        }
    }

    #[test]
    fn an_attribute_called_vector_is_one_if_it_holds_numbers() {
        let numbers = list(&[Given::Int(1), Given::Float(0.5), Given::Int(2)]);
        assert_eq!(inferred("vector", &numbers).as_deref(), Some("[3]f32"));
        assert_eq!(inferred("vector", &text("zczMPc3MTD4=")).as_deref(), Some("[2]f32"));
        assert_eq!(inferred("vector", &list(&[text("a")])).as_deref(), Some("[]string"));
        assert_eq!(inferred("embedding", &numbers).as_deref(), Some("[]float"));
        assert!(told("vector", &text("no base64!"), COSINE).contains("base64"));
        assert!(told("vector", &text(""), COSINE).contains("dimensions"));
        let long = Given::List(vec![Given::Int(1); DIMS_MAX as usize + 1]);
        assert!(told("vector", &long, COSINE).contains("10753"));
    }

    #[test]
    fn an_inferred_vector_needs_the_metric_of_its_namespace() {
        let numbers = list(&[Given::Int(1)]);
        assert_eq!(
            told("vector", &numbers, None),
            "💔 distance_metric must be specified for write to namespace with a vector"
        );
        let schema = Schema::default();
        let edits = schema.infer("vector", &numbers, COSINE).unwrap();
        let after = schema.with(&edits);
        assert_eq!(after.attributes["vector"].options.metric, COSINE);
    }

    #[test]
    fn a_namespace_that_began_without_vectors_has_none() {
        let settled = Schema { settled: true, ..Schema::default() };
        let told = settled.infer("vector", &list(&[Given::Int(1)]), COSINE).unwrap_err();
        assert_eq!(told.to_string(), "💔 Vector provided for namespace without vector attribute");
        assert!(settled.infer("a", &list(&[Given::Int(1)]), None).is_ok());
    }
}
