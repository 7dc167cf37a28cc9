//! A uuid as text: any case is read, lower case is written, always with its four hyphens.

const TEXT_BYTES: usize = 36;
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// `None`: the text is no uuid.
pub fn parse(text: &str) -> Option<u128> {
    if text.len() != TEXT_BYTES {
        return None;
    }
    let mut uuid = 0;
    for (at, byte) in text.bytes().enumerate() {
        if HYPHENS.contains(&at) {
            if byte != b'-' {
                return None;
            }
        } else {
            let digit = char::from(byte).to_digit(16)?;
            uuid = (uuid << 4) | u128::from(digit);
        }
    }
    Some(uuid)
}

pub fn print(uuid: u128) -> String {
    let hex = format!("{uuid:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    const TEXT: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    proptest! {
        #[test]
        fn what_was_printed_is_read_in_any_case(uuid in any::<u128>()) {
            let text = print(uuid);
            prop_assert_eq!(parse(&text), Some(uuid));
            prop_assert_eq!(parse(&text.to_uppercase()), Some(uuid));
        }
    }

    #[test]
    fn the_digits_of_a_uuid_stand_in_their_order() {
        assert_eq!(parse(TEXT), Some(0x0f8f_ad5b_d9cb_469f_a165_7086_7728_950e));
        assert_eq!(print(1), "00000000-0000-0000-0000-000000000001");
    }

    #[test]
    fn what_is_not_quite_a_uuid_is_refused() {
        let plain = TEXT.replace('-', "");
        let braced = format!("{{{TEXT}}}");
        let moved = "0f8fad5-bd9cb-469f-a165-70867728950e";
        let odd = TEXT.replace('f', "g");
        let long = format!("{TEXT}0");
        let wide = TEXT.replace("0f", "é");
        for text in ["", &plain, &braced, moved, &odd, &long, &TEXT[1..], &wide] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
