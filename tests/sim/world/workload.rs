//! What clients wish: any change, any read, of few names and few documents, so that they meet.
//!
//! A wish depends on the dice of its own number and on what its client knows, and on nothing else: so
//! a client that is left with fewer wishes begins as it did.

mod habits;
mod hand;
mod seen;

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};

use elacsym::model::{Create, Namespace};

use super::model::kind_of;
use super::plan::{Chance, Plan};
use super::words::{BESIDE, Change, Datum, Doc, FICKLE, If, MARK, Said, VECTOR, Wish, Without};
pub(crate) use habits::{Deed, Habits};
use hand::Hand;
pub(crate) use seen::{Hearsay, Seen};

/// Numbers of wishes that no other client has, and that no other wish of it has.
const NOS_OF_CLIENT: i64 = 1_000_000;
const NOS_OF_WISH: i64 = 100;
/// Requests with a key that a client may yet send again.
const KEYED_MAX: usize = 8;
/// The chance that a client who was turned away from a name that takes no writes has it take them again.
const THAWS: f64 = 0.5;
/// The chance that a request which has a key has that of another.
const CARELESS: f64 = 0.04;

/// What a client wishes, of whom.
#[derive(Clone, Debug)]
pub(crate) struct Wished {
    pub(crate) no: i64,
    pub(crate) name: Namespace,
    pub(crate) wish: Wish,
}

/// The wishes of one client, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    client: usize,
    names: Vec<Namespace>,
    habits: Habits,
    chance: Chance,
    keyed: VecDeque<Wished>,
    /// Keys that a careless wish has taken: of two that did, the second might be the first one again.
    lent: BTreeSet<String>,
    /// A large batch of this client that may be there.
    large: Option<Large>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Coming,
    /// It was answered, whatever that was.
    There,
    /// It is being deleted, by the wish of that number.
    Going(i64),
}

#[derive(Clone, Debug)]
struct Large {
    name: Namespace,
    /// Of the wish.
    no: i64,
    phase: Phase,
}

impl Wishes {
    pub(crate) fn of(plan: &Plan, client: usize) -> Self {
        Self {
            client,
            names: plan.namespaces(),
            habits: plan.habits.clone(),
            chance: plan.chance(&format!("client {client}")),
            keyed: VecDeque::new(),
            lent: BTreeSet::new(),
            large: None,
        }
    }

    /// The wish of that number.
    pub(crate) fn next(&mut self, number: usize, seen: &Seen) -> Wished {
        let mut chance = self.chance.fork(&format!("wish {number}"));
        let no = NOS_OF_CLIENT * (1 + self.client as i64) + NOS_OF_WISH * number as i64;
        let name = self.names[chance.zipf(self.names.len())].clone();
        let deed = chance.weighted(&self.habits.weights);
        if let Some(large) = self.large.as_mut().filter(|large| large.phase != Phase::Coming) {
            large.phase = Phase::Going(no);
            let name = large.name.clone();
            let mut hand = Hand { habits: &self.habits, chance, known: seen.of(&name), no };
            return Wished { no, name, wish: hand.no_more_large() };
        }
        let known = seen.of(&name);
        if known.is_frozen() && chance.happens(THAWS) {
            return Wished { no, name, wish: Hand::thaw() };
        }
        if deed == Deed::Repeat && !self.keyed.is_empty() {
            return self.keyed[chance.below(self.keyed.len())].clone();
        }
        let careless = chance.happens(CARELESS);
        let mut hand = Hand { habits: &self.habits, chance, known, no };
        if self.client == 0 && self.habits.large_at == Some(number) {
            self.large = Some(Large { name: name.clone(), no, phase: Phase::Coming });
            return Wished { no, name, wish: hand.large() };
        }
        let mut wished = Wished { no, name, wish: hand.wish(deed) };
        // Of two that wish the same, the second is the first one sent again, whoever thinks otherwise.
        let another = |before: &&Wished| {
            before.name == wished.name
                && before.change().is_some_and(|it| Some(it) != wished.change())
                && before.key().is_some_and(|key| !self.lent.contains(key))
        };
        let before = self.keyed.iter().find(|before| careless && another(before));
        let taken = before.and_then(Wished::key).map(str::to_owned);
        if let (Some(taken), Wish::Change { key: Some(key), .. }) = (taken, &mut wished.wish) {
            key.clone_from(&taken);
            self.lent.insert(taken);
        } else if wished.key().is_some() {
            self.keyed.push_back(wished.clone());
            if self.keyed.len() > KEYED_MAX {
                self.keyed.pop_front();
            }
        }
        wished
    }

    /// What came back of a wish of this client.
    pub(crate) fn heard(&mut self, no: i64, said: &Said) {
        let Some(large) = &mut self.large else { return };
        // What was sent again without a key has the next number.
        let is_of = |wish: i64| (wish..wish + NOS_OF_WISH).contains(&no);
        match large.phase {
            Phase::Coming if is_of(large.no) => large.phase = Phase::There,
            Phase::Going(going) if is_of(going) => {
                if matches!(said, Said::Changed { .. } | Said::Absent) {
                    self.large = None;
                }
            }
            _ => {}
        }
    }
}

impl Wished {
    /// The same once more. Under its key it is the same request; without one it is another, whose
    /// rows have a mark of their own.
    pub(crate) fn again(&self) -> Self {
        let mut again = self.clone();
        if self.key().is_none() {
            again.no += 1;
            if let Wish::Change { change, .. } = &mut again.wish {
                mark(change, again.no);
            }
        }
        again
    }

    /// Whether to do it twice is to do it once, as far as its client can tell: as the contract has it
    /// that clients may send it again.
    pub(crate) fn is_safe_twice(&self) -> bool {
        match &self.wish {
            Wish::Change { key: Some(_), .. } | Wish::Set(_) => true,
            Wish::Read { .. } | Wish::Look | Wish::List => true,
            Wish::Change { change, key: None } => {
                let conditions = [change.put_if, change.patch_if, change.delete_if];
                let patches = !change.patches.is_empty() || change.patch_found.is_some();
                // The second finds the name that the first has made.
                !patches && change.create != Create::New && conditions == [If::Always; 3]
            }
            Wish::End => false,
        }
    }

    fn change(&self) -> Option<&Change> {
        match &self.wish {
            Wish::Change { change, .. } => Some(change),
            Wish::Set(_) | Wish::End | Wish::Read { .. } | Wish::Look | Wish::List => None,
        }
    }

    fn key(&self) -> Option<&str> {
        match &self.wish {
            Wish::Change { key, .. } => key.as_deref(),
            Wish::Set(_) | Wish::End | Wish::Read { .. } | Wish::Look | Wish::List => None,
        }
    }
}

fn mark(change: &mut Change, no: i64) {
    let mark = |(_, doc): &mut (u64, Doc)| {
        doc.insert(MARK, Datum::Int(no));
    };
    change.puts.iter_mut().chain(&mut change.patches).for_each(mark);
    if let Some((_, doc)) = &mut change.patch_found {
        doc.insert(MARK, Datum::Int(no));
    }
}

/// All that one client asks to change in some runs, and asks again.
fn each_change(check: impl Fn(i64, &Change)) {
    for seed in 0..40 {
        let plan = Plan::of(seed);
        let (mut wishes, seen) = (Wishes::of(&plan, 0), Seen::nothing(Hearsay::default()));
        for number in 0..plan.turns {
            let wished = wishes.next(number, &seen);
            for Wished { no, wish, .. } in [wished.again(), wished] {
                if let Wish::Change { change, .. } = wish {
                    check(no, &change);
                }
            }
        }
    }
}

#[test]
fn no_wish_says_two_things_of_one_document_and_every_document_has_the_mark_of_its_wish() {
    each_change(|no, change| {
        let rows = || change.puts.iter().chain(&change.patches);
        let marked = |doc: &Doc| doc.get(MARK) == Some(&Datum::Int(no));
        assert!(rows().all(|(_, doc)| marked(doc)), "{change:?}");
        let found = change.patch_found.as_ref();
        assert!(found.is_none_or(|(_, doc)| marked(doc)), "{change:?}");
        let mut ids: Vec<u64> = rows().map(|(id, _)| *id).collect();
        ids.extend(&change.deletes);
        let many = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), many, "{change:?}");
    });
}

#[test]
fn no_value_is_left_to_tell_its_kind_that_does_not() {
    each_change(|_, change| {
        let Change { declare, drop, puts, patches, patch_found, .. } = change;
        let found = patch_found.iter().map(|(_, doc)| doc);
        for doc in puts.iter().chain(patches).map(|(_, doc)| doc).chain(found) {
            let told = |name: &&str| FICKLE.contains(name) || BESIDE.contains(name);
            for (name, datum) in doc.iter().filter(|(name, _)| told(name)) {
                let declared = declare.contains(&(*name, kind_of(datum)));
                let stays = declared && !drop.contains(name);
                assert!(datum.tells_kind() || stays, "{change:?}");
            }
        }
    });
}

#[test]
fn documents_without_a_vector_are_wished_for_in_every_way() {
    let ways = [Without::Nothing, Without::Null, Without::LeftOut].map(|way| (way, Cell::new(0)));
    each_change(|_, change| {
        let vectors = [VECTOR].into_iter().chain(BESIDE);
        let some = change.puts.iter().any(|(_, doc)| doc.contains_key(VECTOR));
        let all = change.puts.iter().all(|(_, doc)| vectors.clone().all(|it| doc.contains_key(it)));
        let way = ways.iter().find(|(way, _)| *way == change.without && some && !all);
        way.into_iter().for_each(|(_, many)| many.set(many.get() + 1));
    });
    assert!(ways.iter().all(|(_, many)| many.get() > 0), "{ways:?}");
}
