//! What it costs to ask a row for a part of a filter. Whoever asks for several parts asks the cheap ones
//! first: most rows are settled by these, and the costly ones are asked of what is left.

use super::bind::{Bound, Test, Typed};
use crate::model::{AttrType, Scalar};

/// Some nanoseconds above, and microseconds below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cost {
    /// Of what is known before, or of whether there is a value.
    Nothing,
    Number,
    Text,
    /// Of all the elements of an array.
    List,
    /// A glob too.
    Expression,
    /// Of each letter of a text, beside those of the question.
    Letters,
    /// Of a text that is cut into words, each of which may be stemmed and folded.
    Tokens,
}

impl Bound {
    /// Of several parts, that of the costliest: whoever asks all of them has to ask this one.
    pub(super) fn cost(&self) -> Cost {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().map(Self::cost).max().unwrap_or(Cost::Nothing)
            }
            Self::Not(part) => part.cost(),
            Self::Test(test) => test.cost(),
            Self::Like(like) => like.cost(),
        }
    }
}

impl Test {
    fn cost(&self) -> Cost {
        match (&self.operand, self.kind) {
            (Typed::Null, _) => Cost::Nothing,
            (_, AttrType::Scalar(Scalar::String | Scalar::Bytes)) => Cost::Text,
            (_, AttrType::Scalar(_)) => Cost::Number,
            // Vectors are as long as lists.
            _ => Cost::List,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Purpose;
    use super::super::samples::{like, schema, test};
    use super::*;
    use crate::model::{
        Case, Edits, Filter, Given, IdType, LastToken, Op, Operand, Pattern, Which,
    };

    fn operand(text: &str) -> Operand {
        Operand::Literal(Given::Text(text.into()))
    }

    fn glob(text: &str) -> Filter {
        like("s", Pattern::Glob { operand: operand(text), case: Case::Matters })
    }

    fn fuzzy(text: &str) -> Filter {
        let edits = vec![Edits { min_chars: 3, distance: 0 }];
        like("s", Pattern::Fuzzy { operand: operand(text), edits, case: Case::Matters })
    }

    fn words(text: &str) -> Filter {
        let (which, last) = (Which::All, LastToken::Itself);
        like("s", Pattern::Tokens { operand: operand(text), which, last })
    }

    fn bind(filter: &Filter) -> Bound {
        Bound::bind(filter, &schema(IdType::Uint), Purpose::Query).unwrap()
    }

    #[test]
    fn the_parts_of_a_filter_stand_in_the_order_of_their_cost() {
        let parts = [
            test("s", Op::Eq, Given::Null),
            test("u", Op::Eq, Given::Int(1)),
            Filter::Not(Box::new(test("i", Op::Lt, Given::Int(1)))),
            test("s", Op::Lt, Given::Text("a".into())),
            test("is", Op::Contains, Given::Int(1)),
            glob("a*"),
            Filter::And(vec![test("i", Op::Eq, Given::Int(1)), fuzzy("abc")]),
            words("a"),
        ];
        let expected: Vec<Bound> = parts.iter().map(bind).collect();
        // What costs the same stays as it was asked.
        for order in [[0, 1, 2, 3, 4, 5, 6, 7], [7, 6, 5, 4, 3, 1, 2, 0]] {
            let asked = order.map(|at: usize| parts[at].clone()).to_vec();
            assert_eq!(bind(&Filter::And(asked.clone())), Bound::And(expected.clone()));
            assert_eq!(bind(&Filter::Or(asked)), Bound::Or(expected.clone()));
        }
    }

    #[test]
    fn a_question_that_nothing_answers_costs_nothing() {
        assert_eq!(bind(&words("")).cost(), Cost::Nothing);
        assert_eq!(bind(&fuzzy("a")).cost(), Cost::Nothing);
    }
}
