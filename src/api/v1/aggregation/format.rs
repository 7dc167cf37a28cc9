//! How the keys of a date histogram spell moments: a few of the letters that Java has for it.

use crate::api::error::Refusal;
use crate::api::json::{Object, quoted};
use crate::model::Given;
use crate::model::aggregation::{spelt_clock, spelt_offset};

pub(in crate::api) const FORMAT_BYTES_MAX: usize = 128;
const CLOCK_LENGTH: usize = "2015-01-01T00:00:00.000".len();

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Format(Spelt);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Spelt {
    Millis,
    Seconds,
    Parts(Vec<Part>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// So many characters from here on of `2015-01-01T00:00:00.000`.
    Digits(usize, usize),
    Offset,
    Literal(char),
}

/// Letters, and where in a moment lies what they stand for.
const LETTERS: [(&str, usize); 8] = [
    ("yyyy", 0),
    ("uuuu", 0),
    ("MM", 5),
    ("dd", 8),
    ("HH", 11),
    ("mm", 14),
    ("ss", 17),
    ("SSS", 20),
];

impl Format {
    /// None: nothing is said, and moments are spelt as everywhere.
    pub(super) fn read(options: &mut Object) -> Result<Option<Self>, Refusal> {
        let path = options.path_of("format");
        let Some(text) = options.text("format")? else { return Ok(None) };
        let spelt = match &*text {
            "strict_date_optional_time" => return Ok(None),
            "epoch_millis" => Some(Spelt::Millis),
            "epoch_second" => Some(Spelt::Seconds),
            pattern => parts(pattern).map(Spelt::Parts),
        };
        let odd = || {
            Refusal::invalid(format!(
                "{path} is of yyyy, uuuu, MM, dd, HH, mm, ss, SSS, XXX, 'text' and punctuation, or \
                 one of epoch_millis, epoch_second and strict_date_optional_time, not `{}`",
                quoted(&text)
            ))
        };
        spelt.map(|spelt| Some(Self(spelt))).ok_or_else(odd)
    }

    /// A moment that is spelt so, as it is spelt everywhere; what is not so may still be that.
    pub(super) fn reads(&self, given: Given) -> Given {
        let Given::Text(text) = &given else { return given };
        let moment = match &self.0 {
            Spelt::Millis => text.parse().ok().map(Given::Int),
            Spelt::Seconds => {
                let seconds = text.parse::<i64>().ok();
                seconds.and_then(|seconds| seconds.checked_mul(1000)).map(Given::Int)
            }
            Spelt::Parts(parts) => clock(parts, text).map(|clock| Given::Text(clock.into())),
        };
        moment.unwrap_or(given)
    }

    pub(super) fn spell(&self, ms: i64, ahead_s: i32) -> String {
        let parts = match &self.0 {
            Spelt::Millis => return ms.to_string(),
            Spelt::Seconds => return ms.div_euclid(1000).to_string(),
            Spelt::Parts(parts) => parts,
        };
        let clock = spelt_clock(ms, ahead_s);
        // The year may be longer than it usually is, and what follows so much further on.
        let more = clock.len().saturating_sub(CLOCK_LENGTH);
        let mut text = String::with_capacity(clock.len());
        for part in parts {
            match part {
                Part::Digits(0, length) => text.push_str(&clock[..length + more]),
                Part::Digits(from, length) => {
                    text.push_str(&clock[from + more..from + more + length]);
                }
                Part::Offset => text.push_str(&spelt_offset(ahead_s)),
                Part::Literal(c) => text.push(*c),
            }
        }
        text
    }
}

/// What a text says by these parts, and where it says nothing the first moment of 1970.
fn clock(parts: &[Part], text: &str) -> Option<String> {
    let (mut clock, mut offset) = (String::from("1970-01-01T00:00:00.000"), "");
    let mut rest = text;
    for part in parts {
        let taken = match part {
            Part::Literal(c) => c.len_utf8(),
            Part::Digits(_, length) => *length,
            Part::Offset if rest.starts_with('Z') => 1,
            Part::Offset => "+00:00".len(),
        };
        let (said, after) = rest.split_at_checked(taken)?;
        rest = after;
        match part {
            Part::Literal(c) if said.chars().eq([*c]) => {}
            Part::Digits(from, length) if said.bytes().all(|byte| byte.is_ascii_digit()) => {
                clock.replace_range(*from..from + length, said);
            }
            Part::Offset => offset = said,
            Part::Literal(_) | Part::Digits(..) => return None,
        }
    }
    rest.is_empty().then(|| clock + offset)
}

fn parts(pattern: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    if pattern.is_empty() || pattern.len() > FORMAT_BYTES_MAX {
        return None;
    }
    while let Some(c) = rest.chars().next() {
        if c == '\'' {
            let (text, after) = quoted_text(&rest[1..])?;
            parts.extend(text.chars().map(Part::Literal));
            rest = after;
        } else if c.is_ascii_alphabetic() {
            let length = rest.chars().take_while(|other| *other == c).count();
            let (letters, after) = rest.split_at(length);
            parts.push(match LETTERS.iter().find(|(known, _)| *known == letters) {
                Some((_, at)) => Part::Digits(*at, length),
                None if letters == "XXX" => Part::Offset,
                None => return None,
            });
            rest = after;
        } else if matches!(c, '[' | ']' | '{' | '}' | '#' | '|') {
            // To Java these mean something.
            return None;
        } else {
            parts.push(Part::Literal(c));
            rest = &rest[c.len_utf8()..];
        }
    }
    Some(parts)
}

/// Behind a quote, up to the one that ends it. Two quotes side by side are one that is meant.
fn quoted_text(rest: &str) -> Option<(String, &str)> {
    if let Some(after) = rest.strip_prefix('\'') {
        return Some(("'".to_owned(), after));
    }
    let (mut text, mut rest) = (String::new(), rest);
    loop {
        let (before, after) = rest.split_once('\'')?;
        text.push_str(before);
        match after.strip_prefix('\'') {
            None => return Some((text, after)),
            Some(after) => {
                text.push('\'');
                rest = after;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;

    fn read(format: &str) -> Result<Option<Format>, Refusal> {
        let text = serde_json::json!({ "format": format }).to_string();
        Format::read(&mut Object::of("a", given(&text)).unwrap())
    }

    #[test]
    fn a_moment_is_spelt_as_was_asked() {
        let ms = 1_420_070_400_250;
        for (format, expected) in [
            ("yyyy-MM-dd", "2015-01-01"),
            ("uuuu.MM.dd'T'HH:mm:ss.SSSXXX", "2015.01.01T01:00:00.250+01:00"),
            ("HH 'o''clock'", "01 o'clock"),
            ("epoch_millis", "1420070400250"),
            ("epoch_second", "1420070400"),
        ] {
            assert_eq!(read(format).unwrap().unwrap().spell(ms, 3600), expected, "{format}");
        }
        assert_eq!(read("strict_date_optional_time").unwrap(), None);
        for (ms, expected) in [
            (253_402_300_800_000, "01.01.+10000 00:00"),
            (-62_208_000_000_000, "16.09.-0002 00:00"),
        ] {
            let format = read("dd.MM.yyyy HH:mm").unwrap().unwrap();
            assert_eq!(format.spell(ms, 0), expected);
        }
    }

    #[test]
    fn what_is_spelt_so_is_read_so() {
        let text = |text: &str| Given::Text(text.into());
        for (format, said, expected) in [
            ("yyyy-MM", "2024-03", text("2024-03-01T00:00:00.000")),
            ("dd.MM.yyyy HH 'h'", "31.12.2024 07 h", text("2024-12-31T07:00:00.000")),
            ("ss.SSSXXX", "07.250+01:00", text("1970-01-01T00:00:07.250+01:00")),
            ("HH:mmXXX", "07:25Z", text("1970-01-01T07:25:00.000Z")),
            ("epoch_millis", "-7", Given::Int(-7)),
            ("epoch_second", "7", Given::Int(7000)),
            // None of these is.
            ("yyyy-MM", "2024-03-01", text("2024-03-01")),
            ("yyyy-MM", "2024.03", text("2024.03")),
            ("yyyy", "é24", text("é24")),
            ("yyyy", "202x", text("202x")),
            ("epoch_second", "9223372036854775807", text("9223372036854775807")),
        ] {
            let read = read(format).unwrap().unwrap().reads(text(said));
            assert_eq!(read, expected, "{format}: {said}");
        }
        let whole = Given::Int(7);
        assert_eq!(read("epoch_second").unwrap().unwrap().reads(whole.clone()), whole);
    }

    #[test]
    fn what_is_no_format_is_refused() {
        for format in ["", "yyyy-MMM", "e", "yy", "'open", "yyyy[-MM]", &"-".repeat(129)] {
            let refusal = read(format).unwrap_err();
            assert!(refusal.story().contains("a.format is of yyyy"), "{}", refusal.story());
        }
    }
}
