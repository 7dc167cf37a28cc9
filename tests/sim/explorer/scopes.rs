//! The scopes: how much may happen, and what.

use elacsym::protocol::Rules;

use super::world::{Left, May, Scope};

/// The four scopes, each in parts that end: what they hold together is what was asked of the
/// protocol, and what a part leaves out another has.
pub(super) fn all() -> Vec<Scope> {
    vec![
        base(1, 2).delays(1).reads(2).called("i: commit, claim, gc, a reader twice"),
        base(1, 2).delays(2).reads(1).called("i: the same, two delayed requests, one read"),
        owner(2, 3).owner_reads(1).called("ii: release, close, remember, an owner's read"),
        owner(2, 2).delays(1).owner_reads(1).called("ii: the same, with a delayed request"),
        owner(2, 2).keyed().retries(1).skips(1).called("ii: keys, a retry, a skip with a key"),
        owner(2, 2).skips(1).called("ii: a skip without a key"),
        base(1, 2).pinned().called("ii: a claim covered by a pin"),
        lives().reads(2).called("iii: end, re-create, a reader with a cached head"),
        lives().owner_reads(2).skips(1).called("iii: the same, asked of the owner"),
        base(1, 2).chunks().reads(1).called("iii: one life, in chunks, one read"),
        lives()
            .marked()
            .menders(1)
            .chunks()
            .delays(1)
            .called("iii: markers, the walk, chunks, a delay"),
        branch().heir().reads_of_b(1).called("iv: a branch, both names claimed, a reader of it"),
        // A reader only reads, and keeps a collector from its own name: two of them at once can show
        // nothing that one at a time does not.
        branch().claims(1).reads(1).called("iv: a branch, a reader of its source"),
        branch()
            .claims(1)
            .merges(1)
            .ends(1)
            .delays(1)
            .called("iv: its parent merged, deleted, a delay"),
    ]
}

/// Scopes that are too wide to be searched whole.
pub(super) fn wide() -> Vec<Scope> {
    let all_of_it = |scope: Scope| {
        let scope = scope.delays(3).reads(3).owner_reads(2).retries(1).skips(1).menders(1);
        scope.files().chunks().forgetful().whole()
    };
    vec![
        all_of_it(owner(3, 4)).called("one name, all that can happen"),
        all_of_it(owner(4, 6)).keyed().ends(2).merges(2).called("two deletions, keys, merges"),
        all_of_it(branch())
            .claims(4)
            .reads_of_b(2)
            .ends(2)
            .merges(2)
            .called("a branch, two deletions"),
    ]
}

/// Commit, claim, gc.
pub(super) fn base(ops: u8, claims: u8) -> Scope {
    Scope {
        title: "commit",
        left: Left { ops, claims, ..Left::default() },
        may: May { crash: true, collect: true, ..May::default() },
        rules: Rules::default(),
        names: [0, 0],
    }
}

/// Release, close and remember.
pub(super) fn owner(ops: u8, claims: u8) -> Scope {
    let scope = base(ops, claims).called("owner");
    Scope { may: May { release: true, close: true, ..scope.may }, ..scope }
}

/// Create, end, re-create: one operation in each of two lives.
pub(super) fn lives() -> Scope {
    let scope = base(2, 2).called("lives").may(|may| may.one_op_a_life = true);
    Scope { left: Left { ends: 1, ..scope.left }, ..scope }
}

/// A branch of `a`, which the first writer owns, into `b`, which the second one does.
pub(super) fn branch() -> Scope {
    let scope = base(1, 2).called("branch").files();
    Scope { left: Left { branches: 1, ..scope.left }, names: [0, 1], ..scope }
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

    /// The destination of a branch is claimed only when it lives.
    pub(super) fn heir(self) -> Self {
        self.may(|may| may.heir = true)
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
