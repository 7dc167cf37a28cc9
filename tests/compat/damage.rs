//! Every sample, damaged in every way that can be counted out: each bit, each length.

use bytes::Bytes;
use elacsym::error::ErrorKind;
use elacsym::model::PutId;

use crate::place::{Kind, Place};
use crate::samples::{self, Sample};

fn refused(place: &Place, bytes: Vec<u8>, what: &str) {
    match place.reopen(&bytes.into()) {
        Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt, "{what}: {}", error.chain()),
        Ok(_) => panic!("{what} was accepted"),
    }
}

/// Those whose bytes vouch for themselves.
fn framed() -> impl Iterator<Item = Sample> {
    samples::all().into_iter().filter(|sample| sample.kind.is_framed())
}

/// The body of a sample in a good frame, after `damage`.
fn reframed(sample: &Sample, damage: impl Fn(&mut Vec<u8>)) -> Bytes {
    let (put, body) = sample.kind.body(&sample.bytes).unwrap();
    let mut body = body.to_vec();
    damage(&mut body);
    sample.kind.wrap(put, &body)
}

fn body_bytes(sample: &Sample) -> usize {
    sample.kind.body(&sample.bytes).unwrap().1.len()
}

#[test]
fn every_flipped_bit_is_found() {
    for sample in framed() {
        for bit in 0..sample.bytes.len() * 8 {
            let mut bytes = sample.bytes.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            // Also where the place is asked of the damaged object.
            refused(&Place::named_by(sample.kind, &bytes), bytes.clone(), sample.name);
            refused(&sample.place, bytes, sample.name);
        }
    }
}

#[test]
fn what_is_cut_or_extended_is_found() {
    for sample in samples::all() {
        let whole = sample.bytes.to_vec();
        for length in sample.kind.bytes_min()..whole.len() {
            refused(&sample.place, whole[..length].to_vec(), sample.name);
        }
        for tail in [&[0][..], &[0; 100], &whole] {
            refused(&sample.place, [&whole, tail].concat(), sample.name);
        }
    }
}

/// With a good frame around it: the decoders see it themselves.
#[test]
fn a_body_that_is_cut_or_extended_is_found() {
    for sample in framed().filter(|sample| !sample.kind.takes_any_body()) {
        for length in 0..body_bytes(&sample) {
            let bytes = reframed(&sample, |body| body.truncate(length));
            refused(&sample.place, bytes.to_vec(), sample.name);
        }
        for more in [1, 4, 100] {
            let bytes = reframed(&sample, |body| body.extend(vec![0; more]));
            refused(&sample.place, bytes.to_vec(), sample.name);
        }
    }
}

/// With a good frame around it: another object, or none.
#[test]
fn a_flipped_bit_of_a_body_makes_another_object_or_none() {
    for sample in samples::all() {
        for bit in 0..body_bytes(&sample) * 8 {
            let bytes = reframed(&sample, |body| body[bit / 8] ^= 1 << (bit % 8));
            let expected = sample.kind.refusal(&bytes);
            match Place::named_by(sample.kind, &bytes).reopen(&bytes) {
                Ok(again) => assert_eq!(again, bytes, "{} bit {bit}", sample.name),
                Err(error) => assert_eq!(error.kind(), expected, "{} bit {bit}", sample.name),
            }
        }
    }
}

#[test]
fn no_kind_is_taken_for_another() {
    for one in samples::all() {
        for other in samples::all().iter().filter(|other| other.kind != one.kind) {
            let place = Place::named_by(other.kind, &one.bytes);
            let error = place.reopen(&one.bytes).expect_err(one.name);
            assert_eq!(error.kind(), other.kind.refusal(&one.bytes), "{}", error.chain());
            let (_, body) = one.kind.body(&one.bytes).unwrap();
            let disguised = other.kind.wrap(PutId(1), &body);
            let place = Place::named_by(other.kind, &disguised);
            if let Ok(again) = place.reopen(&disguised) {
                assert_eq!(again, disguised, "{} as {}", one.name, other.name);
            }
        }
    }
}

/// A copy that went wrong, or a store that mixed two objects up.
#[test]
fn no_object_is_taken_for_the_one_that_belongs_there() {
    for sample in samples::all() {
        for place in sample.place.others() {
            refused(&place, sample.bytes.to_vec(), sample.name);
        }
    }
}

#[test]
fn a_version_from_the_future_is_another_nodes_business() {
    for sample in samples::all().into_iter().filter(|sample| sample.kind != Kind::Outcome) {
        let mut bytes = sample.bytes.to_vec();
        if sample.kind.is_framed() {
            bytes[5] += 1;
            let end = bytes.len() - 4;
            let crc = crc32fast::hash(&bytes[..end]);
            bytes[end..].copy_from_slice(&crc.to_le_bytes());
        } else {
            bytes[0] += 1;
        }
        let error = sample.place.reopen(&bytes.into()).expect_err(sample.name);
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{}: {}", sample.name, error.chain());
    }
}
