//! The scopes: how much may happen, and what.

use elacsym::protocol::Rules;

use super::world::{Left, May, Scope};

/// Commit, claim, gc.
pub(super) fn base(ops: u8, claims: u8) -> Scope {
    Scope {
        title: "commit, claim, gc",
        left: Left { ops, claims, ..Left::default() },
        may: May { crash: true, collect: true, ..May::default() },
        rules: Rules::default(),
        names: [0, 0],
    }
}

/// Release, close and remember.
pub(super) fn owner(ops: u8, claims: u8) -> Scope {
    let scope = base(ops, claims);
    Scope { may: May { release: true, close: true, ..scope.may }, ..scope }
}

/// Create, end, re-create: one operation in each of two lives.
pub(super) fn lives() -> Scope {
    let scope = base(2, 2).may(|may| may.one_op_a_life = true);
    Scope { left: Left { ends: 1, ..scope.left }, ..scope }
}

/// A branch of `a`, which the first writer owns, into `b`, which the second one does.
pub(super) fn branch() -> Scope {
    let scope = base(1, 2).files();
    Scope { left: Left { branches: 1, ..scope.left }, names: [0, 1], ..scope }
}

impl Scope {
    fn left(self, change: impl FnOnce(&mut Left)) -> Self {
        let mut left = self.left;
        change(&mut left);
        Self { left, ..self }
    }

    fn may(self, change: impl FnOnce(&mut May)) -> Self {
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

    /// Without any reduction.
    pub(super) fn whole(self) -> Self {
        self.may(|may| (may.everything, may.markers) = (true, true))
    }

    /// Nobody crashes.
    pub(super) fn calm(self) -> Self {
        self.may(|may| may.crash = false)
    }

    pub(super) fn both_on_a(self) -> Self {
        Self { names: [0, 0], ..self }
    }
}
