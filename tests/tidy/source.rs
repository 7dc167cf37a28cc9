//! A Rust file taken apart as far as the checks need it: code without comments and strings, and
//! the strings. Positions stay, so that a line number means the same in all of them.

pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text with every character of a comment, a string or a character literal as a space.
    pub(crate) code: String,
    /// Where each string literal begins, and what it holds.
    pub(crate) strings: Vec<(usize, String)>,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let mut lexer = Lexer { text, at: 0, code: String::new(), strings: Vec::new() };
        lexer.run();
        let Lexer { code, strings, .. } = lexer;
        Self { path: path.to_owned(), text: text.to_owned(), code, strings }
    }

    pub(crate) fn line(&self, at: usize) -> usize {
        1 + self.text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count()
    }

    /// `path:line: message`
    pub(crate) fn complain(&self, at: usize, message: &str) -> String {
        format!("{}:{}: {message}", self.path, self.line(at))
    }

    /// Where the unit tests at the foot of the file begin.
    pub(crate) fn foot(&self) -> usize {
        self.code.find("#[cfg(test)]\nmod ").unwrap_or(self.code.len())
    }

    /// The room of a file of the library: the first folder below `src`, or the file itself.
    pub(crate) fn room(&self) -> &str {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path);
        below.split('/').next().unwrap_or(below).trim_end_matches(".rs")
    }

    /// Where a word stands in the code, not as a part of a longer one.
    pub(crate) fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        self.code.match_indices(word).map(|(at, _)| at).filter(move |at| {
            !self.code[..*at].ends_with(is_part)
                && !self.code[at + word.len()..].starts_with(is_part)
        })
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    code: String,
    strings: Vec<(usize, String)>,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            if rest.starts_with("//") {
                self.blank(rest.find('\n').unwrap_or(rest.len()));
            } else if rest.starts_with("/*") {
                self.blank(block_comment(rest));
            } else if let Some((open, close)) = string_marks(rest).filter(|_| !self.in_word(rest)) {
                let length = string(rest, open, &close);
                let held = &rest[open..length - close.len().min(length - open)];
                self.strings.push((self.at, held.to_owned()));
                self.blank(length);
            } else if let Some(length) = character(rest) {
                self.blank(length);
            } else {
                let c = rest.chars().next().unwrap();
                self.code.push(c);
                self.at += c.len_utf8();
            }
        }
    }

    /// The `r` or `b` of a prefix must not end a name, as in `for"`, which no one writes.
    fn in_word(&self, rest: &str) -> bool {
        !rest.starts_with('"') && self.code.ends_with(|c: char| c.is_alphanumeric() || c == '_')
    }

    fn blank(&mut self, length: usize) {
        let gone = &self.text[self.at..self.at + length];
        // One byte a byte, so that positions stay.
        self.code.extend(gone.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        self.at += length;
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let bytes = rest.as_bytes();
    let mut at = 0;
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" if depth == 1 => return at + 2,
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

/// How long the opening mark of a string is, and its closing mark.
fn string_marks(rest: &str) -> Option<(usize, String)> {
    let unprefixed = rest.strip_prefix('b').unwrap_or(rest);
    if unprefixed.starts_with('"') {
        return Some((rest.len() - unprefixed.len() + 1, "\"".to_owned()));
    }
    let raw = unprefixed.strip_prefix('r')?;
    let hashes = raw.len() - raw.trim_start_matches('#').len();
    let open = rest.len() - raw.len() + hashes + 1;
    raw[hashes..].starts_with('"').then(|| (open, format!("\"{}", "#".repeat(hashes))))
}

/// The length of a string with its marks; only in a raw one is a backslash a character.
fn string(rest: &str, open: usize, close: &str) -> usize {
    let raw = rest[..open].contains('r');
    let mut at = open;
    while at < rest.len() {
        if !raw && rest[at..].starts_with('\\') {
            at += 1;
        } else if rest[at..].starts_with(close) {
            return at + close.len();
        }
        at += rest[at..].chars().next().map_or(1, char::len_utf8);
    }
    rest.len()
}

/// The length of a character literal; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let held = rest.strip_prefix('\'')?;
    if let Some(escape) = held.strip_prefix('\\') {
        let first = escape.chars().next()?.len_utf8();
        return Some(2 + first + escape[first..].find('\'')? + 1);
    }
    let length = held.chars().next()?.len_utf8();
    held[length..].starts_with('\'').then_some(length + 2)
}

#[test]
fn comments_and_strings_are_no_code() {
    let text = r##"let a = "x\"y"; // no "string"
/* no /* code */ */ let b = r#"raw " "#; let c: &'a str = b"z"; let d = ['"', '\'', 'é'];"##;
    let source = Source::new("x.rs", text);
    let strings: Vec<&str> = source.strings.iter().map(|(_, held)| held.as_str()).collect();
    assert_eq!(strings, ["x\\\"y", "raw \" ", "z"]);
    let code: String = source.code.split_whitespace().collect();
    assert_eq!(code, "leta=;letb=;letc:&'astr=;letd=[,,];");
    assert_eq!(source.code.len(), source.text.len());
    assert_eq!(source.line(source.strings[1].0), 2);
}
