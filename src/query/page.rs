//! Which of the rows in order are shown: some are passed over, and of those that have the same
//! values under some attributes, only a few are taken.

use std::collections::BTreeMap;

use super::key::{Key, Keyed};
use super::load::Load;
use super::matches::Matches;
use super::winner::Winner;
use crate::error::{Error, Result};
use crate::eval::{BLOCK_ROWS, Halt};
use crate::model::{LIMIT_MAX, PER_ATTRIBUTES_MAX, Page, Per, Schema};

pub(super) struct Window {
    limit: usize,
    offset: usize,
    per: Option<Share>,
}

/// Of those that have the same keys, so many.
struct Share {
    keys: Vec<Keyed>,
    limit: usize,
}

type Counts<'a> = BTreeMap<Vec<Key<'a>>, usize>;

impl Window {
    pub(super) fn bind(page: &Page, schema: &Schema) -> Result<Self> {
        let Page { limit, offset, per } = page;
        if limit.saturating_add(*offset) > LIMIT_MAX {
            let message = format!("💔 offset and limit together are at most {LIMIT_MAX}");
            return Err(Error::invalid(message));
        }
        let per = per.as_ref().map(|per| Share::bind(per, schema)).transpose()?;
        Ok(Self { limit: *limit, offset: *offset, per })
    }

    /// How many of the first are looked at. Whoever shares has to look at all, for any number of
    /// the first may be alike.
    pub(super) fn wanted(&self, matches: &Matches<'_>) -> usize {
        match self.per {
            None => self.offset + self.limit,
            Some(_) => matches.count(),
        }
    }

    /// What is counted on the way is held beside the first.
    pub(super) fn cut<'a>(
        &self,
        first: Vec<Winner>,
        matches: &Matches<'a>,
        halt: &Halt,
        held: &mut Load,
    ) -> Result<Vec<Winner>> {
        let Some(share) = &self.per else {
            return Ok(first.into_iter().skip(self.offset).take(self.limit).collect());
        };
        let each = share.limit + usize::from(crate::slip!("limit.per takes one more"));
        let early = if crate::slip!("the offset comes before limit.per") { self.offset } else { 0 };
        let (mut counts, mut counted) = (Counts::new(), 0);
        let takes = |winner: &Winner, counts: &mut Counts<'a>| {
            let living = matches.parts[winner.place.block].living;
            let key = |keyed: &Keyed| Key::at(keyed.column(living), keyed.kind(), winner.place.row);
            let count = counts.entry(share.keys.iter().map(key).collect()).or_default();
            *count += 1;
            *count <= each
        };
        let (offset, mut taken) = (self.offset - early, Vec::new());
        for winners in first.get(early..).unwrap_or_default().chunks(BLOCK_ROWS) {
            halt.check()?;
            taken.extend(winners.iter().copied().filter(|winner| takes(winner, &mut counts)));
            held.add((counts.len() - counted) * share.heft())?;
            counted = counts.len();
            if taken.len() >= offset + self.limit {
                break;
            }
        }
        Ok(taken.into_iter().skip(offset).take(self.limit).collect())
    }
}

impl Share {
    fn bind(per: &Per, schema: &Schema) -> Result<Self> {
        if !(1..=PER_ATTRIBUTES_MAX).contains(&per.attributes.len()) {
            let got = per.attributes.len();
            return Err(Error::invalid(format!(
                "limit.per takes 1 to {PER_ATTRIBUTES_MAX} attributes, not {got}"
            )));
        }
        if per.limit == 0 {
            return Err(Error::invalid("limit.per.limit is at least 1"));
        }
        let keyed = |name| Keyed::bind(schema, name, "limit.per");
        Ok(Self {
            keys: per.attributes.iter().map(|name| &**name).map(keyed).collect::<Result<_>>()?,
            limit: per.limit,
        })
    }

    /// Of one count. A tree is two thirds full, more or less.
    fn heft(&self) -> usize {
        let keys = self.keys.len() * size_of::<Key<'_>>();
        (size_of::<(Vec<Key<'_>>, usize)>() + keys) * 3 / 2
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{ask, id, ids, living, number, query, ranked, row, schema, string};
    use super::*;
    use crate::model::{Direction, Rank, Row, Value};

    fn page(limit: usize, offset: usize, per: Option<(&[&str], usize)>) -> Page {
        let names = |names: &[&str]| names.iter().map(|name| Box::<str>::from(*name)).collect();
        let per = per.map(|(attributes, limit)| Per { attributes: names(attributes), limit });
        Page { limit, offset, per }
    }

    proptest! {
        /// Greedy, in the order of the ranking; a value that is missing is one like another.
        #[test]
        fn no_more_are_taken_than_may_be_alike(
            values in prop::collection::vec((0..5_i64, prop::option::of("[ab]"), -1..2_i64), 0..30),
            limit in 1..10_usize,
            offset in 0..5_usize,
            alike in 1..4_usize,
            block_rows in 1..31_usize,
        ) {
            let rows: Vec<Row> = values.iter().enumerate().map(|(at, (rank, text, float))| {
                let mut held = vec![("i", Value::Int(*rank))];
                held.extend(text.as_deref().map(|text| ("s", string(text))));
                held.push(("f", Value::Float(*float as f64 * 0.0)));
                row(at as u64, &held)
            }).collect();
            let order = Rank::Order(vec![("i".into(), Direction::Descending)]);
            let query = crate::model::Query {
                page: page(limit, offset, Some((&["s", "f"][..], alike))),
                ..ranked(order)
            };
            let answer = ask(&living(&rows, block_rows, &[]), &query).unwrap();

            let mut sorted: Vec<&Row> = rows.iter().collect();
            let rank = |row: &Row| match row.value(number("i")) {
                Some(Value::Int(rank)) => *rank,
                _ => panic!("each has one"),
            };
            sorted.sort_by_key(|row| (-rank(row), id(row)));
            let mut taken: Vec<&Row> = Vec::new();
            for row in sorted {
                let text = row.value(number("s"));
                let same = taken.iter().filter(|other| other.value(number("s")) == text).count();
                if same < alike {
                    taken.push(row);
                }
            }
            let expected: Vec<u64> =
                taken.into_iter().map(id).skip(offset).take(limit).collect();
            prop_assert_eq!(ids(&answer), expected);
        }
    }

    #[test]
    fn a_page_ends_where_nobody_looks_any_further() {
        let refused = |page: Page| {
            let query = crate::model::Query { page, ..query() };
            ask(&[], &query).unwrap_err().to_string()
        };
        assert!(refused(page(LIMIT_MAX, 1, None)).contains("10000"));
        assert!(Window::bind(&page(LIMIT_MAX - 1, 1, None), &schema()).is_ok());
        assert!(refused(page(1, 0, Some((&[] as &[&str], 1)))).contains("1 to 8 attributes"));
        assert!(refused(page(1, 0, Some((&["s"; 9][..], 1)))).contains("1 to 8 attributes"));
        assert!(refused(page(1, 0, Some((&["s"][..], 0)))).contains("at least 1"));
        assert!(refused(page(1, 0, Some((&["tags"][..], 1)))).contains("scalar"));
        assert!(refused(page(1, 0, Some((&["gone"][..], 1)))).contains("attribute not found"));
    }
}
