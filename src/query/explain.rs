//! What is done for an answer, in words.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::plan::Plan;
use crate::error::{Error, Result};
use crate::model::{Direction, Filter, Page, Query, Rank, Reads, Score};
use crate::namespace::view::{Living, View};

/// A few lines. What could not be answered is refused as it would be.
pub fn explain(view: &View, living: &[Living], reads: Reads, query: &Query) -> Result<String> {
    Plan::of(query, view.schema())?;
    let mut plan = String::new();
    lines(&mut plan, view, living, reads, query)
        .map_err(|error| Error::internal("a plan cannot be written").with_source(error))?;
    Ok(plan)
}

fn lines(
    plan: &mut String,
    view: &View,
    living: &[Living],
    reads: Reads,
    query: &Query,
) -> Result<(), std::fmt::Error> {
    let alive = |blocks: &[Living]| -> usize {
        blocks.iter().map(|block| block.alive.count_set_bits()).sum()
    };
    let (folded, tail) = living.split_at(view.segments().len().min(living.len()));
    match &query.filter {
        None => writeln!(plan, "filter: none")?,
        Some(filter) => writeln!(plan, "filter: {}", enumerated(&of_filter(filter)))?,
    }
    if let Some(rank) = &query.rank {
        writeln!(plan, "rank: {}", of_rank(rank))?;
        let Page { limit, offset, per } = &query.page;
        write!(plan, "page: {limit} from {offset}")?;
        if let Some(per) = per {
            let names = per.attributes.iter().map(|name| &**name).collect();
            write!(plan, ", at most {} of the same {}", per.limit, listed(&names))?;
        }
        writeln!(plan)?;
    }
    for (what, count) in [
        ("computed of each row shown", query.computed.len()),
        ("aggregates", query.aggregates.len()),
        ("keys of groups", query.groups.len()),
        ("aggregations", query.aggregations.len()),
    ] {
        if count > 0 {
            writeln!(plan, "{what}: {count}")?;
        }
    }
    writeln!(plan, "rows: {} in segments, {} in the tail", alive(folded), alive(tail))?;
    writeln!(plan, "segments: {}", folded.len())?;
    writeln!(plan, "reads of the store: {}, of {} bytes", reads.objects, reads.bytes)?;
    writeln!(plan, "indexes: none, every row is looked at and the answer is exact")
}

fn of_rank(rank: &Rank) -> String {
    match rank {
        Rank::Nearest { attribute, .. } => format!("the nearest to a vector by `{attribute}`"),
        Rank::Similar { attribute, vectors } => {
            format!("the most similar to {} vectors by `{attribute}`", vectors.len())
        }
        Rank::Score(score) => {
            let mut parts = BTreeSet::new();
            of_score(score, &mut parts);
            let parts: Vec<String> = parts.into_iter().collect();
            format!("the highest score of {}", parts.join(", "))
        }
        Rank::Order(keys) => {
            let key = |(name, direction): &(Box<str>, Direction)| match direction {
                Direction::Ascending => format!("`{name}` ascending"),
                Direction::Descending => format!("`{name}` descending"),
            };
            // No two have the same id, which leaves nothing to be told apart.
            let last = match keys.iter().any(|(name, _)| **name == *"id") {
                true => "",
                false => ", then by id",
            };
            let keys: Vec<String> = keys.iter().map(key).collect();
            format!("{}{last}", keys.join(", "))
        }
    }
}

fn of_score(score: &Score, parts: &mut BTreeSet<String>) {
    match score {
        Score::Text { attribute, .. } => {
            parts.insert(format!("BM25 over `{attribute}`"));
        }
        Score::Sparse { attribute, .. } => {
            parts.insert(format!("the inner product with `{attribute}`"));
        }
        Score::Filter(filter) => {
            parts.insert(format!("a filter of {}", enumerated(&of_filter(filter))));
        }
        Score::Attribute(attribute) => {
            parts.insert(format!("`{attribute}`"));
        }
        Score::Dist { attribute, .. } => {
            parts.insert(format!("the distance of `{attribute}`"));
        }
        Score::Constant(_) => {}
        Score::Sum(inner) | Score::Max(inner) => {
            inner.iter().for_each(|part| of_score(part, parts));
        }
        Score::Product(_, part) | Score::Saturate(part, _) | Score::Decay(part, _) => {
            of_score(part, parts);
        }
    }
}

/// What is asked of which attribute: each once, however often and of whatever it is asked.
fn of_filter(filter: &Filter) -> BTreeSet<String> {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().flat_map(of_filter).collect(),
        Filter::Not(part) => {
            of_filter(part).into_iter().map(|part| format!("not {part}")).collect()
        }
        Filter::Test { attribute, op, .. } => BTreeSet::from([format!("`{attribute}` {op:?}")]),
        Filter::Like { attribute, pattern } => {
            BTreeSet::from([format!("`{attribute}` {}", pattern.word())])
        }
    }
}

fn listed(names: &BTreeSet<&str>) -> String {
    enumerated(&names.iter().map(|name| format!("`{name}`")).collect())
}

fn enumerated(parts: &BTreeSet<String>) -> String {
    let parts: Vec<&str> = parts.iter().map(|part| &**part).collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{living, query, ranked, row};
    use super::*;
    use crate::model::{Case, Curve, Given, Op, Operand, Pattern, Per, Seq};
    use crate::namespace::base::Base;
    use crate::namespace::tail::Tail;

    #[test]
    fn a_plan_says_what_is_done_and_over_how_much() {
        let view = View::new(Tail::behind(&Base::default(), Seq(0)), Vec::new());
        let living = living(&[row(1, &[]), row(2, &[]), row(3, &[])], 2, &[true]);
        let operand = Operand::Literal(Given::Int(2));
        let filter = Filter::Test { attribute: "id".into(), op: Op::Gt, operand };
        let per = Some(Per { attributes: vec!["id".into()], limit: 1 });
        let order = Rank::Order(vec![("id".into(), Direction::Descending)]);
        let page = Page { limit: 10, offset: 5, per };
        let query = Query { filter: Some(filter), page, ..ranked(order) };
        let reads = Reads { objects: 3, bytes: 4096 };
        let plan = explain(&view, &living, reads, &query).unwrap();
        let expected = "filter: `id` Gt\n\
                        rank: `id` descending\n\
                        page: 10 from 5, at most 1 of the same `id`\n\
                        rows: 0 in segments, 2 in the tail\n\
                        segments: 0\n\
                        reads of the store: 3, of 4096 bytes\n\
                        indexes: none, every row is looked at and the answer is exact\n";
        assert_eq!(plan, expected);
    }

    #[test]
    fn an_order_ends_with_the_id_and_names_it_once() {
        let of = |names: &[&str]| {
            let key = |name: &&str| (Box::<str>::from(*name), Direction::Ascending);
            of_rank(&Rank::Order(names.iter().map(key).collect()))
        };
        assert_eq!(of(&["n"]), "`n` ascending, then by id");
        assert_eq!(of(&["n", "id"]), "`n` ascending, `id` ascending");
        assert_eq!(of(&["id", "n"]), "`id` ascending, `n` ascending");
    }

    #[test]
    fn a_filter_names_what_is_asked_of_which_attribute() {
        let operand = || Operand::Literal(Given::Text("x".into()));
        let test = |op| Filter::Test { attribute: "s".into(), op, operand: operand() };
        let pattern = Pattern::Glob { operand: operand(), case: Case::Ignored };
        let like = Filter::Like { attribute: "t".into(), pattern };
        let either = Filter::Or(vec![like.clone(), test(Op::Eq), test(Op::Gt), test(Op::Eq)]);
        assert_eq!(enumerated(&of_filter(&either)), "`s` Eq, `s` Gt, `t` IGlob");
        let not = Filter::Not(Box::new(Filter::And(vec![test(Op::In), like])));
        assert_eq!(enumerated(&of_filter(&not)), "not `s` In, not `t` IGlob");
        assert_eq!(enumerated(&of_filter(&Filter::And(Vec::new()))), "nothing");
    }

    #[test]
    fn a_score_names_what_it_is_made_of() {
        let part = Score::Attribute("n".into());
        let curve = Curve { midpoint: Given::Int(1), exponent: 1.0 };
        let score = Score::Sum(vec![
            Score::Saturate(Box::new(part.clone()), curve),
            Score::Max(vec![Score::Constant(0.0), part]),
        ]);
        assert_eq!(of_rank(&Rank::Score(score)), "the highest score of `n`");
    }

    #[test]
    fn what_could_not_be_answered_is_not_explained() {
        let view = View::new(Tail::behind(&Base::default(), Seq(0)), Vec::new());
        let order = Rank::Order(vec![("gone".into(), Direction::Ascending)]);
        let explain = |query: &Query| explain(&view, &[], Reads::default(), query);
        assert!(explain(&ranked(order)).is_err());
        assert!(explain(&query()).is_ok());
    }
}
