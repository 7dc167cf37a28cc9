//! Which operators fit which types: of an attribute, and of what it is held against.

use super::bind::Purpose;
use super::field::{Found, complaint};
use crate::error::Result;
use crate::model::{AttrType, Op, Scalar};

/// Whether an operator may be asked of what was found.
pub(super) fn allow(name: &str, found: &Found<'_>, op: Op, purpose: Purpose) -> Result<()> {
    let ordered = |kind: Scalar| !matches!(kind, Scalar::Bool | Scalar::Bytes);
    let (applies, filterable) = match found.kind {
        AttrType::Scalar(kind) => {
            let applies = match op {
                Op::Eq | Op::NotEq | Op::In | Op::NotIn => true,
                Op::Lt | Op::Lte | Op::Gt | Op::Gte => ordered(kind),
                Op::Contains | Op::ContainsAny => false,
                Op::AnyLt | Op::AnyLte | Op::AnyGt | Op::AnyGte => false,
            };
            (applies, found.filterable)
        }
        AttrType::Array(kind) => {
            let applies = match op {
                Op::Eq | Op::NotEq | Op::In | Op::NotIn => true,
                Op::Contains | Op::ContainsAny => true,
                Op::Lt | Op::Lte | Op::Gt | Op::Gte => false,
                Op::AnyLt | Op::AnyLte | Op::AnyGt | Op::AnyGte => ordered(kind),
            };
            (applies, found.filterable)
        }
        AttrType::Vector { .. } | AttrType::Sparse | AttrType::Vectors { .. } => {
            let equality = matches!(op, Op::Eq | Op::NotEq);
            let applies = equality && purpose == Purpose::Condition;
            (applies, applies || found.filterable)
        }
    };
    if !filterable {
        let why = match found.kind {
            AttrType::Scalar(_) | AttrType::Array(_) => {
                "its schema has to say `filterable: true`, or `indexed: true` in /v1"
            }
            _ => "vectors are searched for, and not filtered by",
        };
        return Err(complaint(name, &format!("the attribute is not filterable: {why}")));
    }
    if !applies {
        let kind = found.kind;
        let instead = match (op, kind) {
            (Op::Contains | Op::ContainsAny, AttrType::Scalar(Scalar::String)) => {
                ", but to arrays: a part of a text is asked for by a glob, as in `*part*`"
            }
            _ => "",
        };
        return Err(complaint(name, &format!("{op:?} does not apply to {kind}{instead}")));
    }
    Ok(())
}

/// What a list that an operator is asked with consists of, if it may be one.
pub(super) fn element(kind: AttrType, op: Op) -> Option<Scalar> {
    match (kind, op) {
        (AttrType::Scalar(scalar) | AttrType::Array(scalar), Op::In | Op::NotIn)
        | (AttrType::Array(scalar), Op::Eq | Op::NotEq | Op::ContainsAny) => Some(scalar),
        _ => None,
    }
}

pub(super) fn alike(a: Scalar, b: Scalar) -> bool {
    let number = |scalar: Scalar| matches!(scalar, Scalar::Int | Scalar::Uint | Scalar::Float);
    a == b || (number(a) && number(b))
}

/// Whether values of two attributes can be compared.
pub(super) fn comparable(kind: AttrType, op: Op, other: AttrType) -> bool {
    match (op, kind, other) {
        (Op::In | Op::NotIn, kind, other) => match (kind, other) {
            (
                AttrType::Scalar(a) | AttrType::Array(a),
                AttrType::Scalar(b) | AttrType::Array(b),
            ) => alike(a, b),
            _ => false,
        },
        (Op::ContainsAny, AttrType::Array(a), AttrType::Array(b)) => alike(a, b),
        (
            Op::Contains | Op::AnyLt | Op::AnyLte | Op::AnyGt | Op::AnyGte,
            AttrType::Array(a),
            AttrType::Scalar(b),
        ) => alike(a, b),
        (Op::Contains | Op::ContainsAny, ..)
        | (Op::AnyLt | Op::AnyLte | Op::AnyGt | Op::AnyGte, ..) => false,
        (Op::Eq | Op::NotEq | Op::Lt | Op::Lte | Op::Gt | Op::Gte, kind, other) => {
            match (kind, other) {
                (AttrType::Scalar(a), AttrType::Scalar(b)) => alike(a, b),
                (AttrType::Array(a), AttrType::Array(b)) => alike(a, b),
                (AttrType::Vector { dims: a, .. }, AttrType::Vector { dims: b, .. })
                | (AttrType::Vectors { dims: a }, AttrType::Vectors { dims: b }) => a == b,
                (AttrType::Sparse, AttrType::Sparse) => true,
                _ => false,
            }
        }
    }
}

/// What an operator wants beside an attribute of this type.
pub(super) fn expected(kind: AttrType, op: Op) -> AttrType {
    match (op, kind) {
        (Op::In | Op::NotIn, AttrType::Scalar(scalar)) => AttrType::Array(scalar),
        (
            Op::Contains | Op::AnyLt | Op::AnyLte | Op::AnyGt | Op::AnyGte,
            AttrType::Array(scalar),
        ) => AttrType::Scalar(scalar),
        _ => kind,
    }
}
