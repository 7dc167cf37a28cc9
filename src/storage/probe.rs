//! Does this store keep the promises that everything above rests on?
//!
//! A store that takes conditional headers and ignores them, or checks them and then writes without
//! holding on to what it checked, loses acknowledged writes under load and never before. So this
//! asks in sequence first, for a clear message, and then in races. Whoever won a race is settled by
//! reading: a store may answer a loser with 409, 412 or 5xx, but it may not tell two that they won,
//! nor tell one that it won and keep another's bytes.
//!
//! It also learns what may differ: whether tags are sent back quoted. It uses fresh random keys
//! under `_probe/`, no two bodies alike, and removes them again.

use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use object_store::PutMode;
use object_store::path::Path;

use super::attempt::{Tag, TagForm};
use super::counters::Verb;
use super::fault::Fault;
use super::frame::{self, FrameKind};
use super::keys::{self, Folder, ProbeKey};
use super::list;
use super::wire::{Seen, Wire};
use crate::error::{Error, ErrorKind, Result};
use crate::model::PutId;

/// A store that needs longer cannot serve either.
const LIMIT: Duration = Duration::from_secs(30);
const SWEEP_LIMIT: Duration = Duration::from_secs(5);

const RACERS: usize = 32;
/// Of each kind. The worst offender that was measured let one of 100 win alone in perhaps one race
/// of ten: twelve such in a row are one in a million million.
const ROUNDS: u16 = 6;
/// Every other round has bodies large enough to widen the gap between a check and a write.
const LARGE_BYTES: usize = 64 << 10;
/// A request that stays in doubt is asked again so often; so is a race that nobody won.
const TRIES: u32 = 5;

const CREATED: u16 = 0;
const NEVER_CREATED: u16 = 1;
const RACED: u16 = 10;

/// The least that a node needs, for the message of a refusal.
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],"Resource":"arn:aws:s3:::BUCKET/PREFIX/*"},{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::BUCKET"}]}"#;

const USE_ANOTHER: &str = "use a store with atomic conditional writes (AWS S3, MinIO, Ceph RGW)";

const IN_ORDER: &str = "use a store that lists keys in the order of their bytes, as AWS S3 does";

const NOT_SHOWN: &str = "it confirmed a write and then did not show it";

/// What was found out about a store that is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    pub tag_form: TagForm,
    pub took: Duration,
}

struct Trial<'a> {
    wire: &'a Wire,
    run: u128,
}

pub(super) async fn prove(wire: &Wire) -> Result<Proof> {
    let started = wire.clock().now();
    let trial = Trial { wire, run: wire.draw() };
    let verdict = tokio::time::timeout(LIMIT, trial.ask()).await;
    trial.sweep().await;
    match verdict {
        Ok(Ok(())) => Ok(Proof { tag_form: wire.tag_form(), took: wire.clock().now() - started }),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(Error::unavailable(format!("the store was not probed within {LIMIT:?}"))),
    }
}

impl Trial<'_> {
    async fn ask(&self) -> Result<()> {
        self.a_missing_key_is_missing().await?;
        let first = self.body(0);
        let tag = self.create(&first).await?;
        self.create_twice(&first).await?;
        self.ranges(&first).await?;
        let second = self.body(0);
        let newer = self.swap(&tag, &second).await?;
        self.stale_swap(&tag, &second).await?;
        self.swap_of_nothing(&newer).await?;
        for round in 0..ROUNDS {
            self.race_to_create(RACED + round).await?;
        }
        let mut tag = newer;
        for round in 0..ROUNDS {
            tag = self.race_to_swap(tag, round).await?;
        }
        self.listing().await?;
        self.delete().await
    }

    /// A store that says 403 here, as S3 does without `s3:ListBucket`, cannot say "certainly not
    /// there", and that is what ends a log.
    async fn a_missing_key_is_missing(&self) -> Result<()> {
        const CHECK: &str = "a missing key is a 404";
        match self.wire.get(Verb::Load, &self.path(NEVER_CREATED)).await {
            Ok(Seen { found: None, .. }) => Ok(()),
            Ok(_) => Err(refuse(CHECK, "it gave bytes that nobody wrote", USE_ANOTHER)),
            Err(Fault::Denied(error)) => Err(refuse(
                CHECK,
                "it answered 403, or the like",
                "grant s3:ListBucket on the bucket, without which S3 hides what is missing, and \
                 check the credentials",
            )
            .with_source(error)),
            Err(fault) => Err(undecided(CHECK, fault)),
        }
    }

    async fn create(&self, body: &Bytes) -> Result<Tag> {
        const CHECK: &str = "create";
        let path = self.path(CREATED);
        for _ in 0..TRIES {
            let put = || self.wire.put(Verb::Create, &path, PutMode::Create, body.clone());
            let put = self.decided(put).await;
            // A create in doubt may have happened, and a try after it was refused.
            match (self.read(CHECK, CREATED).await?, put) {
                (Some((found, tag)), _) if found == *body => return Ok(tag),
                (_, Ok(Some(_))) => return Err(refuse(CHECK, NOT_SHOWN, USE_ANOTHER)),
                (_, Ok(None)) => {}
                (_, Err(fault)) => return Err(cannot_write(CHECK, fault)),
            }
        }
        Err(refuse(CHECK, "it refuses to create what is not there", USE_ANOTHER))
    }

    async fn create_twice(&self, first: &Bytes) -> Result<()> {
        const CHECK: &str = "create twice";
        let path = self.path(CREATED);
        let put =
            self.decided(|| self.wire.put(Verb::Create, &path, PutMode::Create, self.body(0)));
        if put.await.map_err(|fault| undecided(CHECK, fault))?.is_some() {
            let saw = "it created an object that was there: If-None-Match is ignored";
            return Err(refuse(CHECK, saw, USE_ANOTHER));
        }
        self.still(CHECK, first).await.map(drop)
    }

    async fn ranges(&self, body: &Bytes) -> Result<()> {
        const CHECK: &str = "ranges";
        let (inside, outside) = (4..9, body.len() as u64 - 1..body.len() as u64 + 1);
        let path = self.path(CREATED);
        match self.wire.get_range(&path, inside).await {
            Ok(part) if part == body.slice(4..9) => {}
            Ok(_) => return Err(refuse(CHECK, "it gave other bytes than asked for", USE_ANOTHER)),
            Err(fault) => return Err(undecided(CHECK, fault)),
        }
        match self.wire.get_range(&path, outside).await {
            Err(Fault::PastEnd) => Ok(()),
            Ok(_) => Err(refuse(CHECK, "it gave bytes past the end", USE_ANOTHER)),
            Err(fault) => Err(undecided(CHECK, fault)),
        }
    }

    /// Finds the form in which the store wants its tags. The form that HTTP asks for is tried
    /// twice: one refusal may be a 409, which says nothing.
    async fn swap(&self, tag: &Tag, body: &Bytes) -> Result<Tag> {
        const CHECK: &str = "swap";
        let path = self.path(CREATED);
        for form in [TagForm::AsGiven, TagForm::AsGiven, TagForm::Unquoted] {
            let swap =
                self.decided(|| self.wire.swap(&path, Some((tag, form)), body.clone())).await;
            // A swap in doubt may have happened, and a try after it was refused.
            match (self.read(CHECK, CREATED).await?, swap) {
                (Some((found, newer)), _) if found == *body => {
                    self.wire.send_tags(form);
                    return Ok(newer);
                }
                (_, Ok(Some(_))) => return Err(refuse(CHECK, NOT_SHOWN, USE_ANOTHER)),
                (_, Ok(None)) => {}
                (_, Err(fault)) => return Err(cannot_write(CHECK, fault)),
            }
        }
        Err(refuse(CHECK, "If-Match never matches, neither quoted nor bare", USE_ANOTHER))
    }

    async fn stale_swap(&self, stale: &Tag, body: &Bytes) -> Result<()> {
        const CHECK: &str = "stale swap";
        let path = self.path(CREATED);
        let was = Some((stale, self.wire.tag_form()));
        let swap = self.decided(|| self.wire.swap(&path, was, self.body(0)));
        if swap.await.map_err(|fault| undecided(CHECK, fault))?.is_some() {
            let saw = "it swapped by a tag that was no longer there: If-Match is ignored";
            return Err(refuse(CHECK, saw, USE_ANOTHER));
        }
        self.still(CHECK, body).await.map(drop)
    }

    async fn swap_of_nothing(&self, tag: &Tag) -> Result<()> {
        const CHECK: &str = "swap of a missing key";
        let path = self.path(NEVER_CREATED);
        let was = Some((tag, self.wire.tag_form()));
        let swap = self.decided(|| self.wire.swap(&path, was, self.body(0)));
        let done = swap.await.map_err(|fault| undecided(CHECK, fault))?.is_some();
        match done || self.read(CHECK, NEVER_CREATED).await?.is_some() {
            false => Ok(()),
            true => Err(refuse(CHECK, "it swapped what was not there", USE_ANOTHER)),
        }
    }

    async fn race_to_create(&self, number: u16) -> Result<()> {
        const CHECK: &str = "race to create";
        let path = self.path(number);
        for _ in 0..TRIES {
            let bodies = self.bodies(number);
            let puts = bodies
                .iter()
                .map(|body| self.wire.put(Verb::Create, &path, PutMode::Create, body.clone()));
            let told = join_all(puts).await.into_iter().map(|put| put.is_ok()).collect();
            let found = self.read(CHECK, number).await?;
            judge(CHECK, told, &bodies, found.as_ref().map(|(body, _)| body))?;
            if found.is_some() {
                return Ok(());
            }
        }
        Err(refuse(CHECK, "nobody ever wins it", USE_ANOTHER))
    }

    async fn race_to_swap(&self, tag: Tag, round: u16) -> Result<Tag> {
        const CHECK: &str = "race to swap";
        let path = self.path(CREATED);
        let was = Some((&tag, self.wire.tag_form()));
        for _ in 0..TRIES {
            let bodies = self.bodies(round);
            let swaps = bodies.iter().map(|body| self.wire.swap(&path, was, body.clone()));
            let told = join_all(swaps).await.into_iter().map(|swap| swap.is_ok()).collect();
            let found = self.read(CHECK, CREATED).await?;
            judge(CHECK, told, &bodies, found.as_ref().map(|(body, _)| body))?;
            match found {
                Some((_, newer)) if newer != tag => return Ok(newer),
                _ => {}
            }
        }
        Err(refuse(CHECK, "nobody ever wins it", USE_ANOTHER))
    }

    async fn listing(&self) -> Result<()> {
        const CHECK: &str = "list after write";
        let created = [CREATED].into_iter().chain((0..ROUNDS).map(|round| RACED + round));
        let expect: Vec<_> = created.map(|number| self.path(number)).collect();
        let folder = keys::path(Folder::Probe(self.run));
        for (from, rest) in [(0_usize, &expect[..]), (2, &expect[2..])] {
            let after = from.checked_sub(1).map(|last| &expect[last]);
            let page = self.wire.list(&folder, after, list::PAGE_KEYS_MAX).await;
            let page = page.map_err(|fault| cannot_list(CHECK, fault))?;
            let found: Vec<_> = page.into_iter().map(|object| object.location).collect();
            if !found.is_sorted() {
                return Err(refuse(CHECK, "it lists out of order", IN_ORDER));
            }
            if found != rest {
                return Err(refuse(CHECK, "its listing is not what was written", USE_ANOTHER));
            }
        }
        Ok(())
    }

    async fn delete(&self) -> Result<()> {
        const CHECK: &str = "delete";
        match self.wire.delete(&self.path(CREATED)).await {
            Ok(()) => {}
            Err(fault) => return Err(cannot_write(CHECK, fault)),
        }
        match self.read(CHECK, CREATED).await? {
            None => Ok(()),
            Some(_) => Err(refuse(CHECK, "what was deleted is still there", USE_ANOTHER)),
        }
    }

    /// Leaves nothing behind, if the store lets us. That it does not was said before.
    async fn sweep(&self) {
        let numbers = [CREATED, NEVER_CREATED].into_iter().chain(RACED..RACED + ROUNDS);
        let paths: Vec<_> = numbers.map(|number| self.path(number)).collect();
        let deletes = join_all(paths.iter().map(|path| self.wire.delete(path)));
        let swept = tokio::time::timeout(SWEEP_LIMIT, deletes).await;
        if !swept.is_ok_and(|deletes| deletes.iter().all(|delete| delete.is_ok())) {
            let folder = Folder::Probe(self.run);
            tracing::warn!("{folder}/ could not be removed: it is of no use to anybody");
        }
    }

    /// A conditional put, asked again while it stays in doubt: `None` if it was refused. Only
    /// where every try carries a body that may lose.
    async fn decided<T, F>(&self, request: impl Fn() -> F) -> Result<Option<T>, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        for _ in 1..TRIES {
            match request().await {
                Ok(value) => return Ok(Some(value)),
                Err(Fault::Refused) => return Ok(None),
                Err(fault) if !fault.passing() => return Err(fault),
                Err(_) => {}
            }
        }
        match request().await {
            Ok(value) => Ok(Some(value)),
            Err(Fault::Refused) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn still(&self, check: &str, body: &Bytes) -> Result<()> {
        match self.read(check, CREATED).await? {
            Some((found, _)) if found == *body => Ok(()),
            _ => Err(refuse(check, "it refused a write and did it all the same", USE_ANOTHER)),
        }
    }

    async fn read(&self, check: &str, number: u16) -> Result<Option<(Bytes, Tag)>> {
        let seen = self.wire.get(Verb::Load, &self.path(number)).await;
        Ok(seen.map_err(|fault| undecided(check, fault))?.found)
    }

    fn path(&self, number: u16) -> Path {
        keys::path(ProbeKey { run: self.run, number })
    }

    fn body(&self, filler_bytes: usize) -> Bytes {
        frame::encode(FrameKind::Probe, PutId(self.wire.draw()), &vec![0; filler_bytes])
    }

    fn bodies(&self, round: u16) -> Vec<Bytes> {
        let filler_bytes = if round.is_multiple_of(2) { 0 } else { LARGE_BYTES };
        (0..RACERS).map(|_| self.body(filler_bytes)).collect()
    }
}

/// At most one was told that it won, and if one was, its bytes are there.
fn judge(check: &str, told: Vec<bool>, bodies: &[Bytes], found: Option<&Bytes>) -> Result<()> {
    let mut winners = bodies.iter().zip(told).filter(|(_, won)| *won).map(|(body, _)| body);
    let (winner, another) = (winners.next(), winners.next());
    if another.is_some() {
        let count = 2 + winners.count();
        let saw = format!("{count} of {RACERS} were told that they had won");
        return Err(refuse(check, &saw, USE_ANOTHER));
    }
    match winner {
        Some(winner) if found != Some(winner) => {
            Err(refuse(check, "the winner's bytes are not there", USE_ANOTHER))
        }
        _ => Ok(()),
    }
}

fn refuse(check: &str, saw: &str, remedy: &str) -> Error {
    Error::invalid(format!(
        "the store fails the check \"{check}\": {saw}. Remedy: {remedy}. On S3 the least policy \
         is {POLICY}"
    ))
}

fn undecided(check: &str, fault: Fault) -> Error {
    let error = fault.into_error("asking the store");
    let kind = match error.kind() {
        ErrorKind::Throttled => ErrorKind::Throttled,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("the check \"{check}\" of the store came to nothing"))
        .with_source(error)
}

fn cannot_write(check: &str, fault: Fault) -> Error {
    match fault {
        Fault::Denied(error) => {
            let remedy = "grant s3:PutObject and s3:DeleteObject, and check the credentials";
            refuse(check, "it answered 403, or the like", remedy).with_source(error)
        }
        fault => undecided(check, fault),
    }
}

fn cannot_list(check: &str, fault: Fault) -> Error {
    match fault {
        Fault::Denied(error) => {
            let remedy = "grant s3:ListBucket on the bucket, and check the credentials";
            refuse(check, "it answered 403, or the like", remedy).with_source(error)
        }
        fault => undecided(check, fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_md_holds_the_policy_that_a_refusal_names() {
        let page: String = include_str!("../../docs/OPERATIONS.md").split_whitespace().collect();
        assert!(page.contains(POLICY), "docs/OPERATIONS.md must hold {POLICY}");
    }

    #[test]
    fn a_race_is_settled_by_what_is_there() {
        let bodies: Vec<Bytes> = ["a", "b", "c"].map(Bytes::from).to_vec();
        let fair = |told: [bool; 3], found: Option<&'static str>| {
            judge("race", told.into(), &bodies, found.map(Bytes::from).as_ref()).is_ok()
        };
        assert!(fair([false, true, false], Some("b")));
        // A winner that was told nothing, or a race that nobody won, proves nothing.
        assert!(fair([false; 3], Some("c")));
        assert!(fair([false; 3], None));
        assert!(!fair([true, true, false], Some("a")));
        assert!(!fair([false, true, false], Some("a")));
        assert!(!fair([false, true, false], None));
    }
}
