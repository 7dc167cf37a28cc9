//! A bound filter, asked of one row: the condition of a write, and the oracle of [`super::select`].

use std::cmp::Ordering;

use super::bind::{Bound, Test, Typed, holds_for_null};
use super::cell::{Atom, Cell};
use crate::model::{Op, Row};

/// `new` is the incoming document, if there is one: of a delete there is none, and all that it
/// could be asked is missing.
pub fn holds(bound: &Bound, old: &Row, new: Option<&Row>) -> bool {
    match bound {
        Bound::And(parts) => parts.iter().all(|part| holds(part, old, new)),
        Bound::Or(parts) => parts.iter().any(|part| holds(part, old, new)),
        Bound::Not(part) => !holds(part, old, new),
        Bound::Test(test) => passes(test, old, new),
    }
}

fn passes(test: &Test, old: &Row, new: Option<&Row>) -> bool {
    let operand = match &test.operand {
        Typed::Null => None,
        Typed::Value(value) | Typed::Set(value) => Some(Cell::Value(value)),
        Typed::New(field) => new.and_then(|new| Cell::of(new, *field)),
    };
    match (Cell::of(old, test.field), operand) {
        (Some(value), Some(operand)) => compares(test, value, operand),
        (None, Some(_)) => holds_for_null(test.op),
        (value, None) => match test.op {
            Op::Eq => value.is_none(),
            Op::NotEq => value.is_some(),
            // What is missing is a list of nothing.
            Op::NotIn => true,
            Op::In | Op::Lt | Op::Lte | Op::Gt | Op::Gte => false,
        },
    }
}

fn compares(test: &Test, value: Cell<'_>, operand: Cell<'_>) -> bool {
    let within = || value.atoms().any(|atom| is_among(atom, operand, &test.operand));
    let order = || value.get(0).zip(operand.get(0)).and_then(|(a, b)| a.compare(b));
    match test.op {
        Op::Eq => value.same(operand),
        Op::NotEq => !value.same(operand),
        Op::In => within(),
        Op::NotIn => !within(),
        Op::Lt => order().is_some_and(Ordering::is_lt),
        Op::Lte => order().is_some_and(Ordering::is_le),
        Op::Gt => order().is_some_and(Ordering::is_gt),
        Op::Gte => order().is_some_and(Ordering::is_ge),
    }
}

fn is_among(atom: Atom<'_>, list: Cell<'_>, operand: &Typed) -> bool {
    match operand {
        Typed::Set(_) => list.finds(atom),
        Typed::Null | Typed::Value(_) | Typed::New(_) => list.atoms().any(|other| atom.same(other)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{Columns, KINDS, any_rows, given, number, schema, test as filter};
    use super::super::{Purpose, select};
    use super::*;
    use crate::model::{AttrType, DocId, Filter, Given, IdType, Operand, Value};

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
    fn a_vector_is_compared_with_one_that_was_given() {
        let given = Given::List(vec![Given::Float(0.1), Given::Int(2)]);
        let test = filter("v", Op::Eq, given);
        let bound = Bound::bind(&test, &schema(IdType::Uint), Purpose::Condition).unwrap();
        let row = |x: f32| row(&[("v", Value::Vector([x, 2.0].into()))]);
        assert!(holds(&bound, &row(0.1), None));
        assert!(!holds(&bound, &row(0.2), None));
    }

    proptest! {
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
