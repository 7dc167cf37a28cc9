//! The names that there are, page by page, in their order: one sorted LIST of markers. A name that
//! has several, of former lives that are not cleared away yet, is told once.
//!
//! Whoever asks for the next page gives back the last name of this one. It is read like a name of
//! anybody, and what is none is refused, so no cursor leads out of the folder of markers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Error, Result};
use crate::model::{Incarnation, Marker, MarkerKind, Namespace};
use crate::storage::{Cursor, Folder, Key, Reader};

/// At most so many names that begin with `prefix`, and where the next page begins, if there is one.
pub(super) async fn page(
    store: &Reader,
    prefix: &str,
    cursor: Option<&str>,
    names_max: usize,
) -> Result<(Vec<Namespace>, Option<String>)> {
    let folder = Folder::Markers(MarkerKind::Live);
    let mut from = beginning(prefix, cursor)?;
    let mut names: Vec<Namespace> = Vec::new();
    // One more than is shown tells whether there is another page.
    while let Some(here) = &from
        && names.len() <= names_max
    {
        let page = store.list(&folder, here, names_max + 1 - names.len()).await?;
        from = page.next;
        for entry in page.entries {
            let Key::Marker(marker) = entry.key else { continue };
            if !marker.name.as_str().starts_with(prefix) {
                from = None;
                break;
            }
            if names.last() != Some(&marker.name) {
                names.push(marker.name);
            }
        }
    }
    let more = names.len() > names_max;
    names.truncate(names_max);
    let next = names.last().filter(|_| more).map(spell);
    if more && crate::mutant!("the last name of a page is left out") {
        names.pop();
    }
    Ok((names, next))
}

/// Before the first marker that may be of the page. None: nothing can begin with that.
fn beginning(prefix: &str, cursor: Option<&str>) -> Result<Option<Cursor>> {
    // Markers are in the order of their names.
    let last = cursor.map(read).transpose()?.filter(|last| last.as_str() >= prefix);
    if let Some(name) = last {
        let marker = Marker { kind: MarkerKind::Live, name, inc: Incarnation(u128::MAX) };
        return Cursor::after(&Key::Marker(marker)).map(Some);
    }
    if prefix.is_empty() {
        return Ok(Some(Cursor::start()));
    }
    // These two are no names, but begin some; and no character of a name is below a hyphen.
    let first = match prefix {
        "." | ".." => Namespace::new(&format!("{prefix}-")),
        _ => Namespace::new(prefix),
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
    use crate::storage::{self, Store};

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
        let (mut pages, mut cursor) = (Vec::new(), None);
        loop {
            let (names, next) = page(store, prefix, cursor.as_deref(), names_max).await.unwrap();
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
    async fn a_cursor_that_no_list_has_given_is_refused() {
        let store = with(&[("a", 1), ("b", 1)]).await;
        for odd in ["a", "*", "YS9i", "Lg", &URL_SAFE_NO_PAD.encode([0xff])] {
            let told = page(&store, "", Some(odd), 10).await.unwrap_err();
            assert_eq!(told.kind(), ErrorKind::Invalid, "{odd}");
        }
        // One of another prefix shows nothing else than its own names.
        let a = spell(&Namespace::new("a").unwrap());
        let (names, next) = page(&store, "b", Some(&a), 10).await.unwrap();
        assert_eq!((names.len(), names[0].as_str(), next), (1, "b", None));
        let b = spell(&Namespace::new("b").unwrap());
        assert!(page(&store, "a", Some(&b), 10).await.unwrap().0.is_empty());
    }
}
