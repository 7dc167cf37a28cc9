//! What becomes of one request: when it takes effect, how often, and what its sender is told.
//!
//! It is decided when the request is sent, but for what only time tells: whether its sender lives to see
//! it arrive.

use std::time::Duration;

use object_store::Error;

use super::faults::{Asker, Faults, Inside};
use super::luck::Luck;
use super::rates::FaultKind;

/// Of a write, as fast as a read is, so many times.
const WRITE_FACTOR: u32 = 2;
/// A request takes twice as long with this chance, and again, and again.
const TAIL: f64 = 0.2;
const DOUBLINGS_MAX: u32 = 9;
const SLOW: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(30));
/// Late begins here, and ends where the rates say.
const LATE_MIN: Duration = Duration::from_secs(1);
const AGAIN_MIN: Duration = Duration::from_millis(1);
/// 503 is also said of what was done.
const DONE_IN_STORM: f64 = 0.1;

/// Of a put or a delete.
#[derive(Debug)]
pub(super) struct Sent {
    /// Until it arrives.
    pub(super) before: Duration,
    /// And until its answer does.
    pub(super) after: Duration,
    pub(super) effect: Effect,
    pub(super) told: Told,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Never,
    Now,
    /// So long after it should have arrived.
    Late(Duration),
    /// Now, and so long after that.
    Twice(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Truth,
    Failure(Failure),
    Silence,
}

/// Of a get or a page of a listing.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) before: Duration,
    pub(super) after: Duration,
    pub(super) shown: Shown,
}

/// What is shown; a place within it is a fraction of the whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shown {
    Truth,
    Failure(Failure),
    Silence,
    /// It begins, and never goes on.
    Hangs(f64),
    Short(f64),
    /// Something is wrong in the middle, and then it breaks off there.
    Broken(f64),
    /// Something is wrong in the middle, and it is longer than was said.
    Long(f64),
    /// Something is wrong there, and nothing else tells of it.
    Turned(f64),
    /// Of a listing.
    Torn(f64),
}

/// Whether a write has a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Condition,
    Plain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Get,
    List,
}

/// An answer that says that there is none, as S3 and the network say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No status at all.
    Reset,
    /// Which one, and what S3 calls it.
    Status(&'static str, &'static str),
    Forbidden,
    Conflict,
}

/// Whatever may pass: somebody may send the same request again.
const PASSING: [Failure; 9] = [
    Failure::Reset,
    Failure::Reset,
    Failure::Status("500 Internal Server Error", "InternalError"),
    Failure::Status("502 Bad Gateway", "BadGateway"),
    SLOW_DOWN,
    Failure::Status("504 Gateway Timeout", "GatewayTimeout"),
    Failure::Status("429 Too Many Requests", "TooManyRequests"),
    Failure::Status("408 Request Timeout", "RequestTimeout"),
    // S3 has this one under 400.
    Failure::Status("400 Bad Request", "RequestTimeout"),
];
const SLOW_DOWN: Failure = Failure::Status("503 Slow Down", "SlowDown");
/// What is forced where faults are owed: late, or an answer that is lost.
const CHEAP_OF_WRITE: [FaultKind; 2] = [FaultKind::Slow, FaultKind::FailedAfter];
const CHEAP_OF_READ: [FaultKind; 2] = [FaultKind::Slow, FaultKind::FailedBefore];
const DENIALS: [Failure; 2] =
    [Failure::Forbidden, Failure::Status("400 Bad Request", "ExpiredToken")];

impl Faults {
    pub(super) fn of_write(&self, asker: Asker<'_>, way: Way, luck: &mut Luck) -> Sent {
        let mut inside = self.inside();
        let (mut before, mut after) = inside.latency(WRITE_FACTOR, luck);
        if let Some(kind) = inside.storm(asker, luck) {
            let done = kind == FaultKind::Storm && luck.happens(DONE_IN_STORM);
            let effect = if done { Effect::Now } else { Effect::Never };
            return Sent {
                before,
                after,
                effect,
                told: Told::Failure(Failure::in_storm(kind, luck)),
            };
        }
        let plain = [
            FaultKind::FailedBefore,
            FaultKind::FailedAfter,
            FaultKind::LateEffect,
            FaultKind::Duplicate,
            FaultKind::Stuck,
            FaultKind::Slow,
            // S3 says 409 to conditions alone.
            FaultKind::Conflict,
        ];
        let kinds = if way == Way::Condition { &plain[..] } else { &plain[..6] };
        let picked = inside.pick(kinds, luck).or_else(|| inside.owed(&CHEAP_OF_WRITE, luck));
        picked.into_iter().for_each(|kind| inside.happened(kind));
        let failure = Told::Failure(luck.one_of(&PASSING));
        let late = inside.rates.latest;
        let (effect, told) = match picked {
            Some(FaultKind::FailedBefore) => (Effect::Never, failure),
            Some(FaultKind::FailedAfter) => (Effect::Now, failure),
            Some(FaultKind::LateEffect) => {
                let told = if luck.coin() { failure } else { Told::Silence };
                (Effect::Late(luck.span(LATE_MIN, late)), told)
            }
            Some(FaultKind::Duplicate) => {
                let told = luck.one_of(&[Told::Truth, Told::Truth, failure, Told::Silence]);
                (Effect::Twice(luck.span(AGAIN_MIN, late)), told)
            }
            Some(FaultKind::Stuck) => {
                let effect = if luck.coin() { Effect::Now } else { Effect::Never };
                (effect, Told::Silence)
            }
            Some(FaultKind::Conflict) => (Effect::Never, Told::Failure(Failure::Conflict)),
            Some(FaultKind::Slow) => {
                (before, after) = slow(luck);
                (Effect::Now, Told::Truth)
            }
            _ => (Effect::Now, Told::Truth),
        };
        Sent { before, after, effect, told }
    }

    /// What only a body or a page can show is counted by whoever shows it: there may be none.
    pub(super) fn of_read(&self, asker: Asker<'_>, question: Question, luck: &mut Luck) -> Asked {
        let mut inside = self.inside();
        let (mut before, mut after) = inside.latency(1, luck);
        if let Some(kind) = inside.storm(asker, luck) {
            let shown = Shown::Failure(Failure::in_storm(kind, luck));
            return Asked { before, after, shown };
        }
        let kinds: &[FaultKind] = match question {
            Question::Get => &[
                FaultKind::FailedBefore,
                FaultKind::Stuck,
                FaultKind::Slow,
                FaultKind::ShortRead,
                FaultKind::Garbled,
                FaultKind::Turned,
            ],
            Question::List => {
                &[FaultKind::FailedBefore, FaultKind::Stuck, FaultKind::Slow, FaultKind::TornList]
            }
        };
        let picked = inside.pick(kinds, luck).or_else(|| inside.owed(&CHEAP_OF_READ, luck));
        let (failure, place) = (luck.one_of(&PASSING), luck.fraction());
        let shown = match picked {
            Some(FaultKind::FailedBefore) => Shown::Failure(failure),
            Some(FaultKind::Stuck) if luck.coin() => Shown::Hangs(place),
            Some(FaultKind::Stuck) => Shown::Silence,
            Some(FaultKind::ShortRead) => {
                return Asked { before, after, shown: Shown::Short(place) };
            }
            Some(FaultKind::Garbled) => {
                let shown = if luck.coin() { Shown::Broken(place) } else { Shown::Long(place) };
                return Asked { before, after, shown };
            }
            Some(FaultKind::Turned) => {
                return Asked { before, after, shown: Shown::Turned(place) };
            }
            Some(FaultKind::TornList) => return Asked { before, after, shown: Shown::Torn(place) },
            Some(FaultKind::Slow) => {
                (before, after) = slow(luck);
                Shown::Truth
            }
            _ => Shown::Truth,
        };
        picked.into_iter().for_each(|kind| inside.happened(kind));
        Asked { before, after, shown }
    }

    /// The sender of this died while it was under way.
    pub(super) fn of_orphan(&self, effect: Effect, luck: &mut Luck) -> Effect {
        let mut inside = self.inside();
        let picked = match effect {
            Effect::Now | Effect::Twice(_) => {
                inside.pick(&[FaultKind::OrphanLost, FaultKind::OrphanLate], luck)
            }
            Effect::Never | Effect::Late(_) => None,
        };
        picked.into_iter().for_each(|kind| inside.happened(kind));
        match picked {
            Some(FaultKind::OrphanLost) => Effect::Never,
            Some(_) => Effect::Late(luck.span(LATE_MIN, inside.rates.latest)),
            None => effect,
        }
    }
}

impl Inside {
    /// There, and back: as usual, or as in a long tail.
    fn latency(&self, factor: u32, luck: &mut Luck) -> (Duration, Duration) {
        let mut doublings = 0;
        while doublings < DOUBLINGS_MAX && luck.happens(TAIL) {
            doublings += 1;
        }
        let whole = self.rates.latency * (factor << doublings);
        split(whole.mul_f64(0.5 + luck.fraction()), luck)
    }
}

fn slow(luck: &mut Luck) -> (Duration, Duration) {
    let whole = luck.span(SLOW.0, SLOW.1);
    split(whole, luck)
}

fn split(whole: Duration, luck: &mut Luck) -> (Duration, Duration) {
    let before = whole.mul_f64(luck.fraction());
    (before, whole.saturating_sub(before))
}

impl Failure {
    fn in_storm(kind: FaultKind, luck: &mut Luck) -> Self {
        match kind {
            FaultKind::Denied => luck.one_of(&DENIALS),
            _ => SLOW_DOWN,
        }
    }

    /// As `object_store` hands it on, for `storage` reads the status in its text.
    pub(super) fn error(self, key: &str) -> Error {
        let path = key.to_owned();
        match self {
            Self::Reset => broken_off(),
            Self::Status(status, code) => answered(status, code),
            Self::Forbidden => {
                let source = "Server returned non-2xx status code: 403 Forbidden: <Error/>".into();
                Error::PermissionDenied { path, source }
            }
            // To a create and to a swap alike.
            Self::Conflict => {
                let code = "<Error><Code>ConditionalRequestConflict</Code></Error>";
                let source = format!("Server returned non-2xx status code: 409 Conflict: {code}");
                Error::AlreadyExists { path, source: source.into() }
            }
        }
    }
}

pub(super) fn answered(status: &str, code: &str) -> Error {
    let body = format!("<Error><Code>{code}</Code></Error>");
    let text = format!("Server returned non-2xx status code: {status}: {body}");
    Error::Generic { store: "S3", source: text.into() }
}

pub(super) fn broken_off() -> Error {
    Error::Generic { store: "S3", source: "HTTP error: connection reset by peer".into() }
}
