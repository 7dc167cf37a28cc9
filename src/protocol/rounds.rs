//! Questions that wait for a proof which began after they arrived.
//!
//! A strong read is exact if the store was asked *after* the query arrived. Many queries share
//! one question: those that wait when it is sent. Whoever arrives later is served by the next, which
//! need not wait for the answer to the one before it.

/// A question, by its ticket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Waiter<A> {
    pub(super) ticket: u64,
    pub(super) ask: A,
    /// The first probe under way that was begun after it arrived, and whether a put was.
    probe: Option<u32>,
    put: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// By its number. No two that are under way have the same.
    Probe(u32),
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
    fn relies_on(&self, proof: Proof) -> bool {
        match proof {
            Proof::Probe(no) => self.probe == Some(no),
            Proof::Put => self.put,
        }
    }

    fn rely_on(&mut self, proof: Proof) {
        match proof {
            Proof::Probe(no) => self.probe = self.probe.or(Some(no)),
            Proof::Put => self.put = true,
        }
    }

    fn let_down(&mut self, by: Proof) {
        if self.relies_on(by) {
            match by {
                Proof::Probe(_) => self.probe = None,
                Proof::Put => self.put = false,
            }
        }
    }
}

impl<A> Rounds<A> {
    pub(super) fn arrive(&mut self, ticket: u64, ask: A) {
        self.0.push(Waiter { ticket, ask, probe: None, put: false });
    }

    /// A proof begins: it will hold for all who wait now. Those whom a probe under way serves rely on
    /// that one.
    pub(super) fn begin(&mut self, by: Proof) {
        for waiter in &mut self.0 {
            waiter.rely_on(by);
        }
    }

    /// The proof failed to prove anything: those who relied on it wait on.
    pub(super) fn fail(&mut self, by: Proof) {
        for waiter in &mut self.0 {
            waiter.let_down(by);
        }
    }

    /// The proof stands. Those for whom it holds, and who are `ready`, are done.
    pub(super) fn prove(&mut self, by: Proof, ready: impl Fn(&A) -> bool) -> Vec<Waiter<A>> {
        let mut done = Vec::new();
        let mut rest = Vec::new();
        for mut waiter in std::mem::take(&mut self.0) {
            if waiter.relies_on(by) && ready(&waiter.ask) {
                done.push(waiter);
            } else {
                waiter.let_down(by);
                rest.push(waiter);
            }
        }
        self.0 = rest;
        done
    }

    /// Whether somebody waits, and could be done, whom no proof under way will serve.
    pub(super) fn unserved(&self, ready: impl Fn(&A) -> bool) -> bool {
        self.0.iter().any(|waiter| waiter.probe.is_none() && !waiter.put && ready(&waiter.ask))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Waiter<A>> {
        std::mem::take(&mut self.0).into_iter()
    }
}
