//! The longest files and functions. Length is a symptom and no offence: nothing fails here.

use crate::source::Source;

const SHOWN: usize = 5;

pub(crate) fn print(sources: &[Source]) {
    let mut files: Vec<(usize, String)> =
        sources.iter().map(|source| (source.text.lines().count(), source.path.clone())).collect();
    let mut functions: Vec<(usize, String)> = sources.iter().flat_map(functions).collect();
    for (title, list) in [("files", &mut files), ("functions", &mut functions)] {
        list.sort_by_key(|(lines, _)| std::cmp::Reverse(*lines));
        eprintln!("longest {title}, in lines:");
        for (lines, name) in list.iter().take(SHOWN) {
            eprintln!("{lines:6}  {name}");
        }
    }
}

/// Every function with a body, as its length and `path:line name`.
fn functions(source: &Source) -> Vec<(usize, String)> {
    let mut functions = Vec::new();
    for at in source.words("fn") {
        let Some(body) = body(&source.code[at..]) else { continue };
        let name: String =
            source.code[at + 2..].trim_start().chars().take_while(|c| is_name(*c)).collect();
        let first = source.line(at);
        let last = source.line(at + body);
        functions.push((1 + last - first, format!("{}:{first} {name}", source.path)));
    }
    functions
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where the body of a function ends; a type such as `fn(u8)` and a declaration have none.
fn body(code: &str) -> Option<usize> {
    if !code["fn".len()..].trim_start().starts_with(is_name) {
        return None;
    }
    let (mut depth, mut inside) = (0_i32, false);
    for (at, c) in code.char_indices() {
        match c {
            '{' | '(' | '[' => {
                inside |= c == '{' && depth == 0;
                depth += 1;
            }
            '}' | ')' | ']' => {
                depth -= 1;
                if inside && depth == 0 {
                    return Some(at);
                }
            }
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[test]
fn functions_are_measured_from_their_name_to_their_brace() {
    let text = "trait A {\n    fn declared(a: [u8; 4]);\n}\ntype F = fn(u8);\n\
                fn long(a: [u8; 4]) -> [u8; 4] {\n    // }\n    { a }\n}\nfn short() {}\n";
    let measured = functions(&Source::new("x.rs", text));
    assert_eq!(measured, [(4, "x.rs:5 long".to_owned()), (1, "x.rs:9 short".to_owned())]);
}
