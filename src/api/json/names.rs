//! The names of attributes, each once for all the rows of a request: they repeat from row to row, most
//! of the time in the same order.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

/// Names beyond are not shared: no namespace has so many.
const SHARED_MAX: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Names(RefCell<Known>);

#[derive(Debug, Default)]
struct Known {
    names: Vec<Arc<str>>,
    /// Where each of them is. Who sends them chooses them: the hash is seeded anew for each request.
    places: HashMap<Arc<str>, usize>,
    /// Where the name is that came behind the last one, in the row before.
    next: usize,
}

impl Names {
    pub(super) fn share(&self, name: &str) -> Arc<str> {
        let Known { names, places, next } = &mut *self.0.borrow_mut();
        if names.get(*next).is_none_or(|known| **known != *name) {
            match places.get(name) {
                Some(at) => *next = *at,
                None if names.len() < SHARED_MAX => {
                    *next = names.len();
                    names.push(name.into());
                    places.insert(names[*next].clone(), *next);
                }
                None => return name.into(),
            }
        }
        let shared = names[*next].clone();
        *next = (*next + 1) % names.len();
        shared
    }
}

impl<'de> DeserializeSeed<'de> for &Names {
    type Value = Arc<str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Arc<str>, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for &Names {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Arc<str>, E> {
        Ok(self.share(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_one_in_every_row_and_in_any_order() {
        let names = Names::default();
        let first = ["id", "title", "vector"].map(|name| names.share(name));
        for row in [["id", "title", "vector"], ["vector", "id", "title"]] {
            for name in row {
                let known = first.iter().find(|known| ***known == *name).unwrap();
                assert!(Arc::ptr_eq(known, &names.share(name)), "{name}");
            }
        }
        assert_eq!(&*names.share("another"), "another");
    }

    #[test]
    fn more_names_than_anybody_has_are_read_all_the_same() {
        let names = Names::default();
        for _ in 0..2 {
            for number in 0..SHARED_MAX + 10 {
                assert_eq!(*names.share(&number.to_string()), *number.to_string());
            }
        }
        let known = names.0.borrow();
        assert_eq!((known.names.len(), known.places.len()), (SHARED_MAX, SHARED_MAX));
        assert!(known.names.iter().enumerate().all(|(at, name)| known.places[name] == at));
    }
}
