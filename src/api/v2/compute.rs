//! `compute_attributes`: what is made of a row beside what it holds: a score, whether a filter
//! holds, how far its vector is, the parts of a text that were found.

use super::filter::{self, Place};
use super::{rank, score};
use crate::api::error::Refusal;
use crate::api::json::{Object, unknown_word, unmatched};
use crate::model::{
    ATTRIBUTE_NAME_BYTES_MAX, COMPUTED_MAX, Computed, FRAGMENTS_MAX, Fragments, Given, Highlight,
    Offsets,
};

const FRAGMENTS: usize = 3;

/// Under their labels.
pub(super) fn read(object: &mut Object) -> Result<Vec<(Box<str>, Computed)>, Refusal> {
    let place = object.place();
    let Some(wanted) = object.object("compute_attributes")? else { return Ok(Vec::new()) };
    let wanted = wanted.into_fields();
    if wanted.len() > COMPUTED_MAX {
        return Err(Refusal::invalid(format!(
            "{place}💔 compute_attributes takes at most {COMPUTED_MAX} names, not {}",
            wanted.len()
        )));
    }
    let one = |(label, path, given): (Box<str>, String, Given)| {
        check_label(&path, &label)?;
        Ok((label, computed(&path, given)?))
    };
    wanted.into_iter().map(one).collect()
}

/// It stands in a row, beside attributes.
fn check_label(path: &str, label: &str) -> Result<(), Refusal> {
    let taken = label == "id" || label.starts_with('$');
    if !taken && (1..=ATTRIBUTE_NAME_BYTES_MAX).contains(&label.len()) {
        return Ok(());
    }
    let place = if label.is_empty() { path.trim_end_matches('.') } else { path };
    Err(Refusal::invalid(format!(
        "{place}: a computed attribute has a name of 1 to {ATTRIBUTE_NAME_BYTES_MAX} bytes, which \
         is not `id` and does not begin with `$`"
    )))
}

fn computed(path: &str, given: Given) -> Result<Computed, Refusal> {
    let items = match given {
        Given::List(items) => items,
        _ => return Err(misshapen(path)),
    };
    if score::is_filter(&items) {
        return filter::read(path, Given::List(items), Place::Query).map(Computed::Holds);
    }
    match items.as_slice() {
        [Given::Text(word), Given::Text(attribute)] if **word == *"Highlight" => {
            highlight(attribute.clone(), Object::new(Vec::new())).map(Computed::Highlight)
        }
        [Given::Text(word), Given::Text(attribute), settings @ Given::Map(_)]
            if **word == *"Highlight" =>
        {
            let settings = Object::of(&format!("{path}[2]"), settings.clone())?;
            highlight(attribute.clone(), settings).map(Computed::Highlight)
        }
        [Given::Text(attribute), Given::Text(word), vector] if **word == *"VectorDist" => {
            rank::check_given(path, vector)?;
            Ok(Computed::Distance { attribute: attribute.clone(), vector: vector.clone() })
        }
        [Given::Text(_), Given::Text(word), ..] if matches!(&**word, "ANN" | "kNN") => {
            Err(Refusal::invalid(format!(
                "{path}: {word} ranks, and computes nothing of a row; ask for its VectorDist"
            )))
        }
        _ => score::read(path, Given::List(items)).map(Computed::Score),
    }
}

fn highlight(attribute: Box<str>, mut settings: Object) -> Result<Highlight, Refusal> {
    let fragments = match settings.text("fragment_by")?.as_deref() {
        None | Some("sentence") => Fragments::Sentences,
        Some("none") => Fragments::Whole,
        Some("paragraph") => Fragments::Paragraphs,
        Some("word") => Fragments::Words,
        Some(other) => {
            let path = settings.path_of("fragment_by");
            let known = "one of `none`, `sentence`, `paragraph`, `word`";
            return Err(unknown_word(&path, other, known));
        }
    };
    let limit = settings.size("fragment_limit")?.unwrap_or(FRAGMENTS);
    if !(1..=FRAGMENTS_MAX).contains(&limit) {
        let path = settings.path_of("fragment_limit");
        let message = format!("{path} must be between 1 and {FRAGMENTS_MAX}");
        return Err(Refusal::invalid(message));
    }
    let offsets = match settings.text("include_offsets")?.as_deref() {
        None => None,
        Some("utf-8") => Some(Offsets::Utf8),
        Some("utf-16") => Some(Offsets::Utf16),
        Some("codepoints") => Some(Offsets::CodePoints),
        Some(other) => {
            let path = settings.path_of("include_offsets");
            return Err(unknown_word(&path, other, "one of `utf-8`, `utf-16`, `codepoints`"));
        }
    };
    let path = settings.path_of("rank_fragments_by");
    let rank = settings.take("rank_fragments_by");
    let rank = rank.map(|given| score::read(&path, given)).transpose()?;
    settings.end()?;
    Ok(Highlight { attribute, fragments, limit, offsets, rank })
}

fn misshapen(path: &str) -> Refusal {
    unmatched(path, "ComputeInput")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;
    use crate::model::{FRAGMENT, Filter, LastToken, Op, Operand, Score, TextQuery};

    fn computed(expression: &str) -> Result<Computed, Refusal> {
        let text = format!(r#"{{"compute_attributes":{{"x":{expression}}}}}"#);
        let read = read(&mut Object::of("", given(&text)).unwrap())?;
        let [(label, computed)] = <[_; 1]>::try_from(read).unwrap();
        assert_eq!(&*label, "x");
        Ok(computed)
    }

    fn text(attribute: &str) -> Score {
        let query = TextQuery { text: Given::Text("w".into()), last: LastToken::Itself };
        Score::Text { attribute: attribute.into(), query }
    }

    #[test]
    fn each_kind_is_told_from_the_others() {
        let operand = Operand::Literal(Given::Text("bob".into()));
        let owner = Filter::Test { attribute: "owner".into(), op: Op::Eq, operand };
        let vector = Given::List(vec![Given::Int(1)]);
        for (said, expected) in [
            (r#"["t","BM25","w"]"#, Computed::Score(text("t"))),
            (r#"["Highlight","BM25","w"]"#, Computed::Score(text("Highlight"))),
            (r#"["owner","Eq","bob"]"#, Computed::Holds(owner.clone())),
            (r#"["Not",["owner","Eq","bob"]]"#, Computed::Holds(Filter::Not(Box::new(owner)))),
            (r#"["v","VectorDist",[1]]"#, Computed::Distance { attribute: "v".into(), vector }),
        ] {
            assert_eq!(computed(said).unwrap(), expected, "{said}");
        }
    }

    #[test]
    fn a_highlight_is_read_with_its_settings_and_the_defaults_of_the_rest() {
        let plain = || Highlight {
            attribute: "t".into(),
            fragments: Fragments::Sentences,
            limit: 3,
            offsets: None,
            rank: None,
        };
        let whole = Highlight {
            fragments: Fragments::Whole,
            limit: 1024,
            offsets: Some(Offsets::Utf16),
            rank: Some(text(FRAGMENT)),
            ..plain()
        };
        for (said, expected) in [
            (r#"["Highlight","t"]"#, plain()),
            (r#"["Highlight","t",{}]"#, plain()),
            (
                r#"["Highlight","t",{"fragment_by":"none","fragment_limit":1024,
                    "include_offsets":"utf-16","rank_fragments_by":["$fragment","BM25","w"]}]"#,
                whole,
            ),
        ] {
            assert_eq!(computed(said).unwrap(), Computed::Highlight(expected), "{said}");
        }
    }

    #[test]
    fn what_cannot_be_computed_is_refused() {
        let variant = "untagged enum ComputeInput";
        for (said, code, told) in [
            ("7", "wrong_shape", variant),
            (r#"["v","ANN",[1]]"#, "invalid", "ask for its VectorDist"),
            (r#"["v","VectorDist",["Embed","x"]]"#, "invalid", "Embed needs a model"),
            (r#"["v","VectorDist",7]"#, "wrong_shape", "compute_attributes.x: data did not"),
            (r#"["Highlight",7]"#, "wrong_shape", "compute_attributes.x: data did not"),
            (
                r#"["Highlight","t",{"limit":1}]"#,
                "unknown_field",
                "`compute_attributes.x[2].limit`",
            ),
            (r#"["Highlight","t",{"fragment_limit":0}]"#, "invalid", "between 1 and 1024"),
            (r#"["Highlight","t",{"fragment_limit":1025}]"#, "invalid", "between 1 and 1024"),
            (r#"["Highlight","t",{"fragment_by":"line"}]"#, "wrong_shape", "variant `line`"),
            (r#"["Highlight","t",{"include_offsets":"x"}]"#, "wrong_shape", "variant `x`"),
            (
                r#"["Highlight","t",{"rank_fragments_by":7}]"#,
                "invalid",
                "compute_attributes.x[2].rank_fragments_by: a constant",
            ),
        ] {
            let refusal = computed(said).unwrap_err();
            assert_eq!(refusal.code(), code, "{said}: {}", refusal.story());
            assert!(refusal.story().contains(told), "{said}: {}", refusal.story());
        }
    }

    #[test]
    fn a_name_is_no_other_of_a_row_and_there_are_so_many() {
        let named = |names: &[String]| {
            let field = |name: &String| format!(r#""{name}":["a","Eq",1]"#);
            let fields: Vec<String> = names.iter().map(field).collect();
            let text = format!(r#"{{"compute_attributes":{{{}}}}}"#, fields.join(","));
            read(&mut Object::of("", given(&text)).unwrap())
        };
        for odd in ["", "id", "$dist", &"x".repeat(129)] {
            let refusal = named(&[odd.to_owned()]).unwrap_err();
            assert!(refusal.story().contains("does not begin with `$`"), "{odd}");
        }
        let many: Vec<String> = (0..257).map(|at| format!("c{at}")).collect();
        assert_eq!(named(&many[1..]).unwrap().len(), 256);
        let refusal = named(&many).unwrap_err();
        assert!(refusal.story().contains("at most 256 names, not 257"), "{}", refusal.story());
    }
}
