//! `elacsym bench text`: how good is the order in which BM25 finds documents, and how fast is it?
//! Every question of a corpus is asked of a node that holds its documents, once for each way to make
//! words of a text.

mod corpus;
mod gain;

use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::finding::Finding;
use super::ground::Ground;
use super::line::Line;
use super::plan::Extent;
use super::report::{Heading, Report};
use super::samples::{SAMPLES_MAX, Samples, sample};
use super::stand::{Stand, path};
use super::{Failure, tell, words};
use crate::cli::json::quoted;
use crate::config::Location;
use crate::engine::Limits;
use crate::env::Clock;
use crate::error::{Context, Error, Result};
use corpus::{Corpus, Document};
use gain::ndcg;

/// How deep an order is looked at.
const DEPTH: usize = 10;
const DOCUMENTS_OF_A_WRITE: usize = 500;

#[derive(Debug, Args)]
pub(in crate::cli) struct Wish {
    /// The folder of the corpus, with `cran.all.1400`, `cran.qry` and `cranqrel` in it
    #[arg(long, value_name = "FOLDER")]
    corpus: PathBuf,
    /// How long the questions are asked of each analysis, again and again, to see how fast it is
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = words::seconds())]
    seconds: u64,
    #[command(flatten)]
    print: words::Print,
}

/// How words are made of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Analysis {
    Plain,
    Stemming,
    StemmingAndStopWords,
}

impl Analysis {
    const ALL: [Self; 3] = [Self::Plain, Self::Stemming, Self::StemmingAndStopWords];

    fn settings(self) -> &'static str {
        match self {
            Self::Plain => "{\"stemming\":false,\"remove_stopwords\":false}",
            Self::Stemming => "{\"stemming\":true,\"remove_stopwords\":false}",
            Self::StemmingAndStopWords => "{\"stemming\":true,\"remove_stopwords\":true}",
        }
    }

    /// What others reach, of the Cranfield collection.
    fn target(self) -> Option<f64> {
        match self {
            Self::Plain => Some(0.49),
            Self::Stemming => None,
            Self::StemmingAndStopWords => Some(0.51),
        }
    }
}

impl fmt::Display for Analysis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Stemming => "stemming",
            Self::StemmingAndStopWords => "stemming, remove_stopwords",
        })
    }
}

impl Wish {
    fn heading(&self) -> Heading {
        let about = format!("{} s an analysis", self.seconds);
        Heading { form: self.print.form(), extent: Extent::Whole, about, less: String::new() }
    }
}

pub(super) async fn run(wish: &Wish, limits: Limits, out: &mut impl Write) -> Result<(), Failure> {
    let corpus = Corpus::read(wish.corpus.clone()).await.map_err(Failure::Refused)?;
    let mut report = Report::begin(out, &wish.heading()).map_err(Failure::Output)?;
    let (ground, clock) = (Ground::At(Location::Memory), Clock::start());
    for analysis in Analysis::ALL {
        tell(&format!("text: {analysis}"));
        let lasts = Duration::from_secs(wish.seconds);
        let found = measured(analysis, &corpus, &ground, lasts, clock, limits).await;
        let findings = found.context(format!("measuring {analysis}")).map_err(Failure::Serving)?;
        report.of_target(&ground, analysis, &findings).map_err(Failure::Output)?;
    }
    Ok(())
}

async fn measured(
    analysis: Analysis,
    corpus: &Corpus,
    ground: &Ground,
    lasts: Duration,
    clock: Clock,
    limits: Limits,
) -> Result<Vec<Finding>> {
    let mut stand = Stand::open(ground, &[], clock, limits).await?;
    let found = asked(&mut stand, analysis, corpus, lasts).await;
    stand.close_after(found).await
}

/// All questions once, to see what is found, and then again and again for as long as it lasts.
async fn asked(
    stand: &mut Stand,
    analysis: Analysis,
    corpus: &Corpus,
    lasts: Duration,
) -> Result<Vec<Finding>> {
    let (path, clock) = (path(&stand.fresh("text")), stand.clock());
    let mut line = Line::to(stand.address());
    for documents in corpus.documents.chunks(DOCUMENTS_OF_A_WRITE) {
        let body = body(analysis, documents);
        line.insist(&stand.address().post(&path, body.as_bytes()), clock).await?;
    }
    let question = |words: &str| {
        let words = quoted(words);
        let query = format!("{{\"rank_by\":[\"text\",\"BM25\",{words}],\"limit\":{DEPTH}}}");
        stand.address().post(&format!("{path}/query"), query.as_bytes())
    };
    let requests: Vec<Vec<u8>> =
        corpus.questions.iter().map(|asked| question(&asked.words)).collect();
    let mut sum = 0.0;
    for (request, question) in requests.iter().zip(&corpus.questions) {
        let found = ids(&line.ask_for(request).await?)?;
        sum += ndcg(&found, &question.relevant, DEPTH);
    }

    let (began, mut micros) = (clock.now(), Vec::new());
    for request in requests.iter().cycle().take(SAMPLES_MAX) {
        let sent = clock.now();
        if sent - began >= lasts {
            break;
        }
        line.ask_for(request).await?;
        micros.push(sample(clock.now() - sent));
    }
    let per_second = micros.len() as f64 / (clock.now() - began).as_secs_f64();
    let samples = Samples::of(micros);
    let (documents, questions) = (corpus.documents.len(), corpus.questions.len());
    let mean = sum / questions as f64;
    let told = format!("{mean:.4}: {questions} questions, {documents} documents");
    let quality = Finding::of("nDCG@10", mean, "").beside(told);
    Ok(vec![
        match analysis.target() {
            Some(target) => quality.at_least(target),
            None => quality,
        },
        Finding::of("queries", per_second, "/s").beside("one client"),
        Finding::of("p50 of a query", samples.quantile_ms(0.5), "ms"),
        Finding::of("p99 of a query", samples.quantile_ms(0.99), "ms")
            .beside(format!("of {} queries", samples.count())),
    ])
}

fn body(analysis: Analysis, documents: &[Document]) -> String {
    let settings = analysis.settings();
    let rows = documents.iter().map(|Document { id, text }| {
        let text = quoted(text);
        format!("{{\"id\":{id},\"text\":{text}}}")
    });
    let rows = rows.collect::<Vec<_>>().join(",");
    format!(
        "{{\"schema\":{{\"text\":{{\"type\":\"string\",\"full_text_search\":{settings}}}}},\
         \"upsert_rows\":[{rows}]}}"
    )
}

/// The documents of an answer, in their order.
fn ids(answer: &[u8]) -> Result<Vec<u64>> {
    let text = String::from_utf8_lossy(answer);
    let rows = text.split("{\"id\":").skip(1);
    let id = |row: &str| row.split([',', '}']).next()?.parse::<u64>().ok();
    rows.map(id).collect::<Option<_>>().ok_or_else(|| {
        Error::unavailable(format!("the answer has a document without a number: {text}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::finding::Aim;
    use crate::cli::bench::plan::Form;
    use crate::cli::bench::small_limits;

    #[test]
    fn a_corpus_is_named_or_there_is_nothing_to_measure() {
        let wish = words::read::<Wish>;
        assert!(wish(&[]).is_none());
        assert!(wish(&["--corpus", "a", "--seconds", "0"]).is_none());
        let wish = wish(&["--corpus", "a", "--json"]).unwrap();
        assert_eq!((wish.seconds, wish.heading().form), (5, Form::Json));
    }

    #[test]
    fn the_ids_of_an_answer_are_read_in_their_order() {
        let answer = br#"{"rows":[{"id":7,"$dist":0.5},{"id":1}],"billing":{}}"#;
        assert_eq!(ids(answer).unwrap(), [7, 1]);
        assert_eq!(ids(br#"{"rows":[],"billing":{}}"#).unwrap(), Vec::<u64>::new());
        assert!(ids(br#"{"rows":[{"id":"a"}]}"#).is_err());
    }

    #[test]
    fn a_text_is_written_as_json_has_it() {
        let documents = [Document { id: 7, text: "a \"b\"".to_owned() }];
        assert_eq!(
            body(Analysis::Plain, &documents),
            "{\"schema\":{\"text\":{\"type\":\"string\",\"full_text_search\":\
             {\"stemming\":false,\"remove_stopwords\":false}}},\
             \"upsert_rows\":[{\"id\":7,\"text\":\"a \\\"b\\\"\"}]}"
        );
    }

    /// The words of one are found as they stand, and those of the other by their stem alone.
    #[tokio::test]
    async fn every_analysis_finds_what_it_is_to_find() {
        let documents = ["the wing of an aircraft", "heated slabs", "flows of air"];
        let documents = (1..).zip(documents);
        let questions = [("the wing", 1), ("heating a slab", 2)];
        let corpus = Corpus {
            documents: documents.map(|(id, text)| Document { id, text: text.to_owned() }).collect(),
            questions: questions
                .map(|(words, id)| corpus::Question {
                    words: words.to_owned(),
                    relevant: [id].into(),
                })
                .into(),
        };
        let (ground, clock) = (Ground::At(Location::Memory), Clock::start());
        for (analysis, quality) in Analysis::ALL.into_iter().zip(["0.50", "1", "1"]) {
            let lasts = Duration::from_millis(1);
            let found = measured(analysis, &corpus, &ground, lasts, clock, small_limits());
            let found = found.await.unwrap();
            assert_eq!(found[0].cells(Aim::Shown)[1], quality, "{analysis}");
            assert_eq!(found.len(), 4);
        }
    }
}
