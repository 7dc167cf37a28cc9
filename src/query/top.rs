//! The best few of all rows that are offered, by a number; ties go by id, ascending.

use super::winner::Winner;
use crate::error::Result;
use crate::eval::{Halt, Place};
use crate::kernels::{Least, Near};
use crate::model::DocId;
use crate::namespace::view::Living;

/// Ids differ, so no place is ever compared: it is what is asked for in the end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    id: DocId,
    place: Place,
}

/// What the number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Better {
    Less,
    More,
}

pub(super) struct Top {
    least: Least<Near<Found>>,
    better: Better,
}

impl Top {
    pub(super) fn new(wanted: usize, better: Better) -> Self {
        Self { least: Least::new(wanted), better }
    }

    /// The id is read only of a row that may be among them.
    pub(super) fn offer(&mut self, number: f32, living: &Living, place: Place) {
        let distance = self.distance(number);
        let near = |last: &Near<Found>| distance.total_cmp(&last.distance).is_le();
        if self.least.last().is_none_or(near) {
            let id = Found { id: living.rows.id(place.row), place };
            self.least.offer(Near { distance, id });
        }
    }

    pub(super) fn into_winners(self, halt: &Halt) -> Result<Vec<Winner>> {
        let better = self.better;
        let winner = |near: Near<Found>| {
            let dist = Some(turned(near.distance, better));
            Winner { place: near.id.place, dist }
        };
        let mut winners = halt.gather(self.least.into_descending().map(winner))?;
        winners.reverse();
        Ok(winners)
    }

    fn distance(&self, number: f32) -> f32 {
        turned(number, self.better)
    }
}

/// Never minus zero, which would come before zero.
fn turned(number: f32, better: Better) -> f32 {
    match better {
        Better::Less => 0.0 + number,
        Better::More => 0.0 - number,
    }
}

/// The nearest number that an answer can hold.
pub(super) fn rounded(score: f64) -> f32 {
    score.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
}
