//! What a compiler does not check and a reader counts on: which room may look into which, what
//! keeps out of the pure ones, where keys are spelt, and that the documentation points at things
//! that exist. Each check has a twin below that feeds it a bad snippet and expects the complaint.
//!
//! `cargo test --test tidy -- --nocapture` also prints the longest files and functions, for a look.

// The helpers of a test are a test, which clippy knows only of functions marked so.
#![allow(clippy::unwrap_used)]

mod layers;
mod links;
mod longest;
mod paths;
mod source;
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use source::Source;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file that is committed or could be, as paths from the root.
fn files() -> Vec<String> {
    let git = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files of the repository");
    assert!(git.status.success(), "git ls-files: {}", String::from_utf8_lossy(&git.stderr));
    let list = String::from_utf8(git.stdout).unwrap();
    let mut files: Vec<String> = list.lines().map(str::to_owned).collect();
    // A file that was removed and not yet committed is still listed.
    files.retain(|file| root().join(file).is_file());
    files.sort();
    files.dedup();
    assert!(files.iter().any(|file| file == "src/lib.rs"), "the list has the sources: {files:?}");
    files
}

/// A file as text; what is not UTF-8 is no text.
fn text(file: &str) -> Option<String> {
    String::from_utf8(fs::read(PathBuf::from(root()).join(file)).unwrap()).ok()
}

fn sources(under: &str) -> Vec<Source> {
    let ours = |file: &String| file.starts_with(under) && file.ends_with(".rs");
    let read = |file: String| Some(Source::new(&file, &text(&file)?));
    files().into_iter().filter(ours).filter_map(read).collect()
}

fn expect_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn arrows_between_rooms_point_down() {
    expect_none(sources("src/").iter().flat_map(layers::complaints).collect());
}

#[test]
fn pure_rooms_are_pure_and_each_dependency_has_its_home() {
    expect_none(sources("src/").iter().flat_map(words::out_of_place).collect());
}

#[test]
fn every_file_opens_with_why() {
    expect_none(sources("src/").iter().filter_map(words::without_header).collect());
}

#[test]
fn only_storage_keys_spells_keys() {
    expect_none(sources("src/").iter().flat_map(words::spelt_keys).collect());
}

#[test]
fn nothing_is_unfinished_or_switched_off() {
    expect_none(sources("").iter().flat_map(words::unfinished).collect());
}

#[test]
fn no_path_of_a_machine_is_committed() {
    let complaints = |file: String| Some(words::machine_paths(&file, &text(&file)?));
    expect_none(files().into_iter().filter_map(complaints).flatten().collect());
}

#[test]
fn the_documentation_points_at_things_that_exist() {
    let files = files();
    let pages = files.iter().filter(|file| links::is_page(file));
    expect_none(
        pages.flat_map(|page| links::complaints(page, &text(page).unwrap(), &files)).collect(),
    );
}

#[test]
fn the_comments_of_a_source_point_at_things_that_exist() {
    let files = files();
    let complaints = |source: &Source| links::doc_complaints(&source.path, &source.text, &files);
    expect_none(sources("").iter().flat_map(complaints).collect());
}

#[test]
fn the_longest_files_and_functions_are_worth_a_look() {
    longest::print(&sources("src/"));
}
