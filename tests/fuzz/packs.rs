//! Bodies that come packed: as they should, with something bent below the packing, and with the packing
//! itself bent, cut, said twice or called by another name.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::bend;
use crate::random::Random;
use crate::script::Call;

const CODINGS: &[&str] =
    &["gzip", "x-gzip", "GZIP", " gzip ", "zstd", "Zstd", "identity", "", "br", "gzip, gzip", "é"];
const CODING: &str = "content-encoding";
/// A packing that is bent may hold more than what was packed.
const UNPACKED_BYTES_MAX: u64 = 1 << 20;
const LEVEL: i32 = 1;

/// `below` bends what is packed.
pub(crate) fn bend(
    random: &mut Random,
    call: &mut Call,
    below: impl Fn(&mut Random, &mut Vec<u8>),
) {
    let coding = call.header(CODING).unwrap_or_default().to_ascii_lowercase();
    let Some(mut plain) = unpacked(&coding, &call.body) else {
        return bend_packing(random, call);
    };
    match random.below(10) {
        0..6 => {
            below(random, &mut plain);
            let coding = *random.one_of(&["gzip", "zstd"]);
            pack(call, coding, &plain);
        }
        6 => {
            // In two members, of which one may be of the other kind.
            let (first, second) = plain.split_at(random.below(plain.len()));
            let codings = ["gzip", "zstd"];
            let (one, other) = (*random.one_of(&codings), *random.one_of(&codings));
            call.body = [packed(one, first), packed(other, second)].concat();
            call.set_header(CODING, one);
        }
        7 => call.set_header(CODING, random.one_of::<&str>(CODINGS)),
        _ => bend_packing(random, call),
    }
}

fn bend_packing(random: &mut Random, call: &mut Call) {
    match random.below(4) {
        0 => call.body.truncate(random.below(call.body.len())),
        1 => call.body.extend_from_slice(bend::odd(random).as_bytes()),
        2 => bend::overwrite(random, &mut call.body),
        _ => {
            let again = call.body.clone();
            bend::bytes(random, &mut call.body, &again);
        }
    }
}

fn pack(call: &mut Call, coding: &str, plain: &[u8]) {
    call.body = packed(coding, plain);
    call.set_header(CODING, coding);
}

fn packed(coding: &str, plain: &[u8]) -> Vec<u8> {
    if coding == "zstd" {
        return zstd::bulk::compress(plain, LEVEL).unwrap();
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// None: it is not packed so, or holds too much.
pub(crate) fn unpacked(coding: &str, body: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    match coding.trim() {
        "gzip" | "x-gzip" => {
            let decoder = MultiGzDecoder::new(body);
            decoder.take(UNPACKED_BYTES_MAX).read_to_end(&mut plain).ok()?;
        }
        "zstd" => {
            // Frame by frame.
            let decoder = zstd::stream::read::Decoder::with_buffer(body).ok()?;
            decoder.take(UNPACKED_BYTES_MAX).read_to_end(&mut plain).ok()?;
        }
        "" | "identity" => plain.extend_from_slice(body),
        _ => return None,
    }
    Some(plain)
}

#[test]
fn what_is_packed_is_unpacked() {
    for coding in ["gzip", "zstd"] {
        let twice = [packed(coding, b"{}"), packed(coding, b" ")].concat();
        assert_eq!(unpacked(coding, &twice).as_deref(), Some(&b"{} "[..]), "{coding}");
        assert_eq!(unpacked(coding, b"{} is what it is"), None);
    }
    assert_eq!(unpacked("identity", b"{}").as_deref(), Some(&b"{}"[..]));
}
