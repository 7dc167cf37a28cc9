//! The head of a name: one small object, changed only by compare-and-swap, never deleted.
//!
//! No change of the head alters an answer, except two births (bulk import, branch). It says who
//! owns the name, which files hold the state at `floor`, and how far the log is folded. Every
//! change is an [`Edit`]: a pure step from one head to the next that refuses where it does not
//! apply, so that it can be tried again on whatever head won a race.

use std::sync::Arc;

use super::{Payload, Rule, Rules};
use crate::model::{Chain, Epoch, FileName, Holder, Incarnation, Namespace, PutId, Seq, Version};

/// How many put ids a head remembers, its own included: a swap whose answer was lost is still
/// recognised when up to 63 others have covered it.
pub const RECENT_MAX: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Head<P: Payload> {
    pub put: PutId,
    /// Put ids of the swaps before this one, oldest first.
    pub recent: Vec<PutId>,
    pub version: Version,
    pub inc: Incarnation,
    pub epoch: Epoch,
    pub life: Life,
    pub owner: Ownership,
    /// The first slot that is not folded into the files.
    pub floor: Seq,
    /// The highest epoch among the slots below `floor`.
    pub floor_epoch: Epoch,
    /// The chain of the slot before `floor`.
    pub floor_chain: Chain,
    /// Whether a batch was folded, imported or branched in: else only the log can say that the
    /// name exists.
    pub born: bool,
    pub base: P::Base,
    pub files: Vec<FileName>,
    pub keys: Option<FileName>,
    pub retired: Vec<Retired>,
    pub pins: Vec<Pin>,
    /// Whose files a branch may name.
    pub parent: Option<Parent>,
    /// Former lives that somebody still branches from, or that have a pin to take back.
    pub dead: Vec<DeadLife>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Life {
    Active,
    /// On its way to `Active`, by the owner alone: reads as 404, and nobody claims it.
    Branching,
    /// A tombstone. A new life begins with slot `next`.
    Deleted {
        next: Seq,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ownership {
    Held(Holder),
    /// Settled and let go: the log ends at `tail`, and no fence is needed to go on there.
    Released {
        tail: Seq,
    },
}

/// A file that the head no longer names, since it became `version`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Retired {
    pub file: FileName,
    pub version: Version,
}

/// A branch that reads files of this head as it was at `version`, and all that it named later.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pin {
    pub name: Namespace,
    pub inc: Incarnation,
    pub version: Version,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parent {
    pub name: Namespace,
    pub inc: Incarnation,
}

/// What outlives a deletion: files that branches read, and the pin held at the parent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeadLife {
    pub inc: Incarnation,
    pub files: Vec<FileName>,
    pub pins: Vec<Pin>,
    pub parent: Option<Parent>,
}

/// A step from one head to the next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Edit<P: Payload> {
    /// The first life of a name, or a new one after a tombstone: claim (a).
    Create {
        inc: Incarnation,
        holder: Holder,
    },
    /// Claims (b) and (d): the next epoch is mine.
    Take {
        inc: Incarnation,
        holder: Holder,
    },
    Publish(Publish<P>),
    /// The log of this life ended with the slot before `next`.
    Entomb {
        inc: Incarnation,
        next: Seq,
    },
    /// `life` is the incarnation that the branch reads.
    Pin {
        life: Incarnation,
        name: Namespace,
        inc: Incarnation,
    },
    Unpin {
        name: Namespace,
        inc: Incarnation,
    },
    /// Retired files that are deleted, or another's, and need no mention any more.
    Forget {
        files: Vec<FileName>,
    },
    /// The pin of life `inc` at its parent is taken back.
    Orphan {
        inc: Incarnation,
    },
    /// A branch begins.
    Sprout {
        inc: Incarnation,
        holder: Holder,
        parent: Parent,
    },
    /// The branch is complete: this swap commits it.
    Activate {
        inc: Incarnation,
        base: P::Base,
        files: Vec<FileName>,
    },
    /// The branch was abandoned by its owner.
    Abandon {
        inc: Incarnation,
    },
    /// Nothing, but a new version: whatever swap is still on its way to the old one is void.
    Touch,
}

/// The files after a fold or a merge, and how far the log is in them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Publish<P: Payload> {
    pub inc: Incarnation,
    pub epoch: Epoch,
    /// The head that this was prepared over: it applies to one with the same content alone.
    pub over: Arc<Head<P>>,
    pub floor: Seq,
    pub floor_epoch: Epoch,
    pub floor_chain: Chain,
    pub born: bool,
    pub base: P::Base,
    pub add: Vec<FileName>,
    pub drop: Vec<FileName>,
    pub keys: Option<FileName>,
    pub then: Then,
}

/// What an owner does after a publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Then {
    Stay,
    Release { tail: Seq },
}

/// An edit that does not apply to the head at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// There is no head.
    Missing,
    /// The name is in another life, or in none.
    AnotherLife,
    /// Somebody else has claimed since.
    AnotherEpoch,
    /// The log was folded, or the files changed, since this was prepared.
    Outdated,
    /// It is so already.
    Done,
}

impl<P: Payload> Edit<P> {
    /// The head after this edit. `put` is drawn anew for each attempt that differs in its bytes.
    pub fn apply(
        &self,
        head: Option<&Head<P>>,
        put: PutId,
        rules: Rules,
    ) -> Result<Head<P>, Refusal> {
        let next = match (self, head) {
            (Self::Create { inc, holder }, None) => Head::first(*inc, holder.clone()),
            (Self::Sprout { inc, holder, parent }, None) => {
                Head::first(*inc, holder.clone()).sprouting(parent.clone())
            }
            (Self::Create { inc, holder }, Some(head)) => {
                head.reborn(*inc, holder.clone(), rules)?
            }
            (Self::Sprout { inc, holder, parent }, Some(head)) => {
                head.reborn(*inc, holder.clone(), rules)?.sprouting(parent.clone())
            }
            (Self::Touch, None) => Head::never(),
            (_, None) => return Err(Refusal::Missing),
            (Self::Take { inc, holder }, Some(head)) => head.taken(*inc, holder.clone(), rules)?,
            (Self::Publish(publish), Some(head)) => head.published(publish, rules)?,
            (Self::Entomb { inc, next }, Some(head)) => head.entombed(*inc, *next, rules)?,
            (Self::Pin { life, name, inc }, Some(head)) => head.pinned(*life, name, *inc)?,
            (Self::Unpin { name, inc }, Some(head)) => head.unpinned(name, *inc)?,
            (Self::Forget { files }, Some(head)) => head.forgetting(files)?,
            (Self::Orphan { inc }, Some(head)) => head.orphaned(*inc)?,
            (Self::Activate { inc, base, files }, Some(head)) => {
                head.activated(*inc, base, files)?
            }
            (Self::Abandon { inc }, Some(head)) => head.abandoned(*inc, rules)?,
            (Self::Touch, Some(head)) => head.clone(),
        };
        Ok(next.stamped(head, put))
    }

    /// Whether a lost race is worth another try on the head that won. A claim is not: it was
    /// decided on a head that is no more.
    pub fn repeats(&self) -> bool {
        !matches!(self, Self::Create { .. } | Self::Take { .. } | Self::Sprout { .. })
    }
}

impl<P: Payload> Head<P> {
    fn first(inc: Incarnation, holder: Holder) -> Self {
        Self {
            put: PutId(0),
            recent: Vec::new(),
            version: Version(0),
            inc,
            epoch: Epoch(1),
            life: Life::Active,
            owner: Ownership::Held(holder),
            floor: Seq(0),
            floor_epoch: Epoch(0),
            floor_chain: Chain::default(),
            born: false,
            base: P::Base::default(),
            files: Vec::new(),
            keys: None,
            retired: Vec::new(),
            pins: Vec::new(),
            parent: None,
            dead: Vec::new(),
        }
    }

    /// The tombstone of a name that never was.
    fn never() -> Self {
        let nobody = Holder { node: "".into(), process: 0 };
        Self {
            epoch: Epoch(0),
            life: Life::Deleted { next: Seq(0) },
            owner: Ownership::Released { tail: Seq(0) },
            ..Self::first(Incarnation(0), nobody)
        }
    }

    fn reborn(&self, inc: Incarnation, holder: Holder, rules: Rules) -> Result<Self, Refusal> {
        let Life::Deleted { next } = self.life else { return Err(Refusal::AnotherLife) };
        let floor = if rules.keep(Rule::RebirthContinuesSeq) { next } else { Seq(0) };
        Ok(Self {
            epoch: self.epoch.next(),
            floor,
            floor_epoch: self.epoch,
            dead: self.dead.clone(),
            ..Self::first(inc, holder)
        })
    }

    fn sprouting(self, parent: Parent) -> Self {
        Self { life: Life::Branching, parent: Some(parent), ..self }
    }

    fn taken(&self, inc: Incarnation, holder: Holder, rules: Rules) -> Result<Self, Refusal> {
        let claimable = match self.life {
            Life::Active => true,
            Life::Branching => !rules.keep(Rule::BranchingIsNotClaimed),
            Life::Deleted { .. } => false,
        };
        if !claimable || self.inc != inc {
            return Err(Refusal::AnotherLife);
        }
        let owner = Ownership::Held(holder);
        Ok(Self { epoch: self.epoch.next(), life: Life::Active, owner, ..self.clone() })
    }

    fn published(&self, publish: &Publish<P>, rules: Rules) -> Result<Self, Refusal> {
        if self.inc != publish.inc || self.life != Life::Active {
            return Err(Refusal::AnotherLife);
        }
        let held = matches!(self.owner, Ownership::Held(_));
        if (self.epoch != publish.epoch || !held) && rules.keep(Rule::PublishChecksEpoch) {
            return Err(Refusal::AnotherEpoch);
        }
        if !self.holds_what(&publish.over) && rules.keep(Rule::PublishChecksGround) {
            return Err(Refusal::Outdated);
        }
        let mut next = self.clone();
        next.retire(|file| publish.drop.contains(file));
        next.files.extend(publish.add.iter().cloned());
        if next.keys != publish.keys && rules.keep(Rule::KeysAreWithFloor) {
            let was = std::mem::replace(&mut next.keys, publish.keys.clone());
            let version = self.version.next();
            next.retired.extend(was.map(|file| Retired { file, version }));
        }
        next.floor = publish.floor;
        next.floor_epoch = publish.floor_epoch;
        next.floor_chain = publish.floor_chain;
        next.born |= publish.born;
        next.base = publish.base.clone();
        if let Then::Release { tail } = publish.then {
            next.owner = Ownership::Released { tail };
        }
        Ok(next)
    }

    /// Whether a fold or a merge that was prepared over another head fits this one as well. What
    /// keys, files and base say, they say together.
    fn holds_what(&self, over: &Self) -> bool {
        self.floor == over.floor
            && self.base == over.base
            && self.files == over.files
            && self.keys == over.keys
    }

    /// Files that go from the present into the past: kept for readers, until grace and pins end.
    fn retire(&mut self, goes: impl Fn(&FileName) -> bool) {
        let version = self.version.next();
        let (gone, kept) = std::mem::take(&mut self.files).into_iter().partition(|f| goes(f));
        self.files = kept;
        self.retired.extend(Vec::into_iter(gone).map(|file| Retired { file, version }));
    }

    fn entombed(&self, inc: Incarnation, next: Seq, rules: Rules) -> Result<Self, Refusal> {
        if self.inc != inc {
            return Err(Refusal::AnotherLife);
        }
        if let Life::Deleted { .. } = self.life {
            return Err(Refusal::Done);
        }
        let mut dead = self.dead.clone();
        let mentions = !self.pins.is_empty() || self.parent.is_some();
        if mentions && rules.keep(Rule::TombstoneKeepsPins) {
            let retired = self.retired.iter().map(|retired| &retired.file);
            let files = self.files.iter().chain(&self.keys).chain(retired);
            dead.push(DeadLife {
                inc,
                files: if self.pins.is_empty() { vec![] } else { files.cloned().collect() },
                pins: self.pins.clone(),
                parent: self.parent.clone(),
            });
        }
        let epoch = if rules.keep(Rule::TombstoneKeepsEpoch) { self.epoch } else { Epoch(0) };
        Ok(Self {
            inc,
            epoch,
            life: Life::Deleted { next },
            owner: Ownership::Released { tail: next },
            floor: next,
            dead,
            ..Self::never()
        })
    }

    fn abandoned(&self, inc: Incarnation, rules: Rules) -> Result<Self, Refusal> {
        if self.inc != inc || self.life != Life::Branching {
            return Err(Refusal::AnotherLife);
        }
        // The first slot may be there, or on its way: the next life begins behind it.
        self.entombed(inc, self.floor.next(), rules)
    }

    fn pinned(
        &self,
        life: Incarnation,
        name: &Namespace,
        inc: Incarnation,
    ) -> Result<Self, Refusal> {
        if self.inc != life || self.life != Life::Active {
            return Err(Refusal::AnotherLife);
        }
        if self.pins.iter().any(|pin| pin.name == *name && pin.inc == inc) {
            return Err(Refusal::Done);
        }
        let mut next = self.clone();
        next.pins.push(Pin { name: name.clone(), inc, version: self.version });
        Ok(next)
    }

    fn unpinned(&self, name: &Namespace, inc: Incarnation) -> Result<Self, Refusal> {
        let mut next = self.clone();
        let stays = |pin: &Pin| !(pin.name == *name && pin.inc == inc);
        next.pins.retain(stays);
        for life in &mut next.dead {
            life.pins.retain(stays);
            if life.pins.is_empty() {
                life.files.clear();
            }
        }
        next.dead.retain(|life| !life.pins.is_empty() || life.parent.is_some());
        if next == *self { Err(Refusal::Done) } else { Ok(next) }
    }

    fn forgetting(&self, files: &[FileName]) -> Result<Self, Refusal> {
        let mut next = self.clone();
        next.retired.retain(|retired| !files.contains(&retired.file));
        if next == *self { Err(Refusal::Done) } else { Ok(next) }
    }

    fn orphaned(&self, inc: Incarnation) -> Result<Self, Refusal> {
        let mut next = self.clone();
        if self.inc == inc {
            next.parent = None;
        }
        for life in next.dead.iter_mut().filter(|life| life.inc == inc) {
            life.parent = None;
        }
        next.dead.retain(|life| !life.pins.is_empty() || life.parent.is_some());
        if next == *self { Err(Refusal::Done) } else { Ok(next) }
    }

    fn activated(
        &self,
        inc: Incarnation,
        base: &P::Base,
        files: &[FileName],
    ) -> Result<Self, Refusal> {
        if self.inc != inc || self.life != Life::Branching {
            return Err(Refusal::AnotherLife);
        }
        let (base, files) = (base.clone(), files.to_vec());
        // Let go at once: the first write goes on behind the first slot, without a fence.
        let owner = Ownership::Released { tail: self.floor.next() };
        Ok(Self { life: Life::Active, owner, born: true, base, files, ..self.clone() })
    }

    fn stamped(mut self, was: Option<&Self>, put: PutId) -> Self {
        if let Some(was) = was {
            self.version = was.version.next();
            self.recent = was.recent.clone();
            self.recent.push(was.put);
            let surplus = self.recent.len().saturating_sub(RECENT_MAX - 1);
            self.recent.drain(..surplus);
        }
        self.put = put;
        self
    }

    /// Whether the swap with this put id made this head, or one that it covered.
    pub fn remembers(&self, put: PutId, rules: Rules) -> bool {
        self.put == put || (rules.keep(Rule::HeadRemembersSwaps) && self.recent.contains(&put))
    }

    /// Every file that this head keeps from being deleted, in whatever life.
    pub fn mentions(&self) -> impl Iterator<Item = &FileName> {
        let retired = self.retired.iter().map(|retired| &retired.file);
        let dead = self.dead.iter().flat_map(|life| &life.files);
        self.files.iter().chain(&self.keys).chain(retired).chain(dead)
    }

    /// What must hold of every head: checked before it is written and after it is read.
    pub fn check(&self) -> Result<(), &'static str> {
        let rules: [(bool, &'static str); 6] = [
            (self.floor_epoch <= self.epoch, "floor_epoch is beyond epoch"),
            (self.recent.len() < RECENT_MAX, "recent is too long"),
            (!self.recent.contains(&self.put), "a put id repeats"),
            (
                match self.owner {
                    Ownership::Released { tail } => self.floor <= tail,
                    Ownership::Held(_) => true,
                },
                "floor is beyond tail",
            ),
            (
                match self.life {
                    Life::Deleted { .. } => self.files.is_empty() && self.retired.is_empty(),
                    Life::Active | Life::Branching => true,
                },
                "a tombstone names files",
            ),
            (
                self.retired.iter().all(|retired| retired.version <= self.version),
                "a file retired in the future",
            ),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, broken)) => Err(broken),
            None => Ok(()),
        }
    }
}
