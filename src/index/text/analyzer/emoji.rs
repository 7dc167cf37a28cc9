//! Emoji: what looks like one sign is one word, of however many code points it is made.

const JOINER: char = '\u{200d}';

/// How many bytes the emoji has that a text begins with.
pub(super) fn bytes(text: &str) -> Option<usize> {
    let mut chars = text.chars();
    let first = chars.next()?;
    if is_half_of_flag(first) {
        let second = chars.next().filter(|c| is_half_of_flag(*c));
        return Some(first.len_utf8() + second.map_or(0, char::len_utf8));
    }
    if !is_pictograph(first) {
        return None;
    }
    let mut bytes = first.len_utf8();
    while let Some(next) = text[bytes..].chars().next() {
        if is_modifier(next) {
            bytes += next.len_utf8();
        } else if let Some(joined) = joined(&text[bytes..]) {
            bytes += JOINER.len_utf8() + joined.len_utf8();
        } else {
            break;
        }
    }
    Some(bytes)
}

/// What is joined to the sign before this text.
fn joined(text: &str) -> Option<char> {
    text.strip_prefix(JOINER)?.chars().next().filter(|c| is_pictograph(*c))
}

/// Two letters of a country are its flag.
fn is_half_of_flag(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

/// Shown as text or in colour, the tone of a skin, the tags of the flag of a region.
fn is_modifier(c: char) -> bool {
    matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
}

/// Unicode 16's `Extended_Pictographic`.
fn is_pictograph(c: char) -> bool {
    matches!(c,
        '\u{a9}'
        | '\u{ae}'
        | '\u{203c}'
        | '\u{2049}'
        | '\u{2122}'
        | '\u{2139}'
        | '\u{2194}'..='\u{2199}'
        | '\u{21a9}'..='\u{21aa}'
        | '\u{231a}'..='\u{231b}'
        | '\u{2328}'
        | '\u{2388}'
        | '\u{23cf}'
        | '\u{23e9}'..='\u{23f3}'
        | '\u{23f8}'..='\u{23fa}'
        | '\u{24c2}'
        | '\u{25aa}'..='\u{25ab}'
        | '\u{25b6}'
        | '\u{25c0}'
        | '\u{25fb}'..='\u{25fe}'
        | '\u{2600}'..='\u{2605}'
        | '\u{2607}'..='\u{2612}'
        | '\u{2614}'..='\u{2685}'
        | '\u{2690}'..='\u{2705}'
        | '\u{2708}'..='\u{2712}'
        | '\u{2714}'
        | '\u{2716}'
        | '\u{271d}'
        | '\u{2721}'
        | '\u{2728}'
        | '\u{2733}'..='\u{2734}'
        | '\u{2744}'
        | '\u{2747}'
        | '\u{274c}'
        | '\u{274e}'
        | '\u{2753}'..='\u{2755}'
        | '\u{2757}'
        | '\u{2763}'..='\u{2767}'
        | '\u{2795}'..='\u{2797}'
        | '\u{27a1}'
        | '\u{27b0}'
        | '\u{27bf}'
        | '\u{2934}'..='\u{2935}'
        | '\u{2b05}'..='\u{2b07}'
        | '\u{2b1b}'..='\u{2b1c}'
        | '\u{2b50}'
        | '\u{2b55}'
        | '\u{3030}'
        | '\u{303d}'
        | '\u{3297}'
        | '\u{3299}'
        | '\u{1f000}'..='\u{1f0ff}'
        | '\u{1f10d}'..='\u{1f10f}'
        | '\u{1f12f}'
        | '\u{1f16c}'..='\u{1f171}'
        | '\u{1f17e}'..='\u{1f17f}'
        | '\u{1f18e}'
        | '\u{1f191}'..='\u{1f19a}'
        | '\u{1f1ad}'..='\u{1f1e5}'
        | '\u{1f201}'..='\u{1f20f}'
        | '\u{1f21a}'
        | '\u{1f22f}'
        | '\u{1f232}'..='\u{1f23a}'
        | '\u{1f23c}'..='\u{1f23f}'
        | '\u{1f249}'..='\u{1f3fa}'
        | '\u{1f400}'..='\u{1f53d}'
        | '\u{1f546}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f774}'..='\u{1f77f}'
        | '\u{1f7d5}'..='\u{1f7ff}'
        | '\u{1f80c}'..='\u{1f80f}'
        | '\u{1f848}'..='\u{1f84f}'
        | '\u{1f85a}'..='\u{1f85f}'
        | '\u{1f888}'..='\u{1f88f}'
        | '\u{1f8ae}'..='\u{1f8ff}'
        | '\u{1f90c}'..='\u{1f93a}'
        | '\u{1f93c}'..='\u{1f945}'
        | '\u{1f947}'..='\u{1faff}'
        | '\u{1fc00}'..='\u{1fffd}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_one_sign_is_one() {
        for emoji in [
            "👍",
            "👍🏽",
            "❤\u{fe0f}",
            "☀",
            "©",
            "🇫🇷",
            "👩\u{200d}👩\u{200d}👧",
            "🏳\u{fe0f}\u{200d}🌈",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        ] {
            assert_eq!(bytes(emoji), Some(emoji.len()), "{emoji}");
            let among_others = format!("{emoji}a");
            assert_eq!(bytes(&among_others), Some(emoji.len()), "{emoji}");
        }
    }

    #[test]
    fn signs_side_by_side_are_several() {
        for (text, first) in [("👍👍", "👍"), ("🇫🇷🇩🇪", "🇫🇷"), ("👍\u{200d}a", "👍")]
        {
            assert_eq!(bytes(text), Some(first.len()), "{text}");
        }
    }

    #[test]
    fn what_only_changes_an_emoji_is_none() {
        for text in ["", "a", " 👍", "\u{fe0f}", "\u{200d}👍", "\u{1f3fd}", "、"] {
            assert_eq!(bytes(text), None, "{text:?}");
        }
    }
}
