//! What is done for an answer, in words.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::plan::Plan;
use crate::error::{Error, Result};
use crate::model::{Direction, Filter, Fusion, Page, Query, Rank, Reads, Score};
use crate::namespace::view::{Living, View};

/// A few lines. What could not be answered is refused as it would be.
pub fn explain(view: &View, living: &[Living], reads: Reads, query: &Query) -> Result<String> {
    Plan::of(query, view.schema())?;
    let mut plan = String::new();
    lines(&mut plan, view, living, reads, query)
        .map_err(|error| Error::internal("a plan cannot be written").with_source(error))?;
    Ok(plan)
}

/// A line behind the plans of those that are made one.
pub fn explain_fusion(fusion: &Fusion) -> String {
    let Fusion { constant, weights, page: Page { limit, offset, .. } } = fusion;
    let part = |weight: &f64| format!("{weight} / ({constant} + rank)");
    let parts: Vec<String> = weights.iter().map(part).collect();
    let from = if *offset == 0 { String::new() } else { format!(" from {offset}") };
    format!("fusion: the highest sum of {}, the first {limit}{from}\n", parts.join(" and "))
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
        Some(filter) => writeln!(plan, "filter: {}", of_filter(filter))?,
    }
    if let Some(rank) = &query.rank {
        writeln!(plan, "rank: {}", of_rank(rank))?;
        let Page { limit, offset, per } = &query.page;
        write!(plan, "page: {limit} from {offset}")?;
        if let Some(per) = per {
            let names = per.attributes.iter().map(|name| format!("`{name}`"));
            let names: Vec<String> = names.collect();
            write!(plan, ", at most {} of the same {}", per.limit, names.join(", "))?;
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
        Rank::Similar { attribute, vectors, .. } => {
            format!("the most similar to {} vectors by `{attribute}`", vectors.len())
        }
        Rank::Score(score) => format!("the highest score of {}", of_score(score)),
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

/// As it is nested. A sum of one is that one, and so is what counts once.
fn of_score(score: &Score) -> String {
    let several = |parts: &[Score]| parts.iter().map(of_score).collect::<Vec<_>>().join(", ");
    match score {
        Score::Text { attribute, .. } => format!("BM25 over `{attribute}`"),
        Score::Sparse { attribute, .. } => format!("the inner product with `{attribute}`"),
        Score::Filter(filter) => format!("a filter of ({})", of_filter(filter)),
        Score::Attribute(attribute) => format!("`{attribute}`"),
        Score::Dist { attribute, .. } => format!("the distance of `{attribute}`"),
        Score::Constant(number) => number.to_string(),
        Score::Sum(parts) | Score::Max(parts) if parts.len() == 1 => of_score(&parts[0]),
        Score::Sum(parts) => format!("the sum of ({})", several(parts)),
        Score::Max(parts) => format!("the largest of ({})", several(parts)),
        Score::Product(factor, part) if *factor == 1.0 => of_score(part),
        Score::Product(factor, part) => format!("{factor} times ({})", of_score(part)),
        Score::Saturate(part, _) => format!("the saturation of ({})", of_score(part)),
        Score::Decay(part, _) => format!("the decay of ({})", of_score(part)),
    }
}

/// As it is nested: what is asked of which attribute.
fn of_filter(filter: &Filter) -> String {
    match filter {
        Filter::And(parts) => joined(parts, " and ", "each", "everything"),
        Filter::Or(parts) => joined(parts, " or ", "one", "nothing"),
        Filter::Not(part) => format!("not {}", enclosed(part)),
        Filter::Test { attribute, op, .. } => format!("`{attribute}` {op:?}"),
        Filter::Like { attribute, pattern } => format!("`{attribute}` {}", pattern.word()),
    }
}

/// Parts that read alike, such as a thousand of one attribute, are told once, and how many they are.
fn joined(parts: &[Filter], word: &str, which: &str, none: &str) -> String {
    if let [one] = parts {
        return of_filter(one);
    }
    let mut told: Vec<String> = Vec::new();
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for part in parts.iter().map(enclosed) {
        let before = times.entry(part.clone()).or_default();
        *before += 1;
        if *before == 1 {
            told.push(part);
        }
    }
    let told: Vec<String> = told
        .into_iter()
        .map(|part| match times[&part] {
            1 => part,
            many => format!("{which} of {many} {part}"),
        })
        .collect();
    if told.is_empty() { none.to_owned() } else { told.join(word) }
}

/// So that nobody has to know which word binds more.
fn enclosed(filter: &Filter) -> String {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => match &parts[..] {
            [] => of_filter(filter),
            [one] => enclosed(one),
            _ => format!("({})", of_filter(filter)),
        },
        _ => of_filter(filter),
    }
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
    fn a_filter_is_told_as_it_is_nested() {
        let operand = || Operand::Literal(Given::Text("x".into()));
        let test = |op| Filter::Test { attribute: "s".into(), op, operand: operand() };
        let pattern = Pattern::Glob { operand: operand(), case: Case::Ignored };
        let like = || Filter::Like { attribute: "t".into(), pattern: pattern.clone() };
        let not = |filter| Filter::Not(Box::new(filter));
        let both = || vec![test(Op::Gt), like()];
        for (filter, told) in [
            (Filter::And(vec![]), "everything"),
            (Filter::Or(vec![]), "nothing"),
            (Filter::And(both()), "`s` Gt and `t` IGlob"),
            (Filter::Or(both()), "`s` Gt or `t` IGlob"),
            (not(Filter::And(both())), "not (`s` Gt and `t` IGlob)"),
            (not(Filter::Or(both())), "not (`s` Gt or `t` IGlob)"),
            (not(Filter::Or(vec![like()])), "not `t` IGlob"),
            (not(not(like())), "not not `t` IGlob"),
            (not(Filter::And(vec![Filter::Or(both())])), "not (`s` Gt or `t` IGlob)"),
            (
                Filter::And(vec![Filter::And(vec![Filter::Or(both())]), test(Op::Eq)]),
                "(`s` Gt or `t` IGlob) and `s` Eq",
            ),
            (
                Filter::And(vec![Filter::Or(both()), test(Op::Eq), Filter::And(both())]),
                "(`s` Gt or `t` IGlob) and `s` Eq and (`s` Gt and `t` IGlob)",
            ),
            (Filter::Or(vec![like(), like()]), "one of 2 `t` IGlob"),
            (Filter::And(vec![like(), like()]), "each of 2 `t` IGlob"),
            (Filter::Or(vec![test(Op::Eq), like(), test(Op::Eq)]), "one of 2 `s` Eq or `t` IGlob"),
        ] {
            assert_eq!(of_filter(&filter), told);
        }
    }

    #[test]
    fn a_score_is_told_as_it_is_nested() {
        let part = || Score::Attribute("n".into());
        let curve = || Curve { midpoint: Given::Int(1), exponent: 1.0 };
        let score = Score::Sum(vec![
            Score::Saturate(Box::new(part()), curve()),
            Score::Max(vec![Score::Constant(0.5), part()]),
            Score::Product(2.0, Box::new(Score::Decay(Box::new(part()), curve()))),
        ]);
        let told = "the highest score of the sum of (the saturation of (`n`), \
                    the largest of (0.5, `n`), 2 times (the decay of (`n`)))";
        assert_eq!(of_rank(&Rank::Score(score)), told);
        let once = Score::Sum(vec![Score::Product(1.0, Box::new(part()))]);
        assert_eq!(of_rank(&Rank::Score(once)), "the highest score of `n`");
    }

    #[test]
    fn what_rankings_come_to_together_is_told_behind_them() {
        let mut fusion = Fusion { constant: 60.0, weights: vec![0.5, 2.0], page: Page::of(2) };
        let told = "fusion: the highest sum of 0.5 / (60 + rank) and 2 / (60 + rank), the first 2";
        assert_eq!(explain_fusion(&fusion), format!("{told}\n"));
        fusion.page.offset = 3;
        assert_eq!(explain_fusion(&fusion), format!("{told} from 3\n"));
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
