//! The head of a name as bytes.
//!
//! ```text
//! frame   kind 2, version 1, put id = the head's
//! body
//!   Namespace           whose head it is
//!   u64       version
//!   u128      inc
//!   u64       epoch
//!   u8        life       0 active, 1 branching, 2 deleted; then Seq next
//!   u8        owner      0 held; then Holder. 1 released; then Seq tail
//!   u64       floor
//!   u64       floor_epoch
//!   16        floor_chain
//!   bool      born
//!   list of u128         recent: put ids of the swaps before this one, oldest first, at most 63
//!   blob      base
//!   list of FileNames    files: rows, text, vectors, deletions
//!   option of FileName   keys: of kind keys
//!   list of retired      FileName; u64 version: any kind but chunk
//!   list of pins         Namespace; u128 inc; u64 version
//!   option of parent     Namespace; u128 inc
//!   list of dead lives   u128 inc; list of FileNames, any kind but chunk; list of pins;
//!                        option of parent
//! ```
//!
//! The put id stands in the frame alone: what is said once does not contradict itself. The name
//! is no part of a [`Head`], which is found under it, but the bytes carry it: a head that a store
//! or a copy of a bucket put in another's place is told.

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::log::Stored;
use crate::model::{FileKind, FileName, Namespace};
use crate::protocol::{self, DeadLife, Life, Ownership, Parent, Pin, Retired};
use crate::storage::fields::{Field, Fields};
use crate::storage::frame::{self, FrameKind};

pub type Head = protocol::Head<Stored>;

pub fn encode(name: &Namespace, head: &Head) -> Bytes {
    let law = law(head);
    assert!(law.is_ok(), "the head of {name} breaks a law: {law:?}");
    let Head { put, recent, version, inc, epoch, life, owner, .. } = head;
    let Head { floor, floor_epoch, floor_chain, born, base, .. } = head;
    let Head { files, keys, retired, pins, parent, dead, .. } = head;
    let mut body = Vec::new();
    let out = &mut body;
    name.write(out);
    version.write(out);
    inc.write(out);
    epoch.write(out);
    life.write(out);
    owner.write(out);
    floor.write(out);
    floor_epoch.write(out);
    floor_chain.write(out);
    born.write(out);
    recent.write(out);
    base.write(out);
    files.write(out);
    keys.write(out);
    retired.write(out);
    pins.write(out);
    parent.write(out);
    dead.write(out);
    frame::encode(FrameKind::Head, *put, &body)
}

/// The head that was written for that name, or `Corrupt`.
pub fn decode(name: &Namespace, bytes: &Bytes) -> Result<Head> {
    let frame = frame::decode(FrameKind::Head, bytes)?;
    let mut fields = Fields::of(frame.body);
    let its_name: Namespace = fields.take("name")?;
    if its_name != *name {
        return Err(Error::corrupt(format!("this is the head of {its_name}, not of {name}")));
    }
    // In the order of the bytes: fields of a literal are evaluated as they are written.
    let head = Head {
        put: frame.put,
        version: fields.take("version")?,
        inc: fields.take("inc")?,
        epoch: fields.take("epoch")?,
        life: fields.take("life")?,
        owner: fields.take("owner")?,
        floor: fields.take("floor")?,
        floor_epoch: fields.take("floor_epoch")?,
        floor_chain: fields.take("floor_chain")?,
        born: fields.take("born")?,
        recent: fields.take("recent")?,
        base: fields.take("base")?,
        files: fields.take("files")?,
        keys: fields.take("keys")?,
        retired: fields.take("retired")?,
        pins: fields.take("pins")?,
        parent: fields.take("parent")?,
        dead: fields.take("dead")?,
    };
    fields.end()?;
    law(&head).map_err(Error::corrupt)?;
    Ok(head)
}

/// What must hold of every head: checked before it is written and after it is read.
fn law(head: &Head) -> Result<(), &'static str> {
    head.check()?;
    if head.mentions().any(|file| file.kind == FileKind::Chunk) {
        return Err("a head names a chunk");
    }
    if head.files.iter().any(|file| file.kind == FileKind::Keys) {
        return Err("a table of keys stands among the files");
    }
    if head.keys.iter().any(|file| file.kind != FileKind::Keys) {
        return Err("keys is no table of keys");
    }
    Ok(())
}

impl Field for Life {
    const BYTES_MIN: usize = 1;

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Active => 0_u8.write(out),
            Self::Branching => 1_u8.write(out),
            Self::Deleted { next } => {
                2_u8.write(out);
                next.write(out);
            }
        }
    }

    fn read(from: &mut Fields) -> Result<Self> {
        match u8::read(from)? {
            0 => Ok(Self::Active),
            1 => Ok(Self::Branching),
            2 => Ok(Self::Deleted { next: from.take("next")? }),
            other => Err(Error::corrupt(format!("{other} is no life"))),
        }
    }
}

impl Field for Ownership {
    const BYTES_MIN: usize = 1;

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Held(holder) => {
                0_u8.write(out);
                holder.write(out);
            }
            Self::Released { tail } => {
                1_u8.write(out);
                tail.write(out);
            }
        }
    }

    fn read(from: &mut Fields) -> Result<Self> {
        match u8::read(from)? {
            0 => Ok(Self::Held(from.take("holder")?)),
            1 => Ok(Self::Released { tail: from.take("tail")? }),
            other => Err(Error::corrupt(format!("{other} is no ownership"))),
        }
    }
}

impl Field for Retired {
    const BYTES_MIN: usize = FileName::BYTES_MIN + 8;

    fn write(&self, out: &mut Vec<u8>) {
        let Self { file, version } = self;
        file.write(out);
        version.write(out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        Ok(Self { file: from.take("file")?, version: from.take("version")? })
    }
}

impl Field for Pin {
    const BYTES_MIN: usize = 2 + 16 + 8;

    fn write(&self, out: &mut Vec<u8>) {
        let Self { name, inc, version } = self;
        name.write(out);
        inc.write(out);
        version.write(out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        Ok(Self {
            name: from.take("name")?,
            inc: from.take("inc")?,
            version: from.take("version")?,
        })
    }
}

impl Field for Parent {
    const BYTES_MIN: usize = 2 + 16;

    fn write(&self, out: &mut Vec<u8>) {
        let Self { name, inc } = self;
        name.write(out);
        inc.write(out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        Ok(Self { name: from.take("name")?, inc: from.take("inc")? })
    }
}

impl Field for DeadLife {
    const BYTES_MIN: usize = 16 + 4 + 4 + 1;

    fn write(&self, out: &mut Vec<u8>) {
        let Self { inc, files, pins, parent } = self;
        inc.write(out);
        files.write(out);
        pins.write(out);
        parent.write(out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        Ok(Self {
            inc: from.take("inc")?,
            files: from.take("files")?,
            pins: from.take("pins")?,
            parent: from.take("parent")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::ErrorKind;
    use crate::model::any::*;
    use crate::model::{Chain, Epoch, Holder, Incarnation, PutId, Seq, Version};

    const SEGMENT: [FileKind; 4] =
        [FileKind::Rows, FileKind::Text, FileKind::Vectors, FileKind::Deletions];
    const KEPT: [FileKind; 5] =
        [FileKind::Rows, FileKind::Text, FileKind::Vectors, FileKind::Deletions, FileKind::Keys];

    fn name(text: &str) -> Namespace {
        Namespace::new(text).unwrap()
    }

    fn some<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
        prop::collection::vec(of, 0..3)
    }

    fn any_life() -> impl Strategy<Value = Life> {
        let deleted = any_seq().prop_map(|next| Life::Deleted { next });
        prop_oneof![Just(Life::Active), Just(Life::Branching), deleted]
    }

    fn any_owner() -> impl Strategy<Value = Ownership> {
        let released = any_seq().prop_map(|tail| Ownership::Released { tail });
        prop_oneof![any_holder().prop_map(Ownership::Held), released]
    }

    fn any_pin() -> impl Strategy<Value = Pin> {
        (any_name(), any_inc(), any_version()).prop_map(|(name, inc, version)| Pin {
            name,
            inc,
            version,
        })
    }

    fn any_parent() -> impl Strategy<Value = Option<Parent>> {
        prop::option::of((any_name(), any_inc()).prop_map(|(name, inc)| Parent { name, inc }))
    }

    fn any_dead() -> impl Strategy<Value = DeadLife> {
        (any_inc(), some(any_file_of(&KEPT)), some(any_pin()), any_parent())
            .prop_map(|(inc, files, pins, parent)| DeadLife { inc, files, pins, parent })
    }

    /// Any head that keeps the law.
    fn any_head() -> impl Strategy<Value = Head> {
        let recent = prop::collection::vec(any_put(), 0..protocol::RECENT_MAX);
        let retired = (any_file_of(&KEPT), any_version());
        let retired = retired.prop_map(|(file, version)| Retired { file, version });
        let keys = prop::option::of(any_file_of(&[FileKind::Keys]));
        let who = (any_put(), recent, any_version(), any_inc(), any_epoch());
        let state = (any_life(), any_owner(), any_seq(), any_epoch(), any_chain(), any::<bool>());
        let files = (any_blob(), some(any_file_of(&SEGMENT)), keys, some(retired));
        let others = (some(any_pin()), any_parent(), some(any_dead()));
        (who, state, files, others).prop_map(|(who, state, files, others)| {
            let (put, mut recent, version, inc, mut epoch) = who;
            let (life, mut owner, mut floor, mut floor_epoch, floor_chain, born) = state;
            let (base, mut files, keys, mut retired) = files;
            let (pins, parent, dead) = others;
            recent.retain(|other| *other != put);
            retired.iter_mut().for_each(|retired| retired.version = version.min(retired.version));
            (floor_epoch, epoch) = (epoch.min(floor_epoch), epoch.max(floor_epoch));
            if let Ownership::Released { tail } = &mut owner {
                (floor, *tail) = (floor.min(*tail), floor.max(*tail));
            }
            if let Life::Deleted { .. } = life {
                files.clear();
                retired.clear();
            }
            Head {
                put,
                recent,
                version,
                inc,
                epoch,
                life,
                owner,
                floor,
                floor_epoch,
                floor_chain,
                born,
                base,
                files,
                keys,
                retired,
                pins,
                parent,
                dead,
            }
        })
    }

    fn young() -> Head {
        Head {
            put: PutId(9),
            recent: vec![],
            version: Version(3),
            inc: Incarnation(5),
            epoch: Epoch(7),
            life: Life::Active,
            owner: Ownership::Held(Holder { node: "n1".into(), process: 1 }),
            floor: Seq(12),
            floor_epoch: Epoch(7),
            floor_chain: Chain([3; 16]),
            born: false,
            base: Bytes::new(),
            files: vec![],
            keys: None,
            retired: vec![],
            pins: vec![],
            parent: None,
            dead: vec![],
        }
    }

    fn file(kind: FileKind) -> FileName {
        FileName { home: name("a"), inc: Incarnation(5), epoch: Epoch(7), ulid: 1, kind }
    }

    #[test]
    fn a_head_is_read_under_its_own_name_alone() {
        let bytes = encode(&name("a"), &young());
        assert_eq!(decode(&name("a"), &bytes).unwrap(), young());
        let error = decode(&name("b"), &bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert_eq!(error.to_string(), "this is the head of a, not of b");
    }

    #[test]
    fn a_kind_of_file_has_its_place_in_a_head() {
        assert_eq!(law(&Head { files: SEGMENT.map(file).to_vec(), ..young() }), Ok(()));
        assert_eq!(law(&Head { keys: Some(file(FileKind::Keys)), ..young() }), Ok(()));
        let retired = |kind| vec![Retired { file: file(kind), version: Version(1) }];
        assert_eq!(law(&Head { retired: retired(FileKind::Keys), ..young() }), Ok(()));
        for bad in [
            Head { files: vec![file(FileKind::Chunk)], ..young() },
            Head { files: vec![file(FileKind::Keys)], ..young() },
            Head { keys: Some(file(FileKind::Rows)), ..young() },
            Head { retired: retired(FileKind::Chunk), ..young() },
        ] {
            assert!(law(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    #[should_panic(expected = "floor_epoch is beyond epoch")]
    fn a_head_that_breaks_the_law_is_not_written() {
        encode(&name("a"), &Head { floor_epoch: Epoch(8), ..young() });
    }

    /// The same head in bytes, where no assertion of ours stands in the way.
    #[test]
    fn a_head_that_breaks_the_law_is_not_read() {
        let good = encode(&name("a"), &young());
        let frame = frame::decode(FrameKind::Head, &good).unwrap();
        let epoch_at = 2 + 8 + 16;
        let mut body = frame.body.to_vec();
        assert_eq!(body[epoch_at], 7);
        body[epoch_at] = 6;
        let bad = frame::encode(FrameKind::Head, frame.put, &body);
        let error = decode(&name("a"), &bad).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert_eq!(error.to_string(), "floor_epoch is beyond epoch");
    }

    proptest! {
        #[test]
        fn every_head_reads_back(name in any_name(), head in any_head()) {
            prop_assert_eq!(law(&head), Ok(()));
            let bytes = encode(&name, &head);
            let opened = decode(&name, &bytes).unwrap();
            prop_assert_eq!(&opened, &head);
            prop_assert_eq!(encode(&name, &opened), bytes);
        }
    }
}
