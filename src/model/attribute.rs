//! An attribute: its number, its type, and what may be asked of it.

/// The number of an attribute in its namespace. It is never reused: an attribute that was dropped
/// and added again is another one, and what was stored of the first is none of its business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttrNo(pub u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scalar {
    String,
    Int,
    Uint,
    Float,
    Bool,
    Uuid,
    DateTime,
    Bytes,
}

/// What a dense vector is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Element {
    F32,
    F16,
    I8,
}

/// Spelt as the wire spells it: `string`, `[]uint`, `[768]f32`, `{}f16`, `[][128]f32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttrType {
    Scalar(Scalar),
    /// Not of bytes.
    Array(Scalar),
    Vector {
        dims: u32,
        element: Element,
    },
    /// Words, or whatever keys are, with a weight each.
    Sparse,
    /// Several vectors in one value, for late interaction.
    Vectors {
        dims: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    Cosine,
    EuclideanSquared,
    /// An extension: minus the inner product, so that near is small here too.
    DotProduct,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    pub number: AttrNo,
    pub kind: AttrType,
    pub options: Options,
}

/// What may be asked of an attribute. What is not built yet is kept and shown all the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub filterable: bool,
    pub full_text: Option<FullText>,
    /// Of dense vectors, always.
    pub metric: Option<Metric>,
    pub late_interaction: bool,
    pub sparse_knn: bool,
    pub regex: bool,
    pub glob: bool,
    pub fuzzy: bool,
}

/// How the text of an attribute becomes tokens, and how they score.
#[derive(Clone, Debug, PartialEq)]
pub struct FullText {
    pub tokenizer: Box<str>,
    pub language: Box<str>,
    pub case_sensitive: bool,
    pub stemming: bool,
    pub remove_stopwords: bool,
    pub ascii_folding: bool,
    pub max_token_length: u8,
    pub k1: f32,
    pub b: f32,
    pub k3: f32,
}

pub const ATTRIBUTE_NAME_BYTES_MAX: usize = 128;
pub const ATTRIBUTES_MAX: usize = 1024;
pub const VECTOR_ATTRIBUTES_MAX: usize = 8;
pub const DIMS_MAX: u32 = 10_752;

impl Element {
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
            Self::I8 => 1,
        }
    }
}

impl AttrType {
    /// Dense: one vector, or several in one value.
    pub fn is_vector(self) -> bool {
        matches!(self, Self::Vector { .. } | Self::Vectors { .. })
    }

    /// Text that can be searched in: one, or an array of them.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Scalar(Scalar::String) | Self::Array(Scalar::String))
    }

    /// Whether an index for filters can be built over it.
    pub fn is_plain(self) -> bool {
        matches!(self, Self::Scalar(_) | Self::Array(_))
    }
}

impl Options {
    /// Nothing may be asked of the attribute but its value.
    pub fn none() -> Self {
        Self {
            filterable: false,
            full_text: None,
            metric: None,
            late_interaction: false,
            sparse_knn: false,
            regex: false,
            glob: false,
            fuzzy: false,
        }
    }
}
