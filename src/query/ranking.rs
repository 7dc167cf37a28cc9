//! What puts the rows of an answer in order.

use super::leaf::{self, Leaf};
use super::matches::Matches;
use super::nearest::Goal;
use super::score::Tree;
use super::similar::Similar;
use super::text::{Questions, Texts};
use super::top::{Better, Top, rounded};
use super::winner::Winner;
use crate::error::Result;
use crate::eval::{Budget, Halt, Order, Place};
use crate::model::{Rank, Schema};

pub(super) enum Ranking {
    Nearest(Goal),
    Similar(Similar),
    Score(Tree<Leaf>),
    Order(Order),
}

impl Ranking {
    pub(super) fn bind(
        rank: &Rank,
        schema: &Schema,
        asked: &mut Questions,
        budget: &mut Budget,
    ) -> Result<Self> {
        Ok(match rank {
            Rank::Nearest { attribute, vector, .. } => {
                Similar::refuse_one(schema, attribute)?;
                Self::Nearest(Goal::bind(schema, attribute, vector)?)
            }
            Rank::Similar { attribute, vectors, .. } => {
                Self::Similar(Similar::bind(schema, attribute, vectors)?)
            }
            Rank::Score(score) => Self::Score(leaf::bind(score, schema, asked, budget)?),
            Rank::Order(by) => Self::Order(Order::bind(by, schema)?),
        })
    }

    /// The first so many of the matches.
    pub(super) fn first(
        &self,
        matches: &Matches<'_>,
        texts: &Texts,
        wanted: usize,
        halt: &Halt,
    ) -> Result<Vec<Winner>> {
        match self {
            Self::Nearest(goal) => goal.first(matches, wanted, halt),
            Self::Similar(similar) => similar.first(matches, wanted, halt),
            Self::Score(tree) => scored(tree, matches, texts, wanted, halt),
            Self::Order(order) => {
                let places = order.first(&matches.blocks(), wanted, halt)?;
                Ok(places.into_iter().map(|place| Winner { place, dist: None }).collect())
            }
        }
    }
}

/// Rounded first and compared then: what is shown as equal is a tie. A score of nothing says that
/// the document is none of those that are asked for, but where numbers of its own are in the score.
fn scored(
    tree: &Tree<Leaf>,
    matches: &Matches<'_>,
    texts: &Texts,
    wanted: usize,
    halt: &Halt,
) -> Result<Vec<Winner>> {
    let with_zero = tree.leaves().into_iter().any(Leaf::is_of_every_document);
    let mut top = Top::new(wanted, Better::More);
    for (block, part) in matches.parts.iter().enumerate() {
        if !part.rows.has_true() {
            continue;
        }
        let scores = leaf::scores(tree, block, part, texts, halt)?;
        halt.each(&part.rows, |row| {
            let score = rounded(scores[row]);
            if score != 0.0 || with_zero {
                top.offer(score, part.living, Place { block, row });
            }
        })?;
    }
    top.into_winners(halt)
}
