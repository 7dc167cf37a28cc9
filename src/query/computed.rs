//! What comes with each row that is shown, beside its attributes: computed of these rows alone.

use std::collections::BTreeMap;

use super::heft;
use super::highlight::Highlighter;
use super::leaf::{self, Leaf};
use super::load::Load;
use super::matches::{Matches, Part};
use super::nearest::Goal;
use super::ranking::Ranking;
use super::score::Tree;
use super::text::{Questions, Texts};
use super::top::rounded;
use super::winner::Winner;
use crate::error::{Error, Result};
use crate::eval::{Bound, Budget, Halt, Purpose, select_among};
use crate::model::{COMPUTED_MAX, Computed, Hit, Made, Schema};

/// Under their labels.
pub(super) struct Computations(Vec<(Box<str>, Computation)>);

enum Computation {
    Score(Tree<Leaf>),
    Holds(Bound),
    Distance(Goal),
    Highlight(Highlighter),
}

impl Computations {
    pub(super) fn bind(
        computed: &[(Box<str>, Computed)],
        rank: Option<&Ranking>,
        schema: &Schema,
        asked: &mut Questions,
        budget: &mut Budget,
    ) -> Result<Self> {
        if computed.len() > COMPUTED_MAX {
            let got = computed.len();
            let message = format!("compute_attributes takes at most {COMPUTED_MAX}, not {got}");
            return Err(Error::invalid(message));
        }
        let mut bound: Vec<(Box<str>, Computation)> = Vec::with_capacity(computed.len());
        for (label, computed) in computed {
            let taken = bound.iter().any(|(known, _)| known == label);
            if taken || **label == *"id" || label.starts_with('$') || label.is_empty() {
                return Err(misnamed(label));
            }
            if schema.attributes.contains_key(label) {
                return Err(misnamed(label));
            }
            let computation = Computation::bind(computed, rank, schema, asked, budget)?;
            bound.push((label.clone(), computation));
        }
        Ok(Self(bound))
    }

    /// The winners in the order of the hits.
    pub(super) fn tell(
        &self,
        matches: &Matches<'_>,
        texts: &Texts,
        winners: &[Winner],
        hits: &mut [Hit],
        halt: &Halt,
        load: &mut Load,
    ) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let shown = matches.only(winners.iter().map(|winner| winner.place));
        let mut of_block: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, winner) in winners.iter().enumerate() {
            of_block.entry(winner.place.block).or_default().push(at);
        }
        for (label, computation) in &self.0 {
            for (block, hit) in &of_block {
                let rows: Vec<usize> = hit.iter().map(|at| winners[*at].place.row).collect();
                let part = &shown.parts[*block];
                let own = label.len() + size_of::<(Box<str>, Made)>();
                let mut weighed = |made: &Made| load.add(own + heft::of_made(made));
                let made = computation.of_rows(*block, part, texts, &rows, halt, &mut weighed)?;
                for (at, made) in hit.iter().zip(made) {
                    hits[*at].made.extend(made.map(|made| (label.clone(), made)));
                }
            }
        }
        Ok(())
    }
}

fn misnamed(label: &str) -> Error {
    Error::invalid(format!(
        "compute_attributes: '{label}' is taken; a label is neither an attribute, nor id, \
         nor does it begin with $"
    ))
}

impl Computation {
    fn bind(
        computed: &Computed,
        rank: Option<&Ranking>,
        schema: &Schema,
        asked: &mut Questions,
        budget: &mut Budget,
    ) -> Result<Self> {
        Ok(match computed {
            Computed::Score(score) => Self::Score(leaf::bind(score, schema, asked, budget)?),
            Computed::Holds(filter) => {
                Self::Holds(Bound::bind_within(budget, filter, schema, Purpose::Query)?)
            }
            Computed::Distance { attribute, vector } => {
                Self::Distance(Goal::bind(schema, attribute, vector)?)
            }
            Computed::Highlight(highlight) => {
                Self::Highlight(Highlighter::bind(highlight, rank, schema, asked, budget)?)
            }
        })
    }

    /// Of these rows of a block, one each, in their order; each is weighed before the next is made.
    fn of_rows(
        &self,
        block: usize,
        part: &Part<'_>,
        texts: &Texts,
        rows: &[usize],
        halt: &Halt,
        weighed: &mut dyn FnMut(&Made) -> Result<()>,
    ) -> Result<Vec<Option<Made>>> {
        let mut all = Vec::with_capacity(rows.len());
        let mut tell = |made: Option<Made>| -> Result<()> {
            made.iter().try_for_each(&mut *weighed)?;
            all.push(made);
            Ok(())
        };
        let mut rows = rows.iter().copied();
        match self {
            Self::Score(tree) => {
                let scores = leaf::scores(tree, block, part, texts, halt)?;
                rows.try_for_each(|row| tell(Some(Made::Number(rounded(scores[row])))))?;
            }
            Self::Holds(bound) => {
                let hits = select_among(bound, &part.block, &part.rows, halt)?;
                rows.try_for_each(|row| tell(Some(Made::Truth(hits.value(row)))))?;
            }
            // Where there is no vector, there is nothing to tell.
            Self::Distance(goal) => {
                let mut distances = BTreeMap::new();
                if let Some(column) = part.column(goal.space.number) {
                    goal.each(column, &part.with_value(column), halt, |row, distance| {
                        distances.insert(row, Made::Number(distance));
                    })?;
                }
                rows.try_for_each(|row| tell(distances.remove(&row)))?;
            }
            Self::Highlight(highlighter) => {
                rows.try_for_each(|row| {
                    let fragments = highlighter.fragments(part, row, texts, halt)?;
                    tell(Some(Made::Fragments(fragments)))
                })?;
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{ask, bm25, living, query, ranked, row, string};
    use super::*;
    use crate::model::{
        Direction, Filter, Given, LastToken, Op, Operand, Page, Query, Rank, Value,
    };

    #[test]
    fn each_row_that_is_shown_brings_what_was_computed_of_it() {
        let rows = [
            row(1, &[("text", string("walrus")), ("v", Value::Vector([3.0, 4.0].into()))]),
            row(2, &[("s", string("x")), ("v", Value::Vector([0.0, 1.0].into()))]),
            row(3, &[("text", string("seal")), ("s", string("x"))]),
        ];
        let operand = Operand::Literal(Given::Text("x".into()));
        let is_x = Filter::Test { attribute: "s".into(), op: Op::Eq, operand };
        let vector = Given::List(vec![Given::Int(0), Given::Int(0)]);
        let computed = vec![
            ("d".into(), Computed::Distance { attribute: "v".into(), vector }),
            ("x".into(), Computed::Holds(is_x)),
            ("n".into(), Computed::Score(bm25("text", "seal", LastToken::Itself))),
        ];
        let by_id = Rank::Order(vec![("id".into(), Direction::Descending)]);
        let page = Page { limit: 3, offset: 0, per: None };
        let query = Query { computed, page, ..ranked(by_id) };
        for block_rows in 1..4 {
            let answer = ask(&living(&rows, block_rows, &[]), &query).unwrap();
            let made: Vec<Vec<(&str, &Made)>> = answer
                .rows
                .iter()
                .map(|hit| hit.made.iter().map(|(label, made)| (&**label, made)).collect())
                .collect();
            let [third, second, first] = &made[..] else { panic!("{made:?}") };
            let (yes, no) = (Made::Truth(true), Made::Truth(false));
            let nothing = Made::Number(0.0);
            assert_eq!(*first, [("d", &Made::Number(25.0)), ("x", &no), ("n", &nothing)]);
            assert_eq!(*second, [("d", &Made::Number(1.0)), ("x", &yes), ("n", &nothing)]);
            // No vector, no distance.
            assert_eq!(third[0], ("x", &yes));
            assert!(matches!(third[1], ("n", Made::Number(score)) if *score > 0.0));
            assert_eq!(third.len(), 2);
        }
    }

    #[test]
    fn a_label_is_no_name_that_a_row_has_already() {
        let count = || Computed::Score(bm25("text", "a", LastToken::Itself));
        let refused = |labels: &[&str]| {
            let computed = labels.iter().map(|label| (Box::<str>::from(*label), count()));
            let query = Query { computed: computed.collect(), ..query() };
            ask(&[], &query).map_err(|error| error.to_string())
        };
        for labels in [&["text"][..], &["id"], &["$dist"], &[""], &["a", "a"]] {
            assert!(refused(labels).unwrap_err().contains("is taken"), "{labels:?}");
        }
        assert!(refused(&["a", "b"]).is_ok());
        let many: Vec<String> = (0..=COMPUTED_MAX).map(|at| format!("l{at}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(refused(&many).unwrap_err().contains("256"));
    }
}
