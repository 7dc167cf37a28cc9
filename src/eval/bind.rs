//! A filter bound to a schema: its attributes are numbers and its operands values, once, so that
//! asking it of a row cannot fail.

use std::collections::BTreeSet;
use std::slice;

use super::budget::Budget;
use super::comparison::Asks;
pub(super) use super::field::{Field, Found, find};
use super::field::{complaint, mismatch};
use super::fit::{alike, allow, comparable, element, expected};
use super::like::Like;
use super::operand::{self, Mismatch, Moments};
use crate::error::{Error, Result};
use crate::model::{
    AttrNo, AttrType, FILTER_DEPTH_MAX, FILTER_NODES_MAX, Filter, Given, Op, Operand, Scalar,
    Schema, Value,
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
    /// Of nothing, it holds. The cheap parts come first.
    And(Vec<Bound>),
    /// Of nothing, it does not. The cheap parts come first here too.
    Or(Vec<Bound>),
    Not(Box<Bound>),
    Test(Test),
    Like(Like),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    pub field: Field,
    pub kind: AttrType,
    pub asks: Asks,
    pub operand: Typed,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Typed {
    Null,
    /// Of the field's type, but that a number may be one of another kind.
    Value(Value),
    /// An array of the field's elements, sorted, none twice.
    Set(Value),
    /// The same of bytes, of which there are no arrays.
    BytesSet(Box<[Box<[u8]>]>),
    /// What the incoming document has there.
    New(Field),
    /// A list, of which some are what the incoming document has.
    Items(Vec<Item>),
}

/// One of a list of scalars.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    Value(Value),
    New(Field),
}

impl Bound {
    /// A filter that is asked alone.
    pub fn bind(filter: &Filter, schema: &Schema, purpose: Purpose) -> Result<Self> {
        Self::bind_within(&mut Budget::default(), filter, schema, purpose)
    }

    /// One of several.
    pub fn bind_within(
        budget: &mut Budget,
        filter: &Filter,
        schema: &Schema,
        purpose: Purpose,
    ) -> Result<Self> {
        Binder { schema, purpose, nodes: 0, budget }.filter(filter, 1)
    }

    /// Whose columns it has to see.
    pub fn attributes(&self) -> BTreeSet<AttrNo> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::attributes).collect(),
            Self::Not(part) => part.attributes(),
            Self::Test(Test { field, .. }) | Self::Like(Like { field, .. }) => match field {
                Field::Attribute(number) => BTreeSet::from([*number]),
                Field::Id => BTreeSet::new(),
            },
        }
    }

    pub(super) const NOTHING: Self = Self::Or(Vec::new());
    const EVERYTHING: Self = Self::And(Vec::new());
}

pub(super) struct Binder<'a> {
    pub(super) schema: &'a Schema,
    purpose: Purpose,
    nodes: usize,
    pub(super) budget: &'a mut Budget,
}

impl<'a> Binder<'a> {
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
            Filter::Like { attribute, pattern } => self.like(attribute, pattern)?,
        })
    }

    /// The cheap ones first: what those settle, the others are not asked.
    fn filters(&mut self, parts: &[Filter], depth: usize) -> Result<Vec<Bound>> {
        let bound = parts.iter().map(|part| self.filter(part, depth));
        let mut bound = bound.collect::<Result<Vec<Bound>>>()?;
        bound.sort_by_cached_key(Bound::cost);
        Ok(bound)
    }

    fn test(&self, name: &str, op: Op, operand: &Operand) -> Result<Bound> {
        // Without a type of ids there is no document yet, and nothing that a filter could hold for.
        let Some(found) = find(self.schema, name)? else { return Ok(Bound::NOTHING) };
        allow(name, &found, op, self.purpose)?;
        let Found { field, kind, .. } = found;
        let asks = Asks::of(op);
        let test = |operand| Bound::Test(Test { field, kind, asks, operand });
        let odd = |got: &str| mismatch(name, &format!("{op:?}"), expected(kind, op), got);
        let (given, moments) = match operand {
            Operand::Literal(given) => (given, Moments::Texts),
            Operand::Key(given) => (given, Moments::Millis),
            Operand::New(other) => {
                let Some(new) = self.incoming(name, other)? else { return Ok(Bound::NOTHING) };
                if !comparable(kind, op, new.kind) {
                    return Err(odd(&format!("$ref_new {other} of {}", new.kind)));
                }
                return Ok(test(Typed::New(new.field)));
            }
            Operand::Items(items) => {
                let Some(scalar) = element(kind, op) else { return Err(odd(&spelt(items))) };
                let items = self.items(name, scalar, items, || odd(&spelt(items)))?;
                return Ok(items.map_or(Bound::NOTHING, |items| test(Typed::Items(items))));
            }
        };
        if *given == Given::Null && matches!(asks, Asks::Value(_)) {
            return Ok(test(Typed::Null));
        }
        let bound = match (op, given) {
            (Op::In | Op::NotIn, given) => within(&found, asks, given, moments),
            (Op::ContainsAny, Given::List(items))
                if items.is_empty() && crate::slip!("every array contains any of nothing") =>
            {
                Ok(Bound::EVERYTHING)
            }
            (Op::ContainsAny, Given::List(_)) => within(&found, asks, given, moments),
            (Op::ContainsAny, _) | (Op::Contains, Given::List(_)) => Err(Mismatch),
            (Op::Contains, given) => within(&found, asks, given, moments),
            (Op::AnyLt | Op::AnyLte | Op::AnyGt | Op::AnyGte, given) => match kind {
                AttrType::Array(scalar) => {
                    operand::scalar(scalar, given, moments).map(|value| test(Typed::Value(value)))
                }
                _ => Err(Mismatch),
            },
            (Op::Eq | Op::NotEq | Op::Lt | Op::Lte | Op::Gt | Op::Gte, given) => {
                compared(kind, given, moments).map(|operand| match (operand, op) {
                    (Some(value), _) => test(Typed::Value(value)),
                    (None, Op::NotEq) => Bound::EVERYTHING,
                    (None, _) => Bound::NOTHING,
                })
            }
        };
        bound.map_err(|Mismatch| odd(&given.to_string()))
    }

    /// What a test with the incoming document speaks of.
    pub(super) fn incoming(&self, name: &str, other: &str) -> Result<Option<Found<'a>>> {
        match self.purpose {
            Purpose::Condition => find(self.schema, other),
            Purpose::Query => {
                let message = "$ref_new has a meaning only in the condition of a write";
                Err(complaint(name, message))
            }
        }
    }

    /// A list of scalars of one kind. Nothing, if it speaks of ids before there are any.
    pub(super) fn items(
        &self,
        name: &str,
        kind: Scalar,
        items: &[Operand],
        odd: impl Fn() -> Error,
    ) -> Result<Option<Vec<Item>>> {
        let mut bound = Vec::with_capacity(items.len());
        for item in items {
            bound.push(match item {
                Operand::Literal(given) => Item::Value(
                    operand::scalar(kind, given, Moments::Texts).map_err(|Mismatch| odd())?,
                ),
                Operand::New(other) => match self.incoming(name, other)? {
                    None => return Ok(None),
                    Some(Found { field, kind: AttrType::Scalar(new), .. }) if alike(kind, new) => {
                        Item::New(field)
                    }
                    Some(_) => return Err(odd()),
                },
                Operand::Key(_) | Operand::Items(_) => return Err(odd()),
            });
        }
        Ok(Some(bound))
    }
}

/// The operand of a comparison. Nothing, if nothing equals it.
fn compared(kind: AttrType, given: &Given, moments: Moments) -> Result<Option<Value>, Mismatch> {
    match (kind, given) {
        (AttrType::Scalar(scalar), given) => operand::scalar(scalar, given, moments).map(Some),
        (AttrType::Array(scalar), Given::List(items)) => operand::list(scalar, items, moments),
        (AttrType::Array(_), _) => Err(Mismatch),
        // Like one that is written.
        (AttrType::Vector { .. } | AttrType::Sparse | AttrType::Vectors { .. }, given) => {
            Value::coerce(kind, given).map_err(|_| Mismatch)
        }
    }
}

/// A list, or a scalar for a list of one.
fn within(
    found: &Found<'_>,
    asks: Asks,
    given: &Given,
    moments: Moments,
) -> Result<Bound, Mismatch> {
    let items: &[Given] = match given {
        Given::List(items) => items,
        one => slice::from_ref(one),
    };
    let Found { field, kind, .. } = *found;
    match kind {
        AttrType::Scalar(Scalar::Bytes) => {
            let operand = Typed::BytesSet(operand::bytes_set(items)?);
            Ok(Bound::Test(Test { field, kind, asks, operand }))
        }
        AttrType::Scalar(scalar) | AttrType::Array(scalar) => {
            let operand = Typed::Set(operand::set(scalar, items, moments)?);
            Ok(Bound::Test(Test { field, kind, asks, operand }))
        }
        AttrType::Vector { .. } | AttrType::Sparse | AttrType::Vectors { .. } => Err(Mismatch),
    }
}

/// A list as an error shows it.
pub(super) fn spelt(items: &[Operand]) -> String {
    let item = |item: &Operand| match item {
        Operand::Literal(given) | Operand::Key(given) => given.clone(),
        Operand::New(name) => Given::Text(format!("$ref_new {name}").into()),
        Operand::Items(_) => Given::List(Vec::new()),
    };
    Given::List(items.iter().map(item).collect()).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::comparison::Comparison;
    use super::super::samples::{number, schema, test};
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::IdType;

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

    /// A list of 1 and of what the incoming document has there.
    fn items(attribute: &str, op: Op, others: &[&str]) -> Filter {
        let others = others.iter().map(|other| Operand::New((*other).into()));
        let items = [Operand::Literal(Given::Int(1))].into_iter().chain(others).collect();
        Filter::Test { attribute: attribute.into(), op, operand: Operand::Items(items) }
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
            asks: Asks::Value(Comparison::Lt),
            operand: Typed::Value(Value::Float(2.5)),
        };
        assert_eq!(bound, Bound::Test(expected));

        let bound = bind(&test("ss", Op::In, text("a")), Purpose::Query).unwrap();
        let expected = Test {
            field: Field::Attribute(number("ss")),
            kind: AttrType::Array(Scalar::String),
            asks: Asks::In,
            operand: Typed::Set(Value::Strings([Box::<str>::from("a")].into())),
        };
        assert_eq!(bound, Bound::Test(expected));

        let many = Given::List(["AQI=", "AA==", "AQI"].map(text).to_vec());
        let bound = bind(&test("y", Op::NotIn, many), Purpose::Query).unwrap();
        let sorted: [&[u8]; 2] = [&[0], &[1, 2]];
        let expected = Test {
            field: Field::Attribute(number("y")),
            kind: AttrType::Scalar(Scalar::Bytes),
            asks: Asks::NotIn,
            operand: Typed::BytesSet(sorted.map(Box::<[u8]>::from).into()),
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
        let list = || Given::List(vec![text("python"), Given::Int(1)]);
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
            (test("ss", Op::NotIn, list()), "NotIn expects []string, but got '[python, 1]'"),
            (test("s", Op::In, Given::Null), "In expects []string, but got 'null'"),
            (test("ss", Op::Eq, text("python")), "Eq expects []string, but got 'python'"),
            (test("i", Op::Eq, text("1")), "Eq expects int, but got '1'"),
            (test("w", Op::Gt, text("1")), "Gt expects uuid, but got '1'"),
            (test("id", Op::Eq, text("a")), "key `id`: type mismatch, Eq expects uint"),
            (test("y", Op::In, Given::List(vec![text("?")])), "In expects []bytes"),
            (test("b", Op::Lt, Given::Bool(true)), "key `b`: Lt does not apply to bool"),
            (test("ss", Op::Gte, text("a")), "Gte does not apply to []string"),
            (new("i", Op::Eq, "i"), "key `i`: $ref_new has a meaning only in the condition"),
            (
                test("ss", Op::ContainsAny, text("python")),
                "key `ss`: type mismatch, ContainsAny expects []string, but got 'python'",
            ),
            (test("ss", Op::ContainsAny, Given::Null), "expects []string, but got 'null'"),
            (test("ss", Op::Contains, Given::Null), "Contains expects string, but got 'null'"),
            (test("is", Op::Contains, Given::List(vec![])), "Contains expects int, but got '[]'"),
            (test("is", Op::AnyLt, text("1")), "AnyLt expects int, but got '1'"),
            (test("is", Op::AnyGte, Given::Null), "AnyGte expects int, but got 'null'"),
            (test("fs", Op::AnyLte, Given::List(vec![])), "AnyLte expects float, but got '[]'"),
            (test("bs", Op::AnyGt, Given::Bool(true)), "key `bs`: AnyGt does not apply to []bool"),
            (test("i", Op::AnyLt, Given::Int(1)), "key `i`: AnyLt does not apply to int"),
            (test("s", Op::Contains, text("a")), "key `s`: Contains does not apply to string"),
            (test("s", Op::ContainsAny, list()), "ContainsAny does not apply to string"),
            (test("v", Op::Contains, Given::Int(1)), "key `v`: the attribute is not filterable"),
            (items("is", Op::In, &["i"]), "key `is`: $ref_new has a meaning only in the condition"),
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
            ("is", Op::Contains, "u"),
            ("is", Op::ContainsAny, "us"),
            ("is", Op::AnyLt, "f"),
        ] {
            assert!(bind(&new(name, op, other), Purpose::Condition).is_ok(), "{name} {other}");
        }
        for (name, op) in [
            ("i", Op::In),
            ("u", Op::NotIn),
            ("is", Op::In),
            ("is", Op::Eq),
            ("us", Op::NotEq),
            ("fs", Op::ContainsAny),
        ] {
            let filter = items(name, op, &["i", "f", "u"]);
            assert!(bind(&filter, Purpose::Condition).is_ok(), "{name} {op:?}");
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
            (
                new("is", Op::Contains, "us"),
                "Contains expects int, but got '$ref_new us of []uint'",
            ),
            (new("is", Op::ContainsAny, "u"), "ContainsAny expects []int, but got '$ref_new u of"),
            (new("is", Op::AnyLt, "us"), "AnyLt expects int, but got '$ref_new us of []uint'"),
            (items("is", Op::In, &["s"]), "In expects []int, but got '[1, $ref_new s]'"),
            (items("i", Op::In, &["us"]), "In expects []int, but got '[1, $ref_new us]'"),
            (items("i", Op::In, &["gone"]), "attribute not found: `gone`"),
            (items("i", Op::Eq, &["i"]), "Eq expects int, but got '[1, $ref_new i]'"),
            (items("is", Op::AnyLt, &["i"]), "AnyLt expects int, but got '[1, $ref_new i]'"),
            (items("v", Op::Eq, &["f"]), "Eq expects [2]f32, but got '[1, $ref_new f]'"),
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
