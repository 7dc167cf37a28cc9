//! A filter bound to a schema: its attributes are numbers and its operands values, once, so that
//! asking it of a row cannot fail.

use std::collections::BTreeSet;
use std::slice;

use super::operand::{self, Mismatch};
use crate::error::{Error, Result};
use crate::model::{
    AttrNo, AttrType, FILTER_DEPTH_MAX, FILTER_NODES_MAX, Filter, Given, IdType, Op, Operand,
    Scalar, Schema, Value,
};

/// What a filter is for. A condition of a write may also speak of the incoming document, and of
/// vectors whether they are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Query,
    Condition,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// Of nothing, it holds.
    And(Vec<Bound>),
    /// Of nothing, it does not.
    Or(Vec<Bound>),
    Not(Box<Bound>),
    Test(Test),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    pub field: Field,
    pub kind: AttrType,
    pub op: Op,
    pub operand: Typed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Id,
    Attribute(AttrNo),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Typed {
    Null,
    /// Of the field's type, but that a number may be one of another kind.
    Value(Value),
    /// Of `In` and `NotIn`: an array of the field's elements, sorted, none twice.
    Set(Value),
    /// What the incoming document has there.
    New(Field),
}

impl Bound {
    pub fn bind(filter: &Filter, schema: &Schema, purpose: Purpose) -> Result<Self> {
        Binder { schema, purpose, nodes: 0 }.filter(filter, 1)
    }

    /// Whose columns it has to see.
    pub fn attributes(&self) -> BTreeSet<AttrNo> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::attributes).collect(),
            Self::Not(part) => part.attributes(),
            Self::Test(Test { field: Field::Attribute(number), .. }) => BTreeSet::from([*number]),
            Self::Test(Test { field: Field::Id, .. }) => BTreeSet::new(),
        }
    }

    const NOTHING: Self = Self::Or(Vec::new());
    const EVERYTHING: Self = Self::And(Vec::new());
}

/// Whether a test with a value holds where there is none.
pub(super) fn holds_for_null(op: Op) -> bool {
    match op {
        Op::NotEq | Op::NotIn | Op::Lt | Op::Lte => true,
        Op::Eq | Op::In | Op::Gt | Op::Gte => false,
    }
}

/// Where a name leads: an attribute, or the id once its type is known.
pub(super) fn find(schema: &Schema, name: &str) -> Result<Option<Found>> {
    if name == "id" {
        let kind = |id: IdType| match id {
            IdType::Uint => Scalar::Uint,
            IdType::Uuid => Scalar::Uuid,
            IdType::String => Scalar::String,
        };
        let found = |id: IdType| Found {
            field: Field::Id,
            kind: AttrType::Scalar(kind(id)),
            filterable: true,
        };
        return Ok(schema.id.map(found));
    }
    let Some(attribute) = schema.attributes.get(name) else {
        return Err(Error::invalid(format!("attribute not found: `{name}`")));
    };
    Ok(Some(Found {
        field: Field::Attribute(attribute.number),
        kind: attribute.kind,
        filterable: attribute.options.filterable,
    }))
}

pub(super) struct Found {
    pub(super) field: Field,
    pub(super) kind: AttrType,
    filterable: bool,
}

struct Binder<'a> {
    schema: &'a Schema,
    purpose: Purpose,
    nodes: usize,
}

impl Binder<'_> {
    fn filter(&mut self, filter: &Filter, depth: usize) -> Result<Bound> {
        self.nodes += 1;
        if self.nodes > FILTER_NODES_MAX {
            return Err(Error::invalid(format!("a filter has at most {FILTER_NODES_MAX} parts")));
        }
        if depth > FILTER_DEPTH_MAX {
            let message = format!("filters nest at most {FILTER_DEPTH_MAX} deep");
            return Err(Error::invalid(message));
        }
        Ok(match filter {
            Filter::And(parts) => Bound::And(self.filters(parts, depth + 1)?),
            Filter::Or(parts) => Bound::Or(self.filters(parts, depth + 1)?),
            Filter::Not(part) => Bound::Not(Box::new(self.filter(part, depth + 1)?)),
            Filter::Test { attribute, op, operand } => self.test(attribute, *op, operand)?,
        })
    }

    fn filters(&mut self, parts: &[Filter], depth: usize) -> Result<Vec<Bound>> {
        parts.iter().map(|part| self.filter(part, depth)).collect()
    }

    fn test(&self, name: &str, op: Op, operand: &Operand) -> Result<Bound> {
        // Without a type of ids there is no document yet, and nothing that a filter could hold for.
        let Some(found) = find(self.schema, name)? else { return Ok(Bound::NOTHING) };
        self.allow(name, &found, op)?;
        let Found { field, kind, .. } = found;
        let test = |operand| Bound::Test(Test { field, kind, op, operand });
        let given = match operand {
            Operand::Literal(given) => given,
            Operand::New(_) if self.purpose == Purpose::Query => {
                let message = "$ref_new has a meaning only in the condition of a write";
                return Err(complaint(name, message));
            }
            Operand::New(other) => {
                let Some(new) = find(self.schema, other)? else { return Ok(Bound::NOTHING) };
                if !comparable(kind, op, new.kind) {
                    let got = format!("$ref_new {other} of {}", new.kind);
                    return Err(mismatch(name, kind, op, &got));
                }
                return Ok(test(Typed::New(new.field)));
            }
        };
        if *given == Given::Null && !matches!(op, Op::In | Op::NotIn) {
            return Ok(test(Typed::Null));
        }
        let bound = match op {
            Op::In | Op::NotIn => within(&found, op, given),
            _ => compared(kind, given).map(|operand| match (operand, op) {
                (Some(value), _) => test(Typed::Value(value)),
                (None, Op::NotEq) => Bound::EVERYTHING,
                (None, _) => Bound::NOTHING,
            }),
        };
        bound.map_err(|Mismatch| mismatch(name, kind, op, &given.to_string()))
    }

    fn allow(&self, name: &str, found: &Found, op: Op) -> Result<()> {
        let ordering = matches!(op, Op::Lt | Op::Lte | Op::Gt | Op::Gte);
        let (applies, filterable) = match found.kind {
            AttrType::Scalar(Scalar::Bool | Scalar::Bytes) | AttrType::Array(_) => {
                (!ordering, found.filterable)
            }
            AttrType::Scalar(_) => (true, found.filterable),
            AttrType::Vector { .. } | AttrType::Sparse | AttrType::Vectors { .. } => {
                let equality = matches!(op, Op::Eq | Op::NotEq);
                let applies = equality && self.purpose == Purpose::Condition;
                (applies, applies || found.filterable)
            }
        };
        if !filterable {
            return Err(complaint(name, "the attribute is not filterable"));
        }
        if !applies {
            let kind = found.kind;
            return Err(complaint(name, &format!("{op:?} does not apply to {kind}")));
        }
        Ok(())
    }
}

/// The operand of a comparison. Nothing, if nothing equals it.
fn compared(kind: AttrType, given: &Given) -> Result<Option<Value>, Mismatch> {
    match (kind, given) {
        (AttrType::Scalar(scalar), given) => operand::scalar(scalar, given).map(Some),
        (AttrType::Array(scalar), Given::List(items)) => operand::list(scalar, items),
        (AttrType::Vector { dims, element }, given) => {
            operand::vector(dims, element, given).map(Some)
        }
        _ => Err(Mismatch),
    }
}

/// A list, or a scalar for a list of one.
fn within(found: &Found, op: Op, given: &Given) -> Result<Bound, Mismatch> {
    let items: &[Given] = match given {
        Given::List(items) => items,
        one => slice::from_ref(one),
    };
    let Found { field, kind, .. } = *found;
    match kind {
        // There are no arrays of bytes, and so no set of them.
        AttrType::Scalar(Scalar::Bytes) => {
            let same = |item: &Given| -> Result<Bound, Mismatch> {
                let operand = Typed::Value(operand::scalar(Scalar::Bytes, item)?);
                Ok(Bound::Test(Test { field, kind, op: Op::Eq, operand }))
            };
            let any = Bound::Or(items.iter().map(same).collect::<Result<_, Mismatch>>()?);
            Ok(if op == Op::In { any } else { Bound::Not(Box::new(any)) })
        }
        AttrType::Scalar(scalar) | AttrType::Array(scalar) => {
            let operand = Typed::Set(operand::set(scalar, items)?);
            Ok(Bound::Test(Test { field, kind, op, operand }))
        }
        AttrType::Vector { .. } | AttrType::Sparse | AttrType::Vectors { .. } => Err(Mismatch),
    }
}

/// Whether values of two attributes can be compared.
fn comparable(kind: AttrType, op: Op, other: AttrType) -> bool {
    let alike = |a: Scalar, b: Scalar| {
        let number = |scalar: Scalar| matches!(scalar, Scalar::Int | Scalar::Uint | Scalar::Float);
        a == b || (number(a) && number(b))
    };
    let within = matches!(op, Op::In | Op::NotIn);
    match (kind, other) {
        (AttrType::Scalar(a), AttrType::Scalar(b)) => alike(a, b),
        (AttrType::Array(a), AttrType::Array(b)) => alike(a, b),
        (AttrType::Scalar(a), AttrType::Array(b)) | (AttrType::Array(a), AttrType::Scalar(b)) => {
            within && alike(a, b)
        }
        (AttrType::Vector { dims: a, .. }, AttrType::Vector { dims: b, .. })
        | (AttrType::Vectors { dims: a }, AttrType::Vectors { dims: b }) => a == b,
        (AttrType::Sparse, AttrType::Sparse) => true,
        _ => false,
    }
}

fn complaint(name: &str, message: &str) -> Error {
    Error::invalid(format!("filter error in key `{name}`: {message}"))
}

/// Its words are those of the contract, which clients match.
fn mismatch(name: &str, kind: AttrType, op: Op, got: &str) -> Error {
    let expected = match (op, kind) {
        (Op::In | Op::NotIn, AttrType::Scalar(scalar)) => AttrType::Array(scalar),
        _ => kind,
    };
    complaint(name, &format!("type mismatch, {op:?} expects {expected}, but got '{got}'"))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{number, schema, test};
    use super::*;
    use crate::error::ErrorKind;

    fn bind(filter: &Filter, purpose: Purpose) -> Result<Bound> {
        Bound::bind(filter, &schema(IdType::Uint), purpose)
    }

    fn refusal(filter: &Filter, purpose: Purpose) -> String {
        let error = bind(filter, purpose).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        error.to_string()
    }

    fn new(attribute: &str, op: Op, other: &str) -> Filter {
        Filter::Test { attribute: attribute.into(), op, operand: Operand::New(other.into()) }
    }

    fn text(text: &str) -> Given {
        Given::Text(text.into())
    }

    #[test]
    fn names_become_numbers_and_operands_values() {
        let bound = bind(&test("i", Op::Lt, Given::Float(2.5)), Purpose::Query).unwrap();
        let expected = Test {
            field: Field::Attribute(number("i")),
            kind: AttrType::Scalar(Scalar::Int),
            op: Op::Lt,
            operand: Typed::Value(Value::Float(2.5)),
        };
        assert_eq!(bound, Bound::Test(expected));

        let bound = bind(&test("ss", Op::In, text("a")), Purpose::Query).unwrap();
        let expected = Test {
            field: Field::Attribute(number("ss")),
            kind: AttrType::Array(Scalar::String),
            op: Op::In,
            operand: Typed::Set(Value::Strings([Box::<str>::from("a")].into())),
        };
        assert_eq!(bound, Bound::Test(expected));
    }

    #[test]
    fn what_nothing_can_equal_is_settled_at_once() {
        let list = Given::List(vec![Given::Float(2.5)]);
        let bound = bind(&test("is", Op::Eq, list.clone()), Purpose::Query).unwrap();
        assert_eq!(bound, Bound::NOTHING);
        let bound = bind(&test("is", Op::NotEq, list), Purpose::Query).unwrap();
        assert_eq!(bound, Bound::EVERYTHING);
    }

    #[test]
    fn a_filter_says_which_columns_it_needs() {
        let parts = ["u", "i", "id", "u"].map(|name| test(name, Op::Eq, Given::Int(1)));
        let filter = Filter::Not(Box::new(Filter::Or(parts.into())));
        let bound = bind(&filter, Purpose::Query).unwrap();
        let columns: Vec<AttrNo> = bound.attributes().into_iter().collect();
        assert_eq!(columns, [number("i"), number("u")]);
    }

    #[test]
    fn a_refusal_says_what_the_contract_says() {
        let list = Given::List(vec![text("python"), Given::Int(1)]);
        for (filter, told) in [
            (test("gone", Op::Eq, Given::Int(1)), "attribute not found: `gone`"),
            (
                test("hidden", Op::Eq, Given::Int(1)),
                "key `hidden`: the attribute is not filterable",
            ),
            (test("v", Op::Eq, Given::Null), "key `v`: the attribute is not filterable"),
            (
                test("ss", Op::In, Given::Int(7)),
                "filter error in key `ss`: type mismatch, In expects []string, but got '7'",
            ),
            (test("ss", Op::NotIn, list), "NotIn expects []string, but got '[python, 1]'"),
            (test("s", Op::In, Given::Null), "In expects []string, but got 'null'"),
            (test("ss", Op::Eq, text("python")), "Eq expects []string, but got 'python'"),
            (test("i", Op::Eq, text("1")), "Eq expects int, but got '1'"),
            (test("w", Op::Gt, text("1")), "Gt expects uuid, but got '1'"),
            (test("id", Op::Eq, text("a")), "key `id`: type mismatch, Eq expects uint"),
            (test("y", Op::In, Given::List(vec![text("?")])), "In expects []bytes"),
            (test("b", Op::Lt, Given::Bool(true)), "key `b`: Lt does not apply to bool"),
            (test("ss", Op::Gte, text("a")), "Gte does not apply to []string"),
            (new("i", Op::Eq, "i"), "key `i`: $ref_new has a meaning only in the condition"),
        ] {
            let refusal = refusal(&filter, Purpose::Query);
            assert!(refusal.contains(told), "{refusal}");
        }
    }

    #[test]
    fn a_condition_compares_what_can_be_compared() {
        for (name, op, other) in [
            ("i", Op::Lt, "f"),
            ("i", Op::In, "us"),
            ("is", Op::NotIn, "f"),
            ("is", Op::Eq, "us"),
            ("u", Op::Eq, "id"),
            ("i", Op::Lt, "hidden"),
            ("v", Op::NotEq, "v"),
            ("sparse", Op::Eq, "sparse"),
            ("late", Op::Eq, "late"),
        ] {
            assert!(bind(&new(name, op, other), Purpose::Condition).is_ok(), "{name} {other}");
        }
        for (filter, told) in [
            (new("i", Op::Lt, "s"), "Lt expects int, but got '$ref_new s of string'"),
            (new("i", Op::Eq, "is"), "Eq expects int, but got '$ref_new is of []int'"),
            (new("s", Op::In, "is"), "In expects []string, but got '$ref_new is of []int'"),
            (new("v", Op::Eq, "late"), "Eq expects [2]f32, but got '$ref_new late of [][2]f32'"),
            (new("i", Op::Eq, "gone"), "attribute not found: `gone`"),
            (new("hidden", Op::Eq, "i"), "key `hidden`: the attribute is not filterable"),
            (new("v", Op::Lt, "v"), "key `v`: the attribute is not filterable"),
            (test("v", Op::Eq, text("AAAA")), "Eq expects [2]f32, but got 'AAAA'"),
            (test("sparse", Op::Eq, text("a")), "Eq expects {}f16, but got 'a'"),
        ] {
            let refusal = refusal(&filter, Purpose::Condition);
            assert!(refusal.contains(told), "{refusal}");
        }
    }

    #[test]
    fn before_the_first_document_a_filter_on_ids_holds_for_nothing() {
        let schema = Schema::default();
        for operand in [Given::Int(1), text("a"), Given::Null] {
            let bound = Bound::bind(&test("id", Op::NotEq, operand), &schema, Purpose::Query);
            assert_eq!(bound.unwrap(), Bound::NOTHING);
        }
    }

    #[test]
    fn a_filter_has_a_limit_in_depth_and_in_parts() {
        let nested = |depth| {
            let leaf = Filter::And(vec![]);
            (1..depth).fold(leaf, |filter, _| Filter::Not(Box::new(filter)))
        };
        assert!(bind(&nested(FILTER_DEPTH_MAX), Purpose::Query).is_ok());
        assert!(refusal(&nested(FILTER_DEPTH_MAX + 1), Purpose::Query).contains("32 deep"));
        let wide = |parts| Filter::Or(vec![Filter::And(vec![]); parts]);
        assert!(bind(&wide(FILTER_NODES_MAX - 1), Purpose::Query).is_ok());
        assert!(refusal(&wide(FILTER_NODES_MAX), Purpose::Query).contains("4096 parts"));
    }
}
