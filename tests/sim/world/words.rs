//! What a run is made of, in words that its parts share: who asked what, and what they were told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use elacsym::model::{
    AttrType, Attribute, Create, Element, Excess, Metric, Namespace, Pinning, Pressure, ReadOnly,
    Scalar,
};

use super::values::{Sample, Type};

/// A point in the order of a run. Of two, the lower came first, and no two things share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    /// When a request ended that did not.
    pub(crate) const NEVER: Self = Self(u64::MAX);
}

/// Gives out the moments of a run. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order(Arc<AtomicU64>);

impl Order {
    pub(crate) fn next(&self) -> Moment {
        Moment(self.0.fetch_add(1, Relaxed))
    }
}

/// What a document holds under a name. What is missing is not in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Datum {
    Int(i64),
    Text(String),
    /// Of f32, but of small whole numbers, whose distances are exact.
    Vector(Vec<i8>),
    /// Of any other type.
    Other(Sample),
}

impl Datum {
    /// None: nobody here writes such numbers.
    pub(crate) fn vector(numbers: &[f32]) -> Option<Self> {
        let whole = |number: &f32| {
            let held = *number as i8;
            (f32::from(held) == *number).then_some(held)
        };
        numbers.iter().map(whole).collect::<Option<Vec<i8>>>().map(Self::Vector)
    }

    /// Of what is under a fickle attribute: whether any other kind refuses it, and it says by itself of which
    /// kind it is.
    pub(crate) fn tells_kind(&self) -> bool {
        match self {
            Self::Int(_) | Self::Vector(_) => false,
            Self::Text(_) => true,
            Self::Other(sample) => sample.tells(),
        }
    }
}

/// A document by its attributes. Every one that a change writes carries [`MARK`].
pub(crate) type Doc = BTreeMap<&'static str, Datum>;

/// The attribute that says which change wrote a document last: `Datum::Int` of `Act::no`.
pub(crate) const MARK: &str = "mark";
/// A number that counters raise and conditions compare.
pub(crate) const COUNT: &str = "count";
/// A text, of any length up to some kilobytes.
pub(crate) const TEXT: &str = "text";
/// Attributes that are declared, dropped and added again, as any type but vectors. A value that does not
/// tell of which kind it is comes with a declaration.
pub(crate) const FICKLE: [&str; 2] = ["fickle", "frail"];

/// A vector, which some lives have, and which is declared with their first document or never. Under this
/// name nothing else is taken for what an undeclared list of numbers may be.
pub(crate) const VECTOR: &str = "vector";
/// One of every other type of vectors, in lives that have such. They always come with a declaration, for none
/// of them is taken by itself for what it is.
pub(crate) const BESIDE: [&str; 4] = ["halves", "smalls", "weights", "several"];
/// By which all vectors are near or far.
pub(crate) const METRIC: Metric = Metric::EuclideanSquared;
/// All that documents here can have.
pub(crate) const ATTRIBUTES: [&str; 10] =
    [MARK, COUNT, TEXT, VECTOR, BESIDE[0], BESIDE[1], BESIDE[2], BESIDE[3], FICKLE[0], FICKLE[1]];

/// Those vectors, with their types.
pub(crate) fn beside() -> impl Iterator<Item = (&'static str, Type)> {
    BESIDE.into_iter().zip(Type::vectors())
}

/// What kind of values an attribute takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Int,
    Text,
    /// Of so many numbers, as f32.
    Vector(u32),
    Other(Type),
}

impl Kind {
    /// All that a fickle attribute may be.
    pub(crate) fn fickle() -> impl Iterator<Item = Self> {
        let plain = Type::all().filter(|of| of.attr_type().is_plain());
        [Self::Int, Self::Text].into_iter().chain(plain.map(Self::Other))
    }

    /// None: no attribute here is of that type.
    pub(crate) fn of(kind: AttrType) -> Option<Self> {
        match kind {
            AttrType::Scalar(Scalar::Int) => Some(Self::Int),
            AttrType::Scalar(Scalar::String) => Some(Self::Text),
            AttrType::Vector { dims, element: Element::F32 } => Some(Self::Vector(dims)),
            other => Type::of(other).map(Self::Other),
        }
    }

    pub(crate) fn attr_type(self) -> AttrType {
        match self {
            Self::Int => AttrType::Scalar(Scalar::Int),
            Self::Text => AttrType::Scalar(Scalar::String),
            Self::Vector(dims) => AttrType::Vector { dims, element: Element::F32 },
            Self::Other(of) => of.attr_type(),
        }
    }
}

/// Whether texts are asked for by their words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Searched {
    #[default]
    No,
    Yes,
}

impl Searched {
    pub(crate) fn of(attribute: &Attribute) -> Self {
        match attribute.options.full_text {
            Some(_) => Self::Yes,
            None => Self::No,
        }
    }
}

/// The parts of one write, in the order in which they take effect: `declare`, `drop`, `searched`,
/// `delete_found`, `patch_found`, `puts`, `patches`, `deletes`. No id is in two of the lists, nor twice in
/// one. One that says `read_only` or `pinning` says nothing else.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Change {
    /// Attributes that are there from now on.
    pub(crate) declare: Vec<(&'static str, Kind)>,
    pub(crate) drop: Vec<&'static str>,
    /// That `TEXT` is there, and whether it can be searched by its words from now on.
    pub(crate) searched: Option<Searched>,
    /// Who says [`METRIC`] need not declare a vector; any other is wrong where there are vectors.
    pub(crate) metric: Option<Metric>,
    /// Documents that are found, not named, are asked no condition.
    pub(crate) delete_found: Option<Find>,
    pub(crate) patch_found: Option<(Find, Doc)>,
    /// Of what is found.
    pub(crate) excess: Excess,
    pub(crate) puts: Vec<(u64, Doc)>,
    pub(crate) put_if: If,
    /// A document that is not there is not patched, and not counted.
    pub(crate) patches: Vec<(u64, Doc)>,
    pub(crate) patch_if: If,
    pub(crate) deletes: Vec<u64>,
    pub(crate) delete_if: If,
    /// Whether the name takes writes from now on.
    pub(crate) read_only: Option<ReadOnly>,
    pub(crate) pinning: Option<Pinning>,
    /// What becomes of it where there is no such name.
    pub(crate) create: Create,
    /// Under a key it is not a part of the request.
    pub(crate) pressure: Pressure,
    /// What its puts say of vectors that they are without.
    pub(crate) without: Without,
}

/// Of a vector that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Without {
    /// Nothing, as a document may that has only to name what it has.
    #[default]
    Nothing,
    /// Null, as one has to that names every vector.
    Null,
    /// Nothing, though it has to: that is wrong.
    LeftOut,
}

impl Change {
    /// Whether it changes documents that it does not name.
    pub(crate) fn finds(&self) -> bool {
        self.delete_found.is_some() || self.patch_found.is_some()
    }
}

/// By what a change finds documents. None of these attributes is ever dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Find {
    /// `COUNT` is lower, or there is none.
    CountBelow(i64),
    /// That change wrote it last.
    MarkIs(i64),
    Without(&'static str),
    /// `TEXT` is there, and begins so.
    Begins(&'static str),
}

/// Under which condition a part touches a document. It is asked for each id by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum If {
    #[default]
    Always,
    /// Nothing is there by that id: for puts alone. (A put without a document before is never asked
    /// its condition; this one is `id Eq null`, which no document meets.)
    Absent,
    /// `COUNT` of the document is exactly that.
    CountIs(i64),
    /// `COUNT` of the document is lower than that of the incoming one: for puts and patches.
    CountGrows,
}

/// What a client wishes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wish {
    Change {
        change: Change,
        key: Option<String>,
    },
    /// A change without a document that has a verb of its own: a declaration, or whether the name takes
    /// writes. Whoever asks for it is told of no slot.
    Set(Change),
    /// The whole name is deleted.
    End,
    Read {
        read: Read,
        newest: Newest,
        min_seq: Option<u64>,
    },
    /// What the name is beside its documents.
    Look,
    /// All names, page by page.
    List,
}

impl Wish {
    /// What it changes of documents and schema, and under which key.
    pub(crate) fn change(&self) -> Option<(&Change, Option<&str>)> {
        match self {
            Self::Change { change, key } => Some((change, key.as_deref())),
            Self::Set(change) => Some((change, None)),
            Self::End | Self::Read { .. } | Self::Look | Self::List => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Newest {
    Strong,
    Eventual { max_staleness: Duration },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Read {
    /// Every document, and beside it a count of all: two queries over one view.
    All,
    One(u64),
    /// Those whose `COUNT` is lower (also those that have none), by id.
    CountBelow(i64),
    /// Those whose `TEXT` has that word. No text here is more than one.
    Says(String),
    /// So many of those that have a vector, the nearest first.
    Nearest {
        vector: Vec<i8>,
        limit: usize,
    },
}

/// One request, as a client sent it to one node. What is sent again is another act; with a key, it
/// is the same `no`.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    /// Of the wish: what it writes is marked with it. Repetitions under a key share it.
    pub(crate) no: i64,
    pub(crate) client: usize,
    pub(crate) node: usize,
    pub(crate) name: Namespace,
    pub(crate) wish: Wish,
    pub(crate) call: Moment,
    pub(crate) back: Moment,
    /// In simulated time.
    pub(crate) called_at: Duration,
    pub(crate) back_at: Duration,
    pub(crate) said: Said,
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    /// A change: by which slot it is seen, and how many documents each part of it touched. Which ones,
    /// an answer that is stored may not say.
    Changed {
        seq: u64,
        puts: u64,
        patches: u64,
        deletes: u64,
        touched: Option<Touched>,
        stored: bool,
    },
    Ended,
    /// A declaration, or whether the name takes writes: it is done, or was so already.
    Set,
    Saw(Sight),
    Told(Facts),
    Names(Vec<Namespace>),
    /// 404: there is no such name.
    Absent,
    /// The request is wrong, or contradicts the state: it has no effect, and none later.
    Refused(String),
    /// It certainly has no effect, now or later: also whatever was sent away at the door.
    NotCommitted(String),
    /// Nobody knows; also an answer that never came, for the node died or the client gave up.
    Unknown(String),
    /// A read that failed for want of a store, of time, or of a node.
    Failed(String),
    /// Bytes are not what was written, and no bit of the name turned on its way: no run may ever see it.
    Damaged(String),
    /// A bug: likewise.
    Broken(String),
}

/// The documents that each part of a change touched, ascending: what is touched by two parts of a kind
/// is there twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    pub(crate) puts: Vec<u64>,
    pub(crate) patches: Vec<u64>,
    pub(crate) deletes: Vec<u64>,
}

/// What a read saw of one view.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sight {
    /// The last slot that the view holds.
    pub(crate) seq: u64,
    /// By id, as they came.
    pub(crate) rows: Vec<(u64, Doc)>,
    /// Beside [`Read::All`].
    pub(crate) count: Option<u64>,
}

/// What a name is beside its documents, and how many of those there are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Facts {
    pub(crate) kinds: BTreeMap<&'static str, Kind>,
    pub(crate) searched: Searched,
    pub(crate) read_only: bool,
    pub(crate) pinning: Pinning,
    pub(crate) rows: u64,
}

/// What lies in a slot of a name's log, as the store saw it created, decoded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Landed {
    pub(crate) name: Namespace,
    pub(crate) inc: u128,
    pub(crate) seq: u64,
    pub(crate) epoch: u64,
    pub(crate) at: Moment,
    pub(crate) entry: Entry,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Entry {
    /// Rows that are now these, ids that are gone, attributes that are now there or not.
    Batch {
        rows: BTreeMap<u64, Doc>,
        gone: Vec<u64>,
        edits: Vec<Edit>,
    },
    Fence,
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Edit {
    Added(&'static str, Kind),
    Dropped(&'static str),
    Searched(Searched),
    Settings(ReadOnly, Pinning),
}

/// All of a run that is judged.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) acts: Vec<Act>,
    /// In the order in which they were created, all names together.
    pub(crate) log: Vec<Landed>,
}

/// A promise that was broken: in words, with everything that is needed to understand it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) String);
