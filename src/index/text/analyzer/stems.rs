//! Stems: the forms of a word are one word, by the Snowball rules of its language.

use std::borrow::Cow;

use frostem::{Algorithm, Stemmer};

#[derive(Clone, Copy, Debug)]
pub(super) struct Stems(Algorithm);

impl Stems {
    pub(super) fn of(language: &str) -> Option<Self> {
        Algorithm::from_name(language).ok().map(Self)
    }

    pub(super) fn stem(self, word: &str) -> Cow<'_, str> {
        let stem = Stemmer::new(self.0).stem(word);
        // Of marks that the rules take away, such as the Arabic kashida.
        if stem.is_empty() { Cow::Borrowed(word) } else { stem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LANGUAGES;

    #[test]
    fn each_language_has_its_rules() {
        let cases = [
            ("arabic", "المكتبات", "مكتب"),
            ("danish", "bøgerne", "bøg"),
            ("dutch", "katten", "kat"),
            ("english", "connections", "connect"),
            ("finnish", "taloissa", "talo"),
            ("french", "chevaux", "cheval"),
            ("german", "häuser", "haus"),
            ("greek", "γάτες", "γατ"),
            ("hungarian", "kertekben", "kert"),
            ("italian", "gatti", "gatt"),
            ("norwegian", "havnedistriktene", "havnedistrikt"),
            ("portuguese", "gatos", "gat"),
            ("romanian", "pisicile", "pisic"),
            ("russian", "книги", "книг"),
            ("spanish", "gatos", "gat"),
            ("swedish", "jaktkarlarne", "jaktkarl"),
            ("tamil", "புத்தகங்கள்", "புத்தகம்"),
            ("turkish", "kitapları", "kitap"),
        ];
        assert_eq!(cases.map(|(language, ..)| language), LANGUAGES);
        for (language, word, stem) in cases {
            let stems = Stems::of(language).expect(language);
            assert_eq!(stems.stem(word), stem, "{language}");
        }
    }

    #[test]
    fn a_word_of_which_nothing_would_be_left_stays() {
        let stems = Stems::of("arabic").unwrap();
        assert_eq!(stems.stem("\u{640}"), "\u{640}");
    }
}
