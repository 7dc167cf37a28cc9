//! Documents, questions, and which documents answer which question, in the three files of the
//! Cranfield collection.
//!
//! ```text
//! cran.all.1400   .I 1          the id of a document
//!                 .T            its title, in the lines that follow
//!                 .A  .B        who wrote it and where it appeared: not read
//!                 .W            its text
//! cran.qry        .I 001        a question: its number is its place in the file, and not this one
//!                 .W            its words
//! cranqrel        1 0 184 2     question, nothing, document, grade
//! ```
//!
//! Whatever grade a document was judged to have, it is relevant, unless that is 0: only so a plain BM25
//! comes to what is published of this collection.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::env::blocking;
use crate::error::{Context, Error, Result};

const DOCUMENTS: &str = "cran.all.1400";
const QUESTIONS: &str = "cran.qry";
const JUDGEMENTS: &str = "cranqrel";
const FILE_BYTES_MAX: u64 = 64 << 20;

#[derive(Debug, PartialEq)]
pub(super) struct Corpus {
    pub(super) documents: Vec<Document>,
    /// Those that some document answers.
    pub(super) questions: Vec<Question>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Document {
    pub(super) id: u64,
    /// Its title, and then its text.
    pub(super) text: String,
}

#[derive(Debug, PartialEq)]
pub(super) struct Question {
    pub(super) words: String,
    pub(super) relevant: BTreeSet<u64>,
}

/// The lines between one `.I` and the next, by the letter of their field.
#[derive(Debug, Default)]
struct Entry {
    id: u64,
    fields: BTreeMap<char, String>,
}

impl Corpus {
    pub(super) async fn read(folder: PathBuf) -> Result<Self> {
        blocking(move || {
            let text = |name: &str| text(&folder.join(name));
            Self::of(&text(DOCUMENTS)?, &text(QUESTIONS)?, &text(JUDGEMENTS)?)
        })
        .await
    }

    fn of(documents: &str, questions: &str, judgements: &str) -> Result<Self> {
        let mut relevant = relevant(judgements).context(JUDGEMENTS)?;
        let documents = entries(documents).context(DOCUMENTS)?.into_iter().map(|mut entry| {
            let (title, text) = (entry.words('T'), entry.words('W'));
            Document { id: entry.id, text: format!("{title} {text}") }
        });
        let questions = (1..).zip(entries(questions).context(QUESTIONS)?);
        let questions = questions.filter_map(|(number, mut entry)| {
            let relevant = relevant.remove(&number)?;
            Some(Question { words: entry.words('W'), relevant })
        });
        let corpus = Self { documents: documents.collect(), questions: questions.collect() };
        if corpus.documents.is_empty() || corpus.questions.is_empty() {
            return Err(Error::invalid("no document answers a question: there is nothing to ask"));
        }
        Ok(corpus)
    }
}

impl Entry {
    /// With one blank between two words.
    fn words(&mut self, field: char) -> String {
        let text = self.fields.remove(&field).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn text(path: &Path) -> Result<String> {
    let place = || format!("reading {}", path.display());
    let refused = |error: io::Error| Error::invalid(place()).with_source(error);
    if fs::metadata(path).map_err(refused)?.len() > FILE_BYTES_MAX {
        let message = format!("it has more than the {FILE_BYTES_MAX} bytes that are read");
        return Err(Error::invalid(message)).context(place());
    }
    Ok(String::from_utf8_lossy(&fs::read(path).map_err(refused)?).into_owned())
}

fn entries(text: &str) -> Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut field = None;
    for (number, line) in (1..).zip(text.lines()) {
        let odd = |why: &str| Error::invalid(format!("line {number}: {why}"));
        if let Some(id) = line.strip_prefix(".I ") {
            let id = id.trim().parse().map_err(|_| odd("`.I` and no number"))?;
            entries.push(Entry { id, ..Entry::default() });
            field = None;
        } else if let Some(letter) = letter(line) {
            field = Some(letter);
        } else if !line.trim().is_empty() {
            let (Some(entry), Some(field)) = (entries.last_mut(), field) else {
                return Err(odd("a text that belongs to no field"));
            };
            let text = entry.fields.entry(field).or_default();
            text.push_str(line);
            text.push('\n');
        }
    }
    Ok(entries)
}

/// Of a line that begins a field.
fn letter(line: &str) -> Option<char> {
    let mut chars = line.trim_end().strip_prefix('.')?.chars();
    let letter = chars.next().filter(char::is_ascii_uppercase)?;
    chars.next().is_none().then_some(letter)
}

/// By the number of the question.
fn relevant(judgements: &str) -> Result<BTreeMap<u64, BTreeSet<u64>>> {
    let mut relevant: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for (number, line) in (1..).zip(judgements.lines()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let read = match words[..] {
            [] => continue,
            [question, _, document, grade] => {
                question.parse().ok().zip(document.parse().ok()).zip(grade.parse::<i64>().ok())
            }
            _ => None,
        };
        let Some(((question, document), grade)) = read else {
            return Err(Error::invalid(format!("line {number}: {line:?} is no judgement")));
        };
        if grade != 0 {
            relevant.entry(question).or_default().insert(document);
        }
    }
    Ok(relevant)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "\
.I 1
.T
wings in a
slipstream .
.A
brenckman,m.
.W
wings in a
slipstream . .5 of them
.I 2
.W
";
    const ASKED: &str = ".I 001\r\n.W\r\nwhat of\r\nwings .\r\n.I 004\r\n.W\r\nwhat of heat\r\n";

    #[test]
    fn a_document_is_its_title_and_its_text() {
        let corpus = Corpus::of(TWO, ASKED, "1 0 1 2\n2 0 2 5\n").unwrap();
        let documents = corpus.documents.iter().map(|document| (document.id, &*document.text));
        let one = "wings in a slipstream . wings in a slipstream . .5 of them";
        assert_eq!(documents.collect::<Vec<_>>(), [(1, one), (2, " ")]);
    }

    #[test]
    fn a_question_is_known_by_its_place_and_one_without_an_answer_is_not_asked() {
        let corpus = Corpus::of(TWO, ASKED, "2 0 1 2\n2 0 2 5\n1 0 1 0\n\n").unwrap();
        let relevant = BTreeSet::from([1, 2]);
        assert_eq!(corpus.questions, [Question { words: "what of heat".to_owned(), relevant }]);
        assert!(Corpus::of(TWO, ASKED, "").is_err());
    }

    #[test]
    fn what_is_not_understood_is_told_with_its_line() {
        for (documents, judgements, told) in [
            (".I one\n", "1 0 1 2\n", "line 1: `.I` and no number"),
            ("\nwings\n", "1 0 1 2\n", "line 2: a text that belongs to no field"),
            (".I 1\nwings\n", "1 0 1 2\n", "line 2: a text that belongs to no field"),
            (TWO, "1 0 1 2\n1 0 x 2\n", "line 2: \"1 0 x 2\" is no judgement"),
            (TWO, "1 0 1\n", "is no judgement"),
        ] {
            let error = Corpus::of(documents, ASKED, judgements).unwrap_err();
            assert!(error.chain().contains(told), "{}", error.chain());
        }
    }

    #[tokio::test]
    async fn a_folder_without_its_files_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let error = Corpus::read(folder.path().to_owned()).await.unwrap_err();
        assert!(error.chain().contains(DOCUMENTS), "{}", error.chain());
        for (name, text) in [(DOCUMENTS, TWO), (QUESTIONS, ASKED), (JUDGEMENTS, "1 0 1 2\n")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        assert_eq!(Corpus::read(folder.path().to_owned()).await.unwrap().documents.len(), 2);
    }
}
