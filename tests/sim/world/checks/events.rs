//! What has a say in the order of documents: everything that was asked of a name and answered, and what
//! was never answered, each between two moments. What was sent several times under a key is one thing.

use std::collections::BTreeMap;

use super::super::model::Counts;
use super::super::words::{Act, Change, Doc, Moment, Newest, Read, Said, Touched, Wish};

/// Something that happened to a name, between two moments.
pub(super) struct Event<'a> {
    pub(super) no: i64,
    pub(super) call: Moment,
    /// None: it was never answered.
    pub(super) back: Option<Moment>,
    pub(super) what: What<'a>,
}

pub(super) enum What<'a> {
    /// With what was told of it.
    Change(&'a Change, Option<Heard<'a>>),
    Ended,
    Saw(&'a Read, &'a [(u64, Doc)]),
    /// There is no such name.
    Absent,
}

/// How many documents a change touched, and which, if that was told.
#[derive(Clone, Copy)]
pub(super) struct Heard<'a> {
    pub(super) counts: Counts,
    pub(super) touched: Option<&'a Touched>,
}

impl<'a> Event<'a> {
    fn answered(act: &Act, what: What<'a>) -> Self {
        Self { no: act.no, call: act.call, back: Some(act.back), what }
    }

    fn lost(act: &Act, what: What<'a>) -> Self {
        Self { no: act.no, call: act.call, back: None, what }
    }
}

/// What has a say in the order, by its call.
pub(super) fn events<'a>(acts: &[&'a Act]) -> Vec<Event<'a>> {
    let mut events = Vec::new();
    let mut repeated: BTreeMap<i64, Vec<&'a Act>> = BTreeMap::new();
    for act in acts.iter().copied() {
        let what = match (&act.wish, &act.said) {
            (Wish::Read { newest: Newest::Eventual { .. }, .. } | Wish::List, _) => continue,
            (_, Said::Absent) => What::Absent,
            (Wish::End, Said::Ended) => What::Ended,
            (Wish::Read { read, .. }, Said::Saw(sight)) => What::Saw(read, &sight.rows),
            (Wish::End, Said::Unknown(_)) => {
                events.push(Event::lost(act, What::Ended));
                continue;
            }
            (Wish::Change { change, key: None }, Said::Unknown(_)) => {
                events.push(Event::lost(act, What::Change(change, None)));
                continue;
            }
            (Wish::Change { change, key: None }, said) if heard(said).is_some() => {
                What::Change(change, heard(said))
            }
            (Wish::Change { key: Some(_), .. }, _) => {
                repeated.entry(act.no).or_default().push(act);
                continue;
            }
            _ => continue,
        };
        events.push(Event::answered(act, what));
    }
    for again in repeated.values() {
        let apart = acts.iter().any(|act| is_between(act, again));
        repetitions(again, if apart { again.len() } else { 1 }, &mut events);
    }
    events.sort_by_key(|event| event.call);
    events
}

fn heard(said: &Said) -> Option<Heard<'_>> {
    match said {
        Said::Changed { puts, patches, deletes, touched, .. } => {
            let counts = Counts { puts: *puts, patches: *patches, deletes: *deletes };
            Some(Heard { counts, touched: touched.as_ref() })
        }
        _ => None,
    }
}

fn is_unknown(act: &Act) -> bool {
    matches!(act.said, Said::Unknown(_))
}

/// Whether the name may have ended while a wish was repeated: then its key was forgotten.
fn is_between(end: &Act, again: &[&Act]) -> bool {
    let until = |act: &Act| if is_unknown(act) { Moment::NEVER } else { act.back };
    let over = again.iter().map(|act| until(act)).max().unwrap_or(Moment::NEVER);
    let ends = end.wish == Wish::End && (end.said == Said::Ended || is_unknown(end));
    ends && end.call < over && again.first().is_some_and(|first| until(end) > first.call)
}

/// Repetitions of one wish under a key take effect once; more often only where the name may have had
/// another life between them.
fn repetitions<'a>(again: &[&'a Act], times_max: usize, events: &mut Vec<Event<'a>>) {
    let is_new = |act: &&&'a Act| matches!(act.said, Said::Changed { stored: false, .. });
    let is_old = |act: &&&'a Act| matches!(act.said, Said::Changed { stored: true, .. });
    let what = |act: &'a Act, told| match &act.wish {
        Wish::Change { change, .. } => What::Change(change, told),
        _ => What::Absent,
    };
    let unknown: Vec<&'a Act> = again.iter().copied().filter(|act| is_unknown(act)).collect();
    let fresh: Vec<&'a Act> = again.iter().filter(is_new).copied().collect();
    let told = again.iter().filter(is_old).min_by_key(|act| act.back);
    for act in &fresh {
        events.push(Event::answered(act, what(act, heard(&act.said))));
    }
    if let Some(act) = told.filter(|_| fresh.is_empty()) {
        // It is told of the first time.
        let call = unknown.first().map_or(act.call, |first| first.call);
        let what = what(act, heard(&act.said));
        events.push(Event { no: act.no, call, back: Some(act.back), what });
    }
    let known = told.is_some() || !fresh.is_empty();
    for act in unknown.iter().take(times_max - usize::from(known)) {
        events.push(Event::lost(act, what(act, None)));
    }
}
