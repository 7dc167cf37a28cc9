//! The scopes: how much may happen, and what.

use elacsym::protocol::Rules;

use super::scope::{Left, May, Scope};

/// The four scopes, each in parts that end: what they hold together is what was asked of the
/// protocol, and what a part leaves out another has.
pub(super) fn all() -> Vec<Scope> {
    [commits(), tenures(), rebirths(), branches()].concat()
}

fn commits() -> Vec<Scope> {
    vec![
        base(1, 2).delays(1).reads(2).called("i: commit, claim, gc, a reader twice"),
        base(1, 2).delays(2).reads(1).called("i: the same, two delayed requests, one read"),
        base(3, 1).calm().reads(2).ahead().called("i: slots asked for ahead, late replies"),
        base(3, 2).calm().ahead().called("i: the same, in a claim"),
        base(1, 2).reads(2).stalled().called("i: a reader whose clock stands still"),
        base(1, 2).reads(2).strict().called("i: a reader that trusts no age"),
        base(2, 1)
            .reads(2)
            .owner_reads(2)
            .min_seq()
            .called("i: reads that ask for a slot at least"),
        base(2, 2).files().two_folds().called("i: two folds prepared at once"),
        base(1, 2).files().swept(2).delays(1).called("i: an owner's own garbage, a delay"),
        base(1, 2).files().chunks().swept(2).called("i: the same, in chunks"),
        base(1, 2).files().swept(1).reads(1).called("i: the same, with a reader"),
    ]
}

fn tenures() -> Vec<Scope> {
    vec![
        owner(2, 3).owner_reads(1).called("ii: release, close, remember, an owner's read"),
        owner(2, 2).delays(1).owner_reads(1).called("ii: the same, with a delayed request"),
        owner(2, 2).delays(1).panics().called("ii: a panic with a request in doubt"),
        base(2, 3).keyed().retries(1).called("ii: keys, a retry, without release"),
        owner(2, 2).keyed().retries(1).skips(1).delays(1).called("ii: keys, a retry, a skip"),
        owner(2, 2).skips(1).delays(1).called("ii: a skip without a key"),
        owner(1, 2)
            .delays(1)
            .owner_reads(1)
            .skips(1)
            .two_questions()
            .called("ii: two probes at once"),
        base(1, 2)
            .calm()
            .owner_reads(1)
            .skips(1)
            .two_questions()
            .ahead()
            .called("ii: two probes at once, late replies"),
        base(1, 2).pinned().called("ii: a claim covered by a pin"),
    ]
}

fn rebirths() -> Vec<Scope> {
    vec![
        lives().reads(2).called("iii: end, re-create, a reader with a cached head"),
        lives().delays(1).reads(1).called("iii: the same, a delayed request, one read"),
        lives().owner_reads(2).skips(1).called("iii: the same, asked of the owner"),
        base(1, 2).chunks().reads(1).called("iii: one life, in chunks, one read"),
        lives().marked().chunks().delays(1).called("iii: markers, chunks, a delay"),
        lives().marked().menders(1).delays(1).called("iii: markers, the walk, a delay"),
    ]
}

fn branches() -> Vec<Scope> {
    let parent = branch().claims(1).merges(1).ends(1).delays(1);
    vec![
        branch().heir().reads_of_b(1).called("iv: a branch, both names claimed, a reader of it"),
        // A reader only reads, and keeps a collector from its own name: two of them at once can show
        // nothing that one at a time does not.
        branch().claims(1).reads(1).called("iv: a branch, a reader of its source"),
        branch()
            .claims(1)
            .ends(1)
            .reads_of_b(1)
            .called("iv: its source deleted, a reader of the branch"),
        branch().heir().ends(1).called("iv: one of the names deleted"),
        branch().heir().delays(1).called("iv: both names claimed, a delay"),
        branch().claims(1).chunks().marked().called("iv: a branch in chunks, abandoned or not"),
        parent.called("iv: its parent merged, deleted, a delay"),
    ]
}

/// Scopes that are too wide to be searched whole.
pub(super) fn wide() -> Vec<Scope> {
    let all_of_it = |scope: Scope| {
        let scope = scope.delays(3).reads(3).owner_reads(2).retries(1).skips(1).menders(1);
        let scope = scope.files().chunks().forgetful().tended().sweeps(3);
        scope.two_folds().two_questions().whole()
    };
    vec![
        all_of_it(owner(3, 4)).called("one name, all that can happen"),
        all_of_it(owner(5, 5)).ahead().min_seq().called("slots asked for ahead, reads by number"),
        all_of_it(owner(4, 4)).stalled().called("readers whose clocks stand still"),
        all_of_it(owner(4, 6)).keyed().ends(2).merges(2).called("two deletions, keys, merges"),
        all_of_it(branch())
            .claims(4)
            .reads_of_b(2)
            .ends(2)
            .merges(2)
            .called("a branch, two deletions"),
        all_of_it(branch())
            .claims(4)
            .deep(3)
            .ends(2)
            .merges(2)
            .called("branches of branches, two deletions"),
    ]
}

/// Small ones, to be searched with nothing left out.
pub(super) fn whole() -> [Scope; 2] {
    let titled = |scope: Scope, title| scope.whole().called(title);
    [
        titled(lives(), "nothing left out: end, re-create"),
        titled(branch().claims(1), "nothing left out: a branch"),
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
