//! The names that there are, page by page, in their order: one sorted LIST of markers. A name that
//! has several, of former lives that are not cleared away yet, is told once.
//!
//! Whoever asks for the next page gives back the last name of this one. It is read like a name of
//! anybody, and what is none is refused, so no cursor leads out of the folder of markers.
//!
//! Who may see some of the names is told those, as if there were no others: none is on a page, none
//! is where the next page begins, and there is a next page only if one of theirs is on it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Error, Result};
use crate::model::{Incarnation, Marker, MarkerKind, NamePatterns, Namespace};
use crate::storage::{Cursor, Folder, Key, Reader};

/// Where most names may be somebody else's, so many are looked at in one go.
const LOOKED_AT: usize = 1000;

/// At most so many names that are `among` those and begin with `prefix`, and where the next page
/// begins, if there is one.
pub(super) async fn page(
    store: &Reader,
    prefix: &str,
    among: &NamePatterns,
    cursor: Option<&str>,
    names_max: usize,
) -> Result<(Vec<Namespace>, Option<String>)> {
    let last = cursor.map(read).transpose()?;
    let mut names: Vec<Namespace> = Vec::new();
    for beginning in among.beginnings(prefix) {
        // One more than is shown tells whether there is another page.
        gather(store, beginning, among, last.as_ref(), names_max + 1, &mut names).await?;
    }
    let more = names.len() > names_max;
    names.truncate(names_max);
    let next = names.last().filter(|_| more).map(spell);
    if more && crate::mutant!("the last name of a page is left out") {
        names.pop();
    }
    Ok((names, next))
}

/// Adds the names that begin so, until there are as many as are wanted.
async fn gather(
    store: &Reader,
    beginning: &str,
    among: &NamePatterns,
    last: Option<&Namespace>,
    wanted: usize,
    names: &mut Vec<Namespace>,
) -> Result<()> {
    let folder = Folder::Markers(MarkerKind::Live);
    let mut from = before(beginning, last)?;
    while let Some(here) = &from
        && names.len() < wanted
    {
        let missing = wanted - names.len();
        let looked_at = if among.is_all() { missing } else { missing.max(LOOKED_AT) };
        let page = store.list(&folder, here, looked_at).await?;
        from = page.next;
        for entry in page.entries {
            let Key::Marker(marker) = entry.key else { continue };
            if !marker.name.as_str().starts_with(beginning) {
                from = None;
                break;
            }
            if names.last() != Some(&marker.name) && among.matches(marker.name.as_str()) {
                names.push(marker.name);
            }
        }
    }
    Ok(())
}

/// Before the first marker that may be of the page. None: there is nothing more that begins so.
fn before(beginning: &str, last: Option<&Namespace>) -> Result<Option<Cursor>> {
    // Markers are in the order of their names.
    if let Some(last) = last.filter(|last| last.as_str() >= beginning) {
        if !last.as_str().starts_with(beginning) {
            return Ok(None);
        }
        let (kind, name) = (MarkerKind::Live, last.clone());
        let marker = Marker { kind, name, inc: Incarnation(u128::MAX) };
        return Cursor::after(&Key::Marker(marker)).map(Some);
    }
    if beginning.is_empty() {
        return Ok(Some(Cursor::start()));
    }
    // These two are no names, but begin some; and no character of a name is below a hyphen.
    let first = match beginning {
        "." | ".." => Namespace::new(&format!("{beginning}-")),
        _ => Namespace::new(beginning),
    };
    Ok(first.ok().map(|name| Cursor::at_name(MarkerKind::Live, &name)))
}

/// So that nobody takes it for a name and makes up his own.
fn spell(name: &Namespace) -> String {
    URL_SAFE_NO_PAD.encode(name.as_str())
}

fn read(cursor: &str) -> Result<Namespace> {
    let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| Namespace::new(&text).ok())
        .ok_or_else(|| Error::invalid("`cursor` is none that a list has given: begin without one"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Location;
    use crate::env::{Clock, Dice};
    use crate::error::ErrorKind;
    use crate::storage::{self, Store, Verb};

    async fn with(markers: &[(&str, u128)]) -> Store {
        let dice = Dice::from_seed(1);
        let store = storage::open(&Location::Memory, [], Clock::start(), dice).await.unwrap();
        for (name, inc) in markers {
            let (name, inc) = (Namespace::new(name).unwrap(), Incarnation(*inc));
            store.mark(&Marker { kind: MarkerKind::Live, name, inc }).await.unwrap();
        }
        store
    }

    async fn pages(store: &Store, prefix: &str, names_max: usize) -> Vec<String> {
        pages_among(store, prefix, &NamePatterns::all(), names_max).await
    }

    async fn pages_among(
        store: &Store,
        prefix: &str,
        among: &NamePatterns,
        names_max: usize,
    ) -> Vec<String> {
        let (mut pages, mut cursor) = (Vec::new(), None);
        loop {
            let page = page(store, prefix, among, cursor.as_deref(), names_max);
            let (names, next) = page.await.unwrap();
            let names: Vec<&str> = names.iter().map(Namespace::as_str).collect();
            pages.push(names.join(" "));
            cursor = next;
            if cursor.is_none() {
                return pages;
            }
        }
    }

    #[tokio::test]
    async fn names_are_told_in_their_order_page_by_page_each_once() {
        let markers = [("b", 1), ("a", 2), ("a-b", 1), ("a", 1), ("ab", 3), ("a", 3), ("B", 1)];
        let store = with(&markers).await;
        assert_eq!(pages(&store, "", 10).await, ["B a a-b ab b"]);
        assert_eq!(pages(&store, "", 5).await, ["B a a-b ab b"]);
        assert_eq!(pages(&store, "", 2).await, ["B a", "a-b ab", "b"]);
        assert_eq!(pages(&store, "", 1).await, ["B", "a", "a-b", "ab", "b"]);
        assert_eq!(pages(&with(&[]).await, "", 2).await, [""]);
    }

    #[tokio::test]
    async fn a_prefix_shows_what_begins_with_it_and_nothing_else() {
        let names = ["-", "...", "..a", ".-", ".a", "a", "a.", "a0", "ab", "b"];
        let store = with(&names.map(|name| (name, 7))).await;
        for (prefix, expected) in [
            ("a", "a a. a0 ab"),
            ("ab", "ab"),
            (".", ".- ... ..a .a"),
            ("..", "... ..a"),
            ("...", "..."),
            ("c", ""),
            ("a/", ""),
            ("a!", ""),
            ("é", ""),
        ] {
            assert_eq!(pages(&store, prefix, 10).await, [expected], "{prefix}");
            assert_eq!(pages(&store, prefix, 1).await.join(" "), expected, "{prefix}");
        }
        let long = "a".repeat(129);
        assert_eq!(pages(&store, &long, 1).await, [""]);
    }

    #[tokio::test]
    async fn a_page_may_be_as_large_as_a_listing_or_larger() {
        let names: Vec<String> = (0..1_005).map(|number| format!("n{number:04}")).collect();
        let markers: Vec<(&str, u128)> = names.iter().map(|name| (&**name, 1)).collect();
        let store = with(&markers).await;
        assert_eq!(
            pages(&store, "n", 1_000).await,
            [names[..1_000].join(" "), names[1_000..].join(" ")]
        );
        assert_eq!(pages(&store, "n", 1_005).await, [names.join(" ")]);
    }

    #[tokio::test]
    async fn who_may_see_some_names_is_told_those_as_if_there_were_no_others() {
        let names = ["a", "acme-1", "acme-2", "acme-3", "b", "docs", "docs-1", "x-prod", "z"];
        let store = with(&names.map(|name| (name, 7))).await;
        for (patterns, prefix, expected) in [
            (&["acme-*"][..], "", &["acme-1 acme-2", "acme-3"][..]),
            // Behind the last name there are others, and no page.
            (&["acme-1", "acme-2"], "", &["acme-1 acme-2"]),
            (&["docs", "*-prod"], "", &["docs x-prod"]),
            (&["docs", "acme-*", "acme-2"], "", &["acme-1 acme-2", "acme-3 docs"]),
            (&["*-*"], "acme", &["acme-1 acme-2", "acme-3"]),
            (&["*-*"], "", &["acme-1 acme-2", "acme-3 docs-1", "x-prod"]),
            (&["acme-*"], "b", &[""]),
            (&["c*"], "", &[""]),
        ] {
            let among = NamePatterns::new(patterns).unwrap();
            let told = pages_among(&store, prefix, &among, 2).await;
            assert_eq!(told, expected, "{patterns:?} {prefix}");
        }
        // One that somebody else was given leads past what is not theirs.
        let (among, b) = (NamePatterns::new(&["acme-*"]).unwrap(), Namespace::new("b").unwrap());
        let told = page(&store, "", &among, Some(&spell(&b)), 2).await.unwrap();
        assert_eq!(told, (Vec::new(), None));
    }

    #[tokio::test]
    async fn names_of_others_are_looked_at_in_large_pages_and_only_where_ones_own_may_be() {
        let others: Vec<String> = (0..2_500).map(|number| format!("n{number:04}")).collect();
        let markers = others.iter().map(|name| (&**name, 1)).chain([("n-mine", 1), ("z", 1)]);
        let store = with(&markers.collect::<Vec<_>>()).await;
        for (patterns, lists) in [(&["z*"][..], 1), (&["n-*"], 1), (&["*e"], 3)] {
            let before = store.counts().sent(Verb::List);
            let among = NamePatterns::new(patterns).unwrap();
            let (names, next) = page(&store, "", &among, None, 10).await.unwrap();
            assert_eq!((names.len(), next), (1, None), "{patterns:?}");
            assert_eq!(store.counts().sent(Verb::List) - before, lists, "{patterns:?}");
        }
    }

    #[tokio::test]
    async fn a_cursor_that_no_list_has_given_is_refused() {
        let store = with(&[("a", 1), ("b", 1)]).await;
        let all = NamePatterns::all();
        for odd in ["a", "*", "YS9i", "Lg", &URL_SAFE_NO_PAD.encode([0xff])] {
            let told = page(&store, "", &all, Some(odd), 10).await.unwrap_err();
            assert_eq!(told.kind(), ErrorKind::Invalid, "{odd}");
        }
        // One of another prefix shows nothing else than its own names.
        let a = spell(&Namespace::new("a").unwrap());
        let (names, next) = page(&store, "b", &all, Some(&a), 10).await.unwrap();
        assert_eq!((names.len(), names[0].as_str(), next), (1, "b", None));
        let b = spell(&Namespace::new("b").unwrap());
        assert!(page(&store, "a", &all, Some(&b), 10).await.unwrap().0.is_empty());
    }
}
