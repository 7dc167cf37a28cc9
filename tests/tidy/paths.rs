//! The paths that a source names: every tree of a `use` multiplied out, and `super` followed to
//! where it leads.

use crate::source::Source;

/// Every path below a root such as `crate` or `std`, without that root, and where it stands.
pub(crate) fn below(source: &Source, root: &str) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    for at in source.words(root) {
        let Some(tree) = source.code[at + root.len()..].strip_prefix("::") else { continue };
        let mut leaves = Vec::new();
        expand(tree, "", &mut leaves);
        paths.extend(leaves.into_iter().map(|path| (at, path)));
    }
    paths
}

/// The same for paths that climb to the root of the crate by `super`.
pub(crate) fn above(source: &Source) -> Vec<(usize, String)> {
    let climbs = |(at, path): (usize, String)| {
        let parts: Vec<&str> = path.split("::").collect();
        let more = parts.iter().take_while(|part| **part == "super").count();
        let rest = parts[more..].join("::");
        // One more was the root of the search.
        (1 + more == depth(source, at) && !rest.is_empty()).then_some((at, rest))
    };
    below(source, "super").into_iter().filter_map(climbs).collect()
}

/// How many modules are around a place in the code, the file's own among them.
fn depth(source: &Source, at: usize) -> usize {
    let file = source.path.strip_prefix("src/").unwrap_or(&source.path);
    let parts = file.split('/').count();
    let own = match file.rsplit('/').next() {
        Some("lib.rs" | "main.rs" | "mod.rs") => parts - 1,
        _ => parts,
    };
    let before = source.words("mod").take_while(|start| *start < at);
    own + before.filter(|start| encloses(&source.code[*start..], at - start)).count()
}

/// Whether a `mod` has a body, and that holds the place so many bytes after its beginning.
fn encloses(code: &str, at: usize) -> bool {
    let Some(open) = code.find(['{', ';']).filter(|open| code[*open..].starts_with('{')) else {
        return false;
    };
    let mut depth = 0;
    for (here, c) in code.char_indices().skip_while(|(here, _)| *here < open) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (open..here).contains(&at);
        }
    }
    false
}

/// Reads one tree of a `use` and returns what follows it.
fn expand<'a>(tree: &'a str, prefix: &str, leaves: &mut Vec<String>) -> &'a str {
    let tree = tree.trim_start();
    if let Some(mut inner) = tree.strip_prefix('{') {
        loop {
            inner = inner.trim_start().trim_start_matches(',').trim_start();
            if inner.is_empty() {
                return inner;
            }
            if let Some(rest) = inner.strip_prefix('}') {
                return rest;
            }
            inner = expand(inner, prefix, leaves);
            // What is left of `a as b`.
            inner = &inner[inner.find([',', '}']).unwrap_or(inner.len())..];
        }
    }
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '*';
    let length = tree.find(|c| !is_part(c)).unwrap_or(tree.len());
    let (name, rest) = tree.split_at(length);
    let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}::{name}") };
    match rest.strip_prefix("::") {
        Some(below) if below.starts_with(|c| is_part(c) || c == '{') => {
            expand(below, &path, leaves)
        }
        _ => {
            leaves.push(path);
            rest
        }
    }
}

#[test]
fn trees_are_multiplied_out() {
    let text = "use std::{fs, time::{Duration, Instant as I}, *};\nstd::env::var(1)";
    let found: Vec<String> =
        below(&Source::new("src/x.rs", text), "std").into_iter().map(|(_, path)| path).collect();
    assert_eq!(found, ["fs", "time::Duration", "time::Instant", "*", "env::var"]);
}

#[test]
fn super_leads_out_of_a_room_only_from_its_front_page_or_twice() {
    let out = |path: &str, text: &str| {
        let found = above(&Source::new(path, text));
        found.into_iter().map(|(_, path)| path).collect::<Vec<_>>()
    };
    assert_eq!(out("src/log/slot.rs", "use super::super::storage::Key;"), ["storage::Key"]);
    assert_eq!(out("src/log/slot.rs", "use super::{super::storage, Stored};"), ["storage"]);
    assert_eq!(out("src/log/mod.rs", "use super::storage::Key;"), ["storage::Key"]);
    assert_eq!(out("src/env.rs", "fn x() -> super::error::Error {}"), ["error::Error"]);
    let inside = "mod tests {\n    use super::super::super::storage;\n}";
    assert_eq!(out("src/log/slot.rs", inside), ["storage"]);
    for (path, text) in [
        ("src/log/slot.rs", "use super::Stored;"),
        ("src/log/slot.rs", "mod tests {\n    use super::super::Batch;\n}"),
        ("src/log/slot.rs", "mod other;\nuse super::Stored;"),
        ("src/storage/local/disk.rs", "use super::super::wire::Wire;"),
        ("src/log/slot.rs", "pub(in super::super) fn x() {}"),
    ] {
        assert_eq!(out(path, text), Vec::<String>::new(), "{text}");
    }
}
