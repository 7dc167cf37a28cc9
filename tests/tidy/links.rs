//! Links of the documentation, and paths in backticks, lead to files that exist: in pages, and in
//! the comments of a source that document it.

use std::path::{Component, Path, PathBuf};

pub(crate) fn is_page(file: &str) -> bool {
    file.ends_with(".md")
}

/// `files` are all that exist, as paths from the root.
pub(crate) fn complaints(page: &str, text: &str, files: &[String]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut fenced = false;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        let dead_links = links(line).filter(|link| !link_leads(page, link, files));
        let dead_paths = code(line).filter(|word| is_path(word) && !path_leads(word, files));
        let tell = |dead: &str| format!("{page}:{number}: `{dead}` does not exist");
        complaints.extend(dead_links.chain(dead_paths).map(tell));
    }
    complaints
}

/// Paths in backticks in `//!` and `///`. Links there are the compiler's, which knows more of them.
pub(crate) fn doc_complaints(file: &str, text: &str, files: &[String]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut fenced = false;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_start();
        let Some(doc) = line.strip_prefix("//!").or_else(|| line.strip_prefix("///")) else {
            fenced = false;
            continue;
        };
        if doc.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        let beside = |word: &str| exists(&folder(file).join(word), files);
        let dead = |word: &&str| is_path(word) && !path_leads(word, files) && !beside(word);
        let words = code(doc).filter(|_| !fenced).filter(dead);
        complaints.extend(words.map(|word| format!("{file}:{number}: `{word}` does not exist")));
    }
    complaints
}

/// The targets of `[text](target)`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("](").filter_map(|(at, mark)| line[at + mark.len()..].split(')').next())
}

/// What stands between backticks.
fn code(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn link_leads(page: &str, link: &str, files: &[String]) -> bool {
    let target = link.split('#').next().unwrap_or(link);
    if target.is_empty() || link.contains("://") || link.starts_with("mailto:") {
        return true;
    }
    exists(&folder(page).join(target), files)
}

fn folder(file: &str) -> &Path {
    Path::new(file).parent().unwrap_or(Path::new(""))
}

/// In prose a source is often named from `src`, and a page from `docs`.
fn path_leads(word: &str, files: &[String]) -> bool {
    ["", "src", "docs"].iter().any(|folder| exists(&Path::new(folder).join(word), files))
}

/// Whether a word can only be meant as a file or a folder of this repository.
fn is_path(word: &str) -> bool {
    const FOLDERS: &[&str] =
        &[".ci", "benches", "deploy", "docs", "examples", "nginx", "scripts", "src", "tests"];
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '_' | '-');
    let first = word.split('/').next().unwrap_or(word);
    let in_folder = word.contains('/') && FOLDERS.contains(&first);
    word.chars().all(plain) && (in_folder || word.ends_with(".rs") || word.ends_with(".md"))
}

fn exists(path: &Path, files: &[String]) -> bool {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if !plain.pop() => return false,
            Component::ParentDir | Component::CurDir => {}
            part => plain.push(part),
        }
    }
    files.iter().any(|file| Path::new(file).starts_with(&plain))
}

#[test]
fn a_dead_link_is_told() {
    let files = ["README.md", "docs/FORMAT.md", "src/storage/keys.rs"].map(str::to_owned);
    for (page, line) in [
        ("README.md", "see [the format](docs/FORMAL.md)"),
        ("docs/A.md", "see [the front page](../READ.md#top)"),
        ("docs/A.md", "see [outside](../../README.md)"),
        ("docs/A.md", "and `storage/key.rs`, where"),
        ("docs/A.md", "`scripts/test` is the command"),
        ("docs/A.md", "`tests/` holds"),
        ("docs/A.md", "`ROADMAP.md`"),
    ] {
        let told = complaints(page, &format!("# Title\n{line}\n"), &files);
        assert_eq!(told.len(), 1, "{line}: {told:?}");
        assert!(told[0].starts_with(&format!("{page}:2:")), "{told:?}");
    }
}

#[test]
fn a_living_link_is_not() {
    let files = ["README.md", "docs/FORMAT.md", "src/storage/keys.rs"].map(str::to_owned);
    for (page, text) in [
        ("README.md", "[a](docs/FORMAT.md#slots) [b](https://x.example/y) [c](#below)"),
        (
            "docs/A.md",
            "[a](../README.md) [b](FORMAT.md) `storage/keys.rs` `FORMAT.md` `src/storage/`",
        ),
        ("docs/A.md", "`s3://bucket/prefix` `elacsym.toml` `a/b` `docs/*.md` `w/<seq>`"),
        ("docs/A.md", "```\n`src/absent.rs` [a](absent)\n```"),
    ] {
        assert_eq!(complaints(page, text, &files), Vec::<String>::new(), "{text}");
    }
}

/// The map of the house named the tidy test as one file, long after it had become a folder.
#[test]
fn a_dead_path_in_the_comments_of_a_source_is_told() {
    let files = ["src/lib.rs", "src/storage/wire.rs", "src/storage/open.rs", "tests/tidy/main.rs"];
    let files = files.map(str::to_owned);
    for line in ["//! (`tests/tidy.rs`):", "    /// As `opened.rs` does.", "/// `docs/FORMAL.md`"] {
        let told = doc_complaints("src/storage/wire.rs", &format!("//! Why.\n{line}\n"), &files);
        assert_eq!(told.len(), 1, "{line}: {told:?}");
        assert!(told[0].starts_with("src/storage/wire.rs:2:"), "{told:?}");
    }
    for text in [
        "//! (`tests/tidy/`), `storage/wire.rs`, `open.rs`, `Store`, `s3://a/b.rs`",
        "// `absent.rs`\nlet a = 1; // `src/absent.rs`",
        "/// ```text\n/// `src/absent.rs`\n/// ```\nfn x() {}",
        "//! `n/…/HEAD` and [`Folder`](super::Folder)",
    ] {
        let told = doc_complaints("src/storage/wire.rs", text, &files);
        assert_eq!(told, Vec::<String>::new(), "{text}");
    }
}
