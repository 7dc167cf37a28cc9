//! A bound filter, asked of one row: the condition of a write, and the oracle of [`super::select`].

use super::bind::{Bound, Item, Test, Typed};
use super::cell::{Atom, Cell};
use super::comparison::{Asks, Comparison};
use super::pattern::Desk;
use crate::model::Row;

/// `new` is the incoming document, if there is one: of a delete there is none, and all that it
/// could be asked is missing.
pub fn holds(bound: &Bound, old: &Row, new: Option<&Row>) -> bool {
    asked(bound, old, new, &mut Desk::default())
}

fn asked(bound: &Bound, old: &Row, new: Option<&Row>, desk: &mut Desk) -> bool {
    match bound {
        Bound::And(parts) => parts.iter().all(|part| asked(part, old, new, desk)),
        Bound::Or(parts) => parts.iter().any(|part| asked(part, old, new, desk)),
        Bound::Not(part) => !asked(part, old, new, desk),
        Bound::Test(test) => passes(test, old, new),
        Bound::Like(like) => like.holds(old, new, desk),
    }
}

/// What a value is held against, when all of it is known.
#[derive(Clone, Copy)]
enum Known<'a> {
    Cell(Cell<'a>),
    /// Sorted.
    Set(Cell<'a>),
    Items(&'a [Item], Option<&'a Row>),
}

fn passes(test: &Test, old: &Row, new: Option<&Row>) -> bool {
    let operand = match &test.operand {
        Typed::Null => None,
        Typed::Value(value) => Some(Known::Cell(Cell::Value(value))),
        Typed::Set(value) => Some(Known::Set(Cell::Value(value))),
        Typed::BytesSet(set) => Some(Known::Set(Cell::BytesSet(set))),
        Typed::New(field) if crate::slip!("$ref_new is what was there before") => {
            Cell::of(old, *field).map(Known::Cell)
        }
        Typed::New(field) => new.and_then(|new| Cell::of(new, *field)).map(Known::Cell),
        Typed::Items(items) => Some(Known::Items(items, new)),
    };
    match (Cell::of(old, test.field), operand) {
        (Some(value), Some(operand)) => compares(test.asks, value, operand),
        (None, Some(_)) => test.asks.hold_for_null(),
        (value, None) => match test.asks {
            Asks::Value(Comparison::Eq) => value.is_none(),
            Asks::Value(Comparison::NotEq) => value.is_some(),
            // What is missing is a list of nothing.
            Asks::NotIn => true,
            Asks::Value(_) | Asks::Element(_) | Asks::In => false,
        },
    }
}

fn compares(asks: Asks, value: Cell<'_>, operand: Known<'_>) -> bool {
    let stands = |op: Comparison, atom: Atom<'_>| {
        let order = operand.first().and_then(|operand| atom.compare(operand));
        order.is_some_and(|order| op.holds(order))
    };
    match asks {
        Asks::Value(Comparison::Eq) => operand.is(value),
        Asks::Value(Comparison::NotEq) => !operand.is(value),
        Asks::Value(op) => value.get(0).is_some_and(|atom| stands(op, atom)),
        Asks::Element(op) => value.atoms().any(|atom| stands(op, atom)),
        Asks::In => value.atoms().any(|atom| operand.has(atom)),
        Asks::NotIn => !value.atoms().any(|atom| operand.has(atom)),
    }
}

impl<'a> Known<'a> {
    fn first(self) -> Option<Atom<'a>> {
        match self {
            Self::Cell(cell) | Self::Set(cell) => cell.get(0),
            Self::Items(items, new) => items.first().and_then(|item| item.atom(new)),
        }
    }

    /// Whether the whole of a value is this. An item that is missing is no value.
    fn is(self, value: Cell<'_>) -> bool {
        match self {
            Self::Cell(cell) | Self::Set(cell) => value.same(cell),
            Self::Items(items, new) => {
                let same = |(atom, item): (Atom<'_>, &Item)| {
                    item.atom(new).is_some_and(|other| atom.same(other))
                };
                value.len() == items.len() && value.atoms().zip(items).all(same)
            }
        }
    }

    fn has(self, atom: Atom<'_>) -> bool {
        match self {
            Self::Cell(cell) => cell.atoms().any(|other| atom.same(other)),
            Self::Set(cell) => cell.finds(atom),
            Self::Items(items, new) => {
                items.iter().filter_map(|item| item.atom(new)).any(|other| atom.same(other))
            }
        }
    }
}

impl Item {
    fn atom<'a>(&'a self, new: Option<&'a Row>) -> Option<Atom<'a>> {
        match self {
            Self::Value(value) => Atom::of(value),
            Self::New(field) => new.and_then(|new| Cell::of(new, *field))?.get(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{
        Columns, KINDS, any_rows, given, like, number, schema, test as filter,
    };
    use super::super::{Purpose, select};
    use super::*;
    use crate::model::{
        AttrType, DocId, Filter, Given, IdType, LastToken, Op, Operand, Pattern, Value, Which,
    };

    fn row(values: &[(&str, Value)]) -> Row {
        let mut values: Vec<_> =
            values.iter().map(|(name, value)| (number(name), value.clone())).collect();
        values.sort_by_key(|(number, _)| *number);
        Row { id: DocId::Uint(1), values }
    }

    /// The answer of the row, which is also that of a block of it.
    fn answer(filter: &Filter, row: &Row) -> bool {
        let bound = Bound::bind(filter, &schema(IdType::Uint), Purpose::Query).unwrap();
        let answer = holds(&bound, row, None);
        let columns = Columns::of(std::slice::from_ref(row), IdType::Uint);
        assert_eq!(select(&bound, &columns.block()).unwrap().value(0), answer, "{filter:?}");
        answer
    }

    fn list(items: &[i64]) -> Given {
        Given::List(items.iter().copied().map(Given::Int).collect())
    }

    #[test]
    fn the_null_rules_one_by_one() {
        let (null, two) = (row(&[]), row(&[("i", Value::Int(2))]));
        for (op, operand, of_null, of_two) in [
            (Op::Eq, Given::Null, true, false),
            (Op::NotEq, Given::Null, false, true),
            (Op::Lt, Given::Null, false, false),
            (Op::Lte, Given::Null, false, false),
            (Op::Gt, Given::Null, false, false),
            (Op::Gte, Given::Null, false, false),
            (Op::Eq, Given::Int(2), false, true),
            (Op::Eq, Given::Int(3), false, false),
            (Op::NotEq, Given::Int(2), true, false),
            (Op::NotEq, Given::Int(3), true, true),
            (Op::In, list(&[2, 3]), false, true),
            (Op::In, list(&[]), false, false),
            (Op::In, Given::Int(2), false, true),
            (Op::NotIn, list(&[2, 3]), true, false),
            (Op::NotIn, list(&[]), true, true),
            (Op::Lt, Given::Int(3), true, true),
            (Op::Lt, Given::Int(2), true, false),
            (Op::Lte, Given::Int(2), true, true),
            (Op::Lte, Given::Int(1), true, false),
            (Op::Gt, Given::Int(1), false, true),
            (Op::Gt, Given::Int(2), false, false),
            (Op::Gte, Given::Int(2), false, true),
            (Op::Gte, Given::Int(3), false, false),
        ] {
            let test = filter("i", op, operand);
            assert_eq!(answer(&test, &null), of_null, "{test:?} of null");
            assert_eq!(answer(&test, &two), of_two, "{test:?} of 2");
            // Two-valued: what does not hold, its negation does.
            let not = Filter::Not(Box::new(test));
            assert_eq!(answer(&not, &null), !of_null, "{not:?} of null");
            assert_eq!(answer(&not, &two), !of_two, "{not:?} of 2");
        }
    }

    #[test]
    fn a_row_is_made_tokens_once_however_many_parts_ask() {
        let words = |text: &str| {
            let operand = Operand::Literal(Given::Text(text.into()));
            let (which, last) = (Which::All, LastToken::Itself);
            like("s", Pattern::Tokens { operand, which, last })
        };
        let parts = ["seal", "walrus", "cat"].map(words);
        let filter = Filter::Not(Box::new(Filter::And(
            parts.map(|part| Filter::Or(vec![part, words("dog")])).to_vec(),
        )));
        let bound = Bound::bind(&filter, &schema(IdType::Uint), Purpose::Condition).unwrap();
        let row = row(&[("s", Value::String("a walrus and a seal".into()))]);
        let mut desk = Desk::default();
        assert!(asked(&bound, &row, None, &mut desk));
        assert_eq!(desk.reads(), 1);
    }

    #[test]
    fn of_nothing_all_hold_and_none_does() {
        let row = row(&[]);
        assert!(answer(&Filter::And(vec![]), &row));
        assert!(!answer(&Filter::Or(vec![]), &row));
    }

    #[test]
    fn an_id_is_never_missing() {
        let row = row(&[]);
        assert!(!answer(&filter("id", Op::Eq, Given::Null), &row));
        assert!(answer(&filter("id", Op::NotEq, Given::Null), &row));
        assert!(answer(&filter("id", Op::In, list(&[-1, 1])), &row));
        assert!(answer(&filter("id", Op::Gt, Given::Float(0.5)), &row));
    }

    #[test]
    fn arrays_intersect_are_disjoint_or_are_equal_as_a_whole() {
        let held = |items: &[&str]| {
            row(&[(
                "ss",
                Value::Strings(items.iter().map(|item| Box::<str>::from(*item)).collect()),
            )])
        };
        let texts = |items: &[&str]| {
            Given::List(items.iter().map(|item| Given::Text((*item).into())).collect())
        };
        for (op, operand, of_ab, of_none, of_null) in [
            (Op::In, Given::Text("a".into()), true, false, false),
            (Op::In, texts(&["z", "b"]), true, false, false),
            (Op::In, texts(&["z"]), false, false, false),
            (Op::In, texts(&[]), false, false, false),
            (Op::NotIn, texts(&["z", "b"]), false, true, true),
            (Op::NotIn, texts(&["z"]), true, true, true),
            (Op::Eq, texts(&["a", "b"]), true, false, false),
            (Op::Eq, texts(&["b", "a"]), false, false, false),
            (Op::Eq, texts(&["a"]), false, false, false),
            (Op::Eq, texts(&[]), false, true, false),
            (Op::Eq, Given::Null, false, false, true),
            (Op::NotEq, texts(&["a", "b"]), false, true, true),
            (Op::NotEq, texts(&[]), true, false, true),
        ] {
            let test = filter("ss", op, operand);
            assert_eq!(answer(&test, &held(&["a", "b"])), of_ab, "{test:?}");
            assert_eq!(answer(&test, &held(&[])), of_none, "{test:?}");
            assert_eq!(answer(&test, &row(&[])), of_null, "{test:?}");
        }
    }

    #[test]
    fn of_arrays_one_element_is_enough() {
        let held = |items: &[i64]| row(&[("is", Value::Ints(items.into()))]);
        let half = |whole: i64| Given::Float(whole as f64 + 0.5);
        for (op, operand, of_two_five, of_none, of_null) in [
            (Op::Contains, Given::Int(5), true, false, false),
            (Op::Contains, Given::Float(5.0), true, false, false),
            (Op::Contains, half(5), false, false, false),
            (Op::Contains, Given::Int(3), false, false, false),
            (Op::ContainsAny, list(&[3, 2]), true, false, false),
            (Op::ContainsAny, list(&[3]), false, false, false),
            (Op::ContainsAny, list(&[]), false, false, false),
            (Op::AnyLt, Given::Int(3), true, false, false),
            (Op::AnyLt, Given::Int(2), false, false, false),
            (Op::AnyLt, half(2), true, false, false),
            (Op::AnyLte, Given::Int(2), true, false, false),
            (Op::AnyLte, Given::Int(1), false, false, false),
            (Op::AnyGt, Given::Int(4), true, false, false),
            (Op::AnyGt, Given::Int(5), false, false, false),
            (Op::AnyGt, half(4), true, false, false),
            (Op::AnyGte, Given::Int(5), true, false, false),
            (Op::AnyGte, Given::Int(6), false, false, false),
        ] {
            let test = filter("is", op, operand);
            let not = Filter::Not(Box::new(test.clone()));
            for (row, expected) in
                [(held(&[2, 5]), of_two_five), (held(&[]), of_none), (row(&[]), of_null)]
            {
                assert_eq!(answer(&test, &row), expected, "{test:?} of {row:?}");
                assert_eq!(answer(&not, &row), !expected, "{not:?} of {row:?}");
            }
        }
    }

    #[test]
    fn an_element_of_each_type_is_found_and_ordered() {
        let text = |text: &str| Given::Text(text.into());
        let uuid = |last: char| text(&format!("00000000-0000-0000-0000-00000000000{last}"));
        for (name, value, held, other) in [
            ("ss", Value::Strings([Box::<str>::from("b")].into()), text("b"), text("a")),
            ("is", Value::Ints([-1].into()), Given::Int(-1), Given::Int(-2)),
            ("us", Value::Uints([u64::MAX].into()), Given::Uint(u64::MAX), Given::Int(0)),
            ("fs", Value::Floats([2.5].into()), Given::Float(2.5), Given::Int(2)),
            ("ws", Value::Uuids([2].into()), uuid('2'), uuid('1')),
            ("ts", Value::DateTimes([0].into()), text("1970-01-01"), text("1969-12-31")),
        ] {
            let row = row(&[(name, value)]);
            for (op, of_held, of_other) in [
                (Op::Contains, true, false),
                (Op::AnyLt, false, false),
                (Op::AnyLte, true, false),
                (Op::AnyGt, false, true),
                (Op::AnyGte, true, true),
            ] {
                assert_eq!(answer(&filter(name, op, held.clone()), &row), of_held, "{name} {op:?}");
                assert_eq!(answer(&filter(name, op, other.clone()), &row), of_other, "{name}");
            }
            let any = Given::List(vec![other, held]);
            assert!(answer(&filter(name, Op::ContainsAny, any), &row), "{name}");
        }
        let bools = row(&[("bs", Value::Bools([false].into()))]);
        assert!(answer(&filter("bs", Op::Contains, Given::Bool(false)), &bools));
        assert!(!answer(&filter("bs", Op::Contains, Given::Bool(true)), &bools));
    }

    #[test]
    fn numbers_of_different_kinds_are_compared_exactly() {
        let two_53 = 1_i64 << 53;
        let two_64 = 2.0_f64.powi(64);
        let beyond = row(&[
            ("i", Value::Int(two_53 + 1)),
            ("u", Value::Uint(u64::MAX)),
            ("f", Value::Float(two_53 as f64)),
        ]);
        for (name, operand, holds) in [
            ("i", Given::Float(two_53 as f64), [Op::NotEq, Op::Gt, Op::Gte]),
            ("i", Given::Float(two_53 as f64 + 2.0), [Op::NotEq, Op::Lt, Op::Lte]),
            ("i", Given::Float(two_53 as f64 - 0.5), [Op::NotEq, Op::Gt, Op::Gte]),
            ("i", Given::Int(two_53 + 1), [Op::Eq, Op::Lte, Op::Gte]),
            ("i", Given::Uint(u64::MAX), [Op::NotEq, Op::Lt, Op::Lte]),
            ("u", Given::Float(two_64), [Op::NotEq, Op::Lt, Op::Lte]),
            ("u", Given::Float(two_64.next_down()), [Op::NotEq, Op::Gt, Op::Gte]),
            ("u", Given::Uint(u64::MAX), [Op::Eq, Op::Lte, Op::Gte]),
            ("u", Given::Int(-1), [Op::NotEq, Op::Gt, Op::Gte]),
            ("f", Given::Int(two_53), [Op::Eq, Op::Lte, Op::Gte]),
            ("f", Given::Int(two_53 + 1), [Op::NotEq, Op::Lt, Op::Lte]),
            ("f", Given::Int(two_53 - 1), [Op::NotEq, Op::Gt, Op::Gte]),
        ] {
            for op in [Op::Eq, Op::NotEq, Op::Lt, Op::Lte, Op::Gt, Op::Gte] {
                let test = filter(name, op, operand.clone());
                assert_eq!(answer(&test, &beyond), holds.contains(&op), "{test:?}");
            }
        }
    }

    #[test]
    fn a_condition_speaks_of_the_incoming_document() {
        let new = |name: &str, op, other: &str| {
            let operand = Operand::New(other.into());
            let test = Filter::Test { attribute: name.into(), op, operand };
            Bound::bind(&test, &schema(IdType::Uint), Purpose::Condition).unwrap()
        };
        let version = |version: i64| row(&[("i", Value::Int(version))]);
        let vector = |x: f32| row(&[("v", Value::Vector([x, 0.0].into()))]);
        let several = row(&[("is", Value::Ints([3, 1].into()))]);
        let none = row(&[]);
        for (name, op, other, old, with, expected) in [
            ("i", Op::Lt, "i", &version(1), Some(&version(2)), true),
            ("i", Op::Lt, "i", &version(2), Some(&version(2)), false),
            // A guard by version passes where the stored document has none, and holds for nothing
            // where the incoming one has none.
            ("i", Op::Lt, "i", &none, Some(&version(2)), true),
            ("i", Op::Lt, "i", &version(1), Some(&none), false),
            ("i", Op::Lt, "i", &version(1), None, false),
            ("i", Op::Eq, "i", &none, None, true),
            ("i", Op::NotEq, "i", &version(1), None, true),
            ("i", Op::In, "is", &version(1), Some(&several), true),
            ("i", Op::In, "is", &version(2), Some(&several), false),
            ("i", Op::In, "is", &version(1), None, false),
            ("i", Op::NotIn, "is", &version(1), None, true),
            ("i", Op::In, "i", &version(1), Some(&version(1)), true),
            ("is", Op::In, "i", &several, Some(&version(3)), true),
            ("is", Op::Contains, "i", &several, Some(&version(3)), true),
            ("is", Op::Contains, "i", &several, Some(&version(2)), false),
            ("is", Op::Contains, "i", &several, Some(&none), false),
            ("is", Op::Contains, "i", &none, Some(&none), false),
            ("is", Op::ContainsAny, "is", &several, Some(&several), true),
            ("is", Op::ContainsAny, "is", &none, Some(&several), false),
            ("is", Op::ContainsAny, "is", &several, None, false),
            ("is", Op::AnyLt, "i", &several, Some(&version(2)), true),
            ("is", Op::AnyLt, "i", &several, Some(&version(1)), false),
            ("is", Op::AnyGte, "i", &several, Some(&none), false),
            ("i", Op::Eq, "id", &version(1), Some(&none), true),
            ("id", Op::Eq, "id", &none, Some(&version(1)), true),
            ("v", Op::NotEq, "v", &vector(1.0), Some(&vector(2.0)), true),
            ("v", Op::NotEq, "v", &vector(1.0), Some(&vector(1.0)), false),
            ("v", Op::NotEq, "v", &none, Some(&vector(1.0)), true),
            ("v", Op::Eq, "v", &none, Some(&none), true),
        ] {
            let bound = new(name, op, other);
            assert_eq!(
                holds(&bound, old, with),
                expected,
                "{name} {op:?} {other}: {old:?} {with:?}"
            );
        }
    }

    #[test]
    fn a_list_may_speak_of_the_incoming_document_in_part() {
        // 7 and what the incoming document has under `i`.
        let bind = |name: &str, op| {
            let items = vec![Operand::Literal(Given::Int(7)), Operand::New("i".into())];
            let operand = Operand::Items(items);
            let test = Filter::Test { attribute: name.into(), op, operand };
            Bound::bind(&test, &schema(IdType::Uint), Purpose::Condition).unwrap()
        };
        let version = |version: i64| row(&[("i", Value::Int(version))]);
        let held = |items: &[i64]| row(&[("is", Value::Ints(items.into()))]);
        let none = row(&[]);
        for (name, op, old, with, expected) in [
            ("i", Op::In, &version(7), Some(&version(1)), true),
            ("i", Op::In, &version(1), Some(&version(1)), true),
            ("i", Op::In, &version(2), Some(&version(1)), false),
            // What is missing is equal to nothing, not even to what is missing.
            ("i", Op::In, &version(7), None, true),
            ("i", Op::In, &none, Some(&none), false),
            ("i", Op::NotIn, &version(1), Some(&version(1)), false),
            ("i", Op::NotIn, &version(1), Some(&none), true),
            ("i", Op::NotIn, &none, Some(&version(1)), true),
            ("is", Op::In, &held(&[3, 1]), Some(&version(1)), true),
            ("is", Op::ContainsAny, &held(&[3]), Some(&version(1)), false),
            ("is", Op::Eq, &held(&[7, 1]), Some(&version(1)), true),
            ("is", Op::Eq, &held(&[7, 1]), Some(&version(2)), false),
            ("is", Op::Eq, &held(&[7]), Some(&none), false),
            ("is", Op::NotEq, &held(&[7, 1]), None, true),
            ("is", Op::NotEq, &none, Some(&version(1)), true),
            ("us", Op::In, &row(&[("us", Value::Uints([1].into()))]), Some(&version(1)), true),
        ] {
            let bound = bind(name, op);
            assert_eq!(holds(&bound, old, with), expected, "{name} {op:?}: {old:?} {with:?}");
        }
    }

    #[test]
    fn a_vector_is_compared_with_one_that_was_given() {
        let given = Given::List(vec![Given::Float(0.1), Given::Int(2)]);
        let test = filter("v", Op::Eq, given);
        let bound = Bound::bind(&test, &schema(IdType::Uint), Purpose::Condition).unwrap();
        let row = |x: f32| row(&[("v", Value::Vector([x, 2.0].into()))]);
        assert!(holds(&bound, &row(0.1), None));
        assert!(!holds(&bound, &row(0.2), None));
    }

    proptest! {
        /// To contain one of several is to contain this one, or that one; and any is one that is.
        #[test]
        fn to_contain_any_is_to_contain_one(rows in any_rows(IdType::Uint), take in 0..4_usize) {
            let schema = schema(IdType::Uint);
            let bind = |filter: &Filter| Bound::bind(filter, &schema, Purpose::Query).unwrap();
            let pairs = [("ss", "s"), ("is", "i"), ("us", "u"), ("fs", "f"), ("ts", "t")];
            for (name, scalar) in pairs {
                let values = rows.iter().flat_map(|row| &row.values);
                let these = values.filter(|(held, _)| *held == number(scalar));
                let items: Vec<Given> = these.take(take).map(|(_, value)| given(value)).collect();
                let one = |op, item: &Given| filter(name, op, item.clone());
                let each = items.iter().map(|item| one(Op::Contains, item)).collect();
                let each = bind(&Filter::Or(each));
                let any = bind(&filter(name, Op::ContainsAny, Given::List(items.clone())));
                for row in &rows {
                    prop_assert_eq!(holds(&any, row, None), holds(&each, row, None));
                }
                for item in &items {
                    // Of an element it is below, at or above.
                    let either = |ops: &[Op]| {
                        bind(&Filter::Or(ops.iter().map(|op| one(*op, item)).collect()))
                    };
                    let some = either(&[Op::AnyLt, Op::Contains, Op::AnyGt]);
                    let below = either(&[Op::AnyLt, Op::Contains]);
                    let at_most = bind(&one(Op::AnyLte, item));
                    for row in &rows {
                        let cell = Cell::of(row, super::super::Field::Attribute(number(name)));
                        let has_any = cell.is_some_and(|cell| cell.len() > 0);
                        prop_assert_eq!(holds(&some, row, None), has_any);
                        prop_assert_eq!(holds(&at_most, row, None), holds(&below, row, None));
                    }
                }
            }
        }

        /// `In` is any `Eq`, of a scalar or of an element, and `NotIn` is its negation.
        #[test]
        fn in_is_any_eq(rows in any_rows(IdType::Uint), take in 0..4_usize) {
            let schema = schema(IdType::Uint);
            let bind = |filter: &Filter| Bound::bind(filter, &schema, Purpose::Query).unwrap();
            for (name, kind) in KINDS {
                if !matches!(kind, AttrType::Scalar(_)) {
                    continue;
                }
                let values = rows.iter().flat_map(|row| &row.values);
                let these = values.filter(|(held, _)| *held == number(name));
                let items: Vec<Given> = these.take(take).map(|(_, value)| given(value)).collect();
                let eqs = items.iter().map(|item| filter(name, Op::Eq, item.clone())).collect();
                let any = bind(&Filter::Or(eqs));
                let within = bind(&filter(name, Op::In, Given::List(items.clone())));
                let without = bind(&filter(name, Op::NotIn, Given::List(items)));
                for row in &rows {
                    prop_assert_eq!(holds(&within, row, None), holds(&any, row, None));
                    prop_assert_eq!(holds(&without, row, None), !holds(&any, row, None));
                }
            }
        }
    }
}
