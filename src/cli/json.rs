//! A text as JSON has it, for what a command prints for machines, line by line. What else is JSON belongs
//! to `api`.

/// With its marks.
pub(super) fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '\0'..='\x1f' => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => json.push(c),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_text_or_a_line_is_escaped() {
        assert_eq!(quoted("a \"b\" \\c\n\0é"), r#""a \"b\" \\c\u000a\u0000é""#);
        assert_eq!(quoted(""), r#""""#);
    }
}
