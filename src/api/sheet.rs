//! What an answer with documents is printed on. The documents are weighed first: an answer that is
//! larger than an answer may be is refused, and for any other memory is reserved, which it keeps
//! until its last byte was sent.

use std::io;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::error::{Contract, Refusal};
use super::json::Weight;
use super::json_response;
use crate::error::{Error, ErrorKind};
use crate::memory::{Memory, Share};

/// As much as a request may have. Sixteen queries for ten thousand documents with long vectors
/// would be several gigabytes.
pub(super) const ANSWER_BYTES_MAX: usize = 512 << 20;
/// What is around the documents.
const FRAME_BYTES: usize = 1024;
/// To refuse an answer of so little saves nothing: the work is done.
const FREE_BYTES: usize = 256 << 10;

pub(super) struct Sheet {
    bytes: Vec<u8>,
    share: Share,
    /// Of the documents, which lie beside it while they are printed.
    _documents: Share,
    /// What the request calls the number of documents that it wants.
    fewer: &'static str,
    /// Why no more goes on it.
    full: Option<Refusal>,
}

impl Sheet {
    /// `documents` is the memory that was reserved for them.
    pub(super) fn cut(
        memory: &Memory,
        mut documents: Share,
        weight: Weight,
        fewer: &'static str,
    ) -> Result<Self, Refusal> {
        let bytes = FRAME_BYTES + weight.printed_bytes;
        // Rankings that were made one have fewer than each for itself.
        documents.resize(weight.held_bytes as u64);
        if bytes > ANSWER_BYTES_MAX {
            return Err(Refusal::large_answer(fewer, bytes));
        }
        let share = match bytes <= FREE_BYTES {
            true => memory.take(bytes as u64),
            false => memory.ask(bytes as u64).map_err(|error| no_room(&error, fewer, bytes))?,
        };
        let bytes = Vec::with_capacity(bytes);
        Ok(Self { bytes, share, _documents: documents, fewer, full: None })
    }

    pub(super) fn print(mut self, value: &impl Serialize) -> Result<Response, Refusal> {
        if let Err(error) = serde_json::to_writer(&mut self, value) {
            let odd = || Refusal::internal(format!("the answer cannot be written: {error}"));
            return Err(self.full.unwrap_or_else(odd));
        }
        let Self { bytes, mut share, .. } = self;
        share.resize(bytes.capacity() as u64);
        let body = Bytes::from_owner(Printed { bytes, _share: share });
        Ok(json_response(StatusCode::OK, Body::from(body)))
    }

    /// There was more to print than it looked like.
    fn grow(&mut self, bytes: usize) -> Result<(), Refusal> {
        if bytes > ANSWER_BYTES_MAX {
            return Err(Refusal::large_answer(self.fewer, bytes));
        }
        let wanted = bytes.max(2 * self.bytes.capacity()).min(ANSWER_BYTES_MAX);
        match wanted <= FREE_BYTES {
            true => self.share.resize(wanted as u64),
            false => {
                let reached = self.share.reach(wanted as u64);
                reached.map_err(|error| no_room(&error, self.fewer, wanted))?;
            }
        }
        self.bytes.reserve_exact(wanted - self.bytes.len());
        Ok(())
    }
}

/// For what will never fit, as for what is too large anywhere, the client has to ask for less.
fn no_room(error: &Error, fewer: &str, bytes: usize) -> Refusal {
    match error.kind() {
        ErrorKind::Invalid => Refusal::large_answer(fewer, bytes),
        _ => Contract::V1.refuse(error),
    }
}

impl io::Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let after = self.bytes.len() + bytes.len();
        if after > self.bytes.capacity()
            && let Err(refusal) = self.grow(after)
        {
            self.full = Some(refusal);
            return Err(io::Error::other("the answer does not fit"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An answer, and its memory for as long as anybody has a part of it.
struct Printed {
    bytes: Vec<u8>,
    _share: Share,
}

impl AsRef<[u8]> for Printed {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use axum::body::to_bytes;
    use axum::response::IntoResponse;

    use crate::api::json::Encoding;
    use crate::model::{Answer, AttrType, DocId, Element, Hit, Scalar, Value};

    fn answers(rows: u64, dims: u32) -> Vec<Answer> {
        let kind = AttrType::Vector { dims, element: Element::F32 };
        let vector = Value::Vector(vec![0.5; dims as usize].into());
        let hit = |id| Hit {
            id: DocId::Uint(id),
            dist: None,
            values: vec![("vector".into(), kind, vector.clone())],
            made: Vec::new(),
        };
        vec![Answer { rows: (0..rows).map(hit).collect(), ..Answer::default() }]
    }

    fn cut(memory: &Memory, answers: &[Answer]) -> Result<Sheet, Refusal> {
        let weight = answers.iter().map(|answer| Weight::of(answer, Encoding::Float)).sum();
        Sheet::cut(memory, memory.take(0), weight, "limit")
    }

    fn refused(refusal: Refusal) -> (u16, &'static str) {
        let code = refusal.code();
        (refusal.into_response().status().as_u16(), code)
    }

    #[tokio::test]
    async fn an_answer_keeps_its_memory_until_it_is_sent() {
        let memory = Memory::of(1 << 30);
        let sheet = cut(&memory, &answers(100, 1000)).unwrap();
        assert!(memory.used() > 100 * (4_000 + 12_000), "{}", memory.used());
        let response = sheet.print(&"x".repeat(500_000)).unwrap();
        assert_eq!(response.headers()["content-type"], "application/json");
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert!(memory.used() >= 500_002, "{}", memory.used());
        let part = body.slice(..10);
        drop(body);
        assert!(memory.used() >= 500_002);
        drop(part);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn what_is_too_large_for_an_answer_or_for_this_server_is_refused_for_good() {
        let truths = Value::Bools(vec![true; ANSWER_BYTES_MAX / 5].into());
        let values = vec![("a".into(), AttrType::Array(Scalar::Bool), truths)];
        let rows = vec![Hit { id: DocId::Uint(1), dist: None, values, made: Vec::new() }];
        let large = [Answer { rows, ..Answer::default() }];
        let refusal = cut(&Memory::of(1 << 40), &large).err().unwrap();
        assert!(refusal.story().contains("lower `limit`"), "{}", refusal.story());
        assert_eq!(refused(refusal), (400, "answer_too_large"));
        let refusal = cut(&Memory::of(1 << 20), &answers(100, 1_000)).err().unwrap();
        assert_eq!(refused(refusal), (400, "answer_too_large"));
    }

    #[test]
    fn an_answer_may_be_so_long_and_no_longer() {
        let memory = Memory::of(1 << 40);
        let weight = |printed_bytes| Weight { held_bytes: 0, printed_bytes };
        let longest = ANSWER_BYTES_MAX - FRAME_BYTES;
        assert!(Sheet::cut(&memory, memory.take(0), weight(longest), "limit").is_ok());
        let refusal =
            Sheet::cut(&memory, memory.take(0), weight(longest + 1), "limit").err().unwrap();
        assert_eq!(refused(refusal), (400, "answer_too_large"));
    }

    #[test]
    fn what_does_not_fit_now_is_told_to_come_again_unless_it_is_small() {
        let memory = Memory::of(1 << 30);
        let _others = memory.take(1 << 30);
        let refusal = cut(&memory, &answers(100, 1_000)).err().unwrap();
        assert_eq!(refused(refusal), (503, "unavailable"));
        assert!(cut(&memory, &answers(1, 1_000)).is_ok());
    }

    #[test]
    fn what_turns_out_larger_than_it_looked_is_given_room_or_refused() {
        let memory = Memory::of(8 << 20);
        let sheet = cut(&memory, &[]).unwrap();
        assert!(sheet.print(&"x".repeat(1 << 20)).is_ok());
        let sheet = cut(&memory, &[]).unwrap();
        let refusal = sheet.print(&"x".repeat(8 << 20)).err().unwrap();
        assert_eq!(refused(refusal), (400, "answer_too_large"));
        let _others = memory.take(7 << 20);
        let sheet = cut(&memory, &[]).unwrap();
        let refusal = sheet.print(&"x".repeat(1 << 20)).err().unwrap();
        assert_eq!(refused(refusal), (503, "unavailable"));
    }
}
