//! An object of a request, taken apart field by field. What is left when everything that is known
//! was taken is unknown, and refused by name: nothing is read and then ignored.
//!
//! A null is a field that is not there. Paths are as the request spells them: `schema.title.type`.

use super::integral;
use crate::api::error::Refusal;
use crate::model::{Given, short};

#[derive(Debug)]
pub(in crate::api) struct Object {
    /// Where it stands in the request.
    path: String,
    fields: Vec<(Box<str>, Given)>,
}

impl Object {
    pub(in crate::api) fn of(path: &str, given: Given) -> Result<Self, Refusal> {
        match given {
            Given::Map(fields) => Ok(Self { path: path.to_owned(), fields }),
            other => Err(mistyped(path, &other, "an object")),
        }
    }

    pub(in crate::api) fn new(fields: Vec<(Box<str>, Given)>) -> Self {
        Self { path: String::new(), fields }
    }

    /// What an error begins with that is about no single field.
    pub(in crate::api) fn place(&self) -> String {
        if self.path.is_empty() { String::new() } else { format!("{}: ", self.path) }
    }

    pub(in crate::api) fn path_of(&self, name: &str) -> String {
        let name = quoted(name);
        if self.path.is_empty() { name } else { format!("{}.{name}", self.path) }
    }

    /// What is null is as if it were not there.
    pub(in crate::api) fn take(&mut self, name: &str) -> Option<Given> {
        self.take_any(name).filter(|given| *given != Given::Null)
    }

    /// Null too, where that is a value like another.
    pub(in crate::api) fn take_any(&mut self, name: &str) -> Option<Given> {
        let at = self.fields.iter().position(|(field, _)| **field == *name)?;
        Some(self.fields.remove(at).1)
    }

    pub(in crate::api) fn truth(&mut self, name: &str) -> Result<Option<bool>, Refusal> {
        self.taken(name, "a boolean", |given| match given {
            Given::Bool(value) => Ok(value),
            other => Err(other),
        })
    }

    pub(in crate::api) fn text(&mut self, name: &str) -> Result<Option<Box<str>>, Refusal> {
        self.taken(name, "a string", |given| match given {
            Given::Text(text) => Ok(text),
            other => Err(other),
        })
    }

    pub(in crate::api) fn count(&mut self, name: &str) -> Result<Option<u64>, Refusal> {
        self.taken(name, "a non-negative integer", |given| match integral(given) {
            Given::Int(number @ 0..) => Ok(number as u64),
            Given::Uint(number) => Ok(number),
            other => Err(other),
        })
    }

    /// A count of what lies in memory: what is beyond the machine is beyond every limit too.
    pub(in crate::api) fn size(&mut self, name: &str) -> Result<Option<usize>, Refusal> {
        let count = self.count(name)?;
        Ok(count.map(|count| usize::try_from(count).unwrap_or(usize::MAX)))
    }

    pub(in crate::api) fn number(&mut self, name: &str) -> Result<Option<f64>, Refusal> {
        self.taken(name, "a number", |given| given.number().ok_or(given))
    }

    pub(in crate::api) fn list(&mut self, name: &str) -> Result<Option<Vec<Given>>, Refusal> {
        self.taken(name, "a sequence", |given| match given {
            Given::List(items) => Ok(items),
            other => Err(other),
        })
    }

    pub(in crate::api) fn texts(&mut self, name: &str) -> Result<Option<Vec<Box<str>>>, Refusal> {
        let path = self.path_of(name);
        let Some(items) = self.list(name)? else { return Ok(None) };
        let text = |(at, item): (usize, Given)| match item {
            Given::Text(text) => Ok(text),
            other => Err(mistyped(&format!("{path}[{at}]"), &other, "a string")),
        };
        items.into_iter().enumerate().map(text).collect::<Result<_, _>>().map(Some)
    }

    pub(in crate::api) fn object(&mut self, name: &str) -> Result<Option<Self>, Refusal> {
        let path = self.path_of(name);
        self.take(name).map(|given| Self::of(&path, given)).transpose()
    }

    fn taken<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(Given) -> Result<T, Given>,
    ) -> Result<Option<T>, Refusal> {
        let Some(given) = self.take(name) else { return Ok(None) };
        read(given).map(Some).map_err(|odd| mistyped(&self.path_of(name), &odd, expected))
    }

    /// What the contract has and this server has not.
    pub(in crate::api) fn refuse_unbuilt(&mut self, names: &[&str]) -> Result<(), Refusal> {
        for name in names {
            if self.take(name).is_some() {
                return Err(Refusal::not_built(&self.path_of(name)));
            }
        }
        Ok(())
    }

    /// The same of what `true` would switch on: who says that it stays off asks for nothing.
    pub(in crate::api) fn refuse_unbuilt_flags(&mut self, names: &[&str]) -> Result<(), Refusal> {
        for name in names {
            match self.take(name) {
                None | Some(Given::Bool(false)) => {}
                Some(_) => return Err(Refusal::not_built(&self.path_of(name))),
            }
        }
        Ok(())
    }

    /// Everything that is known was taken.
    pub(in crate::api) fn end(self) -> Result<(), Refusal> {
        self.unknown().map_or(Ok(()), Err)
    }

    fn unknown(&self) -> Option<Refusal> {
        let (name, _) = self.fields.first()?;
        Some(Refusal::unknown_field(&self.path_of(name)))
    }

    pub(in crate::api) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| &**name)
    }

    /// Fields whose names are the client's own, each with where it stands.
    pub(in crate::api) fn into_fields(self) -> Vec<(Box<str>, String, Given)> {
        let paths: Vec<String> = self.names().map(|name| self.path_of(name)).collect();
        let fields = self.fields.into_iter().zip(paths);
        fields.map(|((name, given), path)| (name, path, given)).collect()
    }

    /// What has to be there, asked for when everything that is known was taken: what is left then was
    /// meant for it, as likely as not, and is told first.
    pub(in crate::api) fn needed<T>(&self, name: &str, taken: Option<T>) -> Result<T, Refusal> {
        match (taken, self.unknown()) {
            (Some(value), _) => Ok(value),
            (None, Some(unknown)) => Err(unknown),
            (None, None) => Err(self.missing(name)),
        }
    }

    pub(in crate::api) fn missing(&self, name: &str) -> Refusal {
        Refusal::misshapen(&format!("{}missing field `{name}`", self.place()))
    }

    /// Either would do, and everything that is known was taken.
    pub(in crate::api) fn missing_both(&self, one: &str, other: &str) -> Refusal {
        self.unknown().unwrap_or_else(|| self.missing(&format!("{one}` or `{other}")))
    }
}

pub(in crate::api) fn mistyped(path: &str, given: &Given, expected: &str) -> Refusal {
    let place = if path.is_empty() { String::new() } else { format!("{path}: ") };
    Refusal::misshapen(&format!("{place}invalid type: {}, expected {expected}", type_of(given)))
}

/// A value that has none of the shapes which the contract knows by this name.
pub(in crate::api) fn unmatched(path: &str, of: &str) -> Refusal {
    Refusal::misshapen(&format!("{path}: {}", no_variant(of)))
}

pub(in crate::api) fn no_variant(of: &str) -> String {
    format!("data did not match any variant of untagged enum {of}")
}

/// A word that is none of those which may stand there.
pub(in crate::api) fn unknown_word(path: &str, word: &str, expected: &str) -> Refusal {
    let word = short(word);
    Refusal::misshapen(&format!("{path}: unknown variant `{word}`, expected {expected}"))
}

/// A value as serde names one that it did not expect.
pub(in crate::api) fn type_of(given: &Given) -> String {
    match given {
        Given::Null => "null".to_owned(),
        Given::Bool(value) => format!("boolean `{value}`"),
        Given::Int(number) => format!("integer `{number}`"),
        Given::Uint(number) => format!("integer `{number}`"),
        Given::Float(number) => format!("floating point `{number:?}`"),
        Given::Text(text) => format!("string {:?}", short(text)),
        Given::List(_) => "sequence".to_owned(),
        Given::Map(_) => "map".to_owned(),
    }
}

/// A text of the request, short enough for an error.
pub(in crate::api) fn quoted(text: &str) -> String {
    short(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;

    fn object(text: &str) -> Object {
        Object::of("", given(text)).unwrap()
    }

    #[test]
    fn a_field_is_taken_once_and_what_is_left_is_unknown() {
        let mut object = object(r#"{"a":true,"b":null,"c":["x"],"d":7,"e":0.5,"f":-0,"z":{}}"#);
        assert_eq!(object.truth("a").unwrap(), Some(true));
        assert_eq!(object.truth("a").unwrap(), None);
        assert_eq!(object.text("b").unwrap(), None);
        assert_eq!(object.texts("c").unwrap(), Some(vec!["x".into()]));
        assert_eq!(object.count("d").unwrap(), Some(7));
        assert_eq!(object.number("e").unwrap(), Some(0.5));
        assert_eq!(object.count("f").unwrap(), Some(0));
        let told = object.end().unwrap_err();
        assert!(told.story().contains("unknown field `z`"), "{}", told.story());
    }

    #[test]
    fn what_is_left_is_told_before_what_is_missing() {
        let told =
            |text, read: fn(&mut Object) -> Refusal| read(&mut object(text)).story().to_owned();
        let needed = |object: &mut Object| {
            let a = object.text("a").unwrap();
            object.needed("a", a).unwrap_err()
        };
        assert!(told(r#"{"aa":"x"}"#, needed).contains("unknown field `aa`"));
        assert!(told("{}", needed).contains("missing field `a`"));
        let both = |object: &mut Object| object.missing_both("a", "b");
        assert!(told(r#"{"aa":"x"}"#, both).contains("unknown field `aa`"));
        assert!(told("{}", both).contains("missing field `a` or `b`"));
        assert_eq!(object(r#"{"aa":"x"}"#).needed("a", Some(7)).unwrap(), 7);
    }

    #[test]
    fn a_field_of_another_type_is_named_with_its_place() {
        let mut outer = object(r#"{"a":{"b":"x","c":[1],"d":-1}}"#);
        let mut inner = outer.object("a").unwrap().unwrap();
        for (told, expected) in [
            (inner.truth("b").unwrap_err(), "a.b: invalid type: string \"x\", expected a boolean"),
            (inner.texts("c").unwrap_err(), "a.c[0]: invalid type: integer `1`, expected a string"),
            (
                inner.count("d").unwrap_err(),
                "a.d: invalid type: integer `-1`, expected a non-negative integer",
            ),
            (inner.missing("e"), "a: missing field `e`"),
        ] {
            assert!(told.story().ends_with(expected), "{}", told.story());
        }
    }

    #[test]
    fn what_is_not_built_may_be_there_if_it_says_nothing() {
        let nothing = || object(r#"{"a":null,"b":false}"#);
        assert!(nothing().refuse_unbuilt(&["a", "c"]).is_ok());
        assert!(nothing().refuse_unbuilt_flags(&["a", "b", "c"]).is_ok());
        for told in [
            object(r#"{"b":0}"#).refuse_unbuilt_flags(&["b"]).unwrap_err(),
            object(r#"{"b":true}"#).refuse_unbuilt_flags(&["b"]).unwrap_err(),
            // Once it was passed over, though it is no flag and says nothing that means anything.
            nothing().refuse_unbuilt(&["a", "b"]).unwrap_err(),
        ] {
            assert!(told.story().contains("`b` is not supported"), "{}", told.story());
        }
    }
}
