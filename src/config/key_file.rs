//! The file of API keys: who each of them is, and what it may do where.
//!
//! Nothing that it does not say is granted, and nothing that it says is passed over: a mistyped
//! `expires` would let a key live for ever. No key is in it, only what SHA-256 makes of one; still, no
//! problem repeats a value, for somebody may have put a key where its hash belongs.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{bytes, line_of};
use crate::model::{NamePatterns, datetime};

/// Every request is compared with each of them.
pub const API_KEYS_MAX: usize = 1000;
pub const API_KEY_NAME_CHARS_MAX: usize = 64;
/// Above it, a limit is none.
pub const API_KEY_RATE_MAX: u64 = 1_000_000_000_000;
/// A file that is none at all is wrong in every line.
const PROBLEMS_TOLD: usize = 20;
const NO_KEYS: &str = "has no keys: each begins with [[keys]]";
const FIELDS: [&str; 8] = [
    "name",
    "sha256",
    "scopes",
    "namespaces",
    "expires",
    "requests_per_second",
    "bytes_per_second",
    "queries_in_flight",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// For the log.
    pub name: String,
    pub sha256: [u8; 32],
    pub scopes: Vec<Scope>,
    pub namespaces: NamePatterns,
    /// In microseconds since 1970; from then on nobody knows it.
    pub expires_micros: Option<i64>,
    pub rates: Rates,
}

/// What a key may be for. None of them is a part of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Read,
    Write,
    List,
    Admin,
}

/// What may come under one key; `None`: any number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    pub requests_per_second: Option<u64>,
    /// Of bodies, those of requests as they are sent and those of answers before they are packed.
    pub bytes_per_second: Option<u64>,
    pub queries_in_flight: Option<u64>,
}

impl Scope {
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::List, Self::Admin];

    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::List => "list",
            Self::Admin => "admin",
        }
    }
}

impl ApiKey {
    /// All keys of a file, or what is wrong with it, by line.
    pub fn parse_file(text: &str) -> Result<Vec<Self>, Vec<String>> {
        // Only the message of a syntax error: its `Display` quotes the line.
        let table = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            vec![format!("is not TOML: line {line}: {}", error.message())]
        })?;
        let mut reader = Reader { text, problems: Vec::new(), more: 0 };
        let keys = reader.file(table.get_ref());
        let Reader { mut problems, more, .. } = reader;
        if more > 0 {
            problems.push(format!("and {more} more"));
        }
        if problems.is_empty() { Ok(keys) } else { Err(problems) }
    }
}

/// Where something stands in the file, and what an operator calls it.
struct Place {
    offset: usize,
    /// `keys[2].sha256`
    path: String,
}

/// A field that a key may have, and where it stands, or should.
type Field<'a> = (Place, Option<&'a DeValue<'a>>);
type Read<T> = fn(&DeValue<'_>) -> Result<T, String>;

struct Reader<'a> {
    text: &'a str,
    problems: Vec<String>,
    /// Those that are not told.
    more: usize,
}

impl<'a> Reader<'a> {
    fn file(&mut self, table: &'a DeTable<'a>) -> Vec<ApiKey> {
        let listed = table.get("keys").and_then(|keys| keys.get_ref().as_array());
        let is_table = |key: &&Spanned<DeValue<'a>>| key.get_ref().is_table();
        let tables: Vec<_> =
            listed.into_iter().flat_map(|keys| keys.iter()).filter(is_table).collect();
        if tables.is_empty() || listed.is_some_and(|keys| keys.len() > tables.len()) {
            self.problems.push(NO_KEYS.to_owned());
            return Vec::new();
        }
        for field in table.keys().filter(|field| field.get_ref() != "keys") {
            let place = Place { offset: field.span().start, path: "the file".to_owned() };
            self.tell(&place, "holds something that is no key: each begins with [[keys]]");
        }
        if tables.len() > API_KEYS_MAX {
            let many = tables.len();
            self.problems.push(format!("has {many} keys, and {API_KEYS_MAX} are the most"));
            return Vec::new();
        }
        let (mut names, mut hashes) = (BTreeMap::new(), BTreeMap::new());
        let mut keys = Vec::with_capacity(tables.len());
        for (at, table) in tables.into_iter().enumerate() {
            let Some(key) = self.key(at, table) else { continue };
            let here = Place { offset: table.span().start, path: format!("keys[{at}]") };
            if let Some(other) = names.insert(key.name.clone(), at) {
                self.tell(&here, format!("has the name of keys[{other}]"));
            }
            if let Some(other) = hashes.insert(key.sha256, at) {
                self.tell(&here, format!("has the sha256 of keys[{other}]"));
            }
            keys.push(key);
        }
        keys
    }

    fn key(&mut self, at: usize, table: &'a Spanned<DeValue<'a>>) -> Option<ApiKey> {
        let fields = table.get_ref().as_table()?;
        for field in fields.keys() {
            if !FIELDS.iter().any(|known| field.get_ref() == known) {
                let place = Place { offset: field.span().start, path: format!("keys[{at}]") };
                let known = FIELDS.join(", ");
                self.tell(&place, format!("has a field that no key has; they are {known}"));
            }
        }
        let field = |name: &str| {
            let (offset, value) = match fields.get(name) {
                Some(value) => (value.span().start, Some(value.get_ref())),
                None => (table.span().start, None),
            };
            (Place { offset, path: format!("keys[{at}].{name}") }, value)
        };
        let name = field("name");
        let sha256 = field("sha256");
        let scopes = field("scopes");
        let namespaces = field("namespaces");
        let expires = field("expires");
        let requests = field("requests_per_second");
        let bytes = field("bytes_per_second");
        let queries = field("queries_in_flight");
        // All of them are read before one that is missing ends it.
        let name = self.required(name, key_name);
        let sha256 = self.required(sha256, sha256_of);
        let scopes = self.required(scopes, scopes_of);
        let namespaces = self.required(namespaces, patterns_of);
        let expires_micros = self.optional(expires, moment_of);
        let rates = Rates {
            requests_per_second: self.optional(requests, count_of),
            bytes_per_second: self.optional(bytes, bytes_of),
            queries_in_flight: self.optional(queries, count_of),
        };
        Some(ApiKey {
            name: name?,
            sha256: sha256?,
            scopes: scopes?,
            namespaces: namespaces?,
            expires_micros,
            rates,
        })
    }

    fn required<T>(&mut self, field: Field<'a>, read: Read<T>) -> Option<T> {
        if field.1.is_none() {
            self.tell(&field.0, "is missing");
        }
        self.optional(field, read)
    }

    fn optional<T>(&mut self, (place, value): Field<'a>, read: Read<T>) -> Option<T> {
        read(value?).map_err(|message| self.tell(&place, message)).ok()
    }

    fn tell(&mut self, place: &Place, message: impl AsRef<str>) {
        if self.problems.len() == PROBLEMS_TOLD {
            self.more += 1;
            return;
        }
        let line = line_of(self.text, place.offset);
        self.problems.push(format!("line {line}: {} {}", place.path, message.as_ref()));
    }
}

fn key_name(value: &DeValue<'_>) -> Result<String, String> {
    let name = value.as_str().ok_or("must be a string")?;
    let fits = (1..=API_KEY_NAME_CHARS_MAX).contains(&name.len());
    match fits && name.chars().all(|c| c.is_ascii_graphic()) {
        true => Ok(name.to_owned()),
        false => Err(format!(
            "must be 1 to {API_KEY_NAME_CHARS_MAX} characters of ASCII, without spaces: it is for the log"
        )),
    }
}

fn sha256_of(value: &DeValue<'_>) -> Result<[u8; 32], String> {
    let wanted = || {
        "must be the 64 hexadecimal digits that `printf %s KEY | sha256sum` prints, and not the \
         key itself"
            .to_owned()
    };
    let digits = value.as_str().filter(|text| text.len() == 64).ok_or_else(wanted)?;
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let digit = |byte: u8| char::from(byte).to_digit(16).ok_or_else(wanted);
        *byte = (16 * digit(pair[0])? + digit(pair[1])?) as u8;
    }
    Ok(hash)
}

fn scopes_of(value: &DeValue<'_>) -> Result<Vec<Scope>, String> {
    let wanted = || {
        let words = Scope::ALL.map(Scope::word).join(", ");
        format!("must be a list of strings, some of {words}")
    };
    let words = texts(value).filter(|words| !words.is_empty()).ok_or_else(wanted)?;
    let scope = |word: &str| Scope::ALL.into_iter().find(|scope| scope.word() == word);
    words.into_iter().map(|word| scope(word).ok_or_else(wanted)).collect()
}

fn patterns_of(value: &DeValue<'_>) -> Result<NamePatterns, String> {
    let wanted = || {
        "must be a list of names and patterns such as \"acme-*\"; \"*\" is all namespaces"
            .to_owned()
    };
    let patterns = texts(value).filter(|texts| !texts.is_empty()).ok_or_else(wanted)?;
    NamePatterns::new(&patterns).map_err(|error| format!("is not good: {error}"))
}

/// As TOML has moments, or as a text.
fn moment_of(value: &DeValue<'_>) -> Result<i64, String> {
    let text = match value {
        DeValue::Datetime(moment) => Some(moment.to_string()),
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    };
    text.and_then(|text| datetime::parse(&text)).ok_or_else(|| {
        "must be a moment such as 2030-12-31T00:00:00Z; without an offset it is UTC".to_owned()
    })
}

fn count_of(value: &DeValue<'_>) -> Result<u64, String> {
    number(value)
        .ok_or_else(|| format!("must be a number, 1 to {API_KEY_RATE_MAX}; without it, any"))
}

fn bytes_of(value: &DeValue<'_>) -> Result<u64, String> {
    let size = value.as_str().and_then(|text| bytes::parse(text).ok());
    let size = size.filter(|size| (1..=API_KEY_RATE_MAX).contains(size));
    size.or_else(|| number(value)).ok_or_else(|| {
        format!("must be a size such as \"16MiB\", or a number of bytes, 1 to {API_KEY_RATE_MAX}")
    })
}

fn number(value: &DeValue<'_>) -> Option<u64> {
    let DeValue::Integer(number) = value else { return None };
    let number = u64::from_str_radix(number.as_str(), number.radix()).ok();
    number.filter(|number| (1..=API_KEY_RATE_MAX).contains(number))
}

fn texts<'a>(value: &'a DeValue<'_>) -> Option<Vec<&'a str>> {
    value.as_array()?.iter().map(|item| item.get_ref().as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{NAME_BYTES_MAX, NAME_PATTERNS_MAX};

    /// Of `abc`.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn key(more: &str) -> String {
        format!(
            "[[keys]]\nname = 'ops'\nsha256 = '{ABC}'\nscopes = ['read']\nnamespaces = ['*']\n{more}"
        )
    }

    fn problems(text: &str) -> Vec<String> {
        ApiKey::parse_file(text).unwrap_err()
    }

    #[test]
    fn a_key_is_what_is_said_of_it() {
        let text = format!(
            "# Ours.\n[[keys]]\nname = 'ops'\nsha256 = '{}'\nscopes = ['admin', 'read']\n\
             namespaces = ['acme-*', 'docs']\nexpires = 1970-01-01T00:00:01Z\n\
             requests_per_second = 0x10\nbytes_per_second = '1MiB'\nqueries_in_flight = 2\n\n\
             [[keys]]\nname = 'b'\nsha256 = '{}'\nscopes = ['write']\nnamespaces = ['*']\n\
             expires = '1970-01-02'\nbytes_per_second = 500\n",
            ABC.to_uppercase(),
            "00".repeat(32)
        );
        let keys = ApiKey::parse_file(&text).unwrap();
        let (ops, b) = (&keys[0], &keys[1]);
        assert_eq!((ops.sha256[0], ops.sha256[31], &*ops.name), (0xba, 0xad, "ops"));
        assert_eq!(ops.scopes, [Scope::Admin, Scope::Read]);
        assert_eq!(ops.namespaces, NamePatterns::new(&["acme-*", "docs"]).unwrap());
        assert_eq!(ops.expires_micros, Some(1_000_000));
        let rates = |requests, bytes, queries| Rates {
            requests_per_second: requests,
            bytes_per_second: bytes,
            queries_in_flight: queries,
        };
        assert_eq!(ops.rates, rates(Some(16), Some(1 << 20), Some(2)));
        assert_eq!(b.expires_micros, Some(86_400_000_000));
        assert_eq!((b.rates, b.namespaces.is_all()), (rates(None, Some(500), None), true));
        assert_eq!(ApiKey::parse_file(&key("")).unwrap()[0].rates, Rates::default());
    }

    #[test]
    fn each_mistake_is_told_with_its_line_and_its_field() {
        for (text, told) in [
            ("[[keys]]\nname = 'a", "is not TOML: line 2"),
            ("", "each begins with [[keys]]"),
            ("keys = []", "each begins with [[keys]]"),
            ("keys = [1]", "each begins with [[keys]]"),
            ("[keys]\nname = 'a'", "each begins with [[keys]]"),
            (
                &format!("limits = 1\n{}", key("")),
                "line 1: the file holds something that is no key",
            ),
            (&key("expire = '2030-01-01'"), "line 6: keys[0] has a field that no key has"),
            (&key("expires = 'soon'"), "line 6: keys[0].expires must be a moment"),
            (&key("expires = 07:32:00"), "line 6: keys[0].expires must be a moment"),
            (&key("expires = 5"), "must be a moment"),
            (&key("requests_per_second = 0"), "line 6: keys[0].requests_per_second must be a"),
            (&key("requests_per_second = 1.5"), "keys[0].requests_per_second must be a number"),
            (&key("requests_per_second = '9'"), "keys[0].requests_per_second must be a number"),
            (&key("queries_in_flight = -1"), "keys[0].queries_in_flight must be a number"),
            (&key("bytes_per_second = '5MB'"), "keys[0].bytes_per_second must be a size"),
            (&key("bytes_per_second = 9999999999999"), "1 to 1000000000000"),
            (&key("").replace("'ops'", "''"), "line 2: keys[0].name must be 1 to 64"),
            (&key("").replace("'ops'", "'a b'"), "keys[0].name must be 1 to 64 characters"),
            (&key("").replace("'ops'", "7"), "keys[0].name must be a string"),
            (&key("").replace(ABC, "secret"), "line 3: keys[0].sha256 must be the 64"),
            (&key("").replace("ba78", "xa78"), "line 3: keys[0].sha256 must be the 64"),
            (&key("").replace("['read']", "[]"), "line 4: keys[0].scopes must be a list"),
            (&key("").replace("'read'", "'reed'"), "some of read, write, list, admin"),
            (&key("").replace("['read']", "'read'"), "keys[0].scopes must be a list"),
            (&key("").replace("['*']", "[]"), "line 5: keys[0].namespaces must be a list"),
            (&key("").replace("['*']", "['a/b']"), "keys[0].namespaces is not good: a pattern"),
            (&key("").replace("name = 'ops'\n", ""), "line 1: keys[0].name is missing"),
            (&key("").replace("namespaces = ['*']\n", ""), "keys[0].namespaces is missing"),
        ] {
            let problems = problems(text);
            assert_eq!(problems.len(), 1, "one mistake, one problem: {problems:#?}");
            assert!(problems[0].contains(told), "{text} told {:?}, not {told:?}", problems[0]);
            assert!(!problems[0].contains("secret"), "{problems:?}");
        }
    }

    #[test]
    fn all_problems_of_a_file_are_told_at_once_and_not_too_many() {
        let twice = format!("{}{}", key(""), key(""));
        let told = ["line 6: keys[1] has the name of keys[0]", "has the sha256 of keys[0]"];
        let problems_of_twins = problems(&twice);
        assert_eq!(problems_of_twins.len(), 2);
        for told in told {
            assert!(problems_of_twins.iter().any(|problem| problem.contains(told)), "{told}");
        }
        let nothing_said = "[[keys]]\n".repeat(30);
        let told = problems(&nothing_said);
        assert_eq!((told.len(), &*told[20]), (21, "and 100 more"));
        let many = problems(&"[[keys]]\n".repeat(API_KEYS_MAX + 1));
        assert_eq!(many, ["has 1001 keys, and 1000 are the most"]);
    }

    #[test]
    fn a_file_has_so_much_of_everything_and_no_more() {
        let is_read = |text: &str| ApiKey::parse_file(text).is_ok();
        let another = |at: usize| {
            let hash = format!("{at:064x}");
            key("").replace("'ops'", &format!("'k{at}'")).replace(ABC, &hash)
        };
        let named = |length: usize| key("").replace("'ops'", &format!("'{}'", "n".repeat(length)));
        let for_patterns = |count: usize| key("").replace("'*'", &vec!["'a-*'"; count].join(","));
        let for_pattern =
            |length: usize| key("").replace("'*'", &format!("'{}'", "n".repeat(length)));
        let limited = |most: u64| key(&format!("requests_per_second = {most}"));
        let keys: String = (0..API_KEYS_MAX).map(another).collect();
        for (most, more) in [
            (keys.clone(), keys + &another(API_KEYS_MAX)),
            (named(API_KEY_NAME_CHARS_MAX), named(API_KEY_NAME_CHARS_MAX + 1)),
            (for_patterns(NAME_PATTERNS_MAX), for_patterns(NAME_PATTERNS_MAX + 1)),
            (for_pattern(NAME_BYTES_MAX), for_pattern(NAME_BYTES_MAX + 1)),
            (limited(API_KEY_RATE_MAX), limited(API_KEY_RATE_MAX + 1)),
        ] {
            let end = |text: &str| text[text.len() - 60..].to_owned();
            assert!(is_read(&most), "{}: {:?}", end(&most), ApiKey::parse_file(&most));
            assert!(!is_read(&more), "{}", end(&more));
        }
    }
}
