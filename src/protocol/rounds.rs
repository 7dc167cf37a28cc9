//! Questions that wait for a proof which began after they arrived.
//!
//! A strong read is exact if the store was asked *after* the query arrived. Many queries share
//! one question: those that wait when it is sent. Whoever arrives later waits for the next.

/// A question, by its ticket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Waiter<A> {
    pub(super) ticket: u64,
    pub(super) ask: A,
    /// Which of the proofs under way were begun after it arrived.
    probe: bool,
    put: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    Probe,
    /// An own slot, created at the first attempt.
    Put,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Rounds<A>(Vec<Waiter<A>>);

impl<A> Default for Rounds<A> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<A> Waiter<A> {
    fn covered(&mut self, by: Proof) -> &mut bool {
        match by {
            Proof::Probe => &mut self.probe,
            Proof::Put => &mut self.put,
        }
    }
}

impl<A> Rounds<A> {
    pub(super) fn arrive(&mut self, ticket: u64, ask: A) {
        self.0.push(Waiter { ticket, ask, probe: false, put: false });
    }

    /// A proof begins: it will hold for all who wait now.
    pub(super) fn begin(&mut self, by: Proof) {
        for waiter in &mut self.0 {
            *waiter.covered(by) = true;
        }
    }

    /// The proof failed to prove anything: those who relied on it wait on.
    pub(super) fn fail(&mut self, by: Proof) {
        for waiter in &mut self.0 {
            *waiter.covered(by) = false;
        }
    }

    /// The proof stands. Those for whom it holds, and who are `ready`, are done.
    pub(super) fn prove(&mut self, by: Proof, ready: impl Fn(&A) -> bool) -> Vec<Waiter<A>> {
        let mut done = Vec::new();
        let mut rest = Vec::new();
        for mut waiter in std::mem::take(&mut self.0) {
            if *waiter.covered(by) && ready(&waiter.ask) {
                done.push(waiter);
            } else {
                *waiter.covered(by) = false;
                rest.push(waiter);
            }
        }
        self.0 = rest;
        done
    }

    /// Whether somebody waits, and could be done, whom no proof under way will serve.
    pub(super) fn unserved(&self, ready: impl Fn(&A) -> bool) -> bool {
        self.0.iter().any(|waiter| !waiter.probe && !waiter.put && ready(&waiter.ask))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Waiter<A>> {
        std::mem::take(&mut self.0).into_iter()
    }
}
