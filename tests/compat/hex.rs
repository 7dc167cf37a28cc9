//! Bytes as text that a person can read and `git` can show: hex, in any grouping, and what follows
//! a `#` is for the person.

use bytes::Bytes;

pub(crate) fn spell(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As a file has it.
pub(crate) fn lines(bytes: &[u8]) -> String {
    bytes.chunks(32).map(|line| spell(line) + "\n").collect()
}

pub(crate) fn parse(text: &str) -> Bytes {
    let data = text.lines().map(|line| line.split('#').next().unwrap());
    let digits: Vec<char> = data.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect();
    assert!(digits.len().is_multiple_of(2), "half a byte is missing");
    let byte = |pair: &[char]| {
        let text: String = pair.iter().collect();
        u8::from_str_radix(&text, 16).unwrap_or_else(|_| panic!("{text:?} is no byte"))
    };
    digits.chunks(2).map(byte).collect()
}

#[test]
fn comments_and_blanks_are_for_the_reader() {
    assert_eq!(&parse("45 4c # magic\n\n# 99\n4143")[..], b"ELAC");
    assert_eq!(spell(b"ELAC"), "454c4143");
    assert_eq!(lines(&[0; 33]), format!("{}\n00\n", "00".repeat(32)));
    assert_eq!(parse(&lines(&[7; 100]))[..], [7; 100]);
}
