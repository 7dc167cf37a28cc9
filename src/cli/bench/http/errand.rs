//! What a request comes to once it was read: asked of the engine, without a socket and without JSON.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::cli::bench::line::Address;
use crate::cli::bench::rows::{Body, Load, Spelling};
use crate::engine::Engine;
use crate::error::Result;
use crate::model::{Consistency, Given, GivenRow, Namespace, Page, Query, Rank, Search, Write};

/// How many of the nearest are asked for.
const NEAREST: usize = 10;
/// Under which rows have their vector and their text.
const VECTOR: &str = "vector";
const TEXT: &str = "text";
/// Ids below those of a `Load`, so that each row is a new one.
const ID_FIRST: u64 = 1;

/// Its clones write no row twice.
#[derive(Clone, Debug)]
pub(super) enum Errand {
    Write { text: Box<str>, next: Arc<AtomicU64> },
    Query(Box<Query>),
    Metadata,
}

impl Errand {
    /// One row.
    pub(super) fn write(text: &str) -> Self {
        Self::Write { text: text.into(), next: Arc::new(AtomicU64::new(ID_FIRST)) }
    }

    /// As it is read, where it is spelt so.
    pub(super) fn nearest(vector: &[f32], spelling: Spelling) -> Self {
        let float = |number: &f32| Given::Float(f64::from(*number));
        let vector = match spelling {
            Spelling::Floats => Given::List(vector.iter().map(float).collect()),
            Spelling::Base64 => Given::Text(spelling.of(vector).trim_matches('"').into()),
        };
        let rank = Rank::Nearest { attribute: VECTOR.into(), vector, search: Search::Approximate };
        Self::Query(Box::new(Query {
            rank: Some(rank),
            page: Page::of(NEAREST),
            ..Query::default()
        }))
    }

    pub(super) async fn run(&self, engine: &Engine, name: &Namespace) -> Result<()> {
        match self {
            Self::Write { text, next } => {
                let id = Given::Int(next.fetch_add(1, Relaxed).cast_signed());
                let values = vec![(TEXT.into(), Given::Text(text.clone()))];
                let upserts = vec![GivenRow { id, values }];
                let write = Write { upserts, ..Write::default() };
                engine.write(name, write, None).await.map(drop)
            }
            Self::Query(query) => {
                let queries = vec![Query::clone(query)];
                engine.query(name, queries, Consistency::Strong, None).await.map(drop)
            }
            Self::Metadata => engine.metadata(name).await.map(drop),
        }
    }
}

/// The same question, as it is sent.
pub(super) fn nearest(address: &Address, path: &str, vector: &[f32], spelling: Spelling) -> Load {
    let vector = spelling.of(vector);
    let query = format!("{{\"rank_by\":[\"{VECTOR}\",\"ANN\",{vector}],\"limit\":{NEAREST}}}");
    Load::of(address, &format!("{path}/query"), &Body::query(&query))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_what_is_asked_of_the_engine() {
        let mut load = nearest(&Address::of("a:1"), "/x", &[0.5, -1.0], Spelling::Floats);
        let request = String::from_utf8(load.renew().to_vec()).unwrap();
        assert!(request.starts_with("POST /x/query HTTP/1.1\r\n"), "{request}");
        let body = "{\"rank_by\":[\"vector\",\"ANN\",[0.5,-1]],\"limit\":10}";
        assert!(request.ends_with(body), "{request}");

        let asked = |spelling| match Errand::nearest(&[0.5, -1.0], spelling) {
            Errand::Query(query) => *query,
            other => panic!("{other:?}"),
        };
        let search = Search::Approximate;
        let query = asked(Spelling::Floats);
        let vector = Given::List(vec![Given::Float(0.5), Given::Float(-1.0)]);
        let attribute = "vector".into();
        assert_eq!(query.rank, Some(Rank::Nearest { attribute, vector, search }));
        assert_eq!(query.page, Page::of(10));
        let (attribute, vector) = ("vector".into(), Given::Text("AAAAPwAAgL8=".into()));
        let query = asked(Spelling::Base64);
        assert_eq!(query.rank, Some(Rank::Nearest { attribute, vector, search }));
    }
}
