//! What a head needed a while ago is still there: nothing that was needed is deleted before it has been
//! garbage for the grace period, whoever believes an older head. It is asked of the store in good times,
//! look by look, so that what goes between two looks is known to have gone by the second.
//!
//! Of a life that ended files go at once, so that it is forgotten with its head.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use elacsym::protocol::GRACE;

use super::super::words::Broken;

#[derive(Debug, Default)]
pub(crate) struct Ages {
    /// By life: what its head needs, and when it was last seen to need it.
    lives: BTreeMap<u128, BTreeMap<String, Duration>>,
    /// What went before its time, first of all.
    broken: Option<Broken>,
}

impl Ages {
    /// `needed`: by the heads of the lives that go on, each looked at before the store was.
    pub(crate) fn look(
        &mut self,
        now: Duration,
        needed: BTreeMap<u128, BTreeSet<String>>,
        there: &BTreeMap<String, usize>,
    ) {
        self.lives.retain(|life, _| needed.contains_key(life));
        for (life, keys) in needed {
            let known = self.lives.entry(life).or_default();
            known.extend(keys.into_iter().map(|key| (key, now)));
            let gone = known.extract_if(.., |key, _| !there.contains_key(key));
            for (key, last) in gone.filter(|(_, last)| now < *last + GRACE) {
                let ago = now - last;
                let told = format!("too soon: {key} is gone, and a head needed it {ago:?} ago");
                self.broken.get_or_insert(Broken(told));
            }
        }
    }

    pub(crate) fn judge(self) -> Result<(), Broken> {
        self.broken.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn look(ages: &mut Ages, minute: u32, needed: &[&str], there: &[&str]) {
        let needed = needed.iter().map(|key| String::from(*key)).collect();
        let there = there.iter().map(|key| (String::from(*key), 1)).collect();
        ages.look(minute * MINUTE, BTreeMap::from([(1, needed)]), &there);
    }

    #[test]
    fn what_was_needed_stays_for_half_an_hour_more() {
        for (minute, kept) in [(6, false), (34, false), (35, true), (90, true)] {
            let mut ages = Ages::default();
            look(&mut ages, 0, &["a", "b"], &["a", "b", "c"]);
            look(&mut ages, 5, &["a", "b"], &["a", "b"]);
            look(&mut ages, minute, &["b"], &["b"]);
            look(&mut ages, 100, &["b"], &["b"]);
            assert_eq!(ages.judge().is_ok(), kept, "{minute}");
        }
    }

    #[test]
    fn what_a_head_needs_is_there() {
        let mut ages = Ages::default();
        look(&mut ages, 0, &["a"], &["b"]);
        assert!(ages.judge().is_err());
    }

    #[test]
    fn a_life_that_ended_is_forgotten() {
        let mut ages = Ages::default();
        look(&mut ages, 0, &["a"], &["a"]);
        let there = BTreeMap::from([("b".to_owned(), 1)]);
        ages.look(MINUTE, BTreeMap::from([(2, BTreeSet::from(["b".to_owned()]))]), &there);
        look(&mut ages, 2, &[], &[]);
        ages.judge().unwrap();
    }
}
