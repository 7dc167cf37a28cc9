//! Every key that we write, and the one place that knows how it is spelt.
//!
//! ```text
//! _probe/<ulid>/<number:04>                       what the conformance probe writes and removes
//! _cluster/nodes/<node id>                        heartbeats              cell
//! _cluster/secret                                 signs redirects         cell
//! _names/<ns>!<inc>                               a name that may live    marker
//! _gone/<ns>!<inc>                                a dead one to collect   marker
//! n/<hh>/<ns>/HEAD                                the head                cell
//! n/<hh>/<ns>/<inc>/w/<seq:020>                   a slot of the log       immutable
//! n/<hh>/<ns>/<inc>/s/<epoch:010>-<ulid>.parquet  rows (.text, .vec)      immutable
//! n/<hh>/<ns>/<inc>/d/<epoch:010>-<ulid>.dv       deletion vectors        immutable
//! n/<hh>/<ns>/<inc>/k/<epoch:010>-<ulid>          idempotency keys        immutable
//! n/<hh>/<ns>/<inc>/b/<epoch:010>-<ulid>          chunks of large batches immutable
//! ```
//!
//! What must hold: keys are built from newtypes only; a key has one spelling, and the parser takes
//! that one and nothing else; slots sort as text as their numbers do, for a listing that starts
//! after slot *n* rests on it. A sequence number fills its 20 digits at `u64::MAX`. An epoch has
//! 10, and one that does not fit is refused, not widened: [`EPOCH_MAX`] claims of one name are one
//! a second for 317 years.

use std::fmt;

use object_store::path::Path;

use super::ulid;
use crate::error::{Error, Result};
use crate::model::{
    Epoch, FileKind, FileName, Incarnation, Marker, MarkerKind, Namespace, NodeId, Seq,
};

/// The largest epoch that a key can carry.
pub const EPOCH_MAX: Epoch = Epoch(9_999_999_999);

/// Any key of ours, as a listing meets it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    Probe(ProbeKey),
    Cell(CellKey),
    Marker(Marker),
    Immutable(ImmutableKey),
}

/// Changed by compare-and-swap only, and never cached: no cache takes this type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CellKey {
    Head(Namespace),
    Node(NodeId),
    Secret,
}

/// Written once and never changed while it is there: the one type that a cache takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImmutableKey {
    Slot(SlotKey),
    File(FileName),
}

/// A place in the log. Its bytes are immutable, but whether it is filled is not: that question is
/// `Reader::slot`, which takes this type, so that no cache can answer it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotKey {
    pub home: Namespace,
    pub inc: Incarnation,
    pub seq: Seq,
}

/// One object of one run of the conformance probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProbeKey {
    pub run: u128,
    pub number: u16,
}

/// What may be deleted. There is no head among it: a head is never deleted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doomed {
    Slot(SlotKey),
    File(FileName),
    Marker(Marker),
    Node(NodeId),
}

/// What can be listed: all keys below one folder.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Folder {
    Nodes,
    Markers(MarkerKind),
    /// Everything of every name.
    Names,
    /// Everything of one name: its head, and all of its lives.
    Name(Namespace),
    /// Everything of one incarnation.
    Life(Namespace, Incarnation),
    /// One kind of thing of one incarnation.
    Drawer(Namespace, Incarnation, Drawer),
    /// What probes that died have left.
    Probes,
    /// What one run of the probe wrote.
    Probe(u128),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Drawer {
    Slots,
    Segments,
    Deletions,
    KeyTables,
    Chunks,
}

impl Key {
    /// Total: any text gives a key or an error, and a key only for the text that spells it.
    pub fn parse(text: &str) -> Result<Self> {
        recognise(text).ok_or_else(|| Error::invalid(format!("{text:?} is not a key of elacsym")))
    }

    /// The key as text, below the root of the store.
    pub fn spell(&self) -> Result<String> {
        Ok(match self {
            Self::Probe(key) => key.to_string(),
            Self::Cell(key) => key.to_string(),
            Self::Marker(marker) => spell_marker(marker),
            Self::Immutable(key) => return key.spell(),
        })
    }
}

impl ImmutableKey {
    /// Fails for an epoch that the key has no room for.
    pub fn spell(&self) -> Result<String> {
        match self {
            Self::Slot(slot) => Ok(slot.to_string()),
            Self::File(file) => spell_file(file),
        }
    }
}

impl Doomed {
    pub(super) fn spell(&self) -> Result<String> {
        Ok(match self {
            Self::Slot(slot) => slot.to_string(),
            Self::File(file) => return spell_file(file),
            Self::Marker(marker) => spell_marker(marker),
            Self::Node(node) => CellKey::Node(node.clone()).to_string(),
        })
    }
}

impl fmt::Display for CellKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(name) => write!(f, "n/{}/{name}/HEAD", Hh(name)),
            Self::Node(node) => write!(f, "_cluster/nodes/{node}"),
            Self::Secret => f.write_str("_cluster/secret"),
        }
    }
}

impl fmt::Display for SlotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { home, inc, seq } = self;
        write!(f, "n/{}/{home}/{inc}/w/{:020}", Hh(home), seq.0)
    }
}

impl fmt::Display for ProbeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "_probe/{}/{:04}", ulid::spell(self.run), self.number)
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nodes => f.write_str("_cluster/nodes"),
            Self::Markers(kind) => f.write_str(marker_folder(*kind)),
            Self::Names => f.write_str("n"),
            Self::Name(name) => write!(f, "n/{}/{name}", Hh(name)),
            Self::Life(name, inc) => write!(f, "n/{}/{name}/{inc}", Hh(name)),
            Self::Drawer(name, inc, drawer) => {
                write!(f, "n/{}/{name}/{inc}/{}", Hh(name), drawer.letter())
            }
            Self::Probes => f.write_str("_probe"),
            Self::Probe(run) => write!(f, "_probe/{}", ulid::spell(*run)),
        }
    }
}

impl Drawer {
    fn letter(self) -> &'static str {
        match self {
            Self::Slots => "w",
            Self::Segments => "s",
            Self::Deletions => "d",
            Self::KeyTables => "k",
            Self::Chunks => "b",
        }
    }
}

/// Two digits that spread names over the prefixes by which a bucket limits its request rate: the
/// most significant byte of seahash 4.1 (its default seeds) of the name's bytes.
struct Hh<'a>(&'a Namespace);

impl fmt::Display for Hh<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", seahash::hash(self.0.as_str().as_bytes()) >> 56)
    }
}

/// The spelling as the path that `object_store` wants. None of our characters is one it encodes.
pub(super) fn path(key: impl fmt::Display) -> Path {
    Path::from(key.to_string())
}

/// Drawer and ending of each kind of file: the writer and the parser read the same table.
fn place(kind: FileKind) -> (Drawer, &'static str) {
    match kind {
        FileKind::Rows => (Drawer::Segments, ".parquet"),
        FileKind::Text => (Drawer::Segments, ".text"),
        FileKind::Vectors => (Drawer::Segments, ".vec"),
        FileKind::Deletions => (Drawer::Deletions, ".dv"),
        FileKind::Keys => (Drawer::KeyTables, ""),
        FileKind::Chunk => (Drawer::Chunks, ""),
    }
}

fn marker_folder(kind: MarkerKind) -> &'static str {
    match kind {
        MarkerKind::Live => "_names",
        MarkerKind::Gone => "_gone",
    }
}

/// '!' sorts below every character of a name, so `a!…` comes before `a-b!…`, as `a` does before
/// `a-b`.
pub(super) fn spell_marker(marker: &Marker) -> String {
    let Marker { kind, name, inc } = marker;
    format!("{}/{name}!{inc}", marker_folder(*kind))
}

pub(super) fn spell_file(file: &FileName) -> Result<String> {
    let FileName { home, inc, epoch, ulid, kind } = file;
    if *epoch > EPOCH_MAX {
        return Err(Error::internal(format!(
            "epoch {epoch} of {home} does not fit a key, which holds up to {EPOCH_MAX}"
        )));
    }
    let (drawer, ending) = place(*kind);
    let (hh, letter, ulid) = (Hh(home), drawer.letter(), ulid::spell(*ulid));
    Ok(format!("n/{hh}/{home}/{inc}/{letter}/{:010}-{ulid}{ending}", epoch.0))
}

fn recognise(text: &str) -> Option<Key> {
    let parts: Vec<&str> = text.splitn(7, '/').collect();
    Some(match *parts.as_slice() {
        ["_probe", run, number] => Key::Probe(ProbeKey {
            run: ulid::parse(run)?,
            number: digits(number, 4)?.try_into().ok()?,
        }),
        ["_cluster", "nodes", node] => Key::Cell(CellKey::Node(NodeId::new(node).ok()?)),
        ["_cluster", "secret"] => Key::Cell(CellKey::Secret),
        ["_names", leaf] => Key::Marker(marker(MarkerKind::Live, leaf)?),
        ["_gone", leaf] => Key::Marker(marker(MarkerKind::Gone, leaf)?),
        ["n", hh, name, "HEAD"] => Key::Cell(CellKey::Head(home(hh, name)?)),
        ["n", hh, name, inc, "w", seq] => Key::Immutable(ImmutableKey::Slot(SlotKey {
            home: home(hh, name)?,
            inc: incarnation(inc)?,
            seq: Seq(digits(seq, 20)?),
        })),
        ["n", hh, name, inc, letter, leaf] => Key::Immutable(ImmutableKey::File(file(
            home(hh, name)?,
            incarnation(inc)?,
            letter,
            leaf,
        )?)),
        _ => return None,
    })
}

fn marker(kind: MarkerKind, leaf: &str) -> Option<Marker> {
    let (name, inc) = leaf.split_once('!')?;
    Some(Marker { kind, name: Namespace::new(name).ok()?, inc: incarnation(inc)? })
}

fn home(hh: &str, name: &str) -> Option<Namespace> {
    let name = Namespace::new(name).ok()?;
    (Hh(&name).to_string() == hh).then_some(name)
}

fn file(home: Namespace, inc: Incarnation, letter: &str, leaf: &str) -> Option<FileName> {
    let (epoch, rest) = leaf.split_once('-')?;
    let (ulid, ending) = rest.split_at_checked(26)?;
    let kind = FileKind::ALL.into_iter().find(|kind| {
        let (drawer, its_ending) = place(*kind);
        drawer.letter() == letter && its_ending == ending
    })?;
    Some(FileName { home, inc, epoch: Epoch(digits(epoch, 10)?), ulid: ulid::parse(ulid)?, kind })
}

fn incarnation(text: &str) -> Option<Incarnation> {
    let canonical = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (text.len() == 32 && text.bytes().all(canonical))
        .then(|| u128::from_str_radix(text, 16).ok().map(Incarnation))?
}

/// Exactly so many decimal digits; no sign, no blanks, no overflow.
fn digits(text: &str, width: usize) -> Option<u64> {
    (text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::any::{any_file, any_inc, any_name};

    fn name(text: &str) -> Namespace {
        Namespace::new(text).unwrap()
    }

    const INC: Incarnation = Incarnation(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
    const ULID: u128 = 0x0190_0000_0000_0000_0000_0000_0000_002a;

    /// The vectors of `docs/FORMAT.md`.
    #[test]
    fn keys_are_spelt_as_the_format_page_says() {
        let home = name("acme");
        let file = |kind| {
            let file = FileName { home: home.clone(), inc: INC, epoch: Epoch(7), ulid: ULID, kind };
            ImmutableKey::File(file).spell().unwrap()
        };
        let life = "n/85/acme/0123456789abcdef0011223344556677";
        let leaf = "0000000007-01J0000000000000000000001A";
        assert_eq!(CellKey::Head(home.clone()).to_string(), "n/85/acme/HEAD");
        assert_eq!(
            SlotKey { home: home.clone(), inc: INC, seq: Seq(12) }.to_string(),
            format!("{life}/w/00000000000000000012")
        );
        assert_eq!(file(FileKind::Rows), format!("{life}/s/{leaf}.parquet"));
        assert_eq!(file(FileKind::Text), format!("{life}/s/{leaf}.text"));
        assert_eq!(file(FileKind::Vectors), format!("{life}/s/{leaf}.vec"));
        assert_eq!(file(FileKind::Deletions), format!("{life}/d/{leaf}.dv"));
        assert_eq!(file(FileKind::Keys), format!("{life}/k/{leaf}"));
        assert_eq!(file(FileKind::Chunk), format!("{life}/b/{leaf}"));
        let marker = |kind| spell_marker(&Marker { kind, name: home.clone(), inc: INC });
        assert_eq!(marker(MarkerKind::Live), format!("_names/acme!{INC}"));
        assert_eq!(marker(MarkerKind::Gone), format!("_gone/acme!{INC}"));
        let node = NodeId::new("node-1").unwrap();
        assert_eq!(CellKey::Node(node).to_string(), "_cluster/nodes/node-1");
        assert_eq!(CellKey::Secret.to_string(), "_cluster/secret");
        assert_eq!(
            ProbeKey { run: ULID, number: 3 }.to_string(),
            "_probe/01J0000000000000000000001A/0003"
        );
    }

    #[test]
    fn the_two_digits_of_a_name_never_change() {
        let vectors = [("a", "29"), ("acme", "85"), ("products", "c5"), ("...", "1e")];
        for (text, digits) in vectors {
            assert_eq!(Hh(&name(text)).to_string(), digits, "{text}");
        }
    }

    #[test]
    fn a_name_sorts_before_the_names_that_it_begins() {
        let marker = |text: &str| {
            spell_marker(&Marker { kind: MarkerKind::Live, name: name(text), inc: INC })
        };
        let names = ["a", "a-", "a.", "a0", "aA", "a_", "aa", "b"];
        assert!(names.iter().map(|text| marker(text)).is_sorted());
    }

    #[test]
    fn an_epoch_beyond_its_digits_is_refused_and_every_seq_fits() {
        let file = |epoch| FileName {
            home: name("acme"),
            inc: INC,
            epoch: Epoch(epoch),
            ulid: ULID,
            kind: FileKind::Rows,
        };
        assert!(ImmutableKey::File(file(EPOCH_MAX.0)).spell().is_ok());
        assert!(ImmutableKey::File(file(EPOCH_MAX.0 + 1)).spell().is_err());
        assert!(Doomed::File(file(EPOCH_MAX.0 + 1)).spell().is_err());
        let last = SlotKey { home: name("acme"), inc: INC, seq: Seq(u64::MAX) }.to_string();
        assert!(last.ends_with("/w/18446744073709551615"));
        assert!(Key::parse(&last).is_ok());
        assert!(Key::parse(&last.replace("18446744073709551615", "18446744073709551616")).is_err());
    }

    #[test]
    fn text_that_no_key_spells_is_refused() {
        let good = CellKey::Head(name("acme")).to_string();
        assert!(Key::parse(&good).is_ok());
        let slot = SlotKey { home: name("acme"), inc: INC, seq: Seq(1) }.to_string();
        for bad in [
            String::new(),
            "/".into(),
            format!("/{good}"),
            format!("{good}/"),
            good.replace("HEAD", "head"),
            good.replace("acme", "acm"),
            slot.replace("abcdef", "ABCDEF"),
            slot.replace("/w/", "/s/"),
            slot.replace("/w/0", "/w/+"),
            format!("{slot}0"),
            "_names/acme".into(),
            "_names/acme!1".into(),
            format!("_names/.!{INC}"),
            "_cluster/nodes/".into(),
            "_cluster/nodes/..".into(),
            "_probe/x/0001".into(),
        ] {
            assert!(Key::parse(&bad).is_err(), "{bad:?}");
        }
    }

    fn any_key() -> impl Strategy<Value = Key> {
        let kinds = prop::sample::select(vec![MarkerKind::Live, MarkerKind::Gone]);
        prop_oneof![
            (any::<u128>(), 0..10_000_u16)
                .prop_map(|(run, number)| Key::Probe(ProbeKey { run, number })),
            any_name().prop_map(|name| Key::Cell(CellKey::Head(name))),
            any_name()
                .prop_map(|name| Key::Cell(CellKey::Node(NodeId::new(name.as_str()).unwrap()))),
            Just(Key::Cell(CellKey::Secret)),
            (kinds, any_name(), any_inc()).prop_map(|(kind, name, inc)| Key::Marker(Marker {
                kind,
                name,
                inc
            })),
            (any_name(), any_inc(), any::<u64>()).prop_map(|(home, inc, seq)| Key::Immutable(
                ImmutableKey::Slot(SlotKey { home, inc, seq: Seq(seq) })
            )),
            any_file().prop_map(|file| Key::Immutable(ImmutableKey::File(file))),
        ]
    }

    proptest! {
        #[test]
        fn every_key_parses_back(key in any_key()) {
            let text = key.spell().unwrap();
            let path = path(&text);
            prop_assert_eq!(path.as_ref(), &text, "object_store changes no character");
            prop_assert_eq!(Key::parse(&text).unwrap(), key);
        }

        #[test]
        fn whatever_parses_is_spelt_that_way(key in any_key(), at in any::<prop::sample::Index>(),
                                             put in "[ -~é/]{0,2}") {
            let mut text = key.spell().unwrap();
            let at = at.index(text.len());
            text.replace_range(at..at + 1, &put);
            if let Ok(key) = Key::parse(&text) {
                prop_assert_eq!(key.spell().unwrap(), text);
            }
        }

        #[test]
        fn slots_sort_as_their_numbers_do(one in any::<u64>(), two in any::<u64>()) {
            let slot = |seq| SlotKey { home: name("a"), inc: INC, seq: Seq(seq) }.to_string();
            prop_assert_eq!(slot(one).cmp(&slot(two)), one.cmp(&two));
        }

        #[test]
        fn any_text_is_answered(text in ".{0,300}") {
            let _ = Key::parse(&text);
        }
    }
}
