//! Markers: whether those lives can be found that must be, and which markers lead nowhere.
//!
//! A crash leaves one too many, never one too few: what is too much is a note, for the walk mends it.
//!
//! A listing of markers is of a moment before the log was read, and a life may have begun or ended in
//! between. So what is found here counts only when it is found again with markers that were listed
//! after it was found: whoever looks at a name sees to that.

use std::collections::BTreeSet;

use super::findings::{Findings, What};
use crate::error::Result;
use crate::model::{Incarnation, Marker, MarkerKind, Namespace};
use crate::storage::{Cursor, Folder, Key, Reader};

pub(super) const KINDS: [MarkerKind; 2] = [MarkerKind::Live, MarkerKind::Gone];

/// Markers of one name: there are a handful.
const PAGE: usize = 16;

/// What is known of the lives of a name.
#[derive(Debug, Default)]
pub(super) struct Lives {
    /// The one that the head is of, if it is not over.
    pub(super) present: Option<(Incarnation, Standing)>,
    /// Those that are over, and have something left to collect.
    pub(super) left: BTreeSet<Incarnation>,
    /// Those that are over, of which the head still speaks.
    pub(super) kept: BTreeSet<Incarnation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// There was no batch yet.
    Unborn,
    Alive,
    /// The log has ended, and the head does not say so yet.
    Ended,
    /// Its log is damaged.
    Unknown,
}

/// The markers of one name, as they are now.
pub(super) async fn of(store: &Reader, name: &Namespace) -> Result<Vec<Marker>> {
    let mut markers = Vec::new();
    for kind in KINDS {
        let (folder, mut from) = (Folder::Markers(kind), Some(Cursor::at_name(kind, name)));
        while let Some(here) = from.take() {
            let page = store.list(&folder, &here, PAGE).await?;
            from = page.next;
            for entry in page.entries {
                let Key::Marker(marker) = entry.key else { continue };
                if marker.name == *name {
                    markers.push(marker);
                } else {
                    // They lie together.
                    from = None;
                }
            }
        }
    }
    Ok(markers)
}

/// The key of a marker.
fn place(marker: &Marker) -> String {
    Key::Marker(marker.clone()).spell().unwrap_or_else(|_| format!("{marker:?}"))
}

impl Lives {
    pub(super) fn judge(&self, name: &Namespace, markers: &[Marker], found: &mut Findings) {
        let mut need = |kind, inc, why: &str| {
            let marker = Marker { kind, name: name.clone(), inc };
            if !markers.contains(&marker) {
                found.say(What::Unmarked, place(&marker), why);
            }
        };
        if let Some((inc, Standing::Alive)) = self.present {
            need(MarkerKind::Live, inc, "this life goes on, and no list of names shows it");
        }
        for inc in &self.left {
            need(
                MarkerKind::Gone,
                *inc,
                "this life is over, and nothing leads to what is left of it",
            );
        }
        for marker in markers {
            if let Some(why) = self.stray(marker) {
                found.say(What::Stray, place(marker), why);
            }
        }
    }

    /// Why a marker is one too many, if it is.
    fn stray(&self, marker: &Marker) -> Option<&'static str> {
        let present = self.present.filter(|(inc, _)| *inc == marker.inc);
        match (marker.kind, present.map(|(_, standing)| standing)) {
            (_, Some(Standing::Unknown)) => None,
            (MarkerKind::Live, Some(Standing::Unborn | Standing::Alive)) => None,
            (MarkerKind::Live, Some(Standing::Ended) | None) => {
                Some("of a life that is over, or never began")
            }
            // A deletion that came to nothing leaves it for as long as the name lives.
            (MarkerKind::Gone, Some(_)) => None,
            (MarkerKind::Gone, None) => {
                let leads = self.left.contains(&marker.inc) || self.kept.contains(&marker.inc);
                (!leads).then_some("nothing is left of that life")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> Namespace {
        Namespace::new("acme").unwrap()
    }

    fn marker(kind: MarkerKind, inc: u128) -> Marker {
        Marker { kind, name: name(), inc: Incarnation(inc) }
    }

    fn judged(lives: &Lives, markers: &[Marker]) -> Vec<What> {
        let mut found = Findings::default();
        lives.judge(&name(), markers, &mut found);
        found.iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn a_life_has_the_marker_of_its_standing() {
        use MarkerKind::{Gone, Live};
        use Standing::{Alive, Ended, Unborn, Unknown};
        let none: &[What] = &[];
        for (standing, kind, expected) in [
            (Unborn, None, none),
            (Unborn, Some(Live), none),
            (Alive, Some(Live), none),
            (Alive, None, &[What::Unmarked]),
            (Alive, Some(Gone), &[What::Unmarked]),
            (Ended, Some(Live), &[What::Stray]),
            (Ended, Some(Gone), none),
            (Unknown, None, none),
            (Unknown, Some(Live), none),
        ] {
            let present = Some((Incarnation(1), standing));
            let lives = Lives { present, ..Lives::default() };
            let markers: Vec<Marker> = kind.into_iter().map(|kind| marker(kind, 1)).collect();
            assert_eq!(judged(&lives, &markers), expected, "{standing:?} {kind:?}");
        }
    }

    #[test]
    fn a_life_that_is_over_is_marked_as_long_as_something_is_left() {
        let (left, kept) = (BTreeSet::from([Incarnation(1)]), BTreeSet::from([Incarnation(2)]));
        let lives = Lives { left, kept, ..Lives::default() };
        let gone = [1, 2].map(|inc| marker(MarkerKind::Gone, inc));
        assert_eq!(judged(&lives, &gone), []);
        assert_eq!(judged(&lives, &[]), [What::Unmarked]);
        let odd = [marker(MarkerKind::Gone, 3), marker(MarkerKind::Live, 1)];
        assert_eq!(judged(&lives, &[gone.to_vec(), odd.to_vec()].concat()), [What::Stray; 2]);
    }
}
