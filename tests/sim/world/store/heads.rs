//! What must hold of a head, beside what the one before it was and what its log is.
//!
//! A swap has the etag of the head that it was made from as its condition. Every head has a put id of
//! its own, so no content comes twice, and what lands was made from what was there: however late.

use elacsym::model::Chain;
use elacsym::namespace::head::Head;
use elacsym::protocol::{Life as Standing, Ownership};

use super::Verdict;
use super::life::Life;

/// Every edit of a head is a step from the one before it.
pub(super) fn follows(was: &Head, now: &Head) -> Verdict {
    all(&[
        (was.version < now.version, "its version does not grow"),
        (now.recent.last() == Some(&was.put), "it was not made from the head that it replaces"),
        (was.epoch <= now.epoch, "its epoch falls"),
        // A claim is a swap of its own.
        (now.epoch <= was.epoch.next(), "its epoch leaps"),
        (was.epoch < now.epoch || stays(was, now), "it changes hands without a claim"),
    ])?;
    match (was.life, now.life) {
        (old, new) if was.inc == now.inc => all(&[
            (was.floor <= now.floor, "its floor falls"),
            (
                !matches!(old, Standing::Deleted { .. }) || old == new,
                "a life that was over goes on",
            ),
            (
                old != Standing::Active || new != Standing::Branching,
                "a life that began is to begin",
            ),
        ]),
        // A name lives again behind its tombstone, from the next slot on, by a claim.
        (Standing::Deleted { next }, Standing::Active | Standing::Branching) => all(&[
            (was.epoch < now.epoch, "a new life has the epoch of the last one"),
            (now.floor == next, "a new life does not begin where the last one ended"),
            (now.floor_chain == Chain::default(), "a new life has a past"),
        ]),
        (Standing::Deleted { .. }, Standing::Deleted { .. }) => {
            Err("a tombstone replaces that of another life".into())
        }
        _ => Err("a life begins before the last one is over".into()),
    }
}

/// What a head says of its log: all below its floor was created, and came to what it says. Who
/// publishes has committed it or replayed it, and slots are created in order.
pub(super) fn fits(now: &Head, life: &Life) -> Verdict {
    match now.life {
        // The tombstone is swapped in when `end` is settled, or was met.
        Standing::Deleted { next } => all(&[
            (life.has_ended(), "a tombstone of a life that has not ended"),
            (life.next() == next, "a tombstone that stands elsewhere than at the end"),
            (now.floor == next, "a tombstone whose floor is elsewhere"),
        ]),
        Standing::Active | Standing::Branching => match life.before(now.floor) {
            None => Err(format!("its floor is {}, and slots end at {}", now.floor, life.next())),
            Some((chain, epoch)) => all(&[
                (now.floor_chain == chain, "its log is not the one that is there"),
                (now.floor_epoch == epoch, "it has another epoch for its floor than its log"),
            ]),
        },
    }
}

/// Who lets go has settled its last slot, writes nothing after that without a claim, and a claim would
/// have voided this swap: so the log ends where it says.
pub(super) fn releases(now: &Head, life: &Life) -> Verdict {
    match now.owner {
        Ownership::Released { tail } if tail != life.next() => {
            Err(format!("it is let go with its log up to {tail}, which ends at {}", life.next()))
        }
        Ownership::Released { .. } | Ownership::Held(_) => Ok(()),
    }
}

/// Whether it has the same owner, or was let go.
fn stays(was: &Head, now: &Head) -> bool {
    was.owner == now.owner || matches!(now.owner, Ownership::Released { .. })
}

fn all(rules: &[(bool, &str)]) -> Verdict {
    match rules.iter().find(|(holds, _)| !holds) {
        Some((_, broken)) => Err((*broken).to_owned()),
        None => Ok(()),
    }
}
