//! The watches: which lives lead to garbage, in the order in which they are to be swept.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::env::BootTime;
use crate::model::{Incarnation, Namespace};
use crate::namespace::garbage::Vigil;

/// A life that leads to garbage.
#[derive(Debug)]
pub(super) struct Find {
    pub(super) name: Namespace,
    pub(super) vigil: Vigil,
    pub(super) when: When,
}

/// When it is swept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// When it has been watched for long enough.
    Ripe,
    /// As soon as may be. Of what must be watched nothing goes then.
    AtOnce,
}

/// A moment of the boot-time clock in nanoseconds, or one just after it that nobody has yet.
type Ticket = u64;

#[derive(Debug)]
pub(super) struct Watches {
    by_due: BTreeMap<Ticket, (Namespace, Vigil)>,
    by_life: BTreeMap<(Namespace, Incarnation), Ticket>,
    most: usize,
}

impl Watches {
    pub(super) fn of(most: usize) -> Self {
        Self { by_due: BTreeMap::new(), by_life: BTreeMap::new(), most }
    }

    pub(super) fn len(&self) -> usize {
        self.by_due.len()
    }

    /// When the first of them is to be swept.
    pub(super) fn due(&self) -> Option<BootTime> {
        let (ticket, _) = self.by_due.first_key_value()?;
        Some(BootTime(Duration::from_nanos(*ticket)))
    }

    /// The first of them, if its time has come.
    pub(super) fn pop(&mut self, now: BootTime) -> Option<(Namespace, Vigil)> {
        if self.due()? > now {
            return None;
        }
        let (_, (name, vigil)) = self.by_due.pop_first()?;
        self.by_life.remove(&(name.clone(), vigil.inc()));
        Some((name, vigil))
    }

    /// Where there is no room, it is the newest that is not taken in: if the oldest fell out, a
    /// stream of new ones would let none of them ripen.
    pub(super) fn put(&mut self, find: Find, now: BootTime) {
        let Find { name, vigil, when } = find;
        let life = (name.clone(), vigil.inc());
        if let Some(ticket) = self.by_life.get(&life).copied() {
            // Who has watched for longer is ripe sooner. But a suspicion took half an hour already.
            if when == When::Ripe && !vigil.suspects() {
                return;
            }
            self.by_due.remove(&ticket);
            self.by_life.remove(&life);
        }
        if self.by_due.len() >= self.most {
            return;
        }
        let due = match when {
            When::Ripe => vigil.due(),
            When::AtOnce => now,
        };
        let mut ticket = u64::try_from(due.0.as_nanos()).unwrap_or(Ticket::MAX);
        while self.by_due.contains_key(&ticket) {
            ticket += 1;
        }
        self.by_due.insert(ticket, (name, vigil));
        self.by_life.insert(life, ticket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Stored;
    use crate::model::{Holder, PutId};
    use crate::protocol::{Edit, GRACE, Rules, Watch};

    fn at(seconds: u64) -> BootTime {
        BootTime(Duration::from_secs(seconds))
    }

    fn find(name: &str, since: u64, when: When) -> Find {
        let holder = Holder { node: "n".into(), process: 1 };
        let edit = Edit::<Stored>::Create { inc: Incarnation(1), holder };
        let head = edit.apply(None, PutId(1), Rules::default()).unwrap();
        let vigil = Vigil::of(Watch::of(&head, Incarnation(1), at(since)));
        Find { name: Namespace::new(name).unwrap(), vigil, when }
    }

    fn ripe(name: &str, since: u64) -> Find {
        find(name, since, When::Ripe)
    }

    /// All that are due, in order.
    fn popped(watches: &mut Watches, now: BootTime) -> Vec<String> {
        let next = || watches.pop(now).map(|(name, _)| name.to_string());
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn who_has_watched_longest_is_first_and_nobody_is_too_soon() {
        let mut watches = Watches::of(9);
        let grace = GRACE.as_secs();
        for find in [ripe("b", 2), ripe("a", 3), ripe("c", 1), ripe("d", 2)] {
            watches.put(find, at(5));
        }
        assert_eq!(watches.due(), Some(at(grace + 1)));
        assert_eq!(popped(&mut watches, at(grace)), [""; 0]);
        assert_eq!(popped(&mut watches, at(grace + 2)), ["c", "b"]);
        assert_eq!(popped(&mut watches, at(grace + 3)), ["d", "a"]);
        assert_eq!((watches.len(), watches.due()), (0, None));
        assert!(watches.by_life.is_empty());
    }

    #[test]
    fn a_life_is_watched_once_from_the_first_time_on() {
        let mut watches = Watches::of(9);
        watches.put(ripe("a", 1), at(1));
        watches.put(ripe("a", 7), at(7));
        assert_eq!((watches.len(), watches.due()), (1, Some(at(GRACE.as_secs() + 1))));
        watches.put(find("a", 8, When::AtOnce), at(8));
        assert_eq!((watches.len(), watches.due()), (1, Some(at(8))));
        assert_eq!(popped(&mut watches, at(8)), ["a"]);
    }

    #[test]
    fn a_full_yard_takes_no_more_and_lets_what_is_there_ripen() {
        let mut watches = Watches::of(2);
        for (since, name) in (1..).zip(["a", "b", "c"]) {
            watches.put(ripe(name, since), at(since));
        }
        assert_eq!(watches.len(), 2);
        watches.put(find("b", 4, When::AtOnce), at(4));
        assert_eq!(popped(&mut watches, at(4)), ["b"]);
        watches.put(ripe("c", 5), at(5));
        assert_eq!(popped(&mut watches, at(9999)), ["a", "c"]);
    }
}
