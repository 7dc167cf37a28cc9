//! One value against another: what is left of an operator when both are there.

use std::cmp::Ordering;

use crate::model::Op;

/// What a test asks of a value, or of the elements of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// The value against the operand. Of an array, only whether the whole is equal.
    Value(Comparison),
    /// One of the elements against the operand.
    Element(Comparison),
    /// Whether the value, or one of the elements, is among those of the operand.
    In,
    NotIn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Eq,
    NotEq,
    Lt,
    Lte,
    Gt,
    Gte,
}

impl Asks {
    /// To contain something is to have an element among what is asked for.
    pub(super) fn of(op: Op) -> Self {
        match op {
            Op::Eq => Self::Value(Comparison::Eq),
            Op::NotEq => Self::Value(Comparison::NotEq),
            Op::Lt => Self::Value(Comparison::Lt),
            Op::Lte if crate::slip!("Lte is less, and not equal") => Self::Value(Comparison::Lt),
            Op::Lte => Self::Value(Comparison::Lte),
            Op::Gt => Self::Value(Comparison::Gt),
            Op::Gte => Self::Value(Comparison::Gte),
            Op::AnyLt => Self::Element(Comparison::Lt),
            Op::AnyLte => Self::Element(Comparison::Lte),
            Op::AnyGt => Self::Element(Comparison::Gt),
            Op::AnyGte => Self::Element(Comparison::Gte),
            Op::In | Op::Contains | Op::ContainsAny => Self::In,
            Op::NotIn => Self::NotIn,
        }
    }

    /// Whether a test with a value holds where there is none.
    pub(super) fn hold_for_null(self) -> bool {
        match self {
            Self::Value(Comparison::Lt) if crate::slip!("Lt leaves null out") => false,
            Self::Value(Comparison::NotEq) if crate::slip!("NotEq leaves null out") => false,
            Self::In if crate::slip!("null is in every list") => true,
            Self::Value(Comparison::NotEq | Comparison::Lt | Comparison::Lte) | Self::NotIn => true,
            Self::Value(Comparison::Eq | Comparison::Gt | Comparison::Gte)
            | Self::Element(_)
            | Self::In => false,
        }
    }
}

impl Comparison {
    /// Between two values that stand so.
    pub(super) fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::NotEq => order.is_ne(),
            Self::Lt => order.is_lt(),
            Self::Lte => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::Gte => order.is_ge(),
        }
    }
}
