//! `elacsym fsck`: is everything in the store what it should be? It reads, and changes nothing, so that
//! it may be asked while nodes are at work.
//!
//! It takes the store of the configuration, whoever else uses it. What it finds goes to stdout, how far
//! it is to stderr. Here 2 means also that it could not be run to its end: only with 0 and 1 was
//! everything looked at.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::time::Duration;

use clap::Args;

use super::flags::Flags;
use super::json::quoted;
use super::{Failure, logging, texts, threads};
use crate::config::{Config, Location};
use crate::env::{self, Clock, Dice};
use crate::error::{Context, Error, Result};
use crate::model::Namespace;
use crate::namespace::fsck::{self, Finding, Findings};
use crate::storage;

/// Between two words on how far it is.
const EVERY: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
pub(super) struct Wish {
    /// Check this namespace alone
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Print each finding, and the summary, as an object of JSON, one a line
    #[arg(long)]
    json: bool,
}

/// For people, or for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Lines,
    Json,
}

pub(super) fn run(
    wish: &Wish,
    flags: Flags,
    vars: Vec<(OsString, OsString)>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let texts = texts(&vars);
    let config = Config::load(&flags.into_inputs(vars)).map_err(Failure::Configuration)?;
    logging::start(&config.log);
    let name = wish.name.as_deref().map(Namespace::new).transpose().map_err(Failure::Refused)?;
    let place = &config.storage;
    is_there(place).map_err(Failure::Refused)?;
    env::raise_open_files();
    let found = threads::run_unless_stopped(look(place, texts, name));
    let found = found.flatten().map_err(Failure::Refused)?;
    let form = if wish.json { Form::Json } else { Form::Lines };
    print(&found, form, out).and_then(|()| out.flush()).map_err(Failure::Output)?;
    match found.error_count() {
        0 => Ok(()),
        errors => {
            let said = format!("{place} is not what it should be: {errors} errors");
            Err(Failure::Serving(Error::corrupt(said)))
        }
    }
}

/// To open a folder makes it: a mistake in its path would be an empty store, in which all is well.
fn is_there(place: &Location) -> Result<()> {
    match place {
        Location::Local(folder) if !fs::exists(folder).unwrap_or(true) => {
            let folder = folder.display();
            Err(Error::invalid(format!("{folder} is not there: nobody has stored anything in it")))
        }
        Location::Memory => {
            Err(Error::invalid("memory:// is seen by the process alone that holds it"))
        }
        Location::Local(_) | Location::S3 { .. } => Ok(()),
    }
}

async fn look(
    place: &Location,
    vars: Vec<(String, String)>,
    name: Option<Namespace>,
) -> Result<Findings> {
    let clock = Clock::start();
    let store = storage::open(place, vars, clock, Dice::from_os()).await;
    // From here on nobody holds what could write.
    let store = store.context(format!("opening the store {place}"))?.reader();
    if let Some(name) = name {
        let found = fsck::check_name(&store, clock, &name).await?;
        // A mistake in the name would be one in which all is well.
        return match found.names == 0 && found.is_silent() {
            true => Err(Error::invalid(format!("there is no namespace '{name}' in {place}"))),
            false => Ok(found),
        };
    }
    let mut next = clock.now() + EVERY;
    let tell = |found: &Findings| {
        if clock.now() >= next {
            next = clock.now() + EVERY;
            say(found);
        }
    };
    fsck::check_all(&store, clock, tell).await
}

/// How far it is. There is nobody left to tell if stderr is closed.
fn say(found: &Findings) {
    let (names, bytes, errors) = (found.names, found.bytes >> 20, found.error_count());
    let _ = writeln!(io::stderr(), "{names} names, {bytes} MiB, {errors} errors so far");
}

fn print(found: &Findings, form: Form, out: &mut impl Write) -> io::Result<()> {
    match form {
        Form::Lines => write!(out, "{found}"),
        Form::Json => {
            found.iter().try_for_each(|finding| writeln!(out, "{}", json(finding)))?;
            writeln!(out, "{}", summary(found))
        }
    }
}

fn json(finding: &Finding) -> String {
    let Finding { what, place, said } = finding;
    let (list, place, said) = (what.list(), quoted(place), quoted(said));
    format!("{{\"list\":\"{list}\",\"what\":\"{what}\",\"place\":{place},\"said\":{said}}}")
}

fn summary(found: &Findings) -> String {
    let Findings { errors, leaks, notes, more, names, lives, slots, files, bytes } = found;
    let errors = errors.len() as u64 + more.errors;
    let leaks = leaks.len() as u64 + more.leaks;
    let notes = notes.len() as u64 + more.notes;
    format!(
        "{{\"errors\":{errors},\"leaks\":{leaks},\"notes\":{notes},\"names\":{names},\
         \"lives\":{lives},\"slots\":{slots},\"files\":{files},\"bytes\":{bytes}}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::namespace::fsck::What;

    fn found() -> Findings {
        let finding = |what, place: &str, said: &str| Finding {
            what,
            place: place.to_owned(),
            said: said.to_owned(),
        };
        Findings {
            errors: vec![finding(What::Corrupt, "a/b", "\"odd\"")],
            leaks: vec![finding(What::Waits, "c", "a batch")],
            names: 3,
            bytes: 7,
            ..Findings::default()
        }
    }

    fn printed(form: Form) -> String {
        let mut out = Vec::new();
        print(&found(), form, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_person_reads_a_line_for_each_finding_and_how_much_there_is() {
        assert_eq!(
            printed(Form::Lines),
            "error: corrupt: a/b: \"odd\"\nleak: waits: c: a batch\n\
             3 names, 0 lives, 0 slots, 0 files, 7 bytes\n1 errors, 1 leaks, 0 notes\n"
        );
    }

    #[test]
    fn a_machine_reads_the_same() {
        assert_eq!(
            printed(Form::Json),
            "{\"list\":\"error\",\"what\":\"corrupt\",\"place\":\"a/b\",\"said\":\"\\\"odd\\\"\"}\n\
             {\"list\":\"leak\",\"what\":\"waits\",\"place\":\"c\",\"said\":\"a batch\"}\n\
             {\"errors\":1,\"leaks\":1,\"notes\":0,\"names\":3,\"lives\":0,\"slots\":0,\
             \"files\":0,\"bytes\":7}\n"
        );
    }

    #[test]
    fn a_folder_that_is_not_there_is_no_empty_store() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| is_there(&Location::Local(folder.path().join(path)));
        assert!(at("").is_ok());
        assert!(at("absent").unwrap_err().to_string().contains("is not there"));
        assert!(is_there(&Location::Memory).is_err());
        assert!(!folder.path().join("absent").exists());
    }

    #[tokio::test]
    async fn a_store_is_looked_at_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let place = Location::Local(folder.path().to_owned());
        let found = look(&place, Vec::new(), None).await.unwrap();
        assert!(found.is_silent(), "{found}");
        let name = Some(Namespace::new("acme").unwrap());
        let told = look(&place, Vec::new(), name).await.unwrap_err();
        assert!(told.to_string().contains("there is no namespace 'acme'"), "{told}");
    }
}
