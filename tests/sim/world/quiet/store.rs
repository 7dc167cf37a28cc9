//! The store, once nobody changes a name: in time it holds what the heads name and what is never deleted,
//! and nothing else; none of it goes before its time; and little of it is not folded.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use elacsym::env::Dice;
use elacsym::model::Namespace;
use elacsym::namespace::{fsck, head};
use elacsym::protocol::Life;
use elacsym::storage::{CellKey, ImmutableKey, Key, SlotKey, Store};

use super::Quiet;
use crate::world::checks::Ages;
use crate::world::client::Nodes;
use crate::world::words::Broken;

/// A walk, and the grace of what it finds twice: of what was garbage, and what became so meanwhile.
const COLLECTED: Duration = Duration::from_secs(70 * 60);
/// Before the store is looked at once more, and how often.
const ONCE_MORE: Duration = Duration::from_secs(40 * 60);
const LOOKS_MAX: usize = 6;
/// Between two looks at what is needed and there: several within the grace of garbage.
const LOOK_EVERY: Duration = Duration::from_secs(300);
/// A longer tail is folded before its name is closed.
pub(super) const IDLE_SLOTS_MAX: usize = 16;
/// Of what was found wrong, so much is told.
const TOLD_MAX: usize = 8;
const DAY_MS: i64 = 24 * 3600 * 1000;

impl Quiet<'_> {
    /// The store comes to hold what is needed and nothing else, and never anything wrong.
    pub(super) async fn all_collected(
        &self,
        names: &[Namespace],
        ages: &mut Ages,
    ) -> Result<(), Broken> {
        self.set_calendars_back();
        self.watch(COLLECTED, names, ages).await?;
        let mut looks = 0;
        loop {
            looks += 1;
            self.stage("the store is looked over");
            let found = fsck::check(&self.store(), self.place.clock).await;
            let found = found.map_err(|error| Broken(format!("fsck failed: {}", error.chain())))?;
            if !found.errors.is_empty() {
                return Err(told("fsck finds errors", &found.errors));
            }
            if found.leaks.is_empty() && found.notes.is_empty() {
                return Ok(());
            }
            if looks == LOOKS_MAX {
                let left: Vec<_> = found.leaks.into_iter().chain(found.notes).collect();
                return Err(told("not collected", &left));
            }
            self.watch(ONCE_MORE, names, ages).await?;
        }
    }

    /// What is garbage has been found by now. No calendar tells when it goes.
    fn set_calendars_back(&self) {
        if self.plan.chance("calendars in the calm").happens(0.5) {
            (0..self.site.count()).for_each(|no| self.site.step(no, -DAY_MS));
        }
    }

    /// Lets time go by, and looks again and again at what heads need and what is there.
    async fn watch(
        &self,
        lasts: Duration,
        names: &[Namespace],
        ages: &mut Ages,
    ) -> Result<(), Broken> {
        let clock = self.place.clock;
        let until = clock.now() + lasts;
        while clock.now() < until {
            let heads = self.heads(names).await?;
            let there = self.truth.spells();
            ages.look(clock.now(), needed(&heads, &there)?, &there);
            clock.sleep(until.saturating_sub(clock.now()).min(LOOK_EVERY)).await;
        }
        Ok(())
    }

    async fn heads<'b>(
        &self,
        names: &'b [Namespace],
    ) -> Result<Vec<(&'b Namespace, head::Head)>, Broken> {
        let mut heads = Vec::new();
        for name in names {
            heads.push((name, self.head(name).await?));
        }
        Ok(heads)
    }

    /// What is not folded of a name that is idle is little.
    pub(super) async fn short_tails(&self, names: &[Namespace]) -> Result<(), Broken> {
        let all = slots(&self.truth.spells());
        for (name, head) in self.heads(names).await? {
            let slots = unfolded(&all, name, &head).count();
            if slots > IDLE_SLOTS_MAX {
                return Err(Broken(format!(
                    "not folded: {name} is idle, and {slots} slots from {} on are not folded",
                    head.floor
                )));
            }
        }
        Ok(())
    }

    pub(super) async fn head(&self, name: &Namespace) -> Result<head::Head, Broken> {
        let cell = match self.store().load(&CellKey::Head(name.clone())).await {
            Ok(Some(cell)) => cell,
            other => return Err(Broken(format!("no head: {name} was written: {other:?}"))),
        };
        head::decode(name, &cell.body)
            .map_err(|error| Broken(format!("no head: of {name}: {}", error.chain())))
    }

    /// The truth, asked honestly.
    fn store(&self) -> Store {
        let dice = Dice::from_seed(self.plan.seed).fork("quiet");
        Store::new(self.truth.honest(), self.place.clock, dice)
    }
}

/// By life, the files that heads name and the slots that they have not folded.
fn needed(
    heads: &[(&Namespace, head::Head)],
    there: &BTreeMap<String, usize>,
) -> Result<BTreeMap<u128, BTreeSet<String>>, Broken> {
    let all = slots(there);
    let spelt = |key: ImmutableKey| {
        key.spell().map_err(|error| Broken(format!("no key: {}", error.chain())))
    };
    let alive = heads.iter().filter(|(_, head)| head.life == Life::Active);
    let keys = alive.map(|(name, head)| {
        let files = head.files.iter().chain(&head.keys).cloned().map(ImmutableKey::File);
        let slots = unfolded(&all, name, head).cloned().map(ImmutableKey::Slot);
        let keys = files.chain(slots).map(spelt).collect::<Result<BTreeSet<_>, Broken>>();
        keys.map(|keys| (head.inc.0, keys))
    });
    keys.collect()
}

/// Every slot that is there.
fn slots(there: &BTreeMap<String, usize>) -> Vec<SlotKey> {
    let slot = |key: &String| match Key::parse(key) {
        Ok(Key::Immutable(ImmutableKey::Slot(slot))) => Some(slot),
        _ => None,
    };
    there.keys().filter_map(slot).collect()
}

/// Those of the life of a head that are not folded.
fn unfolded<'a>(
    slots: &'a [SlotKey],
    name: &'a Namespace,
    head: &head::Head,
) -> impl Iterator<Item = &'a SlotKey> + use<'a> {
    let (inc, floor) = (head.inc, head.floor);
    slots.iter().filter(move |slot| slot.home == *name && slot.inc == inc && slot.seq >= floor)
}

fn told<T: ToString>(what: &str, found: &[T]) -> Broken {
    let shown: Vec<String> = found.iter().take(TOLD_MAX).map(ToString::to_string).collect();
    Broken(format!("{what}: {} in all:\n  {}", found.len(), shown.join("\n  ")))
}
