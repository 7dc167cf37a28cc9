//! Changes of documents that nobody names: they are found by a filter.

use elacsym::model::Excess;

use super::super::NOS_OF_WISH;
use super::{COUNTS, Hand, LETTERS};
use crate::world::words::{COUNT, Change, Datum, Find, TEXT};

/// The chance that a change which finds documents names some, too.
const ALSO_NAMES: f64 = 0.3;
/// Documents that are found by their mark are of so late a wish.
const WISHES_BEFORE: usize = 8;

impl Hand<'_> {
    /// Few are found, or a name would soon be empty: those of a low count, or of one of the last wishes of
    /// this client.
    pub(super) fn find(&mut self) -> Change {
        let mut change = match self.chance.happens(ALSO_NAMES) {
            true => self.mix(),
            false => Change::default(),
        };
        let verb = self.chance.below(5);
        if verb < 3 {
            change.delete_found = Some(self.found());
        }
        if verb > 1 {
            let mut doc = self.bare();
            if self.chance.happens(0.7) {
                doc.insert(COUNT, Datum::Int(self.chance.below(COUNTS) as i64));
            }
            if self.chance.happens(0.3) {
                doc.insert(TEXT, self.text());
            }
            change.patch_found = Some((self.found(), doc));
        }
        // Of a large batch there may be no room for all.
        if self.habits.large_at.is_none() {
            change.excess = self.chance.one_of(&[Excess::Refused, Excess::Left]);
        }
        change
    }

    fn found(&mut self) -> Find {
        let before = NOS_OF_WISH * self.chance.between(1, WISHES_BEFORE) as i64;
        let below = self.chance.below(COUNTS / 2) as i64;
        let letter = self.chance.one_of(&LETTERS);
        let without = self.chance.one_of(&[COUNT, COUNT, TEXT]);
        let mark = Find::MarkIs(self.no - before);
        let below = Find::CountBelow(below);
        self.chance.one_of(&[
            below,
            below,
            mark,
            mark,
            Find::Without(without),
            Find::Begins(letter),
        ])
    }
}
