//! Queries: which documents of a view, in which order, and what of them.
//!
//! A query is bound to a schema first, so that what cannot be asked is refused before a row is
//! read. Then a filter says which living rows match, a ranking puts them in order, and of these a
//! page is shown. Answers are exact, for every row is looked at; indexes will look at fewer.
//!
//! What must hold: every loop over rows ends where the halt is raised, and no row of an answer is made
//! before there is room for those that are there.

mod aggregate;
mod aggregation;
mod computed;
mod exact;
mod explain;
mod fixed;
mod fuse;
mod group;
pub mod heft;
mod highlight;
mod key;
mod leaf;
mod load;
mod matches;
mod nearest;
mod number;
mod page;
mod plan;
mod ranking;
mod recall;
#[cfg(test)]
mod samples;
mod score;
mod similar;
mod sparse;
mod text;
mod top;
mod winner;

use crate::error::Result;
use crate::eval::Halt;
use crate::model::{Answer, Query, Schema};
use crate::namespace::view::{Living, View};
use matches::Matches;
use plan::Plan;
use winner::Winner;

pub use aggregation::{Aggregations, Partial};
pub use explain::{explain, explain_fusion};
pub use fuse::fuse;
pub use load::{Load, Overload};
pub use recall::recall;

pub(crate) use group::GROUPS_OF_A_DOCUMENT_MAX;
pub(crate) use similar::VECTORS_MAX;

/// Answers a query. It loops over rows: whoever calls it is not waited for by the network.
pub fn answer(
    view: &View,
    living: &[Living],
    query: &Query,
    halt: &Halt,
    load: &mut Load,
) -> Result<Answer> {
    of_blocks(view.schema(), living, query, halt, load)
}

fn of_blocks(
    schema: &Schema,
    living: &[Living],
    query: &Query,
    halt: &Halt,
    load: &mut Load,
) -> Result<Answer> {
    let Plan { filter, rank, page, include, computed, aggregation, aggregations, questions } =
        Plan::of(query, schema)?;
    let matches = Matches::of(living, filter.as_ref(), halt)?;
    let texts = questions.read(living, halt)?;
    let winners = match &rank {
        Some(rank) if query.page.limit > 0 => {
            let (wanted, mut held) = (page.wanted(&matches), load.beside());
            held.add(wanted * size_of::<Winner>())?;
            let first = rank.first(&matches, &texts, wanted, halt)?;
            page.cut(first, &matches, halt, &mut held)?
        }
        Some(_) | None => Vec::new(),
    };
    let mut rows = winner::hits(&winners, living, &include, schema, halt, load)?;
    computed.tell(&matches, &texts, &winners, &mut rows, halt, load)?;
    let aggregates = aggregation.map(|aggregation| aggregation.of(&matches, halt, load));
    let aggregates = aggregates.transpose()?;
    let partial = aggregations.of(&matches, halt, load)?;
    let aggregations = aggregations.finish(&partial, halt, load)?;
    Ok(Answer { rows, aggregates, aggregations })
}

#[cfg(test)]
mod tests {
    use super::samples::{
        ask, bm25, is_halted, living, load, query, ranked, row, schema, string, strings,
    };
    use super::*;
    use crate::error::Error;
    use crate::memory::Memory;
    use crate::model::aggregation::{Aggregation, Metric};
    use crate::model::{
        Aggregate, Computed, Direction, Filter, Fragments, Given, Group, Highlight, Include,
        LastToken, Offsets, Op, Operand, Page, Per, Rank, Row, Score, Search, Value,
    };

    fn full(id: u64) -> Row {
        let values = [
            ("text", string("walrus")),
            ("u", Value::Uint(1)),
            ("f", Value::Float(0.5)),
            ("tags", strings(&["x"])),
            ("v", Value::Vector([1.0, 0.0].into())),
            ("late", Value::Vectors([1.0, 0.0].into())),
            ("sparse", Value::Sparse([(Box::<str>::from("a"), 1.0)].into())),
        ];
        row(id, &values)
    }

    fn vector() -> Given {
        Given::List(vec![Given::Int(1), Given::Int(0)])
    }

    fn is_one() -> Filter {
        let operand = Operand::Literal(Given::Int(1));
        Filter::Test { attribute: "u".into(), op: Op::Eq, operand }
    }

    fn walrus() -> Score {
        bm25("text", "walrus", LastToken::Itself)
    }

    fn highlight() -> Computed {
        Computed::Highlight(Highlight {
            attribute: "text".into(),
            fragments: Fragments::Whole,
            limit: 1,
            offsets: Some(Offsets::Utf8),
            rank: None,
        })
    }

    fn mean() -> Aggregation {
        Aggregation::metric("u", Metric::Avg)
    }

    fn raised() -> Halt {
        let halt = Halt::default();
        halt.raise();
        halt
    }

    /// Each has one loop that comes first.
    #[test]
    fn a_query_that_is_halted_ends_whatever_it_asks() {
        let living = living(&[full(1), full(2), full(3)], 2, &[]);
        let count = || vec![("n".into(), Aggregate::Count)];
        let weights = Given::Map(vec![("a".into(), Given::Int(1))]);
        let sparse = Score::Sparse { attribute: "sparse".into(), weights };
        let search = Search::Exact;
        for query in [
            Query { filter: Some(is_one()), aggregates: count(), ..query() },
            ranked(Rank::Nearest { attribute: "v".into(), vector: vector(), search }),
            ranked(Rank::Similar { attribute: "late".into(), vectors: vec![vector()], search }),
            ranked(Rank::Order(vec![("u".into(), Direction::Ascending)])),
            ranked(Rank::Score(walrus())),
            ranked(Rank::Score(sparse)),
            ranked(Rank::Score(Score::Filter(is_one()))),
            ranked(Rank::Score(Score::Attribute("u".into()))),
            Query { aggregates: count(), ..query() },
            Query { aggregates: vec![("f".into(), Aggregate::Sum("f".into()))], ..query() },
            Query { aggregates: count(), groups: vec![Group::Of("u".into())], ..query() },
            Query { aggregations: vec![("a".into(), mean())], ..query() },
        ] {
            assert!(ask(&living, &query).is_ok(), "{query:?}");
            let told = of_blocks(&schema(), &living, &query, &raised(), &mut load());
            assert!(is_halted(&told.unwrap_err()), "{query:?}");
        }
    }

    /// Whatever comes before it is done.
    #[test]
    fn a_query_may_be_halted_at_any_of_its_steps() {
        let (living, schema) = (living(&[full(1), full(2), full(3)], 2, &[]), schema());
        let per = Some(Per { attributes: vec!["u".into()], limit: 1 });
        let page = Page { limit: 3, offset: 0, per };
        let distance = Computed::Distance { attribute: "v".into(), vector: vector() };
        for computed in
            [Computed::Score(walrus()), Computed::Holds(is_one()), distance, highlight()]
        {
            let computed = vec![("c".into(), computed)];
            let query = Query { page: page.clone(), computed, ..ranked(Rank::Score(walrus())) };
            let Plan { rank, page, include, computed, questions, .. } =
                Plan::of(&query, &schema).unwrap();
            let halt = Halt::default();
            let matches = Matches::of(&living, None, &halt).unwrap();
            let texts = questions.read(&living, &halt).unwrap();
            let rank = rank.unwrap();
            assert!(is_halted(&rank.first(&matches, &texts, 3, &raised()).unwrap_err()));
            let first = rank.first(&matches, &texts, 3, &halt).unwrap();
            assert!(is_halted(
                &page.cut(first.clone(), &matches, &raised(), &mut load()).unwrap_err()
            ));
            let winners = page.cut(first, &matches, &halt, &mut load()).unwrap();
            assert_eq!(winners.len(), 1);
            let hits =
                |halt: &Halt| winner::hits(&winners, &living, &include, &schema, halt, &mut load());
            assert!(is_halted(&hits(&raised()).unwrap_err()));
            let mut hits = hits(&halt).unwrap();
            let mut tell = |halt: &Halt| {
                computed.tell(&matches, &texts, &winners, &mut hits, halt, &mut load())
            };
            assert!(is_halted(&tell(&raised()).unwrap_err()), "{query:?}");
            tell(&halt).unwrap();
        }
    }

    fn overload(error: &Error) -> Option<Overload> {
        std::error::Error::source(error).and_then(|source| source.downcast_ref()).copied()
    }

    #[test]
    fn no_more_rows_are_made_than_there_is_room_for() {
        let text = |id: u64| string(&format!("{id} {}", "walrus ".repeat(8 << 10)));
        let rows: Vec<Row> = (0..100).map(|id| row(id, &[("text", text(id))])).collect();
        let (living, schema) = (living(&rows, 30, &[]), schema());
        let within = |memory: &Memory, query: &Query| {
            of_blocks(&schema, &living, query, &Halt::default(), &mut Load::on(memory))
        };
        let shown = Query { include: Include::All, ..ranked(Rank::Score(walrus())) };
        let marked =
            Query { computed: vec![("c".into(), highlight())], ..ranked(Rank::Score(walrus())) };
        let grouped = Query {
            aggregates: vec![("n".into(), Aggregate::Count)],
            groups: vec![Group::Of("text".into())],
            ..query()
        };
        for query in [&shown, &marked, &grouped] {
            let memory = Memory::of(4 << 20);
            let told = within(&memory, query).unwrap_err();
            let Overload { bytes } = overload(&told).unwrap();
            // All of them come to more than this by far.
            assert!(bytes > memory.most() && bytes < memory.most() + (1 << 20), "{bytes}");
            assert_eq!(memory.used(), 0);
            assert!(within(&Memory::of(64 << 20), query).is_ok());
        }

        // Nor are more counted that are like no other.
        let rows: Vec<Row> = (0..20_000).map(|id| row(id, &[("u", Value::Uint(id))])).collect();
        let many = super::samples::living(&rows, 20_000, &[]);
        let per = Some(Per { attributes: vec!["u".into()], limit: 1 });
        let page = Page { limit: 10, offset: 9_990, per };
        let apart = Query { page, ..ranked(Rank::Order(vec![("u".into(), Direction::Ascending)])) };
        let apart = |memory: &Memory| {
            of_blocks(&schema, &many, &apart, &Halt::default(), &mut Load::on(memory))
        };
        let memory = Memory::of(1 << 20);
        assert!(overload(&apart(&memory).unwrap_err()).unwrap().bytes > memory.most());
        assert_eq!(memory.used(), 0);
        assert!(apart(&Memory::of(64 << 20)).is_ok());

        // Of several queries, all that they have together.
        let memory = Memory::of(4 << 20);
        let (halt, mut load) = (Halt::default(), Load::on(&memory));
        let few = Query { page: Page::of(20), ..shown };
        let answers = (0..16).map(|_| of_blocks(&schema, &living, &few, &halt, &mut load));
        let answers: Vec<Answer> = answers.map_while(Result::ok).collect();
        assert_eq!(answers.len(), 3);
        let bytes = answers.iter().flat_map(|answer| &answer.rows).map(heft::of_hit).sum::<usize>();
        assert!(memory.used() >= bytes as u64);
    }
}
