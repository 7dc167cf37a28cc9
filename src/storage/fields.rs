//! The fields of a frame's body: what a number, a name, a list is in bytes.
//!
//! What must hold: a value has one encoding, and whatever is read would be written just so: a
//! reader that accepts is proof that a writer may have been here. Bytes are hostile: a length is
//! compared with what is there before anything is reserved for it. A caller is ours: a value that
//! no reader would accept is a bug of whoever wrote it, and is asserted.
//!
//! ```text
//! u8 u32 u64 u128        1 4 8 16   little-endian
//! i64                    8          little-endian, two's complement
//! f32                    4          finite
//! bool                   1          0 or 1
//! Seq Version            8          below 2^63
//! Epoch                  8          at most 9,999,999,999, as in a key
//! Incarnation PutId      16         as u128
//! Chain                  16         as it is
//! Namespace, node id     1 + n      n, then n bytes of a valid name
//! Holder                            node id; process u128
//! FileName                          home Namespace; Incarnation; Epoch; ulid u128; kind u8
//! blob                   4 + n      n, then n bytes of which nothing is asked
//! text                   4 + n      n, then n bytes of UTF-8
//! list                   4 + ...    how many, then one after the other
//! option                 1 + ...    bool; if 1, the value
//! ```
//!
//! Of what is counted up, a reader refuses the very last: whoever opens an object goes on to write
//! the next number, and there must be one.
//!
//! A kind of file is 1 rows, 2 text, 3 vectors, 4 deletions, 5 keys, 6 chunk.

use bytes::{Buf, Bytes};

use super::keys::EPOCH_MAX;
use crate::error::{Context, Error, Result};
use crate::model::{
    Chain, Epoch, FileKind, FileName, Holder, Incarnation, Namespace, NodeId, PutId, Seq, Version,
};

/// The highest number that is written of what is counted up, slots and versions.
pub const COUNTED_MAX: u64 = (1 << 63) - 1;

/// Something with exactly one encoding.
pub trait Field: Sized {
    /// The fewest bytes that it takes: so many of them can be in what is left, and no more.
    const BYTES_MIN: usize;

    fn write(&self, out: &mut Vec<u8>);

    fn read(from: &mut Fields) -> Result<Self>;
}

/// A body that is read from its beginning. What is taken as a blob shares its memory.
#[derive(Debug)]
pub struct Fields {
    rest: Bytes,
}

impl Fields {
    pub fn of(body: Bytes) -> Self {
        Self { rest: body }
    }

    /// The next field. `what` names it, should it be no such field.
    pub fn take<T: Field>(&mut self, what: &'static str) -> Result<T> {
        T::read(self).context(what)
    }

    /// There must be nothing left.
    pub fn end(self) -> Result<()> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(Error::corrupt(format!("{left} bytes follow the last field"))),
        }
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let left = self.rest.len();
        let refuse = || Error::corrupt(format!("{N} bytes belong here, and {left} are left"));
        let first = self.rest.first_chunk().copied().ok_or_else(refuse)?;
        self.rest.advance(N);
        Ok(first)
    }

    fn blob(&mut self, length: usize) -> Result<Bytes> {
        let left = self.rest.len();
        if length > left {
            return Err(Error::corrupt(format!("{length} bytes belong here, and {left} are left")));
        }
        Ok(self.rest.split_to(length))
    }

    /// How many of `T` follow: a number that what is left has room for.
    fn count<T: Field>(&mut self) -> Result<usize> {
        let count = u32::read(self)? as usize;
        let left = self.rest.len();
        if count > left / T::BYTES_MIN {
            let least = T::BYTES_MIN;
            return Err(Error::corrupt(format!(
                "a list of {count} values, each of at least {least} bytes, and {left} are left"
            )));
        }
        Ok(count)
    }

    /// A short text, and the newtype that says which texts are names.
    fn name<T>(&mut self, check: impl Fn(&str) -> Result<T>) -> Result<T> {
        let length = u8::read(self)?;
        let bytes = self.blob(length.into())?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|error| Error::corrupt("a name that is no text").with_source(error))?;
        check(text).map_err(|error| Error::corrupt("no valid name").with_source(error))
    }
}

macro_rules! number {
    ($($number:ty),*) => { $(
        impl Field for $number {
            const BYTES_MIN: usize = size_of::<Self>();

            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn read(from: &mut Fields) -> Result<Self> {
                from.bytes().map(Self::from_le_bytes)
            }
        }
    )* };
}

number!(u8, u32, u64, u128, i64);

impl Field for f32 {
    const BYTES_MIN: usize = 4;

    fn write(&self, out: &mut Vec<u8>) {
        assert!(self.is_finite(), "{self} is no number to write down");
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn read(from: &mut Fields) -> Result<Self> {
        match Self::from_le_bytes(from.bytes()?) {
            number if number.is_finite() => Ok(number),
            number => Err(Error::corrupt(format!("{number} is not finite"))),
        }
    }
}

impl Field for bool {
    const BYTES_MIN: usize = 1;

    fn write(&self, out: &mut Vec<u8>) {
        u8::from(*self).write(out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        match u8::read(from)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(Error::corrupt(format!("{other} is neither yes nor no"))),
        }
    }
}

/// A number in a newtype, and the highest that is written. What is read has a successor.
macro_rules! bounded {
    ($($newtype:ident <= $max:expr),*) => { $(
        impl Field for $newtype {
            const BYTES_MIN: usize = 8;

            fn write(&self, out: &mut Vec<u8>) {
                assert!(self.0 <= $max, "{self:?} is out of bounds");
                self.0.write(out);
            }

            fn read(from: &mut Fields) -> Result<Self> {
                match u64::read(from)? {
                    number if number < $max => Ok(Self(number)),
                    number => Err(Error::corrupt(format!("{number} is out of bounds"))),
                }
            }
        }
    )* };
}

bounded!(Seq <= COUNTED_MAX, Version <= COUNTED_MAX, Epoch <= EPOCH_MAX.0);

macro_rules! random {
    ($($newtype:ident),*) => { $(
        impl Field for $newtype {
            const BYTES_MIN: usize = 16;

            fn write(&self, out: &mut Vec<u8>) {
                self.0.write(out);
            }

            fn read(from: &mut Fields) -> Result<Self> {
                u128::read(from).map(Self)
            }
        }
    )* };
}

random!(Incarnation, PutId);

impl Field for Chain {
    const BYTES_MIN: usize = 16;

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        from.bytes().map(Self)
    }
}

fn write_name(name: &str, out: &mut Vec<u8>) {
    u8::try_from(name.len()).expect("a valid name is short").write(out);
    out.extend_from_slice(name.as_bytes());
}

impl Field for Namespace {
    const BYTES_MIN: usize = 2;

    fn write(&self, out: &mut Vec<u8>) {
        write_name(self.as_str(), out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        from.name(Self::new)
    }
}

impl Field for Holder {
    const BYTES_MIN: usize = 2 + 16;

    fn write(&self, out: &mut Vec<u8>) {
        assert!(NodeId::new(&self.node).is_ok(), "{:?} is no node id", self.node);
        write_name(&self.node, out);
        self.process.write(out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        let node = from.name(NodeId::new).context("node")?;
        Ok(Self { node: node.as_str().into(), process: from.take("process")? })
    }
}

impl Field for FileKind {
    const BYTES_MIN: usize = 1;

    fn write(&self, out: &mut Vec<u8>) {
        number_of(*self).write(out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        let number = u8::read(from)?;
        let kind = Self::ALL.into_iter().find(|kind| number_of(*kind) == number);
        kind.ok_or_else(|| Error::corrupt(format!("{number} is no kind of file")))
    }
}

/// On disk: a new kind takes a new number.
fn number_of(kind: FileKind) -> u8 {
    match kind {
        FileKind::Rows => 1,
        FileKind::Text => 2,
        FileKind::Vectors => 3,
        FileKind::Deletions => 4,
        FileKind::Keys => 5,
        FileKind::Chunk => 6,
    }
}

impl Field for FileName {
    const BYTES_MIN: usize = 2 + 16 + 8 + 16 + 1;

    fn write(&self, out: &mut Vec<u8>) {
        let Self { home, inc, epoch, ulid, kind } = self;
        home.write(out);
        inc.write(out);
        epoch.write(out);
        ulid.write(out);
        kind.write(out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        Ok(Self {
            home: from.take("home")?,
            inc: from.take("inc")?,
            epoch: from.take("epoch")?,
            ulid: from.take("ulid")?,
            kind: from.take("kind")?,
        })
    }
}

/// A blob.
impl Field for Bytes {
    const BYTES_MIN: usize = 4;

    fn write(&self, out: &mut Vec<u8>) {
        u32::try_from(self.len()).expect("a blob is below 4 GiB").write(out);
        out.extend_from_slice(self);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        let length = u32::read(from)?;
        from.blob(length as usize)
    }
}

/// A text.
impl Field for Box<str> {
    const BYTES_MIN: usize = 4;

    fn write(&self, out: &mut Vec<u8>) {
        u32::try_from(self.len()).expect("a text is below 4 GiB").write(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn read(from: &mut Fields) -> Result<Self> {
        let bytes = Bytes::read(from)?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|error| Error::corrupt("a text that is not UTF-8").with_source(error))?;
        Ok(text.into())
    }
}

/// A list.
impl<T: Field> Field for Vec<T> {
    const BYTES_MIN: usize = 4;

    fn write(&self, out: &mut Vec<u8>) {
        u32::try_from(self.len()).expect("a list is below 2^32").write(out);
        self.iter().for_each(|value| value.write(out));
    }

    fn read(from: &mut Fields) -> Result<Self> {
        let count = from.count::<T>()?;
        let mut list = Self::with_capacity(count);
        for _ in 0..count {
            list.push(T::read(from)?);
        }
        Ok(list)
    }
}

impl<T: Field> Field for Option<T> {
    const BYTES_MIN: usize = 1;

    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        self.iter().for_each(|value| value.write(out));
    }

    fn read(from: &mut Fields) -> Result<Self> {
        if bool::read(from)? { T::read(from).map(Some) } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use proptest::prelude::*;

    use super::*;
    use crate::error::ErrorKind;
    use crate::model::any::*;

    fn written(field: &impl Field) -> Vec<u8> {
        let mut out = Vec::new();
        field.write(&mut out);
        out
    }

    fn read<T: Field>(bytes: &[u8]) -> Result<T> {
        let mut fields = Fields::of(Bytes::copy_from_slice(bytes));
        let value = fields.take("it")?;
        fields.end()?;
        Ok(value)
    }

    fn refused<T: Field + Debug>(bytes: &[u8]) -> String {
        let error = read::<T>(bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        error.chain()
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        assert_eq!(written(&Namespace::new("ab").unwrap()), b"\x02ab");
        for bad in [&b""[..], b"\0", b"\x01/", b"\x02..", b"\x01\xff", b"\x02a", b"\x01ab"] {
            refused::<Namespace>(bad);
        }
        let long = [&[129][..], &[b'a'; 129]].concat();
        assert!(refused::<Namespace>(&long).contains("129"));
    }

    /// A head at the last epoch was opened, and whoever claimed it panicked: the next one is
    /// written by nobody.
    #[test]
    fn whatever_number_is_read_has_a_next_one_that_can_be_written() {
        let last = COUNTED_MAX - 1;
        assert_eq!(read::<Seq>(&written(&Seq(last))).unwrap(), Seq(last));
        assert_eq!(read::<Version>(&written(&Version(last))).unwrap(), Version(last));
        let last = Epoch(EPOCH_MAX.0 - 1);
        assert_eq!(read::<Epoch>(&written(&last)).unwrap(), last);
        for high in [COUNTED_MAX, COUNTED_MAX + 1, u64::MAX] {
            refused::<Seq>(&high.to_le_bytes());
            refused::<Version>(&high.to_le_bytes());
        }
        for high in [EPOCH_MAX.0, EPOCH_MAX.0 + 1, u64::MAX] {
            refused::<Epoch>(&high.to_le_bytes());
        }
        let nexts =
            [written(&Seq(COUNTED_MAX)), written(&Version(COUNTED_MAX)), written(&EPOCH_MAX)];
        assert!(nexts.iter().all(|next| next.len() == 8));
    }

    #[test]
    fn a_yes_has_one_spelling_and_a_kind_is_known() {
        for odd in 2..=u8::MAX {
            refused::<bool>(&[odd]);
            refused::<Option<u8>>(&[odd, 0]);
        }
        assert!(refused::<FileKind>(&[0]).contains("no kind of file"));
        refused::<FileKind>(&[7]);
    }

    #[test]
    fn a_text_is_one_and_a_float_is_finite() {
        assert!(refused::<Box<str>>(b"\x01\0\0\0\xff").contains("UTF-8"));
        assert!(refused::<f32>(&f32::NAN.to_le_bytes()).contains("not finite"));
        refused::<f32>(&f32::INFINITY.to_le_bytes());
        assert!(read::<f32>(&written(&-0.0_f32)).unwrap().is_sign_negative());
    }

    /// A list that claims four billion values must not reserve room for them.
    #[test]
    fn a_length_is_believed_only_as_far_as_there_are_bytes() {
        let mut bytes = u32::MAX.to_le_bytes().to_vec();
        bytes.extend([0; 100]);
        assert!(refused::<Vec<FileName>>(&bytes).contains("a list of 4294967295"));
        assert!(refused::<Bytes>(&bytes).contains("100 are left"));
        bytes[..4].copy_from_slice(&2_u32.to_le_bytes());
        assert!(refused::<Vec<u128>>(&bytes).contains("68 bytes follow"));
    }

    #[test]
    fn an_error_names_the_field() {
        let mut bytes = written(&Some(Holder { node: "n1".into(), process: 7 }));
        bytes.pop();
        assert_eq!(
            refused::<Option<Holder>>(&bytes),
            "it: process: 16 bytes belong here, and 15 are left"
        );
    }

    #[test]
    #[should_panic(expected = "is no node id")]
    fn nobody_is_no_holder_to_write_down() {
        written(&Holder { node: "".into(), process: 0 });
    }

    /// The vectors of `docs/FORMAT.md`.
    #[test]
    fn fields_are_spelt_as_the_format_page_says() {
        let hex = |bytes: Vec<u8>| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let file = FileName {
            home: Namespace::new("acme").unwrap(),
            inc: Incarnation(0x0123_4567_89ab_cdef_0011_2233_4455_6677),
            epoch: Epoch(7),
            ulid: 0x0190_0000_0000_0000_0000_0000_0000_002a,
            kind: FileKind::Rows,
        };
        let expect = "04 61636d65 7766554433221100efcdab8967452301 0700000000000000 \
                      2a000000000000000000000000009001 01";
        assert_eq!(hex(written(&file)), expect.replace(' ', ""));
        assert_eq!(hex(written(&Bytes::from_static(b"hello"))), "0500000068656c6c6f");
        assert_eq!(hex(written(&vec![Some(1_u8), None])), "02000000010100");
        assert_eq!(hex(written(&-2_i64)), "feffffffffffffff");
    }

    fn round<T: Field + Debug + PartialEq>(value: &T) -> Result<(), TestCaseError> {
        let bytes = written(value);
        prop_assert!(bytes.len() >= T::BYTES_MIN);
        prop_assert_eq!(&read::<T>(&bytes).unwrap(), value);
        for end in 0..bytes.len() {
            prop_assert!(read::<T>(&bytes[..end]).is_err(), "cut at {}", end);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn every_field_reads_back(files in prop::collection::vec(any_file(), 0..4),
                                  holder in prop::option::of(any_holder()),
                                  blob in any_blob(), chain in any_chain(),
                                  text in ".{0,9}", float in -1e9_f32..1e9,
                                  number in any::<i64>(),
                                  seq in any_seq(), version in any_version()) {
            round(&files)?;
            round(&number)?;
            round(&holder)?;
            round(&blob)?;
            round(&text.into_boxed_str())?;
            round(&float)?;
            round(&chain)?;
            round(&seq)?;
            round(&version)?;
        }

        #[test]
        fn whatever_is_read_would_be_written_so(bytes in prop::collection::vec(0..9_u8, 0..80)) {
            if let Ok(value) = read::<Vec<Option<bool>>>(&bytes) {
                prop_assert_eq!(written(&value), bytes.clone());
            }
            if let Ok(value) = read::<Vec<Bytes>>(&bytes) {
                prop_assert_eq!(written(&value), bytes);
            }
        }
    }
}
