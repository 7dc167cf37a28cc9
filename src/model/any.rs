//! Any word of the model, for the tests of whoever writes them down.

use bytes::Bytes;
use proptest::prelude::*;

use super::{
    Chain, Epoch, FileKind, FileName, Holder, Incarnation, Namespace, PutId, Seq, Version,
};

/// Short ones and long ones, in upper case and in dots.
pub(crate) fn any_name() -> impl Strategy<Value = Namespace> {
    let text = prop_oneof!["[a-c]", "[A-Za-z0-9_.-]{1,128}"];
    text.prop_filter_map("'.' and '..'", |text| Namespace::new(&text).ok())
}

/// Often the first, or the last that is read.
fn counted() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just((1 << 63) - 2), 0..1_000_u64, 0..(1_u64 << 63) - 1]
}

pub(crate) fn any_seq() -> impl Strategy<Value = Seq> {
    counted().prop_map(Seq)
}

pub(crate) fn any_version() -> impl Strategy<Value = Version> {
    counted().prop_map(Version)
}

pub(crate) fn any_epoch() -> impl Strategy<Value = Epoch> {
    prop_oneof![Just(0), Just(9_999_999_998), 0..9_999_999_999_u64].prop_map(Epoch)
}

pub(crate) fn any_inc() -> impl Strategy<Value = Incarnation> {
    any::<u128>().prop_map(Incarnation)
}

pub(crate) fn any_put() -> impl Strategy<Value = PutId> {
    any::<u128>().prop_map(PutId)
}

pub(crate) fn any_chain() -> impl Strategy<Value = Chain> {
    any::<[u8; 16]>().prop_map(Chain)
}

pub(crate) fn any_holder() -> impl Strategy<Value = Holder> {
    (any_name(), any::<u128>())
        .prop_map(|(node, process)| Holder { node: node.as_str().into(), process })
}

pub(crate) fn any_file() -> impl Strategy<Value = FileName> {
    any_file_of(&FileKind::ALL)
}

pub(crate) fn any_file_of(kinds: &[FileKind]) -> impl Strategy<Value = FileName> {
    let kinds = prop::sample::select(kinds.to_vec());
    (any_name(), any_inc(), any_epoch(), any::<u128>(), kinds)
        .prop_map(|(home, inc, epoch, ulid, kind)| FileName { home, inc, epoch, ulid, kind })
}

pub(crate) fn any_blob() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from)
}
