//! Every sample, damaged in every way that can be counted out: each bit, each length.

use bytes::Bytes;
use elacsym::error::ErrorKind;
use elacsym::storage::frame;

use crate::place::Place;
use crate::samples::{self, Sample};

fn refused(place: &Place, bytes: Vec<u8>, what: &str) {
    match place.reopen(&bytes.into()) {
        Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt, "{what}: {}", error.chain()),
        Ok(_) => panic!("{what} was accepted"),
    }
}

/// The body of a sample in a good frame, after `damage`.
fn reframed(sample: &Sample, damage: impl Fn(&mut Vec<u8>)) -> Bytes {
    let frame = frame::decode(sample.kind, &sample.bytes).unwrap();
    let mut body = frame.body.to_vec();
    damage(&mut body);
    frame::encode(sample.kind, frame.put, &body)
}

fn body_bytes(sample: &Sample) -> usize {
    sample.bytes.len() - frame::FRAME_BYTES
}

#[test]
fn every_flipped_bit_is_found() {
    for sample in samples::all() {
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
        for length in 0..whole.len() {
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
    for sample in samples::all() {
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
            match Place::named_by(sample.kind, &bytes).reopen(&bytes) {
                Ok(again) => assert_eq!(again, bytes, "{} bit {bit}", sample.name),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt),
            }
        }
    }
}

#[test]
fn no_kind_is_taken_for_another() {
    for one in samples::all() {
        for other in samples::all().iter().filter(|other| other.kind != one.kind) {
            refused(&Place::named_by(other.kind, &one.bytes), one.bytes.to_vec(), one.name);
            let body = frame::decode(one.kind, &one.bytes).unwrap().body;
            let disguised = frame::encode(other.kind, elacsym::model::PutId(1), &body);
            let place = Place::named_by(other.kind, &disguised);
            if let Ok(again) = place.reopen(&disguised) {
                assert_eq!(again, disguised, "{} as {}", one.name, other.name);
            }
        }
    }
}
