//! The figures of a server at one moment, as it tells them to whoever watches it: what it asked of
//! its store, what it committed and folded. The difference of two moments belongs to what was
//! measured in between, if nobody else asks that server.

use std::collections::BTreeMap;

use super::line::{Address, Line};
use crate::error::Result;

/// Samples by their name and labels, as they are printed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scrape(BTreeMap<String, f64>);

const REQUESTS: &str = "elacsym_store_requests_total";
/// What waits for an answer and changes nothing.
const READS: [&str; 4] = ["read", "slot", "load", "list"];

impl Scrape {
    pub(super) async fn of(address: &Address) -> Result<Self> {
        let page = Line::to(address).ask_for(&address.get("/metrics")).await?;
        Ok(Self::read(&String::from_utf8_lossy(&page)))
    }

    fn read(page: &str) -> Self {
        let samples = page.lines().filter(|line| !line.starts_with('#'));
        let sample = |line: &str| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse::<f64>().ok()?))
        };
        Self(samples.filter_map(sample).collect())
    }

    pub(super) fn since(&self, before: &Self) -> Self {
        let grown = |(name, value): (&String, &f64)| {
            (name.clone(), value - before.0.get(name).copied().unwrap_or_default())
        };
        Self(self.0.iter().map(grown).collect())
    }

    /// A sample without labels; 0 if the server does not have it.
    pub(super) fn value(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// The requests to the store, by what they were for.
    pub(super) fn requests(&self) -> BTreeMap<&str, f64> {
        let mut verbs: BTreeMap<&str, f64> = BTreeMap::new();
        for (name, value) in &self.0 {
            let verb = name.strip_prefix(REQUESTS).and_then(|labels| label(labels, "verb"));
            if let Some(verb) = verb
                && *value > 0.0
            {
                *verbs.entry(verb).or_default() += value;
            }
        }
        verbs
    }

    /// Those of them that are a GET or a page of a listing.
    pub(super) fn reads(&self) -> f64 {
        let requests = self.requests();
        READS.iter().filter_map(|verb| requests.get(verb)).sum()
    }
}

/// Such as `slot` of `{verb="slot",outcome="done"}`.
fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = labels.split_once(&format!("{name}=\""))?;
    value.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
# HELP elacsym_store_requests_total Requests to the store
# TYPE elacsym_store_requests_total counter
elacsym_store_requests_total{verb=\"slot\",outcome=\"done\"} 2
elacsym_store_requests_total{verb=\"slot\",outcome=\"missing\"} 40
elacsym_store_requests_total{verb=\"create\",outcome=\"done\"} 5
elacsym_commit_seconds_bucket{le=\"0.001\"} 3
elacsym_commit_seconds_sum 1.25
";

    #[test]
    fn requests_are_summed_by_what_they_were_for() {
        let scrape = Scrape::read(PAGE);
        assert_eq!(scrape.requests(), BTreeMap::from([("create", 5.0), ("slot", 42.0)]));
        assert_eq!(scrape.reads(), 42.0);
        assert_eq!(scrape.value("elacsym_commit_seconds_sum"), 1.25);
        assert_eq!(scrape.value("elacsym_folds_total"), 0.0);
    }

    #[test]
    fn what_happened_in_between_is_the_difference() {
        let before = Scrape::read(PAGE);
        let page = PAGE.replace("} 40", "} 43").replace("1.25", "2");
        let since = Scrape::read(&page).since(&before);
        assert_eq!(since.requests(), BTreeMap::from([("slot", 3.0)]));
        assert_eq!(since.value("elacsym_commit_seconds_sum"), 0.75);
        // A server that counts more than it did before has begun to.
        assert_eq!(before.since(&Scrape::default()), before);
    }
}
