//! A scope: how much may happen in a history, and what.

use elacsym::model::StoreDate;
use elacsym::protocol::{Heard, Place, Rules};

use super::model::{NAMES, holder, name};
use super::world::quarters;

/// How much may happen in a history: the size of a scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Left {
    pub(super) ops: u8,
    pub(super) claims: u8,
    /// Requests that take effect later than their sender is told.
    pub(super) delays: u8,
    /// Strong reads of nodes that own nothing, by name.
    pub(super) reads: [u8; NAMES],
    pub(super) owner_reads: u8,
    pub(super) retries: u8,
    pub(super) skips: u8,
    pub(super) ends: u8,
    pub(super) branches: u8,
    pub(super) merges: u8,
    pub(super) menders: u8,
    /// How often an owner looks for its own garbage, request by request.
    pub(super) sweeps: u8,
}

/// What can happen at all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct May {
    pub(super) crash: bool,
    /// Whoever crashes is the same process after it: a task panicked.
    pub(super) panic: bool,
    pub(super) release: bool,
    pub(super) close: bool,
    pub(super) forget: bool,
    pub(super) keys: bool,
    /// Folds write files.
    pub(super) files: bool,
    /// Slots may name chunks.
    pub(super) chunks: bool,
    pub(super) collect: bool,
    /// The second writer opens only a name that a branch has brought to life.
    pub(super) heir: bool,
    /// One operation in each life of the name.
    pub(super) one_op_a_life: bool,
    /// Markers are requests like others. Else they are answered as soon as they are sent: nothing
    /// but a listing depends on them.
    pub(super) markers: bool,
    /// Two slots are asked for at once, and the replies to reads arrive at any later time.
    pub(super) ahead: bool,
    /// The clocks of readers stand still: what time it is, the store tells.
    pub(super) stalled: bool,
    /// Readers trust no age.
    pub(super) strict: bool,
    /// Reads ask for what was acknowledged last, and for what is beyond the end.
    pub(super) min_seq: bool,
    /// Two folds may be prepared at once.
    pub(super) two_folds: bool,
    /// An owner is asked something while it has not answered, and asks the store for each.
    pub(super) two_questions: bool,
    /// Branches are branched from.
    pub(super) deep: bool,
    /// Names are also opened to be tended, not written to.
    pub(super) tend: bool,
    /// Nothing is left out that a wider argument shows to change nothing (`next::reduced`).
    pub(super) everything: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub(super) title: &'static str,
    pub(super) left: Left,
    pub(super) may: May,
    pub(super) rules: Rules,
    /// The name that each of the two writers works on.
    pub(super) names: [u8; 2],
}

impl Scope {
    pub(super) fn place(&self, who: u8, process: u8, which: u8) -> Place {
        // To ask for one slot at a time reads no others, only later.
        let rules = self.rules.with_window(if self.may.ahead { 2 } else { 1 });
        let rules = rules.with_probes(if self.may.two_questions { 2 } else { 1 });
        Place { name: name(which), me: holder(who, process), rules }
    }

    /// What a reader's clock and the store's dates say of a reply.
    pub(super) fn heard(&self, sent: u8, dated: u8, received: u8) -> Heard {
        let time = |quarter| quarters(if self.may.stalled { 0 } else { quarter });
        let date = StoreDate::from_seconds(quarters(dated).0.as_secs() as i64);
        let date = self.may.stalled.then_some(date);
        Heard { sent: time(sent), received: time(received), date }
    }
}

impl Scope {
    pub(super) fn called(self, title: &'static str) -> Self {
        Self { title, ..self }
    }

    pub(super) fn claims(self, claims: u8) -> Self {
        self.left(|left| left.claims = claims)
    }

    /// Its title, and its size.
    pub(super) fn describe(&self) -> String {
        let Left { ops, claims, delays, .. } = self.left;
        let late = if delays > 0 { format!(", {delays} late") } else { String::new() };
        format!("{} {{{ops} ops, {claims} claims{late}}}", self.title)
    }

    fn left(self, change: impl FnOnce(&mut Left)) -> Self {
        let mut left = self.left;
        change(&mut left);
        Self { left, ..self }
    }

    pub(super) fn may(self, change: impl FnOnce(&mut May)) -> Self {
        let mut may = self.may;
        change(&mut may);
        Self { may, ..self }
    }

    pub(super) fn delays(self, delays: u8) -> Self {
        self.left(|left| left.delays = delays)
    }

    pub(super) fn reads(self, reads: u8) -> Self {
        self.left(|left| left.reads[0] = reads)
    }

    pub(super) fn reads_of_b(self, reads: u8) -> Self {
        self.left(|left| left.reads[1] = reads)
    }

    pub(super) fn owner_reads(self, reads: u8) -> Self {
        self.left(|left| left.owner_reads = reads)
    }

    pub(super) fn retries(self, retries: u8) -> Self {
        self.left(|left| left.retries = retries)
    }

    pub(super) fn skips(self, skips: u8) -> Self {
        self.left(|left| left.skips = skips)
    }

    pub(super) fn ends(self, ends: u8) -> Self {
        self.left(|left| left.ends = ends)
    }

    pub(super) fn merges(self, merges: u8) -> Self {
        self.left(|left| left.merges = merges)
    }

    pub(super) fn menders(self, menders: u8) -> Self {
        self.left(|left| left.menders = menders)
    }

    pub(super) fn keyed(self) -> Self {
        self.may(|may| may.keys = true)
    }

    pub(super) fn files(self) -> Self {
        self.may(|may| may.files = true)
    }

    pub(super) fn chunks(self) -> Self {
        self.may(|may| may.chunks = true)
    }

    /// Memory of closed names is lost.
    pub(super) fn forgetful(self) -> Self {
        self.may(|may| may.forget = true)
    }

    /// Markers are requests like others.
    pub(super) fn marked(self) -> Self {
        self.may(|may| may.markers = true)
    }

    pub(super) fn sweeps(self, sweeps: u8) -> Self {
        self.left(|left| left.sweeps = sweeps)
    }

    /// Garbage is collected request by request, and by its owner alone.
    pub(super) fn swept(self, sweeps: u8) -> Self {
        self.sweeps(sweeps).may(|may| may.collect = false)
    }

    /// Two slots at a time, and replies that take their time.
    pub(super) fn ahead(self) -> Self {
        self.may(|may| may.ahead = true)
    }

    /// Readers whose clocks stand still.
    pub(super) fn stalled(self) -> Self {
        self.may(|may| may.stalled = true)
    }

    /// Readers that trust no age.
    pub(super) fn strict(self) -> Self {
        self.may(|may| may.strict = true)
    }

    pub(super) fn min_seq(self) -> Self {
        self.may(|may| may.min_seq = true)
    }

    pub(super) fn two_folds(self) -> Self {
        self.may(|may| may.two_folds = true)
    }

    pub(super) fn two_questions(self) -> Self {
        self.may(|may| may.two_questions = true)
    }

    pub(super) fn tended(self) -> Self {
        self.may(|may| may.tend = true)
    }

    /// A branch of the branch, and a reader of it.
    pub(super) fn deep(self, branches: u8) -> Self {
        self.left(|left| {
            left.branches = branches;
            left.reads[2] = 1;
        })
        .may(|may| may.deep = true)
    }

    /// Without any reduction.
    pub(super) fn whole(self) -> Self {
        self.may(|may| (may.everything, may.markers) = (true, true))
    }

    /// The destination of a branch is claimed only when it lives.
    pub(super) fn heir(self) -> Self {
        self.may(|may| may.heir = true)
    }

    /// Tasks panic, and their processes go on.
    pub(super) fn panics(self) -> Self {
        self.may(|may| may.panic = true)
    }

    /// Nobody crashes.
    pub(super) fn calm(self) -> Self {
        self.may(|may| may.crash = false)
    }

    /// Somebody branches, and pins, while both writers are on `a`.
    pub(super) fn pinned(self) -> Self {
        self.left(|left| left.branches = 1)
    }
}
