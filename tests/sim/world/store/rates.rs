//! What can go wrong with a request to the store, and how often it does.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use elacsym::env::Dice;

use super::luck::Luck;

/// Two coins each: did it happen, and were you told?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum FaultKind {
    /// An error, and no effect: also a delete that is lost.
    FailedBefore,
    /// An error, though it took effect.
    FailedAfter,
    /// An error or silence, and an effect much later: also of a delete, also when its sender is dead.
    LateEffect,
    /// It took effect, be it answered or not, and takes effect once more, later. A condition is met
    /// anew.
    Duplicate,
    /// 409: the store would not decide. No effect, and nothing is proven.
    Conflict,
    /// 503 to nearly everything below a prefix, or of a node, for a while.
    Storm,
    /// 403 to everything, likewise: credentials that have expired.
    Denied,
    /// Never answered, with effect or without, or in the middle of a body.
    Stuck,
    /// So late that most who wait have given up.
    Slow,
    /// A body that ends too soon, and does not say so.
    ShortRead,
    /// A body with other bytes, that breaks off or is too long.
    Garbled,
    /// A body of the right length, in which one bit is another. It turned on its way: whoever asks again is
    /// shown the truth.
    Turned,
    /// A listing that breaks off within a page.
    TornList,
    /// Of a sender that died meanwhile: it never arrived.
    OrphanLost,
    /// Likewise: it arrives much later.
    OrphanLate,
    /// All nodes stop, one by one, and go on in another order. No request meets it by chance: it is the
    /// plan's.
    Swizzled,
}

impl FaultKind {
    /// `Swizzled` is the last of them.
    pub(crate) const ALL: [Self; Self::Swizzled as usize + 1] = [
        Self::FailedBefore,
        Self::FailedAfter,
        Self::LateEffect,
        Self::Duplicate,
        Self::Conflict,
        Self::Storm,
        Self::Denied,
        Self::Stuck,
        Self::Slow,
        Self::ShortRead,
        Self::Garbled,
        Self::Turned,
        Self::TornList,
        Self::OrphanLost,
        Self::OrphanLate,
        Self::Swizzled,
    ];

    /// The one that is spelt so.
    pub(crate) fn spelt(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.to_string() == word)
    }
}

/// The most that a run is given of each: by request, or, of an orphan, by request of a dead sender. Of
/// a storm it is the chance that one begins.
const MOST: [(FaultKind, f64); 14] = [
    (FaultKind::FailedBefore, 0.06),
    (FaultKind::FailedAfter, 0.06),
    (FaultKind::LateEffect, 0.04),
    (FaultKind::Duplicate, 0.06),
    (FaultKind::Conflict, 0.06),
    (FaultKind::Storm, 0.002),
    (FaultKind::Denied, 0.0005),
    (FaultKind::Stuck, 0.02),
    (FaultKind::Slow, 0.06),
    (FaultKind::ShortRead, 0.04),
    (FaultKind::Garbled, 0.04),
    (FaultKind::TornList, 0.1),
    (FaultKind::OrphanLost, 0.4),
    (FaultKind::OrphanLate, 0.4),
];
/// The same of a bit that turned, for which a name stops for a while. In most runs none does: there a word
/// of damage is a bug.
const TURNED_MOST: f64 = 0.002;
const TURNED_LEVELS: [f64; 8] = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 1.0];
/// Often none of a kind, so that what hides behind it is found.
const LEVELS: [f64; 6] = [0.0, 0.0, 0.1, 0.3, 1.0, 1.0];
const HARSH: [f64; 4] = [0.2, 0.5, 1.0, 1.5];
/// No run is without any: of these two there is so much.
const LEAST: f64 = 0.05;
const ALWAYS: [FaultKind; 2] = [FaultKind::FailedAfter, FaultKind::Slow];

/// Of a request in good times, there and back: half of them take less.
const LATENCIES_MS: [u64; 4] = [2, 10, 25, 60];
const USUAL: Duration = Duration::from_millis(10);
/// What takes effect late does so by then. The grace of garbage lies within, and what is under way
/// when faults end arrives within an hour.
const LATEST: [Duration; 4] = [
    Duration::from_secs(10),
    Duration::from_secs(5 * 60),
    Duration::from_secs(45 * 60),
    Duration::from_secs(45 * 60),
];

#[derive(Clone)]
pub(crate) struct Rates {
    pub(super) chances: BTreeMap<FaultKind, f64>,
    pub(super) latency: Duration,
    pub(super) latest: Duration,
}

impl Rates {
    /// No fault; requests still take their time.
    pub(crate) fn none() -> Self {
        Self { chances: BTreeMap::new(), latency: USUAL, latest: LATEST[0] }
    }

    pub(crate) fn drawn(dice: &mut Dice) -> Self {
        let mut luck = Luck::drawn(dice);
        let harsh = luck.one_of(&HARSH);
        let mut chances: BTreeMap<FaultKind, f64> =
            MOST.iter().map(|(kind, most)| (*kind, most * luck.one_of(&LEVELS) * harsh)).collect();
        for kind in ALWAYS {
            let chance = chances.entry(kind).or_default();
            *chance = chance.max(LEAST);
        }
        let latency = Duration::from_millis(luck.one_of(&LATENCIES_MS));
        let latest = luck.one_of(&LATEST);
        // Drawn last: without it all else is as it would be.
        chances.insert(FaultKind::Turned, TURNED_MOST * luck.one_of(&TURNED_LEVELS) * harsh);
        chances.retain(|_, chance| *chance > 0.0);
        Self { chances, latency, latest }
    }

    /// That kind is so likely.
    pub(crate) fn with(mut self, kind: FaultKind, chance: f64) -> Self {
        self.chances.insert(kind, chance);
        self
    }

    pub(super) fn chance(&self, kind: FaultKind) -> f64 {
        self.chances.get(&kind).copied().unwrap_or_default()
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self::none()
    }
}

/// In one line, for the plan of a run.
impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} a request, late ones by {:?}", self.latency, self.latest)?;
        self.chances.iter().try_for_each(|(kind, chance)| write!(f, ", {kind} {chance:.5}"))
    }
}

/// In one word each: masks are spelt on a command line.
impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::FailedBefore => "fails-before",
            Self::FailedAfter => "fails-after",
            Self::LateEffect => "effect-much-later",
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict-409",
            Self::Storm => "storm-503",
            Self::Denied => "denied-403",
            Self::Stuck => "stuck",
            Self::Slow => "slow",
            Self::ShortRead => "short-body",
            Self::Garbled => "garbled-body",
            Self::Turned => "turned-bit",
            Self::TornList => "torn-listing",
            Self::OrphanLost => "lost-with-its-sender",
            Self::OrphanLate => "late-after-its-sender-died",
            Self::Swizzled => "swizzled",
        })
    }
}

#[test]
fn each_kind_of_fault_is_read_as_it_is_spelt() {
    for (at, kind) in FaultKind::ALL.into_iter().enumerate() {
        assert_eq!((kind as usize, FaultKind::spelt(&kind.to_string())), (at, Some(kind)));
    }
    assert_eq!(FaultKind::spelt("slower"), None);
}
