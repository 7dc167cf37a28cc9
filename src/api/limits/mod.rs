//! Everything has a limit. Here they stand in one table, each as the very constant that is checked
//! where it holds, so that the page that is printed from it, `docs/LIMITS.md`, cannot tell anything
//! else than what is done.

mod table;

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

pub use table::LIMITS;

#[derive(Clone, Copy, Debug)]
pub struct Limit {
    pub part: Part,
    /// No two have the same.
    pub of: &'static str,
    pub most: Most,
    /// What becomes of more.
    pub beyond: &'static str,
}

/// What it is a limit of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Requests,
    Keys,
    Namespaces,
    Documents,
    Queries,
    Aggregations,
    Patterns,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Most {
    Count(u64),
    Bytes(u64),
    Time(Duration),
}

impl Part {
    pub const ALL: [Self; 7] = [
        Self::Requests,
        Self::Keys,
        Self::Namespaces,
        Self::Documents,
        Self::Queries,
        Self::Aggregations,
        Self::Patterns,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Requests => "Requests and connections",
            Self::Keys => "Keys and certificates",
            Self::Namespaces => "Namespaces",
            Self::Documents => "Documents and writes",
            Self::Queries => "Queries",
            Self::Aggregations => "Aggregations",
            Self::Patterns => "Patterns in filters",
        }
    }
}

impl Limit {
    /// As a number: how many, how many bytes, or how many milliseconds.
    pub fn number(&self) -> u64 {
        match self.most {
            Most::Count(number) | Most::Bytes(number) => number,
            Most::Time(time) => u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl Display for Most {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        const DAY_MS: u128 = 86_400_000;
        match *self {
            Self::Count(number) => f.write_str(&spaced(number)),
            Self::Bytes(bytes) => {
                match UNITS.iter().find(|(unit, _)| bytes.is_multiple_of(*unit)) {
                    Some((unit, name)) => write!(f, "{} {name}", spaced(bytes / unit)),
                    None => write!(f, "{} bytes", spaced(bytes)),
                }
            }
            Self::Time(time) => match time.as_millis() {
                ms if !ms.is_multiple_of(1000) => write!(f, "{ms} ms"),
                ms if ms < 120_000 => write!(f, "{} s", ms / 1000),
                ms if ms < DAY_MS => write!(f, "{} min", ms / 60_000),
                ms => write!(f, "{} d", spaced((ms / DAY_MS) as u64)),
            },
        }
    }
}

/// `10,000`
fn spaced(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const HEAD: &str = "\
# Limits

Everything has a limit, and what is beyond it is refused by its name. This page is printed from the constants
that are checked (`src/api/limits/table.rs`); `ELACSYM_WRITE_DOCS=1 cargo test --test api limits` writes it, and
without the variable that test fails if the page is another. The same file, `tests/api/limits.rs`, asks for what
is at each limit and for what is one beyond it, or names the test that does. 400 is `invalid` where no code is told.

What has no limit of its own has that of the body it comes in: how many documents a request has, or ids,
columns, operations. Beside all of these, memory is reserved for whatever is large, up to `indexer.memory_limit`:
what does not fit now is sent away with 503, and what never will with 413 or 400.

Of the queries of a namespace that are computed at once, each of several in one request is one, and so is each vector of
a measure of recall. A plan counts for as much as its query; a look at metadata or usage, and a warm-up that is waited
for, are a query each.

Four limits of turbopuffer are others here ([page 20](decisions/0020-limits-that-are-not-ours.md)):

- A namespace may have more than 500 million documents or 1 TB. But its rows have to fit into memory to be queried
  ([OPERATIONS.md](OPERATIONS.md#sizing)).
- It may be written to more than 10,000 times a second, and with more than 32 MB: what is told to wait is not counted by
  the second, but by what waits already, and by what is not folded.
- A body has 512 MiB and not 512 MB, and what is not folded 2 GiB and not 2 GB: a little more.
- Not only 256 namespaces may be pinned, but any number: a `pinning` is kept and told, and takes nothing.
";

/// The page that tells all of them.
pub fn page() -> String {
    let mut page = String::from(HEAD);
    for part in Part::ALL {
        let title = part.title();
        page.push_str(&format!("\n## {title}\n\n| of | at most | beyond that |\n|---|---|---|\n"));
        for Limit { of, most, beyond, .. } in LIMITS.iter().filter(|limit| limit.part == part) {
            page.push_str(&format!("| {of} | {most} | {beyond} |\n"));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_told_in_the_largest_unit_that_it_has_a_whole_number_of() {
        for (most, text) in [
            (Most::Count(8), "8"),
            (Most::Count(10_000), "10,000"),
            (Most::Count(5_000_000), "5,000,000"),
            (Most::Bytes(64), "64 bytes"),
            (Most::Bytes(1500), "1,500 bytes"),
            (Most::Bytes(4 << 10), "4 KiB"),
            (Most::Bytes(512 << 20), "512 MiB"),
            (Most::Bytes(2 << 30), "2 GiB"),
            (Most::Time(Duration::from_millis(800)), "800 ms"),
            (Most::Time(Duration::from_secs(90)), "90 s"),
            (Most::Time(Duration::from_secs(900)), "15 min"),
            (Most::Time(Duration::from_secs(5000 * 86_400)), "5,000 d"),
        ] {
            assert_eq!(most.to_string(), text);
        }
    }

    #[test]
    fn no_two_limits_are_called_the_same_and_each_stands_on_the_page() {
        let page = page();
        for (at, limit) in LIMITS.iter().enumerate() {
            assert!(LIMITS[..at].iter().all(|other| other.of != limit.of), "{}", limit.of);
            assert!(limit.number() > 0 && !limit.of.contains('|') && !limit.beyond.contains('|'));
            assert!(page.contains(&format!("| {} | {} |", limit.of, limit.most)), "{}", limit.of);
        }
    }
}
