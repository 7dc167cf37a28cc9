//! What the scores of documents are made of in the end.

use super::matches::Part;
use super::number::Number;
use super::score::{Above, Tree};
use super::sparse::Sparse;
use super::text::{Question, Questions, Texts};
use crate::error::{Error, Result};
use crate::eval::{Bound, Budget, Halt, Purpose, select_among};
use crate::model::{Schema, Score};

pub(super) enum Leaf {
    Text(Question),
    Sparse(Sparse),
    Filter(Bound),
    Number(Number),
}

impl Leaf {
    /// Whether it has something to say of each document, be it nothing.
    pub(super) fn is_of_every_document(&self) -> bool {
        matches!(self, Self::Number(_))
    }
}

pub(super) fn bind(
    score: &Score,
    schema: &Schema,
    asked: &mut Questions,
    budget: &mut Budget,
) -> Result<Tree<Leaf>> {
    let mut leaf = |score: &Score, above: Above| -> Result<Leaf> {
        Ok(match score {
            Score::Text { attribute, query } => Leaf::Text(asked.ask(schema, attribute, query)?),
            Score::Sparse { attribute, weights } => {
                Leaf::Sparse(Sparse::bind(schema, attribute, weights)?)
            }
            Score::Filter(filter) => {
                Leaf::Filter(Bound::bind_within(budget, filter, schema, Purpose::Query)?)
            }
            Score::Attribute(name) => Leaf::Number(Number::value(schema, name, above)?),
            Score::Dist { attribute, origin } => {
                Leaf::Number(Number::distance(schema, attribute, origin, above)?)
            }
            _ => return Err(Error::internal("a score of scores is no leaf")),
        })
    };
    Tree::bind(score, schema, &mut leaf)
}

/// One of each row of the block. Only those of the rows that are meant say anything.
pub(super) fn scores(
    tree: &Tree<Leaf>,
    block: usize,
    part: &Part<'_>,
    texts: &Texts,
    halt: &Halt,
) -> Result<Vec<f64>> {
    let rows = part.rows.len();
    tree.scores(rows, halt, &|leaf| {
        Ok(match leaf {
            Leaf::Text(question) => texts.scores(question, block, rows, halt)?,
            Leaf::Sparse(sparse) => match part.column(sparse.number()) {
                None => vec![0.0; rows],
                Some(column) => sparse.scores(column, &part.with_value(column), halt)?,
            },
            Leaf::Filter(bound) => {
                let hits = select_among(bound, &part.block, &part.rows, halt)?;
                hits.iter().map(|hit| if hit { 1.0 } else { 0.0 }).collect()
            }
            Leaf::Number(number) => number.scores(part.column(number.number()), rows),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::{ask, bm25, ids, living, ranked, row, string, told};
    use super::*;
    use crate::model::{Curve, Filter, Given, LastToken, Op, Operand, Rank, Row, Value};

    fn rows() -> Vec<Row> {
        vec![
            row(1, &[("i", Value::Int(-4)), ("u", Value::Uint(4)), ("text", string("walrus"))]),
            row(2, &[("i", Value::Int(6)), ("t", Value::DateTime(7_200_000_000))]),
            row(3, &[("s", string("x")), ("t", Value::DateTime(0))]),
        ]
    }

    fn told_of(score: Score) -> Vec<(u64, Option<f32>)> {
        told(&ask(&living(&rows(), 2, &[]), &ranked(Rank::Score(score))).unwrap())
    }

    fn refused(score: Score) -> String {
        ask(&[], &ranked(Rank::Score(score))).unwrap_err().to_string()
    }

    fn attribute(name: &str) -> Score {
        Score::Attribute(name.into())
    }

    fn is_x() -> Score {
        let operand = Operand::Literal(Given::Text("x".into()));
        Score::Filter(Filter::Test { attribute: "s".into(), op: Op::Eq, operand })
    }

    fn curve(midpoint: Given) -> Curve {
        Curve { midpoint, exponent: 1.0 }
    }

    fn dist(origin: Given) -> Score {
        Score::Dist { attribute: "t".into(), origin }
    }

    #[test]
    fn what_has_no_score_is_not_there_unless_its_numbers_are_asked_for() {
        assert_eq!(told_of(is_x()), [(3, Some(1.0))]);
        let walrus = bm25("text", "walrus", LastToken::Itself);
        assert_eq!(ids(&ask(&living(&rows(), 2, &[]), &ranked(Rank::Score(walrus))).unwrap()), [1]);
        assert_eq!(told_of(attribute("u")), [(1, Some(4.0)), (2, Some(0.0)), (3, Some(0.0))]);
        let both = Score::Sum(vec![is_x(), attribute("u")]);
        assert_eq!(told_of(both), [(1, Some(4.0)), (3, Some(1.0)), (2, Some(0.0))]);
        let one = Score::Sum(vec![is_x(), Score::Constant(1.0)]);
        assert_eq!(told_of(one), [(3, Some(2.0)), (1, Some(1.0)), (2, Some(1.0))]);
    }

    #[test]
    fn scores_are_made_of_scores() {
        let floor = Score::Max(vec![Score::Constant(1.0), attribute("i")]);
        assert_eq!(told_of(floor), [(2, Some(6.0)), (1, Some(1.0)), (3, Some(1.0))]);
        let half = Score::Product(0.5, Box::new(is_x()));
        assert_eq!(told_of(half), [(3, Some(0.5))]);
        let saturated = Score::Saturate(Box::new(attribute("i")), curve(Given::Int(2)));
        assert_eq!(told_of(saturated), [(2, Some(0.75)), (1, Some(0.0)), (3, Some(0.0))]);
        // Of a time that is missing, nothing is left; and it is no distance either.
        let epoch = || Given::Text("1970-01-01".into());
        let decayed = Score::Decay(Box::new(dist(epoch())), curve(Given::Text("2h".into())));
        assert_eq!(told_of(decayed), [(3, Some(1.0)), (2, Some(0.5)), (1, Some(0.0))]);
        let far = [(2, Some(7_200_000.0)), (1, Some(0.0)), (3, Some(0.0))];
        assert_eq!(told_of(dist(epoch())), far);
        assert_eq!(told_of(dist(Given::Int(0))), far);
    }

    #[test]
    fn no_score_can_be_negative_by_mistake() {
        assert!(refused(attribute("i")).contains("'i' may be negative"));
        let deeper = Score::Sum(vec![attribute("u"), attribute("f")]);
        assert!(refused(Score::Max(vec![Score::Constant(0.0), deeper])).contains("'f' may be"));
        assert!(refused(Score::Max(vec![attribute("i"), attribute("u")])).contains("'i' may be"));
        assert!(refused(attribute("s")).contains("int, uint, float or datetime"));
        assert!(refused(Score::Product(-1.0, Box::new(is_x()))).contains("non-negative"));
        assert!(refused(Score::Constant(1.0)).contains("only in a Sum or a Max"));
        let below = Score::Sum(vec![Score::Constant(-1.0)]);
        assert!(refused(below).contains("non-negative"));
        assert!(refused(Score::Sum(vec![])).contains("at least one part"));
    }

    #[test]
    fn a_curve_has_a_midpoint_of_what_it_is_over() {
        let saturate = |part, curve| refused(Score::Saturate(Box::new(part), curve));
        let hours = || curve(Given::Text("6h".into()));
        assert!(saturate(attribute("u"), hours()).contains("only over the Dist of a datetime"));
        assert!(saturate(attribute("u"), curve(Given::Int(0))).contains("above 0"));
        assert!(saturate(dist(Given::Int(0)), curve(Given::Text("6".into()))).contains("'6'"));
        let flat = Curve { midpoint: Given::Int(1), exponent: 0.0 };
        assert!(saturate(attribute("u"), flat).contains("exponent"));
        assert!(refused(dist(Given::Text("soon".into()))).contains("'soon'"));
    }
}
