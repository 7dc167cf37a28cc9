//! Words that have one home, and words that have none.

use crate::paths;
use crate::source::Source;

/// Rooms without effects, and what would be one: a word, or a part of the standard library.
const PURE: &[&str] = &["eval", "index", "kernels", "model", "protocol"];
const EFFECTS: &[&str] = &["async", "await", "tokio", "rustix", "getrandom"];
const EFFECTS_OF_STD: &[&str] = &["time", "fs", "net", "env", "thread", "process", "os", "*"];

/// A word and the only places that may use it. Some are not there yet: where they may come is
/// decided here, and not by whoever needs one first.
const HOMES: &[(&str, &[&str])] = &[
    ("object_store", &["src/storage/"]),
    // And one call of the allocator's, which no safe library has.
    ("unsafe", &["src/kernels/", "src/env.rs"]),
    ("tracing_subscriber", &["src/cli/logging.rs"]),
    ("clap", &["src/cli/"]),
    ("toml", &["src/config/"]),
    ("rustix", &["src/env.rs", "src/storage/local/disk.rs"]),
    ("libc", &["src/env.rs"]),
    ("getrandom", &["src/env.rs"]),
    ("crc32fast", &["src/storage/frame.rs"]),
    ("chrono", &["src/storage/date.rs", "src/model/datetime.rs"]),
    // A hash that never changes: of keys, of seeds, of the members of a cluster.
    (
        "seahash",
        &[
            "src/storage/keys.rs",
            "src/env.rs",
            "src/cluster/",
            "src/namespace/newest.rs",
            "src/query/aggregation/hash.rs",
        ],
    ),
    ("jiff", &["src/query/aggregation/zone.rs"]),
    // What travels between nodes, and is on no store.
    ("postcard", &["src/query/aggregation/"]),
    ("moka", &["src/storage/cache/", "src/segment/"]),
    ("tantivy", &["src/index/text/"]),
    ("alyze", &["src/index/text/"]),
    ("frostem", &["src/index/text/analyzer/"]),
    ("parquet", &["src/segment/"]),
    ("axum", &["src/api/"]),
    ("hyper", &["src/api/"]),
    ("hyper_util", &["src/api/"]),
    ("rustls", &["src/api/"]),
    ("tokio_rustls", &["src/api/"]),
    ("aws_lc_rs", &["src/api/"]),
    ("serde_json", &["src/api/"]),
];

/// How keys of the store begin and end.
const KEY_PARTS: &[&str] = &["_names/", "_gone/", "/HEAD", "/w/"];
const KEY_HOME: &str = "src/storage/keys.rs";

/// Folders of one machine that mean nothing on another; in pieces, for this file is read too.
const MACHINE: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tmp", "/wt")];

pub(crate) fn out_of_place(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    if PURE.contains(&source.room()) {
        let tell =
            |at, effect: &str| source.complain(at, &format!("`{effect}` in a room that is pure"));
        for effect in EFFECTS {
            complaints.extend(source.words(effect).map(|at| tell(at, effect)));
        }
        for (at, path) in paths::below(source, "std") {
            let part = path.split("::").next().unwrap_or(&path);
            // A duration is a length; what reads a clock is not.
            if EFFECTS_OF_STD.contains(&part) && !path.starts_with("time::Duration") {
                complaints.push(tell(at, &format!("std::{path}")));
            }
        }
    }
    for (word, homes) in HOMES {
        if homes.iter().any(|home| source.path.starts_with(home)) {
            continue;
        }
        let message = format!("`{word}` has its home in {}", homes.join(" and "));
        complaints.extend(source.words(word).map(|at| source.complain(at, &message)));
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
            // Behind `.com` it is an address, and behind a letter a word.
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
        ("src/model/x.rs", "use std::time::{Duration, Instant};", "std::time::Instant"),
        ("src/protocol/x.rs", "use std::{sync::Arc, time::Instant};", "std::time::Instant"),
        ("src/protocol/x.rs", "use std::{fs, fmt};", "std::fs"),
        ("src/index/x.rs", "std::thread::spawn(f);", "std::thread::spawn"),
        ("src/eval/x.rs", "use std::process::Command;", "std::process"),
        ("src/model/x.rs", "use std::*;", "std::*"),
        ("src/protocol/x.rs", "use object_store::path::Path;", "object_store"),
        ("src/env.rs", "use object_store::path::Path;", "object_store"),
        ("src/storage/x.rs", "unsafe { }", "unsafe"),
        ("src/log/x.rs", "crc32fast::hash(b)", "src/storage/frame.rs"),
        ("src/cli/x.rs", "use chrono::Utc;", "src/storage/date.rs"),
        ("src/log/x.rs", "seahash::hash(b)", "src/storage/keys.rs and src/env.rs"),
        ("src/storage/x.rs", "use moka::sync::Cache;", "src/storage/cache/"),
        ("src/storage/x.rs", "rustix::fs::statfs(p)", "src/storage/local/disk.rs"),
        ("src/segment/x.rs", "use tantivy::Index;", "src/index/text/"),
        ("src/query/x.rs", "use parquet::file;", "src/segment/"),
        ("src/cluster/x.rs", "use axum::Router;", "src/api/"),
        ("src/cli/x.rs", "use hyper::Request;", "`hyper`"),
        ("src/cli/x.rs", "use hyper_util::rt::TokioIo;", "`hyper_util`"),
        ("src/cli/x.rs", "use tokio_rustls::TlsAcceptor;", "`tokio_rustls`"),
        ("src/storage/x.rs", "aws_lc_rs::digest::digest(a, b)", "`aws_lc_rs`"),
        ("src/config/x.rs", "serde_json::from_str(s)", "src/api/"),
        ("src/cli/x.rs", "toml::from_str(s)", "src/config/"),
    ] {
        told(&out_of_place(&Source::new(path, text)), word);
    }
    for (path, text) in [
        ("src/protocol/x.rs", "// no async, no tokio\nfn asynchronous() {}"),
        ("src/protocol/x.rs", "use std::time::Duration;"),
        ("src/protocol/x.rs", "use std::{sync::Arc, time::Duration}; std::mem::take(&mut x);"),
        ("src/storage/local/disk.rs", "rustix::fs::statfs(p); std::fs::read(p)"),
        ("src/segment/x.rs", "\".parquet\""),
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
