//! From what aggregations hold to what is said of it: buckets are put in order and cut, gaps are
//! filled, figures are rounded.

use std::cmp::Ordering;
use std::sync::Arc;

use super::branch::{Branch, Held};
use super::cell::{int_of_rank, of_rank};
use super::keyed::Keyed;
use super::node::{Filters, Histogram, Node, Over, Ranges, Terms};
use super::room::{Allowance, Full};
use super::sorting::{Rank, Sorting};
use crate::error::{Error, Result};
use crate::model::aggregation::{Bucket, Buckets, Key, Metric, Summary};
use crate::model::{Scalar, Value};
use crate::query::heft;

/// A branch, of which every bucket knows those that are under it.
pub(super) struct Outline<'a> {
    node: &'a Node,
    held: &'a Held,
    /// Where the buckets under each one above begin, and the last of them end.
    starts: Vec<u32>,
    /// The buckets under the first one above, those under the next, and so on.
    under: Vec<u32>,
    below: Vec<Outline<'a>>,
}

/// A bucket: none, if it fills a gap.
type Number = Option<u32>;

impl<'a> Outline<'a> {
    pub(super) fn of(node: &'a Node, branch: &'a Branch, above: usize) -> Self {
        let (mut starts, mut under) = (Vec::new(), Vec::new());
        let buckets = match &branch.held {
            Held::Keyed(keyed) => {
                (starts, under) = gathered(keyed, above);
                keyed.len()
            }
            Held::Slots(_) => above * node.slots().unwrap_or(0),
            Held::Moments(_) | Held::Quantiles(_) | Held::Distinct(_) => 0,
        };
        let below = node.below.iter().zip(&branch.below);
        let below = below.map(|(node, branch)| Self::of(node, branch, buckets)).collect();
        Self { node, held: &branch.held, starts, under, below }
    }

    /// What it takes beside what is held.
    pub(super) fn bytes(&self) -> u64 {
        let numbers = self.starts.capacity() + self.under.capacity();
        let below = self.below.iter().map(Self::bytes);
        (size_of::<u32>() * numbers) as u64 + below.sum::<u64>()
    }

    /// What there is to say of one bucket above. It takes of the allowance, which has to be large
    /// enough.
    pub(super) fn told(&self, above: Number, allowance: &mut Allowance<'_>) -> Result<Summary> {
        let summary = match &self.node.over {
            Over::Metric(..) => self.figures(above)?,
            _ => Summary::Buckets(self.buckets(above, allowance)?),
        };
        allowance.load.add(heft::of_one(&summary))?;
        Ok(summary)
    }

    /// What a metric says of one bucket above.
    fn figures(&self, above: Number) -> Result<Summary> {
        let bucket = above.map_or(usize::MAX, |above| above as usize);
        match (&self.node.over, self.held) {
            (Over::Metric(column, metric), Held::Moments(held)) => {
                Ok(held.summary(metric, column.scalar, bucket))
            }
            (Over::Metric(column, Metric::Percentiles { percents }), Held::Quantiles(held)) => {
                Ok(held.summary(percents, column.scalar, bucket))
            }
            (Over::Metric(_, Metric::Cardinality { precision }), Held::Distinct(held)) => {
                Ok(Summary::Count(held.count(*precision, bucket)))
            }
            _ => Err(not_its_own()),
        }
    }

    /// The buckets under one bucket above.
    fn buckets(&self, above: Number, allowance: &mut Allowance<'_>) -> Result<Buckets> {
        match (&self.node.over, self.held) {
            (Over::Terms(column, terms), Held::Keyed(keyed)) => {
                self.terms(terms, column.scalar, keyed, above, allowance)
            }
            (Over::Histogram(_, histogram), Held::Keyed(keyed)) => {
                let next = |step: i64| step + 1;
                let key = |step: i64| Key::Number(histogram.steps.key(step));
                self.histogram(histogram, keyed, above, next, key, allowance)
            }
            (Over::DateHistogram(_, histogram), Held::Keyed(keyed)) => {
                let stretches = &histogram.steps;
                let next = |begin: i64| stretches.next(begin);
                let key = |begin: i64| Key::Moment {
                    ms: begin.div_euclid(1000),
                    ahead_s: stretches.ahead_s(begin),
                };
                self.histogram(histogram, keyed, above, next, key, allowance)
            }
            (Over::Range(_, Ranges { told, .. }), Held::Slots(_)) => {
                let keys = told.iter().map(|range| Key::Range {
                    key: range.key.clone(),
                    from: range.from.clone(),
                    to: range.to.clone(),
                });
                self.slots(keys, above, allowance)
            }
            (Over::Filters(Filters { filters, other }), Held::Slots(_)) => {
                let names = filters.iter().map(|(name, _)| name).chain(other);
                self.slots(names.map(|name| Key::Name(name.clone())), above, allowance)
            }
            _ => Err(not_its_own()),
        }
    }

    /// With what is below it.
    fn bucket(
        &self,
        key: Key,
        count: u64,
        number: Number,
        allowance: &mut Allowance<'_>,
    ) -> Result<Bucket> {
        allowance.halt.check()?;
        let told = |outline: &Outline<'_>| -> Result<(Arc<str>, Summary)> {
            Ok((outline.node.name.clone(), outline.told(number, allowance)?))
        };
        let below = self.below.iter().map(told).collect::<Result<_>>()?;
        let bucket = Bucket { key, count, below };
        allowance.load.add(heft::of_one_bucket(&bucket))?;
        Ok(bucket)
    }

    /// The buckets that were met under one above.
    fn met(&self, above: Number) -> &[u32] {
        let Some(above) = above.map(|above| above as usize) else { return &[] };
        match (self.starts.get(above), self.starts.get(above + 1)) {
            (Some(from), Some(to)) => &self.under[*from as usize..*to as usize],
            _ => &[],
        }
    }

    fn rank(&self, order: &Sorting, count: u64, bucket: Number) -> Result<Rank> {
        // What is ordered by is a metric, and is let go at once.
        order.rank(count, |below| self.below[below].figures(bucket))
    }

    fn terms(
        &self,
        terms: &Terms,
        kind: Scalar,
        keyed: &Keyed,
        above: Number,
        allowance: &mut Allowance<'_>,
    ) -> Result<Buckets> {
        let met = self.met(above);
        let all = met.iter().fold(0_u64, |all, bucket| all.saturating_add(keyed.count_of(*bucket)));
        let least =
            if crate::slip!("Terms know no min_doc_count") { 1 } else { terms.min_doc_count };
        let many = if crate::slip!("Terms are cut, then sorted") { terms.size } else { met.len() };
        let met = met.iter().take(many);
        let enough = |bucket: &&u32| keyed.count_of(**bucket) >= least;
        let rank = |bucket: &u32| -> Result<(Rank, u32)> {
            Ok((self.rank(&terms.order, keyed.count_of(*bucket), Some(*bucket))?, *bucket))
        };
        let mut ranked = met.filter(enough).map(rank).collect::<Result<Vec<_>>>()?;
        let compare = |(a, of_a): &(Rank, u32), (b, of_b): &(Rank, u32)| {
            terms.order.compare(a, b, || by_key(keyed, *of_a, *of_b))
        };
        if ranked.len() > terms.size {
            ranked.select_nth_unstable_by(terms.size, compare);
            ranked.truncate(terms.size);
        }
        ranked.sort_unstable_by(compare);
        let mut buckets = Vec::with_capacity(ranked.len());
        let mut others = all;
        for (rank, bucket) in ranked {
            if !crate::slip!("other_count is of all terms") {
                others = others.saturating_sub(rank.count);
            }
            let key = Key::Term(term(keyed, kind, bucket)?);
            buckets.push(self.bucket(key, rank.count, Some(bucket), allowance)?);
        }
        Ok(Buckets { buckets, others: Some(others) })
    }

    fn histogram<S>(
        &self,
        histogram: &Histogram<S>,
        keyed: &Keyed,
        above: Number,
        next: impl Fn(i64) -> i64,
        key: impl Fn(i64) -> Key,
        allowance: &mut Allowance<'_>,
    ) -> Result<Buckets> {
        let met = self.met(above).iter();
        let mut met: Vec<(i64, Number)> =
            met.map(|bucket| (int_of_rank(keyed.key_of(*bucket)), Some(*bucket))).collect();
        met.sort_unstable();
        if histogram.min_doc_count == 0 {
            met = self.without_gaps(&met, &histogram.extended, next, allowance)?;
        }
        let count = |bucket: Number| bucket.map_or(0, |bucket| keyed.count_of(bucket));
        met.retain(|(_, bucket)| count(*bucket) >= histogram.min_doc_count);
        if crate::slip!("a Histogram loses its last bucket") {
            met.pop();
        }
        let order = &histogram.order;
        if !order.is_by_key() {
            let rank = |(key, bucket): (i64, Number)| -> Result<(Rank, (i64, Number))> {
                Ok((self.rank(order, count(bucket), bucket)?, (key, bucket)))
            };
            let mut ranked = met.into_iter().map(rank).collect::<Result<Vec<_>>>()?;
            ranked.sort_unstable_by(|(a, (key_a, _)), (b, (key_b, _))| {
                order.compare(a, b, || key_a.cmp(key_b))
            });
            met = ranked.into_iter().map(|(_, met)| met).collect();
        }
        let told = |(begin, bucket): (i64, Number)| {
            self.bucket(key(begin), count(bucket), bucket, allowance)
        };
        let buckets = met.into_iter().map(told).collect::<Result<_>>()?;
        Ok(Buckets { buckets, others: None })
    }

    /// Every bucket from the first to the last that is met, or that is there in any case.
    fn without_gaps(
        &self,
        met: &[(i64, Number)],
        extended: &[i64],
        next: impl Fn(i64) -> i64,
        allowance: &mut Allowance<'_>,
    ) -> Result<Vec<(i64, Number)>> {
        let keys = || met.iter().map(|(key, _)| *key).chain(extended.iter().copied());
        let (Some(first), Some(last)) = (keys().min(), keys().max()) else { return Ok(Vec::new()) };
        let mut all = Vec::with_capacity(met.len());
        let mut met = met.iter().copied().peekable();
        let mut key = first;
        while key <= last {
            // One that is met is told, wherever it is.
            while let Some(known) = met.next_if(|(known, _)| *known < key) {
                all.push(known);
            }
            match met.next_if(|(known, _)| *known == key) {
                Some(known) => all.push(known),
                None => {
                    allowance.seats.take(1).map_err(|Full| self.node.full())?;
                    all.push((key, None));
                }
            }
            key = next(key);
        }
        all.extend(met);
        Ok(all)
    }

    fn slots(
        &self,
        keys: impl Iterator<Item = Key>,
        above: Number,
        allowance: &mut Allowance<'_>,
    ) -> Result<Buckets> {
        let width = self.node.slots().unwrap_or(0) as u32;
        if above.is_none() {
            allowance.seats.take(width.into()).map_err(|Full| self.node.full())?;
        }
        let count = |number: u32| match self.held {
            Held::Slots(slots) => slots.count_of(number as usize),
            _ => 0,
        };
        let mut buckets = Vec::with_capacity(width as usize);
        for (at, key) in (0..width).zip(keys) {
            let number = above.map(|above| above * width + at);
            let count = number.map_or(0, count);
            buckets.push(self.bucket(key, count, number, allowance)?);
        }
        Ok(Buckets { buckets, others: None })
    }
}

fn not_its_own() -> Error {
    Error::internal("an aggregation holds what is none of its own")
}

/// The buckets by the ones above them, and where those of each begin.
fn gathered(keyed: &Keyed, above: usize) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0_u32; above + 1];
    for bucket in keyed.above() {
        starts[*bucket as usize + 1] += 1;
    }
    for at in 0..above {
        starts[at + 1] += starts[at];
    }
    let mut next = starts.clone();
    let mut under = vec![0_u32; keyed.len()];
    for (number, bucket) in (0..).zip(keyed.above()) {
        let at = &mut next[*bucket as usize];
        under[*at as usize] = number;
        *at += 1;
    }
    (starts, under)
}

/// Words are in the order in which they came, and not in that of their letters.
fn by_key(keyed: &Keyed, a: u32, b: u32) -> Ordering {
    let (a, b) = (keyed.key_of(a), keyed.key_of(b));
    match keyed.words.len() {
        0 => a.cmp(&b),
        _ => keyed.words.word(a).cmp(&keyed.words.word(b)),
    }
}

fn term(keyed: &Keyed, kind: Scalar, bucket: u32) -> Result<Value> {
    let key = keyed.key_of(bucket);
    let word = || keyed.words.word(key);
    let value = match kind {
        Scalar::String => word()
            .and_then(|word| std::str::from_utf8(word).ok().map(|text| Value::String(text.into()))),
        Scalar::Uuid => word()
            .and_then(|word| word.try_into().ok())
            .map(|bytes| Value::Uuid(u128::from_be_bytes(bytes))),
        _ => of_rank(kind, key),
    };
    value.ok_or_else(|| Error::internal("the key of a bucket is no value of its attribute"))
}
