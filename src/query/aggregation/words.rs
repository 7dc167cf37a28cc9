//! Texts and uuids as numbers, each different one in the order in which it came: so that a bucket is
//! known by a number, whatever its values are.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

use super::hash::Mixer;

/// What each takes beside its bytes.
const WORD_BYTES: usize = 64;

#[derive(Clone, Debug, Default)]
pub(super) struct WordBook {
    words: Vec<Arc<[u8]>>,
    numbers: HashMap<Arc<[u8]>, u64, BuildHasherDefault<Mixer>>,
    bytes: usize,
}

impl WordBook {
    pub(super) fn number(&mut self, word: &[u8]) -> u64 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = self.words.len() as u64;
        let word: Arc<[u8]> = word.into();
        self.bytes += word.len() + WORD_BYTES;
        self.words.push(word.clone());
        self.numbers.insert(word, number);
        number
    }

    pub(super) fn word(&self, number: u64) -> Option<&[u8]> {
        self.words.get(usize::try_from(number).ok()?).map(|word| &**word)
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.words.iter().map(|word| &**word)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Serialize for WordBook {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for WordBook {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut book = Self::default();
        for (at, word) in Vec::<Vec<u8>>::deserialize(from)?.into_iter().enumerate() {
            if book.number(&word) != at as u64 {
                return Err(D::Error::custom("a word stands twice in a book of words"));
            }
        }
        Ok(book)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_has_one_number_and_is_read_again() {
        let mut book = WordBook::default();
        let numbers = ["b", "a", "b", "", "a"].map(|word| book.number(word.as_bytes()));
        assert_eq!(numbers, [0, 1, 0, 2, 1]);
        assert_eq!(book.word(1), Some(&b"a"[..]));
        assert_eq!((book.word(3), book.len()), (None, 3));
        let bytes = postcard::to_allocvec(&book).unwrap();
        let mut read: WordBook = postcard::from_bytes(&bytes).unwrap();
        assert!(read.iter().eq(book.iter()) && read.bytes() == book.bytes());
        assert_eq!(read.number(b"c"), 3);
        // Two words, both `a`.
        assert!(postcard::from_bytes::<WordBook>(&[2, 1, b'a', 1, b'a']).is_err());
    }
}
