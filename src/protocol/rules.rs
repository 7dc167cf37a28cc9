//! The rules of the protocol, by name.
//!
//! Each can be broken alone, in tests, by a switch that is not there in what is built to run: the
//! explorer shows for each what goes wrong without it (`docs/TESTING.md`).

/// One rule. What each is for is told by the trace that its absence leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A commit is answered when its slot is settled, not when it is sent.
    AnswerFollowsPut,
    /// 409 and 412 mean nothing until the slot was read back.
    RefusedIsReadBack,
    /// A 404 on read-back means *unknown*: the same bytes go to the same slot again.
    NotFoundIsUnknown,
    /// A slot is mine if it carries my put id, not because something is there.
    PutIdIsCompared,
    /// A lost slot is *certainly* not committed only if the head, read after, has not folded it.
    LossReadsHead,
    /// A claim (d) fences the first free slot before it writes.
    ClaimFences,
    /// After the fence the head is read again: my epoch, and a floor not beyond the fence.
    FenceIsValidated,
    /// A claimer that meets a slot of a higher epoch than its own steps down.
    ClaimYields,
    /// A batch of an epoch below the highest seen counts for nothing.
    ReplayChecksEpoch,
    /// A slot must follow from the one before it.
    ChainIsChecked,
    /// A 404 below a known tail, (b) and (c), means that the name was claimed since.
    KnownTailIsWhole,
    /// A head that names me is no ground to write: only memory or a claim is.
    NothingIsGuessed,
    /// A name is remembered only with nothing in doubt.
    MemoryIsSettled,
    /// A remembered name is gone on with only under a head of that epoch that names me.
    MemoryFitsHead,
    /// A name is released only with its last slot settled.
    ReleaseIsSettled,
    /// After a release was sent, nothing is written without a new claim.
    ReleaseEndsWriting,
    /// A publish applies only to a head of its own epoch.
    PublishChecksEpoch,
    /// A publish applies only to the floor, the files and the base that it was prepared over.
    PublishChecksGround,
    /// A swap whose answer was lost is recognised under swaps that cover it.
    HeadRemembersSwaps,
    /// The floor is the first slot that is not folded: not one more.
    FloorIsFolded,
    /// The table of keys is published in the same swap as the floor.
    KeysAreWithFloor,
    /// A keyed request that is answered 200 lies in a slot, effect or not.
    KeyedAnswersLieInSlots,
    /// An answer without effect waits for the slots it saw, and for a proof.
    SkipsWait,
    /// The owner, too, asks the store before a strong read.
    OwnerProbes,
    /// A probe serves those who arrived before it was sent.
    ProbeFollowsArrival,
    /// What proves a probe proves those that were sent before it, and none that was sent after.
    ProbeProvesBackwards,
    /// A 404 in a slot that I have a create under way in proves nothing: the head, after it, does.
    DoubtfulProbeReadsHead,
    /// A reader believes a 404 only under a young head, or one read after it.
    NotFoundReadsHead,
    /// Probe, then head: the other order misses a fold in between.
    HeadFollowsProbe,
    /// A head is as old as the sending of its GET, not as its receipt.
    AgeCountsFromSending,
    /// The age of a head is judged when the 404 is here, not before the probe.
    AgeIsJudgedLast,
    /// A head is as old as the store's dates say, where my clock says less: it may have stood still.
    StoreDateCounts,
    /// What an earlier round asked for proves nothing for this one, however late it arrives.
    ErasAreApart,
    /// `end` ends the log; it is no fence.
    EndIsMet,
    /// Who meets `end` reads the head: the name may live again.
    EndReadsHead,
    /// No view of a tombstone is kept: the next read asks the head again.
    TombstoneIsNotKept,
    /// A name that is being branched into does not exist yet.
    BranchingIsAbsent,
    /// Only its own brancher makes a branching head active.
    BranchingIsNotClaimed,
    /// Fences and `end` are never deleted.
    FencesStay,
    /// Only slots below the floor are deleted: not the one at it.
    SlotsWaitForFloor,
    /// Garbage waits for the grace period, watched by who deletes it.
    GarbageWaits,
    /// A slot names a chunk only after its upload was answered 200.
    ChunksAreDurable,
    /// A chunk that a live slot names is no orphan, whatever its epoch.
    ChunksFollowSlots,
    /// An unnamed file is an orphan only if its epoch is below the head's.
    OrphansAreOld,
    /// What the owner works on is no garbage of its epoch.
    InFlightStays,
    /// An owner knows what is in flight in its own epoch, and in no later one.
    OwnersKnowTheirEpoch,
    /// Unnamed files of the owner's epoch wait for a second sweep: they may just have been named.
    SuspectsWait,
    /// Slot numbers of a name only grow, over all its lives.
    RebirthContinuesSeq,
    /// A new life has a new incarnation.
    RebirthIsNewIncarnation,
    /// Epochs of a name only grow, over all its lives.
    TombstoneKeepsEpoch,
    /// A tombstone keeps the pins of its dead life, and the files they protect.
    TombstoneKeepsPins,
    /// The `_names` marker is there before the first batch.
    MarkerComesFirst,
    /// The `_gone` marker is there before `end`.
    GoneMarkerComesFirst,
    /// The `_gone` marker goes when a sweep has left nothing but fences and `end`.
    GoneMarkerGoesLast,
    /// A marker belongs to one incarnation: dropping it hides no later one.
    MarkerIsOneLife,
    /// A stray marker goes only after the head moved, so that no claim with it can land.
    MendingVoidsClaims,
    /// A branch reads its source after the pin, not before.
    PinComesFirst,
    /// A pinned file stays.
    PinsProtect,
    /// A pin is dropped only when its branch is gone or names nothing of the source.
    PinsEndWithBranches,
    /// A branch gives its pin back only when it names nothing of another's.
    ParentIsKept,
    /// An abandoned branch becomes a tombstone before its pin goes.
    AbandonComesFirst,
    /// A branch deletes no file of its parent.
    ForeignFilesStay,
}

impl Rule {
    pub const ALL: [Self; 62] = [
        Self::AnswerFollowsPut,
        Self::RefusedIsReadBack,
        Self::NotFoundIsUnknown,
        Self::PutIdIsCompared,
        Self::LossReadsHead,
        Self::ClaimFences,
        Self::FenceIsValidated,
        Self::ClaimYields,
        Self::ReplayChecksEpoch,
        Self::ChainIsChecked,
        Self::KnownTailIsWhole,
        Self::NothingIsGuessed,
        Self::MemoryIsSettled,
        Self::MemoryFitsHead,
        Self::ReleaseIsSettled,
        Self::ReleaseEndsWriting,
        Self::PublishChecksEpoch,
        Self::PublishChecksGround,
        Self::HeadRemembersSwaps,
        Self::FloorIsFolded,
        Self::KeysAreWithFloor,
        Self::KeyedAnswersLieInSlots,
        Self::SkipsWait,
        Self::OwnerProbes,
        Self::ProbeFollowsArrival,
        Self::ProbeProvesBackwards,
        Self::DoubtfulProbeReadsHead,
        Self::NotFoundReadsHead,
        Self::HeadFollowsProbe,
        Self::AgeCountsFromSending,
        Self::AgeIsJudgedLast,
        Self::StoreDateCounts,
        Self::ErasAreApart,
        Self::EndIsMet,
        Self::EndReadsHead,
        Self::TombstoneIsNotKept,
        Self::BranchingIsAbsent,
        Self::BranchingIsNotClaimed,
        Self::FencesStay,
        Self::SlotsWaitForFloor,
        Self::GarbageWaits,
        Self::ChunksAreDurable,
        Self::ChunksFollowSlots,
        Self::OrphansAreOld,
        Self::InFlightStays,
        Self::OwnersKnowTheirEpoch,
        Self::SuspectsWait,
        Self::RebirthContinuesSeq,
        Self::RebirthIsNewIncarnation,
        Self::TombstoneKeepsEpoch,
        Self::TombstoneKeepsPins,
        Self::MarkerComesFirst,
        Self::GoneMarkerComesFirst,
        Self::GoneMarkerGoesLast,
        Self::MarkerIsOneLife,
        Self::MendingVoidsClaims,
        Self::PinComesFirst,
        Self::PinsProtect,
        Self::PinsEndWithBranches,
        Self::ParentIsKept,
        Self::AbandonComesFirst,
        Self::ForeignFilesStay,
    ];
}

/// The rules that are kept: all of them, but for what a test broke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rules {
    #[cfg(feature = "mutants")]
    broken: u64,
    /// How many slots are asked for at once. Nothing said: as many as the core likes.
    #[cfg(feature = "mutants")]
    window: Option<u8>,
    /// And how many probes of an owner are under way at once.
    #[cfg(feature = "mutants")]
    probes: Option<u8>,
}

#[cfg(not(feature = "mutants"))]
impl Rules {
    #[expect(clippy::unused_self, reason = "the twin for tests looks at it")]
    pub(super) const fn keep(self, _rule: Rule) -> bool {
        true
    }

    #[expect(clippy::unused_self, reason = "the twin for tests looks at it")]
    pub(super) const fn window(self) -> Option<u8> {
        None
    }

    #[expect(clippy::unused_self, reason = "the twin for tests looks at it")]
    pub(super) const fn probes(self) -> Option<u8> {
        None
    }
}

#[cfg(feature = "mutants")]
impl Rules {
    /// All rules but one.
    pub fn without(self, rule: Rule) -> Self {
        Self { broken: self.broken | (1 << rule as u64), ..self }
    }

    /// At most so many slots are asked for at once.
    pub fn with_window(self, window: u8) -> Self {
        Self { window: Some(window), ..self }
    }

    /// An owner has at most so many probes under way.
    pub fn with_probes(self, probes: u8) -> Self {
        Self { probes: Some(probes), ..self }
    }

    pub fn keep(self, rule: Rule) -> bool {
        self.broken & (1 << rule as u64) == 0
    }

    pub(super) fn window(self) -> Option<u8> {
        self.window
    }

    pub(super) fn probes(self) -> Option<u8> {
        self.probes
    }
}
