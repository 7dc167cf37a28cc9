//! Questions, asked of a few rows: of a target those that are answered, and those that are refused, with
//! words of why.
//!
//! Each is an input to begin with, and what the contracts have a word for has to be answered once more to
//! what was made of these by chance. So a parser that knows a word, and is never asked with it, is told
//! by the silence.

use crate::aggregations::AGGREGATIONS;
use crate::examples::Example;
use crate::requests::{self, Mix, Requests};
use crate::scores::SCORES;
use crate::script::{self, Call};
use crate::searches::SEARCHES;
use crate::target::{Answer, Target};

const ONE: Mix = Mix { bodies: 19, heads: 1, packings: 0, most: 1 };
/// Below all of them: JSON that is none, and JSON of another shape.
const ALWAYS: [&str; 3] = ["malformed_json", "wrong_shape", "unknown_field"];
/// One row with all, one with none, one with what is empty, one with what is large.
const ROWS: &str = r#"{
    "schema": {
        "id": "uint", "n": "int", "age": "int", "u": "uint", "f": "float", "ok": "bool", "s": "string",
        "t": "datetime", "ts": "[]datetime", "ns": "[]int", "tags": "[]string", "w": "uuid",
        "hidden": {"type": "int", "filterable": false},
        "title": {"type": "string", "full_text_search": true},
        "notes": {"type": "[]string", "full_text_search": {"stemming": true, "language": "english"}},
        "tokens": {"type": "[]string", "full_text_search": {"tokenizer": "pre_tokenized_array"}},
        "vector": {"type": "[2]f32", "ann": true},
        "many": {"type": "[][2]f32", "ann": {"late_interaction": true}},
        "sparse": {"type": "{}f16", "sparse_knn": true}
    },
    "distance_metric": "cosine_distance",
    "upsert_rows": [
        {
            "id": 1, "n": 1, "age": 7, "u": 3, "f": 0.5, "ok": true, "s": "a", "t": "2024-03-30T23:30:00Z",
            "ts": ["2024-03-30", "2024-04-02"], "ns": [1, -1], "tags": ["x", "y"],
            "w": "00000000-0000-0000-0000-000000000001", "hidden": 1,
            "title": "The quick brown fox. It jumps over a fox! And sleeps",
            "notes": ["quick foxes", "a walrus\n\nsleeps"], "tokens": ["red", "green", "red"],
            "vector": [1, 0], "many": [[1, 0], [0, 1]], "sparse": {"a": 1, "b": 0.5}
        },
        {"id": 2, "vector": null, "many": null},
        {
            "id": 3, "n": -3, "age": -2, "u": 0, "f": -0.0, "ok": false, "s": "", "t": "1969-12-31T23:59:59.5Z",
            "ts": [], "ns": [], "tags": [], "title": "", "notes": [], "tokens": [],
            "vector": [0, -1], "many": [[0.5, -0.5]], "sparse": {}
        },
        {
            "id": 18446744073709551615, "n": 9007199254740993, "age": 40, "u": 18446744073709551615,
            "f": -1e300, "s": "é", "t": "2024-04-02T12:00:00Z", "ns": [9223372036854775807, 1],
            "tags": ["y"], "title": "a fox 😀 and an élan fox", "notes": ["fox"],
            "tokens": ["green"], "vector": [0.5, 0.5], "many": null, "sparse": {"a": -2}
        }
    ]
}"#;

static ALL: [&Questions; 3] = [&SCORES, &AGGREGATIONS, &SEARCHES];

/// What stands around a question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) path: &'static str,
    pub(crate) before: &'static str,
    pub(crate) behind: &'static str,
}

pub(crate) type Answered = (Frame, &'static [&'static str]);
/// Beside each is what it is refused with, as `skeleton` leaves it.
pub(crate) type Refused = (Frame, &'static [(&'static str, &'static str)]);

pub(crate) struct Questions {
    pub(crate) name: &'static str,
    pub(crate) answered: &'static [Answered],
    pub(crate) refused: &'static [Refused],
    /// Words of questions, the rarest last. Something with each has to be answered.
    pub(crate) words: &'static str,
    /// The examples that it begins with, too.
    pub(crate) takes: fn(&Example) -> bool,
}

impl Frame {
    /// Nothing: the question is a whole body.
    pub(crate) const fn of(path: &'static str) -> Self {
        Self { path, before: "", behind: "" }
    }

    fn around(self, question: &str) -> Vec<u8> {
        let call = |path: &str, body: String| Call {
            method: "POST".to_owned(),
            path: path.to_owned(),
            body: body.into_bytes(),
            ..Call::default()
        };
        let asked = call(self.path, [self.before, question, self.behind].concat());
        script::write(&[call("/v2/namespaces/a", ROWS.to_owned()), asked])
    }
}

impl Questions {
    pub(crate) fn target(&self) -> Requests {
        let refused = self.refused().map(|(input, _)| input);
        let examples = self.examples().map(|example| example.script.clone());
        let inputs = self.answered().chain(refused).chain(examples).collect();
        Requests::of(self.name, ONE, &[]).asking(inputs, self.words().collect())
    }

    /// What must have been answered by the end.
    pub(crate) fn reach(&self) -> Vec<String> {
        let words = self.words().map(requests::spoken);
        ALWAYS.map(str::to_owned).into_iter().chain(words).collect()
    }

    fn answered(&self) -> impl Iterator<Item = Vec<u8>> {
        self.answered.iter().flat_map(|(frame, all)| all.iter().map(move |one| frame.around(one)))
    }

    fn refused(&self) -> impl Iterator<Item = (Vec<u8>, &'static str)> {
        let of_frame = |(frame, all): &'static Refused| {
            all.iter().map(move |(one, told)| (frame.around(one), *told))
        };
        self.refused.iter().flat_map(of_frame)
    }

    fn examples(&self) -> impl Iterator<Item = &'static Example> {
        Example::all().iter().filter(|example| (self.takes)(example))
    }

    fn words(&self) -> impl Iterator<Item = &'static str> {
        self.words.split_whitespace()
    }
}

fn judged(target: &Requests, input: &[u8]) -> Answer {
    target.judge(input).unwrap()
}

/// One that is refused where it is meant to be answered leads nowhere.
#[test]
fn each_question_is_answered_or_refused_as_it_is_meant() {
    for questions in ALL {
        let target = questions.target();
        let mut spoken = String::new();
        for input in questions.answered() {
            match judged(&target, &input) {
                Answer::Accepted(words) => spoken.push_str(&words),
                Answer::Refused(why) => {
                    panic!("{}: {why}", String::from_utf8_lossy(&input))
                }
            }
        }
        for word in questions.words() {
            assert!(spoken.contains(&requests::spoken(word)), "`{word}` is in no answer");
        }
        for (input, told) in questions.refused() {
            let answer = judged(&target, &input);
            let is_told = matches!(&answer, Answer::Refused(why) if why.contains(told));
            assert!(is_told, "{answer:?}, not {told}: {}", String::from_utf8_lossy(&input));
        }
    }
}

#[test]
fn each_example_is_answered_as_the_document_has_it_and_belongs_to_one_target() {
    for example in Example::all() {
        let mut takers = ALL.iter().filter(|questions| (questions.takes)(example));
        let (Some(taker), None) = (takers.next(), takers.next()) else {
            panic!("{} is of no target, or of two", example.body)
        };
        let target = taker.target();
        let answer = judged(&target, &example.script);
        let (Answer::Accepted(words) | Answer::Refused(words)) = &answer;
        let expected = format!("answered {} ", example.status);
        assert!(words.starts_with(&expected), "{answer:?} to {}", example.body);
    }
}
