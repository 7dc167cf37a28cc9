//! The spelling of a random 128-bit number in a key: 26 characters of Crockford's base 32.
//!
//! Exactly one text stands for a number: upper case, no hyphens, no `I L O U`, and a first
//! character of `0..=7`, for 26 characters could hold 130 bits. A laxer parser would give one
//! object two keys.

const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 26;

pub(super) fn spell(number: u128) -> String {
    let digit = |place: usize| DIGITS[(number >> (5 * (LENGTH - 1 - place))) as usize & 31] as char;
    (0..LENGTH).map(digit).collect()
}

pub(super) fn parse(text: &str) -> Option<u128> {
    if text.len() != LENGTH || text.as_bytes()[0] > b'7' {
        return None;
    }
    text.bytes().try_fold(0_u128, |number, byte| {
        let digit = DIGITS.iter().position(|digit| *digit == byte)?;
        Some(number << 5 | digit as u128)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_range_are_the_ends_of_the_alphabet() {
        assert_eq!(spell(0), "00000000000000000000000000");
        assert_eq!(spell(1), "00000000000000000000000001");
        assert_eq!(spell(u128::MAX), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
        for number in [0, 1, 31, 32, u128::MAX, u128::MAX / 3] {
            assert_eq!(parse(&spell(number)), Some(number));
        }
    }

    #[test]
    fn one_number_has_one_spelling() {
        for bad in [
            "",
            "0",
            "80000000000000000000000000",
            "0000000000000000000000000a",
            "0000000000000000000000000O",
            "0000000000000000000000000-",
            "000000000000000000000000000",
            "0000000000000000000000000é",
            "é000000000000000000000000",
        ] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }
}
