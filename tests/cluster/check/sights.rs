//! What each read showed of each thing: the rows of one act, all of them, or nothing. Anything else
//! is told here.

use std::collections::BTreeMap;
use std::fmt;

use super::{Promise, Violation};
use crate::history::{Act, History, Moment, Read};
use crate::row::Row;

pub(super) struct Thing<'h> {
    pub(super) name: &'h str,
    /// In the order in which they were asked for.
    pub(super) acts: Vec<&'h Act>,
    pub(super) sights: Vec<Sight<'h>>,
}

pub(super) struct Sight<'h> {
    pub(super) read: &'h Read,
    /// Whose rows were there. Nothing: none were.
    pub(super) shows: Option<&'h Act>,
}

type Acts<'h> = BTreeMap<&'h str, &'h Act>;

pub(super) fn things<'h>(history: &'h History, found: &mut Vec<Violation>) -> Vec<Thing<'h>> {
    let mut things: BTreeMap<&str, Thing<'h>> = BTreeMap::new();
    let mut by_token = Acts::new();
    for act in &history.acts {
        let name = act.draft.thing.as_str();
        let nothing = || Thing { name, acts: Vec::new(), sights: Vec::new() };
        things.entry(name).or_insert_with(nothing).acts.push(act);
        by_token.insert(act.token(), act);
    }
    for thing in things.values_mut() {
        thing.acts.sort_by_key(|act| act.call);
    }
    for read in &history.reads {
        look(read, &by_token, &mut things, found);
    }
    things.into_values().collect()
}

fn look<'h>(
    read: &'h Read,
    by_token: &Acts<'h>,
    things: &mut BTreeMap<&'h str, Thing<'h>>,
    found: &mut Vec<Violation>,
) {
    let mut shown: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in read.seen.iter().flat_map(|seen| &seen.rows) {
        shown.entry(row.thing()).or_default().push(row);
    }
    let breaks = |promise, thing: &str, told| {
        let near = read.back;
        Violation { promise, thing: Some(thing.to_owned()), near, told }
    };
    for (name, thing) in things.iter_mut().filter(|(name, _)| read.scope.holds(name)) {
        match whose(name, shown.remove(name).unwrap_or_default(), by_token) {
            Ok(shows) => thing.sights.push(Sight { read, shows }),
            Err((promise, told)) => found.push(breaks(promise, name, told)),
        }
    }
    for (name, rows) in shown {
        let told = format!("{} rows are there that nobody wrote, or asked for", rows.len());
        found.push(breaks(Promise::Nowhere, name, told));
    }
}

/// The one act whose rows these are.
fn whose<'h>(
    thing: &str,
    mut rows: Vec<&Row>,
    by_token: &Acts<'h>,
) -> Result<Option<&'h Act>, (Promise, String)> {
    let Some(first) = rows.first().copied() else { return Ok(None) };
    if let Some(row) = rows.iter().find(|row| !row.is_whole()) {
        return Err((Promise::Garbled, format!("{row:?}")));
    }
    rows.sort_unstable();
    if let Some(pair) = rows.windows(2).find(|pair| pair[0].id == pair[1].id) {
        return Err((Promise::Twice, format!("{} is there more than once", pair[0].id)));
    }
    if let Some(row) = rows.iter().find(|row| row.by != first.by) {
        let told = format!("{} is by {}, {} by {}", first.id, first.by, row.id, row.by);
        return Err((Promise::Torn, told));
    }
    let act = by_token.get(first.by.as_str()).copied();
    let Some(act) = act.filter(|act| act.draft.thing == thing) else {
        return Err((Promise::Nowhere, format!("{} is by {}", first.id, first.by)));
    };
    let mut written: Vec<&Row> = act.draft.rows.iter().collect();
    written.sort_unstable();
    if rows == written {
        return Ok(Some(act));
    }
    let (told, promise) = if rows.iter().all(|row| written.contains(row)) {
        (format!("{} of {} rows by {}", rows.len(), written.len(), first.by), Promise::Torn)
    } else {
        (format!("{} wrote {written:?}, and there is {rows:?}", first.by), Promise::Garbled)
    };
    Err((promise, told))
}

impl<'h> Thing<'h> {
    /// The sights whose slot is known, from the lowest to the highest.
    pub(super) fn by_slot(&self) -> Vec<(u64, &Sight<'h>)> {
        let slot = |sight: &Sight<'h>| sight.read.seen.as_ref().map(|seen| seen.seq);
        let mut sights: Vec<_> =
            self.sights.iter().filter_map(|sight| Some((slot(sight)?, sight))).collect();
        sights.sort_by_key(|(slot, sight)| (*slot, sight.read.back));
        sights
    }

    pub(super) fn breaks(&self, promise: Promise, at: &Sight<'_>, told: String) -> Violation {
        self.breaks_at(promise, at.read.back, told)
    }

    pub(super) fn breaks_by(&self, promise: Promise, act: &Act, told: String) -> Violation {
        self.breaks_at(promise, act.call, told)
    }

    fn breaks_at(&self, promise: Promise, near: Moment, told: String) -> Violation {
        Violation { promise, thing: Some(self.name.to_owned()), near, told }
    }
}

impl Sight<'_> {
    pub(super) fn token(&self) -> Option<&str> {
        self.shows.map(Act::token)
    }
}

impl fmt::Display for Sight<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.token() {
            Some(token) => write!(f, "a read at {} saw {token}", self.read.back.0),
            None => write!(f, "a read at {} saw nothing", self.read.back.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::samples::*;
    use crate::check::{Promise, check};
    use crate::history::{History, Scope};
    use crate::row::Row;

    #[test]
    fn a_batch_that_is_seen_in_part_is_torn() {
        let act = put("p", "w1", 3).at(1, 2).done(3, 5);
        let whole = History { acts: vec![act.clone()], ..History::default() };
        let mut history = whole.clone();
        history.reads.push(read(3, 4, 5, &[&act]));
        assert_eq!(broken(&history), []);
        for gone in 0..3 {
            let mut torn = read(3, 4, 5, &[&act]);
            torn.seen.as_mut().unwrap().rows.remove(gone);
            torn.seen.as_mut().unwrap().count -= 1;
            let history = History { reads: vec![torn], ..whole.clone() };
            assert_eq!(broken(&history), [Promise::Torn]);
        }
    }

    #[test]
    fn rows_of_two_versions_are_torn() {
        let one = put("p", "w1", 2).at(1, 2).done(2, 5);
        let two = put("p", "w2", 2).at(3, 4).done(2, 6);
        let mut mixed = read(5, 6, 6, &[&two]);
        mixed.seen.as_mut().unwrap().rows[0] = one.draft.rows[0].clone().into();
        let history = History { acts: vec![one, two], reads: vec![mixed], ..History::default() };
        assert_eq!(broken(&history), [Promise::Torn]);
    }

    #[test]
    fn a_row_that_is_not_what_was_written_is_told() {
        let act = put("p", "w1", 1).at(1, 2).done(1, 5);
        let stranger = put("p", "w9", 1);
        let elsewhere = put("q", "w1", 1);
        for (row, promise) in [
            (Row::new("p/0", 1, "w1", "another body"), Promise::Garbled),
            (Row { n: 7, ..act.draft.rows[0].clone() }, Promise::Garbled),
            (stranger.draft.rows[0].clone(), Promise::Nowhere),
        ] {
            let mut bent = read(3, 4, 5, &[&act]);
            bent.seen.as_mut().unwrap().rows[0] = row.into();
            let history =
                History { acts: vec![act.clone()], reads: vec![bent], ..History::default() };
            assert_eq!(broken(&history), [promise]);
        }
        let more = read(3, 4, 5, &[&act, &elsewhere]);
        let twice = read(3, 4, 5, &[&act, &act]);
        for (read, promise) in [(more, Promise::Nowhere), (twice, Promise::Twice)] {
            let history =
                History { acts: vec![act.clone()], reads: vec![read], ..History::default() };
            assert_eq!(broken(&history), [promise]);
        }
    }

    #[test]
    fn two_reads_of_one_slot_that_differ_are_a_fork() {
        let one = put("p", "w1", 2).at(1, 2).done(2, 5);
        let two = put("p", "w2", 2).at(3, 90);
        let reads = vec![read(5, 6, 9, &[&one]), read(7, 8, 9, &[&two])];
        let history = History { acts: vec![one, two], reads, ..History::default() };
        assert!(broken(&history).contains(&Promise::Forked));
    }

    #[test]
    fn what_was_not_asked_for_is_not_missed() {
        let (p, q) = (put("p", "w1", 2), put("q", "w2", 1));
        let (p, q) = (p.at(1, 2).done(2, 5), q.at(1, 2).done(1, 5));
        let mut of_p = read(3, 4, 5, &[&p]);
        let history = |read| History {
            acts: vec![p.clone(), q.clone()],
            reads: vec![read],
            ..History::default()
        };
        assert_eq!(broken(&history(of_p.clone())), [Promise::Lost]);
        of_p.scope = Scope::Things(vec!["p".to_owned()]);
        assert_eq!(broken(&history(of_p)), []);
        assert!(check(&History::default()).is_empty());
    }
}
