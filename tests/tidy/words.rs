//! Words that have one home, and words that have none.

use crate::source::Source;

/// Rooms without effects, and what would be one.
const PURE: &[&str] = &["eval", "index", "kernels", "model", "protocol"];
const EFFECTS: &[&str] =
    &["async", "await", "tokio", "std::time", "std::fs", "std::net", "std::env"];

/// A word and the only places that may use it.
const HOMES: &[(&str, &str)] = &[
    ("object_store", "src/storage"),
    ("unsafe", "src/kernels/"),
    ("tracing_subscriber", "src/cli/logging.rs"),
    ("clap", "src/cli/"),
];

/// How keys of the store begin and end.
const KEY_PARTS: &[&str] = &["_names/", "_gone/", "/HEAD", "/w/"];
const KEY_HOME: &str = "src/storage/keys.rs";

/// Folders of one machine that mean nothing on another; in pieces, for this file is read too.
const MACHINE: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tmp", "/wt")];

pub(crate) fn out_of_place(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    if PURE.contains(&source.room()) {
        for effect in EFFECTS {
            let tell = |at| source.complain(at, &format!("`{effect}` in a room that is pure"));
            // A duration is a length; what reads a clock is not.
            let harmless = |at: &usize| source.code[*at..].starts_with("std::time::Duration");
            complaints.extend(source.words(effect).filter(|at| !harmless(at)).map(tell));
        }
    }
    for (word, home) in HOMES.iter().filter(|(_, home)| !source.path.starts_with(home)) {
        let tell = |at| source.complain(at, &format!("`{word}` has its home in {home}"));
        complaints.extend(source.words(word).map(tell));
    }
    complaints
}

pub(crate) fn without_header(source: &Source) -> Option<String> {
    let opens = source.text.starts_with("//! ");
    (!opens).then(|| source.complain(0, "a file opens with `//!` and why it exists"))
}

pub(crate) fn spelt_keys(source: &Source) -> Vec<String> {
    if source.path == KEY_HOME {
        return Vec::new();
    }
    let spelt = |held: &str| KEY_PARTS.iter().any(|part| held.contains(part));
    let strings = source.strings.iter().filter(|(at, held)| *at < source.foot() && spelt(held));
    let tell = |(at, held): &(usize, String)| {
        source.complain(*at, &format!("\"{held}\" is spelt in {KEY_HOME} alone"))
    };
    strings.map(tell).collect()
}

pub(crate) fn unfinished(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for macro_or_attribute in ["todo!", "unimplemented!", "#[ignore"] {
        let tell = |(at, _)| source.complain(at, &format!("{macro_or_attribute} is not finished"));
        complaints.extend(source.code.match_indices(macro_or_attribute).map(tell));
    }
    let mark = concat!("FIX", "ME");
    let tell = |(at, _)| source.complain(at, &format!("{mark}: mend it, or say what is true now"));
    complaints.extend(source.text.match_indices(mark).map(tell));
    complaints
}

pub(crate) fn machine_paths(file: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for path in MACHINE {
        for (at, _) in text.match_indices(path) {
            // `https://example.com/work/…` is an address, and `homework/` a word.
            if !text[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-'))
            {
                let line = 1 + text[..at].matches('\n').count();
                complaints.push(format!("{file}:{line}: {path} is a path of one machine"));
            }
        }
    }
    complaints
}

fn told(complaints: &[String], told: &str) {
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    assert!(complaints[0].contains(told), "{complaints:?}");
}

#[test]
fn a_word_out_of_place_is_told() {
    for (path, text, word) in [
        ("src/protocol/x.rs", "async fn x() {}", "async"),
        ("src/protocol/x.rs", "use tokio::sync;", "tokio"),
        ("src/model/x.rs", "use std::time::Instant;", "std::time"),
        ("src/model/x.rs", "use std::time::{Duration, Instant};", "std::time"),
        ("src/protocol/x.rs", "use object_store::path::Path;", "object_store"),
        ("src/env.rs", "use object_store::path::Path;", "object_store"),
        ("src/storage/x.rs", "unsafe { }", "unsafe"),
    ] {
        told(&out_of_place(&Source::new(path, text)), word);
    }
    for (path, text) in [
        ("src/protocol/x.rs", "// no async, no tokio\nfn asynchronous() {}"),
        ("src/protocol/x.rs", "use std::time::Duration;"),
        ("src/storage/x.rs", "use object_store::path::Path; async fn x() {}"),
        ("src/kernels/x86.rs", "unsafe { }"),
        ("src/cli/x.rs", "#![deny(unsafe_code)]"),
    ] {
        assert_eq!(out_of_place(&Source::new(path, text)), Vec::<String>::new(), "{text:?}");
    }
}

#[test]
fn a_file_without_a_header_is_told() {
    for text in ["use std::fmt;", "// Why\n", "\n//! Late.\n", "//!\n"] {
        assert!(without_header(&Source::new("src/x.rs", text)).is_some(), "{text:?}");
    }
    assert!(without_header(&Source::new("src/x.rs", "//! Why.\n")).is_none());
}

#[test]
fn a_key_spelt_elsewhere_is_told() {
    for text in ["format!(\"_names/{name}\")", "x + \"/HEAD\"", "r#\"a/w/7\"#", "\"_gone/\""] {
        told(&spelt_keys(&Source::new("src/log/x.rs", text)), "storage/keys.rs");
        assert!(spelt_keys(&Source::new(KEY_HOME, text)).is_empty());
    }
    let foot =
        "//! `_names/` is listed.\n\n#[cfg(test)]\nmod tests { const A: &str = \"_names/\"; }";
    assert!(spelt_keys(&Source::new("src/log/x.rs", foot)).is_empty());
}

#[test]
fn what_is_not_finished_is_told() {
    for text in
        ["fn x() { todo!() }", "#[ignore]\nfn x() {}", "#[ignore = \"slow\"]", "unimplemented!()"]
    {
        told(&unfinished(&Source::new("tests/x.rs", text)), "not finished");
    }
    told(&unfinished(&Source::new("src/x.rs", concat!("// FIX", "ME later"))), "mend it");
    assert!(unfinished(&Source::new("src/x.rs", "// no todo!() here\n\"#[ignore]\"")).is_empty());
}

#[test]
fn a_path_of_a_machine_is_told() {
    for path in MACHINE {
        told(&machine_paths("README.md", &format!("\nsee {path}x")), "README.md:2");
        assert!(machine_paths("README.md", &format!("https://example.com{path}")).is_empty());
    }
}
