//! The order of buckets: by how many documents they have, by key, or by a figure of what is below.

use std::cmp::Ordering;

use super::node::{Node, Over};
use crate::error::Result;
use crate::model::Direction;
use crate::model::aggregation::{By, Metric, Order, Spread, Stats, Sum, Summary, value_figure};

/// One after the other, where those before do not decide.
#[derive(Debug)]
pub(super) struct Sorting(Vec<(Sort, Direction)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Count,
    Key,
    /// Of one of those below, in the order in which they were asked for.
    Figure(usize, Figure),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Figure {
    /// The only one that there is.
    Value,
    Stat(Stat),
    Percentile(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stat {
    Count,
    Min,
    Max,
    Avg,
    Sum,
    SumOfSquares,
    Variance,
    VarianceSampling,
    Deviation,
    DeviationSampling,
}

/// What a bucket is compared by.
#[derive(Debug)]
pub(super) struct Rank {
    pub(super) count: u64,
    /// One for each word of the order that asks for one.
    figures: Vec<Option<f64>>,
}

impl Sorting {
    /// What is wrong with the order is told in words.
    pub(super) fn bind(order: &[Order], default: Order, below: &[Node]) -> Result<Self, String> {
        let default = [default];
        let words = if order.is_empty() { &default[..] } else { order };
        let word = |(by, direction): &Order| Ok((Sort::bind(by, below)?, *direction));
        words.iter().map(word).collect::<Result<_, _>>().map(Self)
    }

    /// Nothing but the key, ascending.
    pub(super) fn is_by_key(&self) -> bool {
        matches!(self.0.first(), Some((Sort::Key, Direction::Ascending)))
    }

    pub(super) fn rank(
        &self,
        count: u64,
        mut told: impl FnMut(usize) -> Result<Summary>,
    ) -> Result<Rank> {
        let mut figures = Vec::new();
        for (sort, _) in &self.0 {
            if let Sort::Figure(below, figure) = sort {
                figures.push(figure.of(&told(*below)?));
            }
        }
        Ok(Rank { count, figures })
    }

    /// `keys` is how the keys of the two compare.
    pub(super) fn compare(&self, a: &Rank, b: &Rank, keys: impl Fn() -> Ordering) -> Ordering {
        let mut figures = a.figures.iter().zip(&b.figures);
        for (sort, direction) in &self.0 {
            let order = match sort {
                Sort::Count if crate::slip!("few come before many") => a.count.cmp(&b.count),
                Sort::Count => directed(a.count.cmp(&b.count), *direction),
                Sort::Key => directed(keys(), *direction),
                Sort::Figure(..) => match figures.next() {
                    Some((Some(a), Some(b))) => directed(a.total_cmp(b), *direction),
                    // What has none comes last, whatever the direction.
                    Some((Some(_), None)) => Ordering::Less,
                    Some((None, Some(_))) => Ordering::Greater,
                    Some((None, None)) | None => Ordering::Equal,
                },
            };
            if order.is_ne() {
                return order;
            }
        }
        keys()
    }
}

fn directed(order: Ordering, direction: Direction) -> Ordering {
    match direction {
        Direction::Ascending => order,
        Direction::Descending => order.reverse(),
    }
}

impl Sort {
    fn bind(by: &By, below: &[Node]) -> Result<Self, String> {
        let path = match by {
            By::Count => return Ok(Self::Count),
            By::Key => return Ok(Self::Key),
            By::Metric(path) => path,
        };
        // Names may have points in them: the longest one is meant.
        let rest = |node: &Node| match path.strip_prefix(&*node.name)? {
            "" => Some(""),
            rest => rest.strip_prefix('.'),
        };
        let named = below.iter().enumerate().filter_map(|(at, node)| Some((at, node, rest(node)?)));
        let Some((at, node, figure)) = named.max_by_key(|(_, node, _)| node.name.len()) else {
            return Err(format!("there is nothing called `{path}` below it to be ordered by"));
        };
        let Over::Metric(_, metric) = &node.over else {
            return Err(format!("the order `{path}` is by buckets, and not by a number"));
        };
        match Figure::bind(metric, figure) {
            Some(figure) => Ok(Self::Figure(at, figure)),
            None => Err(format!("the order `{path}` names no figure of that metric")),
        }
    }
}

impl Figure {
    fn bind(metric: &Metric, name: &str) -> Option<Self> {
        match metric {
            Metric::Stats | Metric::ExtendedStats { .. } => {
                let stat = Stat::named(name)?;
                let plain = matches!(metric, Metric::Stats);
                (!plain || stat.is_plain()).then_some(Self::Stat(stat))
            }
            Metric::Percentiles { percents } => {
                let percent: f64 = name.parse().ok()?;
                percents.iter().position(|known| *known == percent).map(Self::Percentile)
            }
            _ => matches!(name, "" | "value").then_some(Self::Value),
        }
    }

    fn of(self, summary: &Summary) -> Option<f64> {
        match (self, summary) {
            (Self::Value, Summary::Number(number, _)) => *number,
            (Self::Value, Summary::Sum(Sum { number, .. })) => Some(*number),
            (Self::Value, Summary::Bound(value)) => value_figure(value.as_ref()?),
            (Self::Value, Summary::Count(count)) => Some(*count as f64),
            (Self::Stat(stat), Summary::Stats(stats)) => stat.of(stats),
            (Self::Percentile(at), Summary::Percentiles(told)) => told.figures.get(at)?.1,
            _ => None,
        }
    }
}

impl Stat {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "count" => Self::Count,
            "min" => Self::Min,
            "max" => Self::Max,
            "avg" => Self::Avg,
            "sum" => Self::Sum,
            "sum_of_squares" => Self::SumOfSquares,
            "variance" | "variance_population" => Self::Variance,
            "variance_sampling" => Self::VarianceSampling,
            "std_deviation" | "std_deviation_population" => Self::Deviation,
            "std_deviation_sampling" => Self::DeviationSampling,
            _ => return None,
        })
    }

    /// Whether `Stats` has it, too.
    fn is_plain(self) -> bool {
        matches!(self, Self::Count | Self::Min | Self::Max | Self::Avg | Self::Sum)
    }

    fn of(self, stats: &Stats) -> Option<f64> {
        let spread = stats.spread.unwrap_or(Spread::NOTHING);
        match self {
            Self::Count => Some(stats.count as f64),
            Self::Min => value_figure(stats.min.as_ref()?),
            Self::Max => value_figure(stats.max.as_ref()?),
            Self::Avg => stats.avg,
            Self::Sum => Some(stats.sum.number),
            Self::SumOfSquares => spread.sum_of_squares,
            Self::Variance => spread.variance,
            Self::VarianceSampling => spread.variance_sampling,
            Self::Deviation => spread.deviation,
            Self::DeviationSampling => spread.deviation_sampling,
        }
    }
}
