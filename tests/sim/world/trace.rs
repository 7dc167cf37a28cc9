//! A run as a person reads it, in the order of its moments: what was asked and answered, what befell
//! whom, which slots were created. And as two runs of one seed are compared: by its hash.
//!
//! The hash leaves the numbers of moments out: a run whose nodes are listened to has more of them.

use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use elacsym::env::Clock;
use elacsym::model::{Create, Pressure};

use super::words::{
    Act, Change, Datum, Doc, Edit, Entry, Facts, History, If, Landed, Moment, Newest, Order, Read,
    Said, Sight, TEXT, Touched, Wish, Without,
};

/// Values that are longer are cut short.
const TEXT_SHOWN: usize = 12;

/// Where it is written down what befell a run.
#[derive(Debug)]
pub(super) struct Diary {
    order: Order,
    clock: Clock,
    notes: Mutex<Vec<Note>>,
}

/// A line of it.
#[derive(Clone, Debug)]
pub(super) struct Note {
    pub(super) at: Moment,
    pub(super) time: Duration,
    pub(super) kind: Kind,
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Started,
    Killed,
    Usurped,
    Paused,
    GoesOn,
    /// It was told to end.
    Ending,
    Ended,
    Suspended,
    /// Somebody set the calendar of a machine.
    Dated,
    /// The store is another from now on, better or worse.
    Weather,
    /// The run has come so far.
    Stage,
    /// What a node logs. It is no part of the hash.
    Log,
}

impl Kind {
    /// Whether it is hard on whom it befalls.
    pub(super) fn is_mishap(self) -> bool {
        matches!(
            self,
            Self::Killed
                | Self::Usurped
                | Self::Paused
                | Self::Ending
                | Self::Suspended
                | Self::Dated
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Started => "started",
            Self::Killed => "killed",
            Self::Usurped => "taken for dead",
            Self::Paused => "paused",
            Self::GoesOn => "goes on",
            Self::Ending => "told to end",
            Self::Ended => "has ended",
            Self::Suspended => "all suspended",
            Self::Dated => "calendar set",
            Self::Weather => "weather",
            Self::Stage => "the run",
            Self::Log => "log",
        })
    }
}

impl Diary {
    pub(super) fn new(order: Order, clock: Clock) -> Self {
        Self { order, clock, notes: Mutex::default() }
    }

    pub(super) fn note(&self, kind: Kind, text: String) {
        let (at, time) = (self.order.next(), self.clock.now());
        self.notes().push(Note { at, time, kind, text });
    }

    pub(super) fn take(&self) -> Vec<Note> {
        std::mem::take(&mut *self.notes())
    }

    fn notes(&self) -> MutexGuard<'_, Vec<Note>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of everything that was said and done, and of all that the store went through.
pub(super) fn hash(history: &History, notes: &[Note], store: u64) -> u64 {
    let mut hash = Hashed(DefaultHasher::new());
    let mut add = |told: fmt::Arguments<'_>| hash.write_fmt(told).expect("a hash takes it all");
    for act in &history.acts {
        let Act { no, client, node, name, wish, called_at, back_at, said, .. } = act;
        add(format_args!("{no} {client} {node} {name} {wish:?}"));
        add(format_args!("{called_at:?} {back_at:?} {said:?}"));
    }
    for note in notes.iter().filter(|note| note.kind != Kind::Log) {
        add(format_args!("{:?} {} {}", note.time, note.kind, note.text));
    }
    hash.0.write_u64(store);
    hash.0.finish()
}

struct Hashed(DefaultHasher);

impl Write for Hashed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

/// All of a run.
pub(super) fn story(history: &History, notes: &[Note]) -> String {
    let mut lines: Vec<(Moment, Option<Duration>, String)> = Vec::new();
    for act in &history.acts {
        let Act { no, client, node, name, wish, said, .. } = act;
        let mut asked = format!("#{no} client {client} > node {node}, {name}: {}", Asked(wish));
        if act.back == Moment::NEVER {
            write!(asked, " (never answered; {})", Told(said)).expect("a string takes it all");
        } else {
            let told = format!("#{no} client {client} < node {node}, {name}: {}", Told(said));
            lines.push((act.back, Some(act.back_at), told));
        }
        lines.push((act.call, Some(act.called_at), asked));
    }
    let landed = |slot: &Landed| (slot.at, None, format!("        + {}", Slot(slot)));
    lines.extend(history.log.iter().map(landed));
    let noted =
        |note: &Note| (note.at, Some(note.time), format!("        ! {}: {}", note.kind, note.text));
    lines.extend(notes.iter().map(noted));
    lines.sort_by_key(|(at, ..)| *at);
    let mut story = String::new();
    for (at, time, line) in lines {
        let time = time.map(clock_face).unwrap_or_default();
        writeln!(story, "{:>6} {time:>12}  {line}", at.0).expect("a string takes it all");
    }
    story
}

/// `1:02:03.004`
pub(super) fn clock_face(time: Duration) -> String {
    let (secs, millis) = (time.as_secs(), time.subsec_millis());
    format!("{}:{:02}:{:02}.{millis:03}", secs / 3600, secs / 60 % 60, secs % 60)
}

struct Asked<'a>(&'a Wish);
struct Told<'a>(&'a Said);
struct Slot<'a>(&'a Landed);
struct Values<'a>(&'a Doc);

impl fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Wish::Change { change, key } => {
                tell_change(f, change)?;
                match key {
                    Some(key) => write!(f, " under the key {key}"),
                    None => Ok(()),
                }
            }
            Wish::Set(change) => {
                tell_change(f, change)?;
                f.write_str(" by a verb of its own")
            }
            Wish::Look => f.write_str("what it is"),
            Wish::End => f.write_str("delete the name"),
            Wish::List => f.write_str("list all names"),
            Wish::Read { read, newest, min_seq } => {
                match newest {
                    Newest::Strong => f.write_str("strong read")?,
                    Newest::Eventual { max_staleness } => {
                        write!(f, "read, stale by {max_staleness:?} at most")?;
                    }
                }
                match read {
                    Read::All => f.write_str(" of all")?,
                    Read::One(id) => write!(f, " of {id}")?,
                    Read::CountBelow(bound) => write!(f, " of those with a count below {bound}")?,
                    Read::Says(word) => write!(f, " of those that say {word:?}")?,
                    Read::Nearest { vector, limit } => {
                        write!(f, " of the {limit} that are nearest to {vector:?}")?;
                    }
                }
                match min_seq {
                    Some(seq) => write!(f, ", at slot {seq} or later"),
                    None => Ok(()),
                }
            }
        }
    }
}

fn tell_change(f: &mut fmt::Formatter<'_>, change: &Change) -> fmt::Result {
    f.write_str("write")?;
    if let Some(read_only) = change.read_only {
        write!(f, ", read only: {read_only:?}")?;
    }
    for (attribute, kind) in &change.declare {
        write!(f, ", declare {attribute} as {kind:?}")?;
    }
    for attribute in &change.drop {
        write!(f, ", drop {attribute}")?;
    }
    if let Some(searched) = change.searched {
        write!(f, ", search {TEXT} by its words: {searched:?}")?;
    }
    if let Some(metric) = change.metric {
        write!(f, ", vectors by {metric:?}")?;
    }
    if change.pressure == Pressure::Lifted {
        f.write_str(", however much is not folded")?;
    }
    match change.without {
        Without::Nothing => {}
        Without::Null => f.write_str(", null of vectors that are not there")?,
        Without::LeftOut => f.write_str(", nothing of vectors that are not there")?,
    }
    if let Some(pinning) = change.pinning {
        write!(f, ", pinning: {pinning:?}")?;
    }
    if change.create != Create::ByDocument {
        write!(f, ", create {:?}", change.create)?;
    }
    if let Some(find) = change.delete_found {
        write!(f, ", delete those that are {find:?}, more {:?}", change.excess)?;
    }
    if let Some((find, doc)) = &change.patch_found {
        let (values, excess) = (Values(doc), change.excess);
        write!(f, ", patch those that are {find:?} {values}, more {excess:?}")?;
    }
    for (verb, rows, only_if) in
        [("put", &change.puts, change.put_if), ("patch", &change.patches, change.patch_if)]
    {
        for (id, doc) in rows {
            write!(f, ", {verb} {id} {}", Values(doc))?;
        }
        if !rows.is_empty() && only_if != If::Always {
            write!(f, ", each if {only_if:?}")?;
        }
    }
    for id in &change.deletes {
        write!(f, ", delete {id}")?;
    }
    if !change.deletes.is_empty() && change.delete_if != If::Always {
        write!(f, ", each if {:?}", change.delete_if)?;
    }
    Ok(())
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Said::Changed { seq, puts, patches, deletes, touched, stored } => {
                let again = if *stored { ", as it was answered before" } else { "" };
                write!(f, "slot {seq}: {puts} put, {patches} patched, {deletes} deleted{again}")?;
                match touched {
                    Some(Touched { puts, patches, deletes }) => {
                        write!(f, ": {puts:?}, {patches:?}, {deletes:?}")
                    }
                    None => Ok(()),
                }
            }
            Said::Ended => f.write_str("it is deleted"),
            Said::Set => f.write_str("it is so"),
            Said::Told(Facts { kinds, searched, read_only, pinning, rows }) => {
                write!(f, "searched: {searched:?}, ")?;
                write!(f, "{rows} rows of {kinds:?}, read only: {read_only}, pinning: {pinning:?}")
            }
            Said::Saw(Sight { seq, rows, count }) => {
                write!(f, "at slot {seq}: {} rows", rows.len())?;
                if let Some(count) = count {
                    write!(f, ", counted {count}")?;
                }
                rows.iter().try_for_each(|(id, doc)| write!(f, ", {id} {}", Values(doc)))
            }
            Said::Names(names) => write!(f, "{names:?}"),
            Said::Absent => f.write_str("there is no such name"),
            Said::Refused(why) => write!(f, "refused: {why}"),
            Said::NotCommitted(why) => write!(f, "not committed: {why}"),
            Said::Unknown(why) => write!(f, "unknown: {why}"),
            Said::Failed(why) => write!(f, "failed: {why}"),
            Said::Damaged(why) => write!(f, "DAMAGED: {why}"),
            Said::Broken(why) => write!(f, "BROKEN: {why}"),
        }
    }
}

impl fmt::Display for Slot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Landed { name, inc, seq, epoch, entry, .. } = self.0;
        write!(f, "slot {seq} of {name}, life {:08x}, epoch {epoch}: ", inc >> 96)?;
        match entry {
            Entry::Fence => f.write_str("fence"),
            Entry::End => f.write_str("end"),
            Entry::Batch { rows, gone, edits } => {
                write!(f, "{} rows", rows.len())?;
                for (id, doc) in rows {
                    write!(f, ", {id} {}", Values(doc))?;
                }
                for id in gone {
                    write!(f, ", {id} is gone")?;
                }
                edits.iter().try_for_each(|edit| match edit {
                    Edit::Added(attribute, kind) => write!(f, ", {attribute} is there, {kind:?}"),
                    Edit::Dropped(attribute) => write!(f, ", {attribute} is not there"),
                    Edit::Searched(searched) => write!(f, ", {TEXT} is searched: {searched:?}"),
                    Edit::Settings(read_only, pinning) => {
                        write!(f, ", read only: {read_only:?}, pinning: {pinning:?}")
                    }
                })
            }
        }
    }
}

impl fmt::Display for Values<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (attribute, value)) in self.0.iter().enumerate() {
            let before = if number == 0 { "{" } else { ", " };
            match value {
                Datum::Int(value) => write!(f, "{before}{attribute}: {value}")?,
                Datum::Vector(value) => write!(f, "{before}{attribute}: {value:?}")?,
                Datum::Other(sample) => write!(f, "{before}{attribute}: {sample:?}")?,
                Datum::Text(text) => {
                    let shown: String = text.chars().take(TEXT_SHOWN).collect();
                    write!(f, "{before}{attribute}: {shown:?} of {}", text.len())?;
                }
            }
        }
        f.write_str(if self.0.is_empty() { "{}" } else { "}" })
    }
}
