//! Whether a run kept every promise that a client can hold it to, judged when it is over by all that
//! clients were told and all that landed in the logs.
//!
//! Two judges that know nothing of each other: the log as a witness (`past`, `witness`, `sights`, by
//! the numbers of slots), and every document as an object whose calls must have an order (`register`,
//! by what clients saw and nothing else). What the second finds, the first must have found too.
//!
//! What a judge could not settle within its bounds is counted, and told by [`taken`].
//!
//! | promise | asked by |
//! |---|---|
//! | what was acknowledged is there at all later times | `witness`, `sights`, `wgl` |
//! | slots never change, follow one another, and verify | `past`; the store's audit |
//! | what was not committed is never seen; in doubt is once or never | `deeds`, `witness`, `wgl` |
//! | whoever was answered first comes first | `answered`, `witness` |
//! | versions, epochs and floors never fall, over all lives | `past`; the store's audit |
//! | a batch is seen whole or not at all, in one view by all queries | `sights` |
//! | a condition is what it is one after the other; a key is one request | `batch`, `deeds` |
//! | what a filter finds is all that is there at its place in the order | `batch`, `wgl` |
//! | what a head names is there | the store's audit; `fsck` |
//! | what a head named stays for the grace period | `ages`, in good times |
//! | fences and ends stay, and in the end nothing else does | `fsck` |
//! | what segments hold is what the log held | `sights`; `fsck` |
//! | what was deleted or dropped does not come back | `sights`, `wgl`, `dropped` |
//! | a strong read is new, and nobody goes back | `sights`, `wgl` |
//! | of a deleted name nothing is seen, in no later life either | `sights`, `ends`, `wgl` |
//! | lists show what is there | `lists` |
//! | what is told of a name beside its documents was so at some moment | `facts` |
//! | the nearest are the nearest, by looking at each | `sights` |
//! | one owner, all settled, little unfolded, no garbage, once all is well | `world::quiet` |
//! | every request has an end, and every error says what became of it | `deadlines`, `is_answer` |
//! | what was reserved is given back, and what does not fit is refused | `world::quiet`, `is_answer` |
//! | one bit that turned changes no answer | all of these: bits turn on their way out of the store |
//!
//! Where a bit turned, a name may say that it is damaged, as long as it does not do so for good: then it is
//! `world::quiet` that finds it. It may not where none did: `is_answer`.
//!
//! And these are asked elsewhere. Scores of texts, and vectors of many dimensions: `tests/oracle`, for no
//! document here has more than one word, or than a few numbers. Decoders: `tests/fuzz`. Who may see a
//! name, and how long a node lets one wait: `tests/api`, for there is no HTTP here. Setsums and pages of
//! heads are not built.

mod ages;
mod answered;
mod batch;
mod deadlines;
mod deeds;
mod dropped;
mod ends;
mod events;
mod facts;
pub(crate) mod harm;
#[cfg(test)]
mod honest;
mod layout;
mod lists;
mod past;
mod refusals;
mod register;
mod sights;
#[cfg(test)]
mod sketch;
#[cfg(test)]
mod stories;
mod wgl;
mod witness;

use std::cell::Cell;
use std::collections::BTreeMap;

use elacsym::model::Namespace;

use super::words::{Act, Broken, Change, Datum, Doc, History, Kind, Said, Wish};
pub(crate) use ages::Ages;
use answered::Answered;
use past::Past;
use sights::Times;

/// How much was judged, and how much of it would have taken too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) histories: u64,
    /// With something that was not settled.
    pub(crate) histories_cut: u64,
    pub(crate) slots: u64,
    pub(crate) slots_cut: u64,
    pub(crate) documents: u64,
    pub(crate) documents_cut: u64,
}

thread_local! {
    static TALLY: Cell<Tally> = const { Cell::new(Tally::NOTHING) };
}

impl Tally {
    const NOTHING: Self = Self {
        histories: 0,
        histories_cut: 0,
        slots: 0,
        slots_cut: 0,
        documents: 0,
        documents_cut: 0,
    };

    fn add(&mut self, more: &Self) {
        self.histories += 1;
        self.histories_cut += u64::from(more.slots_cut + more.documents_cut > 0);
        self.slots += more.slots;
        self.slots_cut += more.slots_cut;
        self.documents += more.documents;
        self.documents_cut += more.documents_cut;
    }
}

/// What this thread has judged since it was last asked.
pub(crate) fn taken() -> Tally {
    TALLY.replace(Tally::NOTHING)
}

pub(crate) fn judge(history: &History) -> Result<(), Broken> {
    let mut tally = Tally::default();
    let judged = judged(history, &mut tally);
    let mut all = TALLY.get();
    all.add(&tally);
    TALLY.set(all);
    judged
}

/// The same by what clients were told, and by nothing else.
pub(crate) fn judge_answers(history: &History) -> Result<(), Broken> {
    history.acts.iter().try_for_each(is_answer)?;
    by_clients(&by_name(history), &mut Tally::default())
}

/// What a name is when its log ends: its attributes, and how many documents it has.
#[derive(Clone, Debug)]
pub(crate) struct Last {
    pub(crate) kinds: BTreeMap<&'static str, Kind>,
    pub(crate) rows: u64,
}

/// Of each name that is there when all logs end.
pub(crate) fn last(history: &History) -> Result<BTreeMap<Namespace, Last>, Broken> {
    let pasts = Past::all(history)?;
    let there = pasts.iter().filter(|(_, past)| past.ground(u64::MAX).there);
    let last = there.map(|(name, past)| {
        let (kinds, rows) = (past.ground(u64::MAX).kinds.clone(), past.alive(u64::MAX).count());
        (Namespace::clone(name), Last { kinds, rows: rows as u64 })
    });
    Ok(last.collect())
}

type ByName<'a> = BTreeMap<&'a Namespace, Vec<&'a Act>>;

/// In the order of their calls.
fn by_name(history: &History) -> ByName<'_> {
    let mut acts = ByName::new();
    for act in history.acts.iter().filter(|act| act.wish != Wish::List) {
        acts.entry(&act.name).or_default().push(act);
    }
    acts.values_mut().for_each(|acts| acts.sort_by_key(|act| act.call));
    acts
}

fn judged(history: &History, tally: &mut Tally) -> Result<(), Broken> {
    history.acts.iter().try_for_each(is_answer)?;
    history.acts.iter().try_for_each(deadlines::judge)?;
    let acts = by_name(history);
    let by_log = by_log(history, &acts, tally);
    let by_clients = by_clients(&acts, tally);
    match (by_log, by_clients) {
        (Ok(()), Ok(())) => Ok(()),
        (Err(Broken(log)), Ok(())) => broken(format!("{log} [no document by itself shows it]")),
        (Err(Broken(log)), Err(Broken(clients))) => broken(format!("{log} [and {clients}]")),
        (Ok(()), Err(Broken(clients))) => broken(format!(
            "the log explains all answers, and yet one of the checks says: {clients}"
        )),
    }
}

fn by_clients(acts: &ByName<'_>, tally: &mut Tally) -> Result<(), Broken> {
    acts.iter().try_for_each(|(name, acts)| {
        register::judge(name, acts, tally)?;
        dropped::judge(name, acts)
    })
}

fn by_log(history: &History, acts: &ByName<'_>, tally: &mut Tally) -> Result<(), Broken> {
    let pasts = Past::all(history)?;
    let times = Times::of(&history.acts);
    for (name, past) in &pasts {
        let acts = acts.get(name).map_or(&[][..], Vec::as_slice);
        let answered = Answered::of(acts, past);
        ends::judge(acts, past)?;
        witness::judge(acts, past, &answered, tally)?;
        sights::judge(acts, past, &answered, &times)?;
        facts::judge(acts, past, &answered)?;
    }
    lists::judge(history, &pasts)
}

/// Whether it is an answer to what was asked, and came after it.
fn is_answer(act: &Act) -> Result<(), Broken> {
    let fits = match (&act.wish, &act.said) {
        (_, Said::Damaged(why) | Said::Broken(why)) => {
            return broken(format!("{} broke: {why}", spelt(act)));
        }
        (_, Said::NotCommitted(_) | Said::Unknown(_))
        | (Wish::Change { .. }, Said::Changed { .. } | Said::Absent | Said::Refused(_))
        | (Wish::Set(_), Said::Set | Said::Absent | Said::Refused(_))
        | (Wish::End, Said::Ended | Said::Absent)
        | (Wish::Read { .. }, Said::Saw(_) | Said::Absent | Said::Refused(_) | Said::Failed(_))
        | (Wish::Look, Said::Told(_) | Said::Absent | Said::Failed(_))
        | (Wish::List, Said::Names(_) | Said::Failed(_)) => true,
        _ => false,
    };
    if fits && act.call < act.back {
        return Ok(());
    }
    let Act { wish, said, call, back, .. } = act;
    let [wish, said] = [format!("{wish:?}"), format!("{said:?}")].map(|it| start(&it, 200));
    broken(format!("{} asked at {call:?} {wish}, and was told at {back:?} {said}", spelt(act)))
}

/// A change that was committed, and the slot that was told.
fn changed(act: &Act) -> Option<(&Change, u64)> {
    match (&act.wish, &act.said) {
        (Wish::Change { change, .. }, Said::Changed { seq, .. }) => Some((change, *seq)),
        _ => None,
    }
}

fn broken<T>(told: String) -> Result<T, Broken> {
    Err(Broken(told))
}

fn spelt(act: &Act) -> String {
    format!("act {} of client {} at node {}", act.no, act.client, act.node)
}

/// A document in a line; of a long text, how long it is.
fn shown(doc: Option<&Doc>) -> String {
    let Some(doc) = doc else { return "nothing".into() };
    let datum = |datum: &Datum| match datum {
        Datum::Int(number) => number.to_string(),
        Datum::Text(text) if text.len() <= 16 => format!("{text:?}"),
        Datum::Text(text) => format!("{:?} of {} bytes", start(text, 8), text.len()),
        Datum::Vector(numbers) => format!("{numbers:?}"),
        Datum::Other(sample) => format!("{sample:?}"),
    };
    let all = doc.iter().map(|(name, it)| format!("{name}: {}", datum(it)));
    format!("{{{}}}", all.collect::<Vec<_>>().join(", "))
}

fn start(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[test]
fn who_tells_of_damage_where_no_bit_turned_is_found_out() {
    for (said, right) in [
        (Said::Failed("the store is gone".into()), true),
        (Said::Damaged("crc32".into()), false),
        (Said::Broken("a bug".into()), false),
    ] {
        let mut sketch = sketch::Sketch::default();
        let act = sketch.call(1, 0, sketch::strong(super::words::Read::All));
        sketch.back(act, said.clone());
        assert_eq!(judge(&sketch.history).is_ok(), right, "{said:?}");
    }
}
