//! The words everyone speaks. No IO, no async, no clock.

pub mod aggregation;
mod answer;
#[cfg(test)]
pub(crate) mod any;
mod attribute;
mod coerce;
pub mod columns;
mod date;
pub mod datetime;
mod doc_id;
mod figure;
mod file;
mod filter;
mod full_text;
mod given;
mod id;
mod marker;
mod name;
mod name_patterns;
mod node;
mod order;
mod query;
mod recall;
mod schema;
mod score;
mod spelling;
mod usage;
pub mod uuid;
mod value;
mod vector;
mod write;

pub use answer::{
    Aggregated, AggregatedGroup, Aggregates, Answer, Answered, Consistency, Explained, Fragment,
    GroupKey, Hit, Made, Metadata, Places, ReadOnly, Reads, Touched, Warmth, WriteFault, Written,
};
pub use attribute::{
    ATTRIBUTE_NAME_BYTES_MAX, ATTRIBUTES_MAX, AttrNo, AttrType, Attribute, DIMS_MAX, Element,
    FullText, Metric, Options, Scalar, VECTOR_ATTRIBUTES_MAX,
};
pub use coerce::Misfit;
pub use columns::Columns;
pub use date::StoreDate;
pub use doc_id::{DOC_ID_BYTES_MAX, DocId, IdType};
pub use figure::{Figure, FigureKind, Sample};
pub use file::{FileKind, FileName};
pub use filter::{
    Case, Edits, FILTER_DEPTH_MAX, FILTER_NODES_MAX, Filter, LastToken, Op, Operand, Pattern,
    Searched, Which,
};
pub use full_text::{
    LANGUAGES, LANGUAGES_WITHOUT_STOP_WORDS, MAX_TOKEN_LENGTH_MAX, PRE_TOKENIZED, TOKENIZERS,
};
pub use given::{Given, short};
pub use id::{Chain, Epoch, Holder, Incarnation, PutId, Seq, Version};
pub use marker::{Marker, MarkerKind};
pub use name::{NAME_BYTES_MAX, Namespace};
pub use name_patterns::{NAME_PATTERNS_MAX, NamePatterns};
pub use node::NodeId;
pub use query::{
    Aggregate, COMPUTED_MAX, Computed, Direction, FRAGMENT, FRAGMENTS_MAX, FUSION_CONSTANT,
    Fragments, Fusion, GROUP_KEYS_MAX, Group, Highlight, Include, LIMIT_MAX, Offsets,
    PER_ATTRIBUTES_MAX, Page, Per, Query, Rank, Search,
};
pub use recall::{Asked, GroundTruth, RECALL_SAMPLES_MAX, Recall, Recalled, Truth};
pub use schema::{
    Ann, Declaration, Pinning, REPLICAS_MAX, Schema, SchemaChange, SchemaEdit, Settings,
    VectorFault,
};
pub use score::{Curve, Score, TEXT_QUERY_CHARS_MAX, TextQuery};
pub use usage::{Counted, Usage};
pub use value::{
    DOCUMENT_BYTES_MAX, FILTERABLE_BYTES_MAX, Row, SPARSE_ENTRIES_MAX, VALUE_BYTES_MAX, Value,
    Weights,
};
pub use vector::of_base64 as numbers_of_base64;
pub use write::{
    ByFilter, Create, DELETED_BY_FILTER_MAX, Excess, GivenRow, Omission, PATCHED_BY_FILTER_MAX,
    PatchByFilter, Pressure, Write,
};
