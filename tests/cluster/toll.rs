//! What a run came to, in a few lines.

use std::time::Duration;

use crate::counts::Counts;

/// How fewer of them hit says nothing.
pub(crate) const KILLS_JUDGED_MIN: u64 = 20;

#[derive(Debug, Default)]
pub(crate) struct Toll {
    pub(crate) kills: u64,
    /// Those that left somebody without an answer.
    pub(crate) kills_in_flight: u64,
    /// As far as a server could still be asked.
    pub(crate) folds: u64,
    pub(crate) restarts: Vec<Duration>,
}

impl Toll {
    pub(crate) fn killed(&mut self, cut_off: u64) {
        self.kills += 1;
        self.kills_in_flight += u64::from(cut_off > 0);
    }

    /// Or it says little that nothing was lost.
    pub(crate) fn assert_it_was_hard(&self, counts: &Counts) {
        let Self { kills, kills_in_flight: hits, folds, .. } = *self;
        let judged = kills >= KILLS_JUDGED_MIN;
        assert!(!judged || hits * 10 >= kills * 3, "{hits} of {kills} kills cut a write off");
        assert!(kills < 5 || folds > 0, "{kills} kills, and nothing was folded");
        let missing = counts.words.missing();
        assert!(
            !judged || missing.is_empty(),
            "{kills} kills, and nothing was done with {missing:?}"
        );
        let unread = counts.shown.missing();
        assert!(!judged || unread.is_empty(), "{kills} kills, and nobody read {unread:?}");
        let found = counts.found_by_words.get();
        assert!(!judged || found > 0, "{kills} kills, and nobody found a row by its words");
    }

    pub(crate) fn told(&self, title: &str, counts: &Counts, took: Duration) -> String {
        let mut restarts = self.restarts.clone();
        restarts.sort();
        let middle = restarts.get(restarts.len() / 2).copied().unwrap_or_default();
        let longest = restarts.last().copied().unwrap_or_default();
        let Self { kills, kills_in_flight, folds, .. } = self;
        let counted = tell(counts);
        format!(
            "{title}: {kills} kills in {took:.1?}, {kills_in_flight} with a write in flight\n  \
             {counted}\n  {folds} folds; a restart took {middle:.2?}, at most {longest:.2?}\n  \
             acknowledged with {}\n  answers with a value of {}",
            counts.words.told(),
            counts.shown.told()
        )
    }
}

/// What clients were told.
pub(crate) fn tell(counts: &Counts) -> String {
    let acks = counts.acks.get();
    let (cut, unknown) = (counts.cut.get(), counts.unknown.get());
    let (resolved, doubts) = (counts.resolved.get(), counts.doubts.get());
    let (turned_away, echoes) = (counts.turned_away.get(), counts.echoes.get());
    let (reads, unread) = (counts.reads.get(), counts.unread.get());
    let found = counts.found_by_words.get();
    format!(
        "{acks} writes acknowledged, {turned_away} turned away; {cut} cut off and {unknown} told \
         504, of which {resolved} were resolved by repeating and {doubts} stay unknown; {echoes} \
         repeated after all; {reads} reads, {found} of which found rows by words, and {unread} without \
         an answer"
    )
}
