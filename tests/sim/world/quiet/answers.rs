//! What nodes tell of names beside their documents, once nobody changes any of it: there is one right answer.

use std::time::Duration;

use elacsym::error::{Error, ErrorKind};
use elacsym::model::Namespace;

use super::{CLIENT, NOS, PAUSE, Quiet, SOON};
use crate::world::checks::{self, Last};
use crate::world::client::Nodes;
use crate::world::words::{Broken, History};

impl Quiet<'_> {
    /// Each name takes a declaration or refuses it, as it must, and then all nodes tell what it is.
    pub(super) async fn all_told(&mut self, names: &[Namespace]) -> Result<(), Broken> {
        // What the store could not make sense of is not in the log.
        if self.truth.broken().is_some() {
            return Ok(());
        }
        let all = checks::last(&History { acts: Vec::new(), log: self.truth.landed() })?;
        for (number, name) in names.iter().enumerate() {
            let Some(mut last) = all.get(name).cloned() else {
                return Err(Broken(format!("no log: {name} was written, and is not there")));
            };
            self.declare(number % self.site.count(), name, &mut last).await?;
            for node in 0..self.site.count() {
                self.compare(node, name, &last).await?;
            }
        }
        Ok(())
    }

    async fn declare(
        &mut self,
        node: usize,
        name: &Namespace,
        last: &mut Last,
    ) -> Result<(), Broken> {
        let until = self.place.clock.now() + SOON;
        loop {
            let no = NOS + self.acts.len() as i64;
            let declared = self.place.declare(CLIENT, node, no, name).await;
            self.acts.push(declared.act.clone());
            if let Some(how) = declared.differs(last) {
                return Err(Broken(format!("wrongly declared: {name} at node {node}: {how}")));
            }
            let Some(error) = declared.failure() else {
                declared.becomes(last);
                return Ok(());
            };
            self.once_more(until, node, name, error).await?;
        }
    }

    async fn compare(&self, node: usize, name: &Namespace, last: &Last) -> Result<(), Broken> {
        let until = self.place.clock.now() + SOON;
        loop {
            match self.place.told(node, name).await {
                Ok(told) => {
                    return match told.differs(last) {
                        Some(how) => {
                            Err(Broken(format!("wrongly told: {name} by node {node}: {how}")))
                        }
                        None => Ok(()),
                    };
                }
                Err(error) => self.once_more(until, node, name, &error).await?,
            }
        }
    }

    /// A pause, if there is time for another try, and any use in it.
    async fn once_more(
        &self,
        until: Duration,
        node: usize,
        name: &Namespace,
        error: &Error,
    ) -> Result<(), Broken> {
        let passing = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Throttled);
        if !passing || self.place.clock.now() + PAUSE > until {
            let told = error.chain();
            return Err(Broken(format!("not well again: node {node} says of {name}: {told}")));
        }
        self.place.clock.sleep(PAUSE).await;
        Ok(())
    }
}
