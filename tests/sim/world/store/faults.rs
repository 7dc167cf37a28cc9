//! The faults of a run, which all views of the store share: how often they happen, which never do,
//! which did, and where it all goes wrong at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use elacsym::env::{Clock, Dice};
use elacsym::model::Namespace;
use elacsym::storage::{CellKey, ImmutableKey, Key};

use super::luck::Luck;
use super::rates::{FaultKind, Rates};

/// At the same time.
const STORMS_MAX: usize = 4;
const STORM: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5 * 60));
/// The chance that a request has to make up for what has not happened.
const OWED: f64 = 0.1;
/// On a page of a listing at most, as S3 has it.
pub(super) const PAGE_KEYS_MAX: usize = 1000;
/// In a storm of 503 a request is served all the same now and then.
const SPARED: f64 = 0.1;

/// Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Faults(Arc<Mutex<Inside>>);

#[derive(Debug)]
pub(super) struct Inside {
    pub(super) rates: Rates,
    masked: BTreeSet<FaultKind>,
    counts: BTreeMap<FaultKind, u64>,
    storms: Vec<Storm>,
    /// Of what a bit turned on its way, the keys.
    turned: BTreeSet<String>,
    /// Where and how long storms are.
    dice: Dice,
    clock: Clock,
    views: usize,
    /// On the first pages of a listing.
    page_keys_max: usize,
    debt: Option<Debt>,
}

/// From when on faults are forced, if fewer happened than these.
#[derive(Clone, Copy, Debug)]
struct Debt {
    least: u64,
    from: Duration,
}

/// Everything goes wrong in one way.
#[derive(Debug)]
struct Storm {
    kind: FaultKind,
    scope: Scope,
    until: Duration,
}

#[derive(Debug)]
enum Scope {
    /// Whatever lies below these folders; the empty text is all.
    Folder(String),
    /// Whatever that view asks.
    View(usize),
}

/// Who asks, and what for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker<'a> {
    pub(super) view: usize,
    pub(super) key: &'a str,
}

impl Faults {
    pub(crate) fn new(rates: Rates, dice: Dice) -> Self {
        Self(Arc::new(Mutex::new(Inside {
            rates,
            masked: BTreeSet::new(),
            counts: BTreeMap::new(),
            storms: Vec::new(),
            turned: BTreeSet::new(),
            dice,
            clock: Clock::start(),
            views: 0,
            page_keys_max: PAGE_KEYS_MAX,
            debt: None,
        })))
    }

    /// From now on. Storms are over.
    pub(crate) fn set(&self, rates: Rates) {
        let mut inside = self.inside();
        inside.storms.clear();
        inside.rates = rates;
    }

    /// So many are to happen. If they have not by then, what is cheap is forced, whatever the rates are.
    pub(crate) fn owe(&self, least: u64, from: Duration) {
        self.inside().debt = Some(Debt { least, from });
    }

    /// None from now on, and none is owed.
    pub(crate) fn cease(&self) {
        self.inside().debt = None;
        self.set(Rates::none());
    }

    /// The first pages of a listing have so many keys at most.
    pub(crate) fn page_by(&self, keys_max: usize) {
        self.inside().page_keys_max = keys_max.clamp(1, PAGE_KEYS_MAX);
    }

    pub(super) fn page_keys_max(&self) -> usize {
        self.inside().page_keys_max
    }

    /// Kinds that never happen.
    pub(crate) fn mask(&self, off: BTreeSet<FaultKind>) {
        self.inside().masked = off;
    }

    /// Which happened how often.
    pub(crate) fn counts(&self) -> BTreeMap<FaultKind, u64> {
        self.inside().counts.clone()
    }

    /// One more view; its number.
    pub(super) fn view(&self) -> usize {
        let mut inside = self.inside();
        inside.views += 1;
        inside.views
    }

    pub(super) fn happened(&self, kind: FaultKind) {
        self.inside().happened(kind);
    }

    /// A bit of that object turned on its way to somebody.
    pub(super) fn turned(&self, key: &str) {
        let mut inside = self.inside();
        inside.happened(FaultKind::Turned);
        inside.turned.insert(key.to_owned());
    }

    /// Whether one did of anything that is kept of that name: then it may be told that this is damaged.
    pub(crate) fn turned_in(&self, name: &Namespace) -> bool {
        let is_of = |key: &String| match Key::parse(key) {
            Ok(Key::Cell(CellKey::Head(home))) => home == *name,
            Ok(Key::Immutable(ImmutableKey::Slot(slot))) => slot.home == *name,
            Ok(Key::Immutable(ImmutableKey::File(file))) => file.home == *name,
            _ => false,
        };
        self.inside().turned.iter().any(is_of)
    }

    /// It happens, unless it never does: one that no request meets by chance.
    pub(crate) fn befalls(&self, kind: FaultKind) -> bool {
        let mut inside = self.inside();
        let befalls = !inside.masked.contains(&kind);
        if befalls {
            inside.happened(kind);
        }
        befalls
    }

    pub(super) fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    pub(super) fn happened(&mut self, kind: FaultKind) {
        *self.counts.entry(kind).or_default() += 1;
    }

    /// One of these, or none. What is masked leaves the chances of the others as they are.
    pub(super) fn pick(&self, kinds: &[FaultKind], luck: &mut Luck) -> Option<FaultKind> {
        let mut left = luck.fraction();
        let picked = kinds.iter().copied().find(|kind| {
            left -= self.rates.chance(*kind);
            left < 0.0
        });
        picked.filter(|kind| !self.masked.contains(kind))
    }

    /// One of these, if it is late and too little has happened. Nothing is drawn before that.
    pub(super) fn owed(&self, kinds: &[FaultKind], luck: &mut Luck) -> Option<FaultKind> {
        let Debt { least, from } = self.debt?;
        if self.clock.now() < from || self.counts.values().sum::<u64>() >= least {
            return None;
        }
        let kind = luck.one_of(kinds);
        (luck.happens(OWED) && !self.masked.contains(&kind)).then_some(kind)
    }

    /// Whether the request falls into a storm, which may begin with it.
    pub(super) fn storm(&mut self, asker: Asker<'_>, luck: &mut Luck) -> Option<FaultKind> {
        let begins = self.pick(&[FaultKind::Storm, FaultKind::Denied], luck);
        if begins.is_none() && self.storms.is_empty() {
            return None;
        }
        let now = self.clock.now();
        self.storms.retain(|storm| now < storm.until);
        if let Some(kind) = begins
            && self.storms.len() < STORMS_MAX
        {
            let mut luck = Luck::drawn(&mut self.dice);
            let scope = Scope::around(asker, &mut luck);
            self.storms.push(Storm { kind, scope, until: now + luck.span(STORM.0, STORM.1) });
        }
        let kind = self.storms.iter().find(|storm| storm.scope.holds(asker))?.kind;
        if kind == FaultKind::Storm && luck.happens(SPARED) {
            return None;
        }
        self.happened(kind);
        Some(kind)
    }
}

impl Scope {
    fn around(asker: Asker<'_>, luck: &mut Luck) -> Self {
        if luck.coin() {
            return Self::View(asker.view);
        }
        let folders = asker.key.split('/').count().saturating_sub(1);
        let parts: Vec<&str> = asker.key.split('/').take(luck.below(folders + 1)).collect();
        Self::Folder(parts.join("/"))
    }

    fn holds(&self, asker: Asker<'_>) -> bool {
        match self {
            Self::View(view) => *view == asker.view,
            Self::Folder(folder) => match asker.key.strip_prefix(folder.as_str()) {
                Some(rest) => folder.is_empty() || rest.is_empty() || rest.starts_with('/'),
                None => false,
            },
        }
    }
}
