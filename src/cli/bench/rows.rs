//! What is written: bodies of requests that are made once and sent many times, with other ids each
//! time. Nothing but the digits of the ids changes, so that the client has next to nothing to do.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::line::Address;
use crate::env::Dice;
use crate::model::Metric;

/// All ids have so many digits, and so take each other's place.
const ID_DIGITS: usize = 12;
const ID_FIRST: u64 = 100_000_000_000;
const ID_BYTES: usize = 8;

pub(super) const DIMS: usize = 768;
/// Of a row of text alone, with its id.
pub(super) const TEXT_ROW_BYTES: usize = 200;
/// Beside a vector of 768 numbers, this makes 3200 bytes.
const TEXT_BESIDE_VECTOR_BYTES: usize = 120;
pub(super) const VECTOR_ROW_BYTES: usize = ID_BYTES + 4 * DIMS + TEXT_BESIDE_VECTOR_BYTES;

/// The body of a write. Equal seeds make equal bodies.
#[derive(Clone, Debug)]
pub(super) struct Body {
    json: Vec<u8>,
    /// Where each id begins.
    ids: Vec<usize>,
}

/// How a vector is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Little-endian f32.
    Base64,
    /// A list of numbers of JSON.
    Floats,
}

/// A request that is sent again and again, with ids that no other has. Its clones share them.
#[derive(Clone, Debug)]
pub(super) struct Load {
    request: Vec<u8>,
    ids: Vec<usize>,
    next: Arc<AtomicU64>,
}

impl Body {
    /// A query has no ids to change.
    pub(super) fn query(json: &str) -> Self {
        Self { json: json.as_bytes().to_vec(), ids: Vec::new() }
    }

    /// Rows of 200 bytes each: an id, and a text.
    pub(super) fn texts(rows: usize, seed: u64) -> Self {
        let mut dice = Dice::from_seed(seed);
        Self::of("{\"upsert_rows\":[", rows, |json| {
            json.push_str(",\"text\":\"");
            json.push_str(&letters(&mut dice, TEXT_ROW_BYTES - ID_BYTES));
            json.push('"');
        })
    }

    /// Rows of 3200 bytes each: an id, 768 numbers as base64, and a text.
    pub(super) fn vectors(rows: usize, seed: u64) -> Self {
        Self::measured_by(Metric::Cosine, rows, seed, Spelling::Base64)
    }

    /// The same, for a namespace that measures distances by this.
    pub(super) fn measured_by(metric: Metric, rows: usize, seed: u64, spelling: Spelling) -> Self {
        let mut dice = Dice::from_seed(seed);
        let begin = format!("{{\"distance_metric\":\"{metric}\",\"upsert_rows\":[");
        Self::of(&begin, rows, |json| {
            json.push_str(",\"vector\":");
            json.push_str(&spelling.of(&numbers(&mut dice)));
            json.push_str(",\"text\":\"");
            json.push_str(&letters(&mut dice, TEXT_BESIDE_VECTOR_BYTES));
            json.push('"');
        })
    }

    fn of(begin: &str, rows: usize, mut values: impl FnMut(&mut String)) -> Self {
        let (mut json, mut ids) = (begin.to_owned(), Vec::with_capacity(rows));
        for row in 0..rows {
            json.push_str(if row == 0 { "{\"id\":" } else { ",{\"id\":" });
            ids.push(json.len());
            json.push_str(&(ID_FIRST + row as u64).to_string());
            values(&mut json);
            json.push('}');
        }
        json.push_str("]}");
        Self { json: json.into_bytes(), ids }
    }

    pub(super) fn json(&self) -> &[u8] {
        &self.json
    }

    pub(super) fn rows(&self) -> usize {
        self.ids.len()
    }
}

impl Load {
    pub(super) fn of(address: &Address, path: &str, body: &Body) -> Self {
        let request = address.post(path, &body.json);
        let head_bytes = request.len() - body.json.len();
        let ids = body.ids.iter().map(|at| at + head_bytes).collect();
        Self { request, ids, next: Arc::new(AtomicU64::new(ID_FIRST)) }
    }

    /// Another body to the same place: no two of their requests have an id in common.
    pub(super) fn with(&self, address: &Address, path: &str, body: &Body) -> Self {
        Self { next: self.next.clone(), ..Self::of(address, path, body) }
    }

    /// One without a body.
    pub(super) fn get(address: &Address, path: &str) -> Self {
        Self { request: address.get(path), ids: Vec::new(), next: Arc::default() }
    }

    /// The request, with ids that were in none before.
    pub(super) fn renew(&mut self) -> &[u8] {
        let first = self.next.fetch_add(self.ids.len() as u64, Relaxed);
        for (at, id) in self.ids.iter().zip(first..) {
            let mut rest = id;
            for digit in self.request[*at..*at + ID_DIGITS].iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        }
        &self.request
    }
}

impl Spelling {
    pub(super) fn of(self, numbers: &[f32]) -> String {
        match self {
            Self::Base64 => {
                let bytes: Vec<u8> = numbers.iter().flat_map(|it| it.to_le_bytes()).collect();
                format!("\"{}\"", STANDARD.encode(bytes))
            }
            Self::Floats => {
                let numbers: Vec<String> = numbers.iter().map(f32::to_string).collect();
                format!("[{}]", numbers.join(","))
            }
        }
    }
}

/// As what is found tells it.
impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base64 => "base64",
            Self::Floats => "floats",
        })
    }
}

/// As many as a vector has, each from -1 to 1.
pub(super) fn numbers(dice: &mut Dice) -> Vec<f32> {
    let mut numbers = Vec::with_capacity(DIMS);
    while numbers.len() < DIMS {
        for part in dice.draw().to_le_bytes().as_chunks::<4>().0 {
            let fraction = f64::from(u32::from_le_bytes(*part)) / f64::from(u32::MAX);
            numbers.push((2.0 * fraction - 1.0) as f32);
        }
    }
    numbers
}

/// No text that anybody wrote, and none that packs into nothing either.
pub(super) fn letters(dice: &mut Dice, count: usize) -> String {
    let mut text = String::with_capacity(count + 16);
    while text.len() < count {
        let letter = |byte: u8| char::from(if byte < 40 { b' ' } else { b'a' + byte % 26 });
        text.extend(dice.draw().to_le_bytes().map(letter));
    }
    text.truncate(count);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_row_has_the_bytes_that_are_counted_for_it() {
        let body = Body::texts(1, 7);
        let json = text(body.json());
        let frame = "{\"upsert_rows\":[{\"id\":100000000000,\"text\":\"\"}]}".len();
        assert_eq!(json.len(), frame + TEXT_ROW_BYTES - ID_BYTES, "{json}");
        assert_eq!(VECTOR_ROW_BYTES, 3200);
        let (_, after) = json.split_once("\"text\":\"").unwrap();
        assert!(after[..192].chars().all(|c| c == ' ' || c.is_ascii_lowercase()));

        let body = Body::vectors(2, 7);
        assert_eq!(body.rows(), 2);
        let vectors = text(body.json()).split("\"vector\":\"").skip(1);
        let vectors: Vec<&str> = vectors.map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(vectors.len(), 2);
        assert_ne!(vectors[0], vectors[1]);
        let bytes = STANDARD.decode(vectors[0]).unwrap();
        let numbers = bytes.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number));
        assert_eq!(numbers.clone().count(), DIMS);
        assert!(numbers.clone().all(|number| (-1.0..=1.0).contains(&number)));
    }

    #[test]
    fn a_vector_is_the_same_one_in_either_spelling() {
        let numbers = numbers(&mut Dice::from_seed(7));
        assert_eq!(numbers.len(), DIMS);
        let floats = Spelling::Floats.of(&numbers);
        let floats = floats.trim_matches(['[', ']']).split(',');
        let floats: Vec<f32> = floats.map(|number| number.parse().unwrap()).collect();
        assert_eq!(floats, numbers);
        let base64 = Spelling::Base64.of(&numbers);
        let bytes = STANDARD.decode(base64.trim_matches('"')).unwrap();
        let (bytes, _) = bytes.as_chunks::<4>();
        let read: Vec<f32> = bytes.iter().map(|number| f32::from_le_bytes(*number)).collect();
        assert_eq!(read, numbers);
        let body = Body::measured_by(Metric::DotProduct, 1, 7, Spelling::Floats);
        let begin = "{\"distance_metric\":\"dot_product\",\"upsert_rows\":[{\"id\":100000000000,";
        assert!(text(body.json()).starts_with(begin));
    }

    #[test]
    fn equal_seeds_make_equal_bodies() {
        assert_eq!(Body::texts(3, 1).json(), Body::texts(3, 1).json());
        assert_ne!(Body::texts(3, 1).json(), Body::texts(3, 2).json());
    }

    #[test]
    fn no_two_requests_have_an_id_in_common_and_nothing_else_changes() {
        let address = Address::of("a:1");
        let mut one = Load::of(&address, "/x", &Body::texts(2, 1));
        let mut two = one.clone();
        let shown = [one.renew().to_vec(), two.renew().to_vec(), one.renew().to_vec()];
        let ids = |request: &[u8]| -> Vec<u64> {
            let parts = text(request).split("\"id\":").skip(1);
            parts.map(|part| part[..ID_DIGITS].parse::<u64>().unwrap() - ID_FIRST).collect()
        };
        assert_eq!(shown.iter().map(|it| ids(it)).collect::<Vec<_>>(), [[0, 1], [2, 3], [4, 5]]);
        let plain = |request: &[u8]| text(request).replace(|c: char| c.is_ascii_digit(), "");
        assert_eq!(plain(&shown[0]), plain(&shown[2]));

        let mut other = one.with(&address, "/x", &Body::texts(1, 2));
        assert_eq!((ids(other.renew()), ids(two.renew())), (vec![6], vec![7, 8]));

        let mut query = Load::of(&address, "/x", &Body::query("{\"limit\":10}"));
        assert_eq!(query.renew().to_vec(), query.renew().to_vec());
    }
}
