//! What a fragment comes to by `rank_fragments_by`: a score like that of a document, whose one
//! attribute is `$fragment`.
//!
//! That is a text, which is never missing, is read as those of the attribute are, and may be asked
//! whatever a text may be asked. A filter over it is worth one if it holds; a BM25 how rare those
//! tokens are that it shares with the question, each once.

use std::collections::BTreeMap;

use arrow_array::StringArray;
use arrow_buffer::BooleanBuffer;

use crate::error::{Error, Result};
use crate::eval::{Block, Bound, Budget, Halt, Purpose, select_among};
use crate::model::{
    AttrNo, AttrType, Attribute, FRAGMENT, Filter, FullText, Operand, Options, Pattern, Scalar,
    Schema, Score, TextQuery,
};
use crate::query::score::{Above, Tree};
use crate::query::text::{Finding, Question, Questions, Texts};

pub(super) struct Worth {
    number: AttrNo,
    tree: Tree<Leaf>,
}

enum Leaf {
    Text(Question),
    Filter(Bound),
}

impl Worth {
    /// The attribute that is highlighted lends its number and its options. `marked` takes the
    /// questions whose tokens are.
    pub(super) fn bind(
        score: &Score,
        number: AttrNo,
        options: &FullText,
        asked: &mut Questions,
        budget: &mut Budget,
        marked: &mut Vec<Question>,
    ) -> Result<Self> {
        let schema = schema_of_fragments(number, options);
        let mut leaf = |score: &Score, _: Above| -> Result<Leaf> {
            Ok(match score {
                Score::Text { attribute, query } if **attribute == *FRAGMENT => {
                    let question = asked.ask(&schema, FRAGMENT, query)?;
                    marked.push(question.clone());
                    Leaf::Text(question)
                }
                Score::Filter(filter) if is_over_fragments(filter) => {
                    let bound = Bound::bind_within(budget, filter, &schema, Purpose::Query)?;
                    for query in questions(filter) {
                        marked.push(asked.look_for(&schema, FRAGMENT, &query)?);
                    }
                    Leaf::Filter(bound)
                }
                _ => {
                    return Err(Error::invalid(format!(
                        "rank_fragments_by is made of BM25 and of filters over \"{FRAGMENT}\", \
                         and of nothing else"
                    )));
                }
            })
        };
        let tree = Tree::bind(score, &schema, &mut leaf)?;
        Ok(Self { number, tree })
    }

    /// One of each fragment, in which so much was found of what is asked for.
    pub(super) fn scores(
        &self,
        fragments: Vec<&str>,
        findings: &[Finding],
        texts: &Texts,
        halt: &Halt,
    ) -> Result<Vec<f64>> {
        let column = StringArray::from(fragments);
        let rows = BooleanBuffer::new_set(findings.len());
        // No filter over it can ask for an id.
        let block = Block::new(&column).with(self.number, &column);
        self.tree.scores(findings.len(), halt, &|leaf| {
            Ok(match leaf {
                Leaf::Text(question) => {
                    findings.iter().map(|finding| texts.worth_of(question, finding)).collect()
                }
                Leaf::Filter(_) if crate::slip!("a filter holds for every fragment") => {
                    vec![1.0; findings.len()]
                }
                Leaf::Filter(bound) => {
                    let hits = select_among(bound, &block, &rows, halt)?;
                    hits.iter().map(|hit| if hit { 1.0 } else { 0.0 }).collect()
                }
            })
        })
    }
}

fn schema_of_fragments(number: AttrNo, options: &FullText) -> Schema {
    let options = Options {
        filterable: true,
        full_text: Some(options.clone()),
        regex: true,
        glob: true,
        fuzzy: true,
        ..Options::none()
    };
    let fragment = Attribute { number, kind: AttrType::Scalar(Scalar::String), options };
    Schema { attributes: BTreeMap::from([(FRAGMENT.into(), fragment)]), ..Schema::default() }
}

fn is_over_fragments(filter: &Filter) -> bool {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().all(is_over_fragments),
        Filter::Not(part) => is_over_fragments(part),
        Filter::Test { attribute, .. } | Filter::Like { attribute, .. } => **attribute == *FRAGMENT,
    }
}

/// What its tokens are asked for with. What a fragment is not to have is not looked for in it.
fn questions(filter: &Filter) -> Vec<TextQuery> {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().flat_map(questions).collect(),
        Filter::Like {
            pattern: Pattern::Tokens { operand: Operand::Literal(text), last, .. },
            ..
        } => vec![TextQuery { text: text.clone(), last: *last }],
        Filter::Not(_) | Filter::Test { .. } | Filter::Like { .. } => Vec::new(),
    }
}
