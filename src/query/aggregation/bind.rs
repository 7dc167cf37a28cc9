//! Aggregations are bound to a schema: all that can be wrong with one is found here, and told under
//! its name.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::node::{Filters, Node, Over, Terms};
use super::operand;
use super::ranges;
use super::sorting::Sorting;
use super::zone::Zone;
use crate::error::{Error, Result};
use crate::eval::{Bound, Budget, Purpose};
use crate::model::aggregation::{
    self, AGGREGATION_DEPTH_MAX, AGGREGATION_NAME_BYTES_MAX, AGGREGATIONS_MAX, Aggregation, By,
    FILTERS_MAX, Kind, Named, ORDERS_MAX, OWN_NAMES, Order, TERMS_MAX,
};
use crate::model::{Direction, Schema};

pub(super) fn bind(named: &[Named], schema: &Schema, budget: &mut Budget) -> Result<Vec<Node>> {
    Binder { schema, budget, count: 0 }.level(named, "", 1)
}

struct Binder<'a> {
    schema: &'a Schema,
    budget: &'a mut Budget,
    /// How many there are so far.
    count: usize,
}

impl Binder<'_> {
    fn level(&mut self, named: &[Named], above: &str, depth: usize) -> Result<Vec<Node>> {
        let mut names = BTreeSet::new();
        let mut nodes = Vec::with_capacity(named.len());
        for (name, aggregation) in named {
            let path = if above.is_empty() { name.to_string() } else { format!("{above}>{name}") };
            let refused = |why: String| Error::invalid(format!("aggregation `{path}`: {why}"));
            check_name(name, depth).map_err(refused)?;
            if !names.insert(name) {
                return Err(refused("it stands twice".to_owned()));
            }
            self.count += 1;
            if self.count > AGGREGATIONS_MAX {
                let why = format!("a query has at most {AGGREGATIONS_MAX} aggregations");
                return Err(refused(why));
            }
            if depth > AGGREGATION_DEPTH_MAX {
                let why = format!("aggregations nest at most {AGGREGATION_DEPTH_MAX} deep");
                return Err(refused(why));
            }
            let Aggregation { kind, below } = aggregation;
            if matches!(kind, Kind::Metric(..)) && !below.is_empty() {
                return Err(refused("a metric has no buckets, and nothing below it".to_owned()));
            }
            let below = self.level(below, &path, depth + 1)?;
            let over = self.over(kind, &below).map_err(refused)?;
            let under = below.iter().map(Node::weight_above);
            let weight = under.fold(1, u64::saturating_add);
            nodes.push(Node { name: Arc::from(&**name), path: path.into(), over, weight, below });
        }
        Ok(nodes)
    }

    fn over(&mut self, kind: &Kind, below: &[Node]) -> Result<Over, String> {
        let schema = self.schema;
        Ok(match kind {
            Kind::Metric(source, metric) => {
                let takes = operand::taken_by(metric);
                let column = operand::column(source, takes, schema, &Zone::UTC)?;
                Over::Metric(column, operand::metric(metric)?)
            }
            Kind::Terms(source, terms) => {
                let column = operand::column(source, operand::KEYS, schema, &Zone::UTC)?;
                Over::Terms(column, of_terms(terms, below)?)
            }
            Kind::Histogram(source, histogram) => {
                let column = operand::column(source, operand::STEPS, schema, &Zone::UTC)?;
                let order = order(&histogram.layout.order, by_key(), below)?;
                Over::Histogram(column, operand::histogram(histogram, order)?)
            }
            Kind::DateHistogram(source, histogram) => {
                let zone = operand::zone(histogram)?;
                let column = operand::column(source, operand::MOMENTS, schema, &zone)?;
                let order = order(&histogram.layout.order, by_key(), below)?;
                Over::DateHistogram(column, operand::date_histogram(histogram, zone, order)?)
            }
            Kind::Range(source, ranges) => {
                let column = operand::column(source, operand::NUMBERS, schema, &Zone::UTC)?;
                let ranges = ranges::bind(ranges, column.scalar)?;
                Over::Range(column, ranges)
            }
            Kind::Filters(filters) => Over::Filters(self.filters(filters)?),
        })
    }

    fn filters(&mut self, asked: &aggregation::Filters) -> Result<Filters, String> {
        let aggregation::Filters { filters, other } = asked;
        if !(1..=FILTERS_MAX).contains(&filters.len()) {
            return Err(format!("it takes 1 to {FILTERS_MAX} filters, not {}", filters.len()));
        }
        let mut names: BTreeSet<&str> = other.as_deref().into_iter().collect();
        let mut bound = Vec::with_capacity(filters.len());
        for (name, filter) in filters {
            if !names.insert(name) {
                return Err(format!("two of its buckets are called `{name}`"));
            }
            let filter = Bound::bind_within(self.budget, filter, self.schema, Purpose::Query);
            let filter = filter.map_err(|error| format!("filter `{name}`: {error}"))?;
            bound.push((Arc::from(&**name), filter));
        }
        Ok(Filters { filters: bound, other: other.as_deref().map(Arc::from) })
    }
}

/// Whose answers stand beside what a bucket says of itself are not called the same.
fn check_name(name: &str, depth: usize) -> Result<(), String> {
    if !(1..=AGGREGATION_NAME_BYTES_MAX).contains(&name.len()) {
        return Err(format!("a name has 1 to {AGGREGATION_NAME_BYTES_MAX} bytes"));
    }
    if name.contains(['[', ']', '>']) {
        return Err("a name has no `[`, no `]` and no `>` in it".to_owned());
    }
    if depth > 1 && OWN_NAMES.contains(&name) {
        return Err(format!("`{name}` is what a bucket calls something of its own"));
    }
    Ok(())
}

fn of_terms(terms: &aggregation::Terms, below: &[Node]) -> Result<Terms, String> {
    let aggregation::Terms { size, min_doc_count, order: words } = terms;
    if !(1..=TERMS_MAX).contains(size) {
        return Err(format!("size is 1 to {TERMS_MAX}, not {size}"));
    }
    if *min_doc_count == 0 {
        let why = "min_doc_count is at least 1: a term that no document has is not known";
        return Err(why.to_owned());
    }
    let order = order(words, (By::Count, Direction::Descending), below)?;
    Ok(Terms { size: *size as usize, min_doc_count: *min_doc_count, order })
}

fn by_key() -> Order {
    (By::Key, Direction::Ascending)
}

fn order(words: &[Order], default: Order, below: &[Node]) -> Result<Sorting, String> {
    if words.len() > ORDERS_MAX {
        return Err(format!("an order has at most {ORDERS_MAX} words, not {}", words.len()));
    }
    Sorting::bind(words, default, below)
}
