//! The mutants: for each rule, a small scope in which its absence shows.

use elacsym::protocol::{Rule, Rules};

use super::scope::Scope;
use super::scopes::{base, branch, lives, owner};

/// What comes of breaking a rule.
pub(super) enum Without {
    /// A search of this scope finds a history that breaks this promise.
    Breaks(Scope, &'static str),
    /// Nothing, as long as the other rules are kept: a search of this scope finds none.
    Holds(Scope),
}

pub(super) fn without(rule: Rule) -> Without {
    let broken = |scope: Scope| Scope { rules: Rules::default().without(rule), ..scope };
    match redundant(rule) {
        Some(scope) => Without::Holds(broken(scope)),
        None => Without::Breaks(broken(scope_against(rule)), verdict(rule)),
    }
}

/// Checks that other rules make redundant. They stay: each turns a bug, or a damaged object, into
/// an error where it would be an answer. `docs/TESTING.md` has the arguments.
fn redundant(rule: Rule) -> Option<Scope> {
    match rule {
        Rule::ClaimYields => Some(base(2, 3)),
        Rule::ReplayChecksEpoch | Rule::ChainIsChecked => Some(base(1, 2).delays(2).reads(1)),
        _ => None,
    }
}

/// What comes of it, as far as it must: a rule that is missed for another reason is not shown to be
/// needed.
fn verdict(rule: Rule) -> &'static str {
    match rule {
        Rule::RefusedIsReadBack | Rule::NotFoundIsUnknown | Rule::LossReadsHead => {
            "op0, reported failed"
        }
        Rule::HeadRemembersSwaps | Rule::BranchingIsNotClaimed => "a branch that was reported",
        Rule::KeyedAnswersLieInSlots => "op0, answered as without effect",
        Rule::KeysAreWithFloor | Rule::PublishChecksGround => "TWICE",
        Rule::SkipsWait => "a read sees op0, which is not committed",
        Rule::BranchingIsAbsent => "a view at hand shows op0, which never was committed",
        Rule::OwnerProbes
        | Rule::ProbeFollowsArrival
        | Rule::ProbeProvesBackwards
        | Rule::DoubtfulProbeReadsHead
        | Rule::NotFoundReadsHead
        | Rule::HeadFollowsProbe
        | Rule::AgeCountsFromSending
        | Rule::AgeIsJudgedLast
        | Rule::StoreDateCounts
        | Rule::ErasAreApart
        | Rule::EndReadsHead
        | Rule::TombstoneIsNotKept
        | Rule::GarbageWaits => "STALE",
        Rule::EndIsMet => "a read sees deleted",
        // The core notices what a stale memory led to, before anybody lost anything.
        Rule::MemoryFitsHead => "ASSERTION",
        Rule::ChunksAreDurable | Rule::ChunksFollowSlots => "CHUNK",
        Rule::SuspectsWait => "GRACE",
        Rule::RebirthContinuesSeq | Rule::TombstoneKeepsEpoch => "HEAD",
        Rule::RebirthIsNewIncarnation
        | Rule::MarkerComesFirst
        | Rule::GoneMarkerComesFirst
        | Rule::GoneMarkerGoesLast
        | Rule::MarkerIsOneLife
        | Rule::MendingVoidsClaims => "MARKER",
        Rule::PublishChecksEpoch
        | Rule::OrphansAreOld
        | Rule::InFlightStays
        | Rule::OwnersKnowTheirEpoch
        | Rule::TombstoneKeepsPins
        | Rule::PinComesFirst
        | Rule::PinsProtect
        | Rule::PinsEndWithBranches
        | Rule::ParentIsKept
        | Rule::AbandonComesFirst
        | Rule::ForeignFilesStay => "FILE",
        _ => "LOST",
    }
}

fn scope_against(rule: Rule) -> Scope {
    match rule {
        Rule::AnswerFollowsPut => base(1, 1),
        Rule::RefusedIsReadBack | Rule::NotFoundIsUnknown => base(1, 1).delays(1),
        Rule::PutIdIsCompared | Rule::ClaimFences => base(2, 2),
        Rule::LossReadsHead => base(1, 3).delays(2),
        Rule::FenceIsValidated => base(3, 3).calm(),
        Rule::KnownTailIsWhole => owner(2, 2),
        Rule::NothingIsGuessed => owner(2, 3).forgetful(),
        Rule::MemoryIsSettled => owner(2, 2).delays(1),
        Rule::MemoryFitsHead => owner(2, 2),
        Rule::ReleaseIsSettled => owner(2, 2).delays(1),
        Rule::ReleaseEndsWriting => owner(2, 2),
        Rule::PublishChecksEpoch => base(1, 2).files(),
        Rule::PublishChecksGround => base(2, 1).calm().files().two_folds().merges(1),
        Rule::HeadRemembersSwaps => branch().heir(),
        Rule::FloorIsFolded => base(2, 1),
        Rule::KeysAreWithFloor => base(1, 2).keyed().retries(1),
        Rule::KeyedAnswersLieInSlots => base(1, 1).keyed().retries(1).skips(1),
        Rule::SkipsWait => base(1, 2).skips(1),
        Rule::OwnerProbes => base(1, 2).owner_reads(1),
        Rule::ProbeFollowsArrival => base(1, 1).reads(3),
        Rule::ProbeProvesBackwards => base(1, 2).owner_reads(1).skips(1).two_questions().ahead(),
        Rule::DoubtfulProbeReadsHead => base(2, 2).owner_reads(1),
        Rule::NotFoundReadsHead | Rule::HeadFollowsProbe => base(2, 2).reads(2),
        Rule::AgeCountsFromSending | Rule::AgeIsJudgedLast => base(2, 1).reads(2),
        Rule::StoreDateCounts => base(2, 1).reads(2).stalled(),
        Rule::ErasAreApart => base(3, 1).calm().reads(2).ahead(),
        Rule::InFlightStays => base(1, 1).calm().files().swept(2),
        Rule::OwnersKnowTheirEpoch => base(1, 2).calm().files().swept(2),
        Rule::SuspectsWait => base(1, 1).calm().chunks().reads(1).swept(1),
        Rule::GoneMarkerGoesLast => branch().claims(1).ends(1).marked(),
        Rule::FencesStay => base(1, 2).delays(1),
        Rule::SlotsWaitForFloor | Rule::GarbageWaits => base(1, 1).reads(1),
        Rule::EndIsMet => lives().reads(1),
        Rule::EndReadsHead | Rule::TombstoneIsNotKept => lives().reads(2),
        Rule::ChunksAreDurable => lives().chunks(),
        Rule::ChunksFollowSlots => base(1, 2).chunks(),
        Rule::OrphansAreOld => base(1, 1).files(),
        Rule::RebirthContinuesSeq | Rule::RebirthIsNewIncarnation | Rule::TombstoneKeepsEpoch => {
            lives()
        }
        Rule::MarkerComesFirst | Rule::GoneMarkerComesFirst | Rule::MarkerIsOneLife => {
            lives().marked()
        }
        Rule::MendingVoidsClaims => lives().marked().menders(1),
        Rule::BranchingIsAbsent => branch().claims(1).reads_of_b(1),
        Rule::BranchingIsNotClaimed => branch(),
        Rule::PinComesFirst | Rule::PinsProtect => branch().claims(1).merges(1),
        Rule::PinsEndWithBranches | Rule::ParentIsKept | Rule::AbandonComesFirst => {
            branch().claims(1).merges(1)
        }
        Rule::TombstoneKeepsPins => branch().claims(1).ends(1),
        Rule::ForeignFilesStay => branch().heir().merges(1),
        Rule::ClaimYields | Rule::ReplayChecksEpoch | Rule::ChainIsChecked => {
            unreachable!("{rule:?} is redundant")
        }
    }
}
