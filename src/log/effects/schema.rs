//! The words of a schema as fields. The numbers are on disk: what is new takes a new one.
//!
//! ```text
//! IdType      u8    0 uint, 1 uuid, 2 string, 3 int
//! Scalar      u8    0 string, 1 int, 2 uint, 3 float, 4 bool, 5 uuid, 6 datetime, 7 bytes
//! Element     u8    0 f32, 1 f16, 2 i8
//! Metric      u8    0 cosine, 1 euclidean squared, 2 dot product
//! AttrNo      u32
//! AttrType    u8    0 Scalar | 1 array: Scalar, not bytes | 2 vector: u32 dims, Element
//!                   3 sparse | 4 vectors: u32 dims; dims are 1 to 10,752
//! Attribute         AttrNo; AttrType; then what may be asked of it:
//!   bool  filterable
//!         full text   option of FullText
//!         metric      option of Metric
//!   bool  late interaction, sparse knn, regex, glob, fuzzy: one each
//! FullText
//!   text  tokenizer, language
//!   bool  case sensitive, stemming, remove stopwords, ASCII folding: one each
//!   u8    max token length
//!   f32   k1, b, k3
//! SchemaEdit  u8
//!   0     id type     IdType
//!   1     set         text name, at most 128 bytes; Attribute
//!   2     drop        AttrNo
//!   3     settled
//!   4     settings    bool read only; of what is not pinned
//!   5     settings    bool read only; u32 replicas, 1 or more, of what is pinned
//! ```

use std::num::NonZeroU32;

use crate::error::{Error, Result};
use crate::model::columns;
use crate::model::{
    ATTRIBUTE_NAME_BYTES_MAX, AttrNo, AttrType, Attribute, Element, FullText, IdType, Metric,
    Options, Pinning, Scalar, SchemaEdit, Settings,
};
use crate::storage::fields::{Field, Fields};

/// A closed set, each of its members under its number.
macro_rules! numbered {
    ($set:ident { $($member:ident = $number:literal),* $(,)? }) => {
        impl Field for $set {
            const BYTES_MIN: usize = 1;

            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$member => $number,)*
                }
                .write(out);
            }

            fn read(from: &mut Fields) -> Result<Self> {
                match u8::read(from)? {
                    $($number => Ok(Self::$member),)*
                    other => Err(unknown(other, stringify!($set))),
                }
            }
        }
    };
}

numbered!(IdType { Uint = 0_u8, Uuid = 1_u8, String = 2_u8, Int = 3_u8 });
numbered!(Scalar {
    String = 0_u8,
    Int = 1_u8,
    Uint = 2_u8,
    Float = 3_u8,
    Bool = 4_u8,
    Uuid = 5_u8,
    DateTime = 6_u8,
    Bytes = 7_u8,
});
numbered!(Element { F32 = 0_u8, F16 = 1_u8, I8 = 2_u8 });
numbered!(Metric { Cosine = 0_u8, EuclideanSquared = 1_u8, DotProduct = 2_u8 });

fn unknown(number: u8, what: &str) -> Error {
    Error::corrupt(format!("{number} is no {what}"))
}

impl Field for AttrNo {
    const BYTES_MIN: usize = 4;

    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        u32::read(from).map(Self)
    }
}

impl Field for AttrType {
    const BYTES_MIN: usize = 1;

    fn write(&self, out: &mut Vec<u8>) {
        assert!(columns::exists(*self), "no attribute is of type {self:?}");
        match self {
            Self::Scalar(scalar) => {
                0_u8.write(out);
                scalar.write(out);
            }
            Self::Array(scalar) => {
                1_u8.write(out);
                scalar.write(out);
            }
            Self::Vector { dims, element } => {
                2_u8.write(out);
                dims.write(out);
                element.write(out);
            }
            Self::Sparse => 3_u8.write(out),
            Self::Vectors { dims } => {
                4_u8.write(out);
                dims.write(out);
            }
        }
    }

    fn read(from: &mut Fields) -> Result<Self> {
        let kind = match u8::read(from)? {
            0 => Self::Scalar(from.take("scalar")?),
            1 => Self::Array(from.take("array")?),
            2 => Self::Vector { dims: from.take("dims")?, element: from.take("element")? },
            3 => Self::Sparse,
            4 => Self::Vectors { dims: from.take("dims")? },
            other => return Err(unknown(other, "type of an attribute")),
        };
        if !columns::exists(kind) {
            return Err(Error::corrupt(format!("no attribute is of type {kind:?}")));
        }
        Ok(kind)
    }
}

impl Field for Attribute {
    const BYTES_MIN: usize = AttrNo::BYTES_MIN + AttrType::BYTES_MIN + Options::BYTES_MIN;

    fn write(&self, out: &mut Vec<u8>) {
        let Self { number, kind, options } = self;
        number.write(out);
        kind.write(out);
        options.write(out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        Ok(Self {
            number: from.take("number")?,
            kind: from.take("type")?,
            options: from.take("options")?,
        })
    }
}

impl Field for Options {
    const BYTES_MIN: usize = 8;

    fn write(&self, out: &mut Vec<u8>) {
        let Self {
            filterable,
            full_text,
            metric,
            late_interaction,
            sparse_knn,
            regex,
            glob,
            fuzzy,
        } = self;
        filterable.write(out);
        full_text.write(out);
        metric.write(out);
        late_interaction.write(out);
        sparse_knn.write(out);
        regex.write(out);
        glob.write(out);
        fuzzy.write(out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        Ok(Self {
            filterable: from.take("filterable")?,
            full_text: from.take("full text")?,
            metric: from.take("metric")?,
            late_interaction: from.take("late interaction")?,
            sparse_knn: from.take("sparse knn")?,
            regex: from.take("regex")?,
            glob: from.take("glob")?,
            fuzzy: from.take("fuzzy")?,
        })
    }
}

impl Field for FullText {
    const BYTES_MIN: usize = 4 + 4 + 4 + 1 + 12;

    fn write(&self, out: &mut Vec<u8>) {
        let Self {
            tokenizer,
            language,
            case_sensitive,
            stemming,
            remove_stopwords,
            ascii_folding,
            max_token_length,
            k1,
            b,
            k3,
        } = self;
        tokenizer.write(out);
        language.write(out);
        case_sensitive.write(out);
        stemming.write(out);
        remove_stopwords.write(out);
        ascii_folding.write(out);
        max_token_length.write(out);
        k1.write(out);
        b.write(out);
        k3.write(out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        Ok(Self {
            tokenizer: from.take("tokenizer")?,
            language: from.take("language")?,
            case_sensitive: from.take("case sensitive")?,
            stemming: from.take("stemming")?,
            remove_stopwords: from.take("remove stopwords")?,
            ascii_folding: from.take("ASCII folding")?,
            max_token_length: from.take("max token length")?,
            k1: from.take("k1")?,
            b: from.take("b")?,
            k3: from.take("k3")?,
        })
    }
}

impl Field for SchemaEdit {
    const BYTES_MIN: usize = 1;

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::IdType(id_type) => {
                0_u8.write(out);
                id_type.write(out);
            }
            Self::Set { name, attribute } => {
                assert!(name.len() <= ATTRIBUTE_NAME_BYTES_MAX, "{name:?} is too long a name");
                1_u8.write(out);
                name.write(out);
                attribute.write(out);
            }
            Self::Drop { number } => {
                2_u8.write(out);
                number.write(out);
            }
            Self::Settled => 3_u8.write(out),
            Self::Settings(Settings { read_only, pinning: Pinning::None }) => {
                4_u8.write(out);
                read_only.write(out);
            }
            Self::Settings(Settings { read_only, pinning: Pinning::Replicas(replicas) }) => {
                5_u8.write(out);
                read_only.write(out);
                replicas.get().write(out);
            }
        }
    }

    fn read(from: &mut Fields) -> Result<Self> {
        match u8::read(from)? {
            0 => Ok(Self::IdType(from.take("id type")?)),
            1 => {
                let name: Box<str> = from.take("name")?;
                if name.len() > ATTRIBUTE_NAME_BYTES_MAX {
                    let length = name.len();
                    return Err(Error::corrupt(format!("a name of {length} bytes is too long")));
                }
                Ok(Self::Set { name, attribute: from.take("attribute")? })
            }
            2 => Ok(Self::Drop { number: from.take("number")? }),
            3 => Ok(Self::Settled),
            4 => {
                let read_only = from.take("read only")?;
                Ok(Self::Settings(Settings { read_only, pinning: Pinning::None }))
            }
            5 => {
                let read_only = from.take("read only")?;
                let replicas = NonZeroU32::new(from.take("replicas")?);
                let replicas = replicas.ok_or_else(|| Error::corrupt("pinned to no replicas"))?;
                Ok(Self::Settings(Settings { read_only, pinning: Pinning::Replicas(replicas) }))
            }
            other => Err(unknown(other, "edit of a schema")),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::error::ErrorKind;
    use crate::model::columns::any::{any_id_type, any_kind};

    fn any_full_text() -> impl Strategy<Value = FullText> {
        let words = ("[a-z_]{0,9}", "[a-z]{0,9}");
        let (flags, numbers) = (any::<[bool; 4]>(), [0.0..9_f32, 0.0..1_f32, 0.0..9_f32]);
        (words, flags, any::<u8>(), numbers).prop_map(
            |((tokenizer, language), flags, max_token_length, [k1, b, k3])| {
                let [case_sensitive, stemming, remove_stopwords, ascii_folding] = flags;
                FullText {
                    tokenizer: tokenizer.into(),
                    language: language.into(),
                    case_sensitive,
                    stemming,
                    remove_stopwords,
                    ascii_folding,
                    max_token_length,
                    k1,
                    b,
                    k3,
                }
            },
        )
    }

    fn any_options() -> impl Strategy<Value = Options> {
        let metrics = vec![Metric::Cosine, Metric::EuclideanSquared, Metric::DotProduct];
        let metric = prop::option::of(prop::sample::select(metrics));
        (any::<[bool; 6]>(), prop::option::of(any_full_text()), metric).prop_map(
            |(flags, full_text, metric)| {
                let [filterable, late_interaction, sparse_knn, regex, glob, fuzzy] = flags;
                Options {
                    filterable,
                    full_text,
                    metric,
                    late_interaction,
                    sparse_knn,
                    regex,
                    glob,
                    fuzzy,
                }
            },
        )
    }

    pub(in crate::log) fn any_edit() -> impl Strategy<Value = SchemaEdit> {
        let number = || any::<u32>().prop_map(AttrNo);
        let set = (".{0,20}", number(), any_kind(), any_options()).prop_map(
            |(name, number, kind, options)| {
                let attribute = Attribute { number, kind, options };
                SchemaEdit::Set { name: name.into(), attribute }
            },
        );
        prop_oneof![
            any_id_type().prop_map(SchemaEdit::IdType),
            set,
            number().prop_map(|number| SchemaEdit::Drop { number }),
            Just(SchemaEdit::Settled),
            crate::model::any::any_settings().prop_map(SchemaEdit::Settings),
        ]
    }

    fn written(edit: &SchemaEdit) -> Bytes {
        let mut out = Vec::new();
        edit.write(&mut out);
        out.into()
    }

    fn read(bytes: Bytes) -> Result<SchemaEdit> {
        let mut fields = Fields::of(bytes);
        let edit = fields.take("edit")?;
        fields.end()?;
        Ok(edit)
    }

    #[test]
    fn a_type_that_no_attribute_has_is_refused() {
        let drop = written(&SchemaEdit::Drop { number: AttrNo(7) });
        assert_eq!(&drop[..], b"\x02\x07\0\0\0");
        for kind in [&b"\0\x08"[..], b"\x01\x07", b"\x02\0\0\0\0\0", b"\x02\x01\x2a\0\0\0", b"\x05"]
        {
            let mut fields = Fields::of(Bytes::copy_from_slice(kind));
            let error = fields.take::<AttrType>("type").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{kind:?}");
        }
    }

    /// What was written before anything could be pinned is read, and written so again.
    #[test]
    fn what_is_not_pinned_says_nothing_of_it() {
        let settings = |pinning| SchemaEdit::Settings(Settings { read_only: true, pinning });
        let pinned = Pinning::Replicas(NonZeroU32::new(2).unwrap());
        assert_eq!(&written(&settings(Pinning::None))[..], b"\x04\x01");
        assert_eq!(&written(&settings(pinned))[..], b"\x05\x01\x02\0\0\0");
        let none = read(Bytes::from_static(b"\x05\x01\0\0\0\0")).unwrap_err();
        assert_eq!(none.chain(), "edit: pinned to no replicas");
    }

    #[test]
    fn an_attribute_has_a_name_of_bounded_length() {
        let mut bytes = vec![1];
        Box::<str>::from("x".repeat(129)).write(&mut bytes);
        let error = read(bytes.into()).unwrap_err();
        assert_eq!(error.chain(), "edit: a name of 129 bytes is too long");
    }

    proptest! {
        #[test]
        fn every_edit_reads_back(edit in any_edit()) {
            let bytes = written(&edit);
            prop_assert_eq!(&read(bytes.clone()).unwrap(), &edit);
            for end in 0..bytes.len() {
                prop_assert!(read(bytes.slice(..end)).is_err(), "cut at {}", end);
            }
        }

        #[test]
        fn whatever_is_read_would_be_written_so(bytes in prop::collection::vec(0..8_u8, 0..60)) {
            let bytes = Bytes::from(bytes);
            if let Ok(edit) = read(bytes.clone()) {
                prop_assert_eq!(written(&edit), bytes);
            }
        }
    }
}
