//! A configuration: a file, and beside it an environment, in lines `# env NAME=VALUE` of that file.
//!
//! What is accepted is printed, and means the same when it is read back, unless a secret is in it.

use std::collections::BTreeSet;

use elacsym::config::{Auth, Config, ConfigFile, Inputs, Problems};

use crate::random::Random;
use crate::target::{Answer, Target, skeleton};
use crate::{bend, memory};

const ENV: &str = "# env ";
const MEMORY_BYTES: usize = 256 << 10;
/// A level of a dotted key is said in two bytes, and is a table in memory.
const MEMORY_PER_BYTE: usize = 4096;

pub(crate) struct Settings;

impl Target for Settings {
    fn name(&self) -> &'static str {
        "settings"
    }

    fn ending(&self) -> &'static str {
        "toml"
    }

    fn bend(&self, random: &mut Random, input: &[u8], other: &[u8]) -> Vec<u8> {
        let how = |random: &mut Random, text: &mut Vec<u8>, other: &[u8]| match random.below(20) {
            0 => nest(random, text),
            1..6 => lines(random, text, other),
            _ => bend::text(random, text, other),
        };
        bend::times(2, random, (input, other), how)
    }

    fn judge(&self, input: &[u8]) -> Result<Answer, String> {
        let text = String::from_utf8_lossy(input).into_owned();
        let bytes_max = MEMORY_BYTES + MEMORY_PER_BYTE * text.len();
        match memory::bounded(bytes_max, || load(&text))? {
            Err(problems) => {
                let told: BTreeSet<String> =
                    problems.0.iter().map(|problem| skeleton(&problem.message)).collect();
                let told: Vec<&str> = told.iter().take(4).map(String::as_str).collect();
                // It is told to somebody.
                assert!(!problems.to_string().is_empty() && !told.is_empty(), "no problem");
                Ok(Answer::Refused(told.join("; ")))
            }
            Ok(config) => {
                let printed = config.to_string();
                let has_secret = matches!(config.auth, Auth::Keys(_));
                // As the file of keys that it may name, too.
                let files = config.check_files(|_| Ok(text.clone())).is_ok();
                match load(&printed) {
                    _ if has_secret => {}
                    Ok(again) if means(&again) == means(&config) => {}
                    other => return Err(format!("printed as\n{printed}\nand read as {other:?}")),
                }
                let notices = config.notices().len();
                let said = config.keys_said();
                Ok(Answer::Accepted(format!("{said} keys, {notices} notices, {files}")))
            }
        }
    }
}

fn load(text: &str) -> Result<Config, Problems> {
    let variable = |line: &str| {
        let (name, value) = line.strip_prefix(ENV)?.split_once('=')?;
        Some((name.into(), value.into()))
    };
    let file =
        ConfigFile { path: "elacsym.toml".into(), named_by: None, text: Ok(text.to_owned()) };
    let env = text.lines().filter_map(variable).collect();
    Config::load(&Inputs { file: Some(file), env, flags: Vec::new() })
}

/// All of it but who said it.
fn means(config: &Config) -> String {
    let Config { node, server, storage, indexer, query, auth, log, .. } = config;
    format!("{node:?} {server:?} {storage:?} {indexer:?} {query:?} {auth:?} {log:?}")
}

/// Deeper than anybody means it.
fn nest(random: &mut Random, text: &mut Vec<u8>) {
    let depth = 1 + random.below(2000);
    let (open, close) = *random.one_of(&[("[", "]"), ("{a=", "}"), ("a.", ""), ("[[", "]]")]);
    let at = random.below(text.len());
    let nested = [open.repeat(depth), "1".to_owned(), close.repeat(depth)].concat();
    drop(text.splice(at..at, nested.into_bytes()));
}

/// A line is taken out, moved, or comes from the other file.
fn lines(random: &mut Random, text: &mut Vec<u8>, other: &[u8]) {
    let mut lines: Vec<Vec<u8>> = text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let donors: Vec<&[u8]> = other.split(|byte| *byte == b'\n').collect();
    let (at, to) = (random.below(lines.len()), random.below(lines.len()));
    match random.below(3) {
        0 => drop(lines.remove(at)),
        1 => lines.swap(at, to),
        _ => lines.insert(at, random.one_of(&donors).to_vec()),
    }
    *text = lines.join(&b'\n');
}
