//! What was said: the words of the file, the environment and the flags, each with its origin. A
//! higher layer overrides a lower one; what nobody understands is a problem, with the key that was
//! probably meant. What the words mean is not decided here.

use std::collections::BTreeMap;
use std::ffi::OsString;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{self, CONFIG_ENV, ENV_PREFIX, KEYS, Key, NESTED_PREFIX, Shape, TWINS};
use super::line_of;
use super::problem::{Origin, Problem};

/// All that a configuration is made of, handed in.
#[derive(Debug, Default)]
pub struct Inputs {
    pub file: Option<ConfigFile>,
    /// The whole environment; what is not ours is passed over.
    pub env: Vec<(OsString, OsString)>,
    /// Flags that were given, such as `("--port", "3000")`.
    pub flags: Vec<(&'static str, String)>,
}

#[derive(Debug)]
pub struct ConfigFile {
    pub path: String,
    /// Who asked for it: a problem with the file as a whole is theirs.
    pub named_by: Option<Origin>,
    /// Or why it could not be read.
    pub text: Result<String, String>,
}

#[derive(Debug)]
pub(super) struct Said {
    /// `None` if it was said in a form that cannot be read, which is a problem already.
    pub(super) words: Option<Vec<String>>,
    pub(super) origin: Origin,
}

pub(super) type SaidByKey = BTreeMap<&'static str, Said>;

pub(super) fn collect(inputs: &Inputs) -> (SaidByKey, Vec<Problem>) {
    let mut collector = Collector::default();
    if let Some(file) = &inputs.file {
        collector.file(file);
    }
    collector.environment(&inputs.env);
    collector.flags(&inputs.flags);
    collector.settle_twins();
    (collector.said, collector.problems)
}

#[derive(Default)]
struct Collector {
    said: SaidByKey,
    problems: Vec<Problem>,
}

impl Collector {
    fn file(&mut self, file: &ConfigFile) {
        let text = match &file.text {
            Ok(text) => text,
            Err(reason) => {
                let whole = Origin::File { path: file.path.clone(), line: 1 };
                let origin = file.named_by.as_ref().unwrap_or(&whole);
                let message = format!("cannot be read: {reason}");
                let what = format!("file {:?}", file.path);
                return self.problems.push(Problem::new(&what, origin, message));
            }
        };
        let at = |offset| Origin::File { path: file.path.clone(), line: line_of(text, offset) };
        // Only the message of a syntax error: its `Display` quotes the line, which may be a secret.
        let (tables, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let origin = at(error.span().map_or(0, |span| span.start));
            self.problems.push(Problem::new("syntax", &origin, error.message()));
        }
        // What was recovered from a broken file would only be told wrong again.
        if !errors.is_empty() {
            return;
        }
        for (section, table) in tables.get_ref() {
            let origin = at(section.span().start);
            match table.get_ref() {
                DeValue::Table(table) if is_section(section.get_ref()) => {
                    self.fields(section.get_ref(), table, &at);
                }
                DeValue::Table(table) => self.unknown_section(section.get_ref(), table, &origin),
                _ if is_section(section.get_ref()) => {
                    let message =
                        format!("is a section; write [{0}] above its keys", section.get_ref());
                    self.problems.push(Problem::new(section.get_ref(), &origin, message));
                }
                _ => self.unknown(section.get_ref(), &origin),
            }
        }
    }

    /// Those of a section, or of a group within one.
    fn fields(&mut self, path: &str, table: &DeTable<'_>, at: &impl Fn(usize) -> Origin) {
        for (field, value) in table {
            let name = format!("{path}.{}", field.get_ref());
            match value.get_ref() {
                DeValue::Table(group) if keys::is_group(&name) => self.fields(&name, group, at),
                _ => self.field(&name, value, &at(field.span().start)),
            }
        }
    }

    fn field(&mut self, name: &str, value: &Spanned<DeValue<'_>>, origin: &Origin) {
        let Some(key) = keys::by_name(name) else { return self.unknown(name, origin) };
        let words = words(key.shape, value.get_ref());
        if let Err(wanted) = words {
            let is = value.get_ref().type_str();
            let message = format!("must be {wanted}, this is of type {is}");
            self.problems.push(Problem::new(name, origin, message));
        }
        self.hear(key, words.ok(), origin.clone());
    }

    fn environment(&mut self, env: &[(OsString, OsString)]) {
        // Sorted, so that the same mistakes are told in the same order.
        let mut ours: Vec<(&str, Option<&str>)> = env
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?, value.to_str())))
            .filter(|(name, _)| name.starts_with(ENV_PREFIX) && *name != CONFIG_ENV)
            .collect();
        ours.sort();
        for (name, value) in ours {
            let origin = Origin::Env(name.to_owned());
            let Some(key) = keys::by_env(name) else {
                self.unknown_variable(name, value, &origin);
                continue;
            };
            let first =
                self.said.get(key.name).filter(|said| said.origin.layer() == origin.layer());
            if let Some(first) = first {
                let message = format!("{} says the same key; unset one", first.origin);
                self.problems.push(Problem::new(key.name, &origin, message));
                continue;
            }
            self.hear_text(key, value, origin);
        }
    }

    fn flags(&mut self, flags: &[(&'static str, String)]) {
        for (flag, value) in flags {
            let key = KEYS.iter().find(|key| key.flag == Some(flag));
            let key = key.expect("every flag of the command line names a key");
            self.hear_text(key, Some(value), Origin::Flag(flag));
        }
    }

    /// An empty value is refused rather than taken for none: it is most often another variable
    /// that was not set, and an API key must not vanish that way.
    fn hear_text(&mut self, key: &'static Key, text: Option<&str>, origin: Origin) {
        let words = match (text, key.shape) {
            (None, _) => Err("is not valid UTF-8"),
            (Some(text), _) if text.trim().is_empty() => {
                Err("is empty; give a value, or leave it out")
            }
            (Some(text), Shape::Secrets) => {
                Ok(text.split(',').map(|word| word.trim().to_owned()).collect())
            }
            (Some(text), Shape::Text | Shape::Number) => Ok(vec![text.to_owned()]),
        };
        if let Err(message) = words {
            self.problems.push(Problem::new(key.name, &origin, message));
        }
        self.hear(key, words.ok(), origin);
    }

    fn hear(&mut self, key: &'static Key, words: Option<Vec<String>>, origin: Origin) {
        self.said.insert(key.name, Said { words, origin });
    }

    fn settle_twins(&mut self) {
        for (one, other) in TWINS {
            let (Some(first), Some(second)) = (self.said.get(one), self.said.get(other)) else {
                continue;
            };
            if first.origin.layer() == second.origin.layer() {
                let message = format!("excludes {one} ({}); say one of them", first.origin);
                self.problems.push(Problem::new(other, &second.origin, message));
                self.said.remove(other);
            } else if first.origin.layer() > second.origin.layer() {
                self.said.remove(other);
            } else {
                self.said.remove(one);
            }
        }
    }

    fn unknown(&mut self, name: &str, origin: &Origin) {
        let section = name.split('.').next().unwrap_or(name);
        let message = match keys::nearest(name) {
            Some(key) => format!("there is no such key; did you mean {}?", key.name),
            None if is_section(section) => {
                let fields: Vec<&str> = fields(section).collect();
                format!("there is no such key; [{section}] has {}", fields.join(", "))
            }
            None => format!("there is no such key; the sections are {}", sections().join(", ")),
        };
        self.problems.push(Problem::new(name, origin, message));
    }

    fn unknown_section(&mut self, section: &str, table: &DeTable<'_>, origin: &Origin) {
        let meant = table.keys().find_map(|field| {
            keys::nearest(&format!("{section}.{}", field.get_ref())).map(Key::section)
        });
        let message = match meant {
            Some(meant) => format!("there is no such section; did you mean [{meant}]?"),
            None => format!("there is no such section; there are {}", sections().join(", ")),
        };
        self.problems.push(Problem::new(&format!("[{section}]"), origin, message));
    }

    /// A key that was to be obeyed must not be passed over because its name is wrong: an API key
    /// would vanish that way, and leave the node open to all.
    fn unknown_variable(&mut self, name: &str, value: Option<&str>, origin: &Origin) {
        if keys::is_not_ours(name, value) {
            return;
        }
        let message = match keys::nearest_env(name) {
            Some(meant) => format!("there is no such variable; did you mean {meant}?"),
            None => format!(
                "there is no such variable; each key has one of the form \
                 {NESTED_PREFIX}SECTION__KEY, and the sections are {}",
                sections().join(", ")
            ),
        };
        self.problems.push(Problem::new(name, origin, message));
    }
}

/// The words of a value in the file, or what it must be.
fn words(shape: Shape, value: &DeValue<'_>) -> Result<Vec<String>, &'static str> {
    match (shape, value) {
        (Shape::Text, DeValue::String(text)) => Ok(vec![text.to_string()]),
        (Shape::Text, _) => Err("a string"),
        // One that no 64 bits hold is passed on as it was written: how large a number may be is for
        // its key to say.
        (Shape::Number, DeValue::Integer(number)) => {
            let value = i64::from_str_radix(number.as_str(), number.radix());
            Ok(vec![value.map_or_else(|_| number.to_string(), |value| value.to_string())])
        }
        (Shape::Number, _) => Err("a number without quotes"),
        (Shape::Secrets, DeValue::Array(items)) => items
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or("an array of strings"),
        (Shape::Secrets, _) => Err("an array of strings"),
    }
}

fn is_section(name: &str) -> bool {
    KEYS.iter().any(|key| key.section() == name)
}

fn sections() -> Vec<&'static str> {
    let mut sections: Vec<&str> = KEYS.iter().map(Key::section).collect();
    sections.dedup();
    sections
}

fn fields(section: &str) -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter(move |key| key.section() == section).map(Key::field)
}
