//! What the owner's machine answers, told to whoever waits for it.
//!
//! What must hold: each is told, whatever another one leads to. A write that is committed is not to be
//! told as unknown because the answer before it stops the name.

use super::desk::{Desk, Waiting};
use super::draft::Told;
use super::rows::lost;
use super::{Deleted, not_committed, unknown};
use crate::error::Result;
use crate::log::Stored;
use crate::model::FileName;
use crate::protocol::Answer;

impl Desk {
    /// Tells them all. The first error of them stops the name.
    pub(super) fn answer_owner(&mut self) -> Result<()> {
        let mut told = Ok(());
        for answer in std::mem::take(&mut self.owner_out.answers) {
            told = told.and(self.answer(answer));
        }
        told
    }

    fn answer(&mut self, answer: Answer<Stored>) -> Result<()> {
        let ticket = answer.ticket();
        let Some(waiting) = self.waiting.remove(&ticket) else { return Ok(()) };
        if let Some((_, file)) = self.doubted.take_if(|(doubted, _)| *doubted == ticket)
            && matches!(answer, Answer::NoEffect { .. })
        {
            return self.judge(&file);
        }
        match (waiting, answer) {
            (Waiting::Batch(sent), answer) => return self.settled(sent, &answer),
            (Waiting::Same(told), Answer::NoEffect { .. }) => {
                told.into_iter().for_each(Told::tell);
            }
            (Waiting::Same(told), _) => {
                told.into_iter().for_each(|told| told.refuse(not_committed()));
            }
            (Waiting::Look(look), answer) => return self.looked(look, None, answer),
            (Waiting::Delete(reply), Answer::Ended { .. }) => {
                if let Some(inc) = self.owner.inc() {
                    self.grounds.notice(&self.owner.place.name, inc);
                }
                drop(reply.send(Ok(Deleted::Now)));
            }
            (Waiting::Absent(reply), Answer::NoEffect { .. }) => {
                drop(reply.send(Ok(Deleted::Absent)));
            }
            (Waiting::Absent(reply), _) | (Waiting::Delete(reply), Answer::NotCommitted { .. }) => {
                self.deletes.push_back(reply);
            }
            (Waiting::Delete(reply), _) => drop(reply.send(Err(unknown()))),
        }
        Ok(())
    }

    /// The owner is still the owner, and lacks that file.
    fn judge(&mut self, file: &FileName) -> Result<()> {
        if self.names(file) {
            return Err(lost(file));
        }
        // The head moved on while that was asked.
        self.drop_draft();
        Ok(())
    }
}
