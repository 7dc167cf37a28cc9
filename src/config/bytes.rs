//! A number of bytes, as operators say it: `512MiB`, `4GiB`. One without a unit is refused, for it
//! means something else to everybody.

const UNITS: [(&str, u32); 4] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];

pub(super) fn parse(word: &str) -> Result<u64, String> {
    let odd = || format!("{word:?} is not a size; write it like 512MiB or 4GiB");
    let unit = UNITS.iter().find_map(|(unit, shift)| Some((word.strip_suffix(*unit)?, *shift)));
    let (number, shift) = unit.ok_or_else(odd)?;
    if number.is_empty() || !number.chars().all(|c| c.is_ascii_digit()) {
        return Err(odd());
    }
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(1_u64 << shift));
    bytes.ok_or_else(|| format!("{word:?} is more than there is"))
}

/// In the largest unit that is exact: what was parsed is a whole number of KiB.
pub(super) fn print(bytes: u64) -> String {
    let exact = UNITS.iter().find(|(_, shift)| bytes.is_multiple_of(1_u64 << shift));
    match exact {
        Some((unit, shift)) => format!("{}{unit}", bytes >> shift),
        None => format!("{}KiB", bytes >> 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_and_printed_in_its_largest_unit() {
        for (word, bytes, printed) in [
            ("1KiB", 1 << 10, "1KiB"),
            ("64MiB", 64 << 20, "64MiB"),
            ("1024MiB", 1 << 30, "1GiB"),
            ("1536MiB", 1536 << 20, "1536MiB"),
            ("2TiB", 2 << 40, "2TiB"),
            ("007GiB", 7 << 30, "7GiB"),
        ] {
            assert_eq!(parse(word), Ok(bytes), "{word}");
            assert_eq!(print(bytes), printed);
            assert_eq!(parse(printed), Ok(bytes));
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for word in ["", "1", "GiB", "1GB", "1 GiB", "-1GiB", "+1GiB", "1.5GiB", "1gib", "1B"] {
            let told = parse(word).unwrap_err();
            assert!(told.contains("is not a size; write it like 512MiB"), "{told}");
        }
        for word in ["16777216TiB", "99999999999999999999KiB"] {
            assert!(parse(word).unwrap_err().contains("is more than there is"), "{word}");
        }
    }
}
