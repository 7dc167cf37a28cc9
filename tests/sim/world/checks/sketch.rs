//! A history written by hand, line by line, each of which takes a moment. Simulated time goes a second
//! by the moment.

use std::collections::BTreeMap;
use std::time::Duration;

use elacsym::model::Namespace;

use super::super::model::Counts;
use super::super::words::{
    Act, COUNT, Change, Datum, Doc, Edit, Entry, FICKLE, History, Kind, Landed, MARK, Moment,
    Newest, Order, Read, Said, Sight, Touched, Wish,
};

#[derive(Clone, Default)]
pub(super) struct Sketch {
    pub(super) history: History,
    order: Order,
}

impl Sketch {
    pub(super) fn moment(&mut self) -> Moment {
        self.order.next()
    }

    /// Asks for something, on the name that all these histories are about.
    pub(super) fn call(&mut self, no: i64, client: usize, wish: Wish) -> usize {
        let call = self.moment();
        self.history.acts.push(Act {
            no,
            client,
            node: 0,
            name: name(),
            wish,
            call,
            back: Moment::NEVER,
            called_at: Duration::from_secs(call.0),
            back_at: Duration::ZERO,
            said: Said::Unknown("it never came back".into()),
        });
        self.history.acts.len() - 1
    }

    pub(super) fn back(&mut self, act: usize, said: Said) {
        let back = self.moment();
        let act = &mut self.history.acts[act];
        (act.back, act.back_at, act.said) = (back, Duration::from_secs(back.0), said);
    }

    pub(super) fn land(&mut self, inc: u128, seq: u64, epoch: u64, entry: Entry) -> Moment {
        let at = self.moment();
        self.history.log.push(Landed { name: name(), inc, seq, epoch, at, entry });
        at
    }

    /// A change that is told of its slot at once, with nobody beside it.
    pub(super) fn commit(&mut self, no: i64, change: Change, seq: u64, entry: Entry, said: Said) {
        let act = self.call(no, 0, of(change));
        self.land(1, seq, 1, entry);
        self.back(act, said);
    }

    /// A read with nobody beside it.
    pub(super) fn sees(&mut self, no: i64, read: Read, seq: u64, rows: &[(u64, Doc)]) {
        let act = self.call(no, 0, strong(read.clone()));
        let count = (read == Read::All).then_some(rows.len() as u64);
        self.back(act, saw(seq, rows, count));
    }
}

pub(super) fn name() -> Namespace {
    Namespace::new("n").unwrap()
}

pub(super) fn doc(no: i64, count: i64) -> Doc {
    Doc::from([(MARK, Datum::Int(no)), (COUNT, Datum::Int(count))])
}

/// One whose count is 0, with an attribute that comes and goes.
pub(super) fn fickle(no: i64, value: i64) -> Doc {
    let mut doc = doc(no, 0);
    doc.insert(FICKLE[0], Datum::Int(value));
    doc
}

pub(super) fn put(rows: &[(u64, Doc)]) -> Change {
    Change { puts: rows.to_vec(), ..Change::default() }
}

pub(super) fn patch(rows: &[(u64, Doc)]) -> Change {
    Change { patches: rows.to_vec(), ..Change::default() }
}

pub(super) fn delete(ids: &[u64]) -> Change {
    Change { deletes: ids.to_vec(), ..Change::default() }
}

pub(super) fn of(change: Change) -> Wish {
    Wish::Change { change, key: None }
}

pub(super) fn keyed(change: Change, key: &str) -> Wish {
    Wish::Change { change, key: Some(key.into()) }
}

pub(super) fn strong(read: Read) -> Wish {
    Wish::Read { read, newest: Newest::Strong, min_seq: None }
}

pub(super) fn told(seq: u64, [puts, patches, deletes]: [u64; 3]) -> Said {
    Said::Changed { seq, puts, patches, deletes, touched: None, stored: false }
}

/// Of a slot, and of which documents.
pub(super) fn told_which(seq: u64, touched: Touched) -> Said {
    let Counts { puts, patches, deletes } = Counts::of(&touched);
    Said::Changed { seq, puts, patches, deletes, touched: Some(touched), stored: false }
}

pub(super) fn retold(seq: u64, [puts, patches, deletes]: [u64; 3]) -> Said {
    Said::Changed { seq, puts, patches, deletes, touched: None, stored: true }
}

pub(super) fn saw(seq: u64, rows: &[(u64, Doc)], count: Option<u64>) -> Said {
    Said::Saw(Sight { seq, rows: rows.to_vec(), count })
}

pub(super) fn unknown() -> Said {
    Said::Unknown("timed out".into())
}

pub(super) fn refused() -> Said {
    Said::Refused("wrong".into())
}

pub(super) fn rows(rows: &[(u64, Doc)], gone: &[u64]) -> Entry {
    let rows: BTreeMap<u64, Doc> = rows.iter().cloned().collect();
    Entry::Batch { rows, gone: gone.to_vec(), edits: Vec::new() }
}

/// The first batch of a life, which also says what all documents here have.
pub(super) fn opening(new: &[(u64, Doc)], more: &[Edit]) -> Entry {
    let mut edits = vec![Edit::Added(MARK, Kind::Int), Edit::Added(COUNT, Kind::Int)];
    edits.extend_from_slice(more);
    let rows: BTreeMap<u64, Doc> = new.iter().cloned().collect();
    Entry::Batch { rows, gone: Vec::new(), edits }
}
