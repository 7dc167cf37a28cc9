//! Numbers of documents as scores: the value of an attribute, or how far it is from another.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType, UInt64Type};
use arrow_array::{Array, ArrayRef};

use super::score::Above;
use crate::error::{Error, Result};
use crate::model::{AttrNo, AttrType, Given, Scalar, Schema, datetime};

const MICROS_PER_MS: f64 = 1000.0;

#[derive(Debug)]
pub(super) struct Number {
    number: AttrNo,
    kind: Numeric,
    from: Option<Origin>,
    /// What stands for a value that is not there.
    missing: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numeric {
    Int,
    Uint,
    Float,
    /// In microseconds, of which a score makes milliseconds.
    Time,
}

/// Between integers the distance is exact, however large they are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Origin {
    Whole(i128),
    Float(f64),
}

impl Number {
    pub(super) fn value(schema: &Schema, name: &str, above: Above) -> Result<Self> {
        let (number, kind) = numeric(schema, name)?;
        if matches!(kind, Numeric::Int | Numeric::Float) && above != Above::Floor {
            return Err(Error::invalid(format!(
                "attribute '{name}' may be negative: put it into a Max with 0, or into a Saturate"
            )));
        }
        let missing = if crate::slip!("an Attribute that is missing is one") { 1.0 } else { 0.0 };
        Ok(Self { number, kind, from: None, missing })
    }

    pub(super) fn distance(
        schema: &Schema,
        name: &str,
        origin: &Given,
        above: Above,
    ) -> Result<Self> {
        let (number, kind) = numeric(schema, name)?;
        let from = match (kind, origin) {
            (Numeric::Time, Given::Text(text)) => {
                datetime::parse(text).map(|micros| Origin::Whole(micros.into()))
            }
            (Numeric::Time, Given::Int(ms)) => Some(Origin::Whole(i128::from(*ms) * 1000)),
            (Numeric::Time, other) => other.number().map(|ms| Origin::Float(ms * MICROS_PER_MS)),
            (_, Given::Int(number)) => Some(Origin::Whole((*number).into())),
            (_, Given::Uint(number)) => Some(Origin::Whole((*number).into())),
            (_, other) => other.number().map(Origin::Float),
        };
        let finite = |origin: &Origin| !matches!(origin, Origin::Float(it) if !it.is_finite());
        let Some(from) = from.filter(finite) else {
            return Err(Error::invalid(format!(
                "the origin of the Dist of '{name}' is a number, or a time if it is a datetime, \
                 but got '{origin}'"
            )));
        };
        // A Decay leaves nothing of what is infinitely far.
        let missing = if above == Above::Decay { f64::INFINITY } else { 0.0 };
        Ok(Self { number, kind, from: Some(from), missing })
    }

    pub(super) fn number(&self) -> AttrNo {
        self.number
    }

    pub(super) fn scores(&self, column: Option<&ArrayRef>, rows: usize) -> Vec<f64> {
        let Some(column) = column else { return vec![self.missing; rows] };
        let mut scores: Vec<f64> = match self.kind {
            Numeric::Int => {
                let numbers = column.as_primitive::<Int64Type>().values();
                numbers.iter().map(|it| self.whole((*it).into())).collect()
            }
            Numeric::Uint => {
                let numbers = column.as_primitive::<UInt64Type>().values();
                numbers.iter().map(|it| self.whole((*it).into())).collect()
            }
            Numeric::Float => {
                let numbers = column.as_primitive::<Float64Type>().values();
                numbers.iter().map(|it| self.float(*it)).collect()
            }
            Numeric::Time => {
                let micros = column.as_primitive::<TimestampMicrosecondType>().values();
                micros.iter().map(|it| self.whole((*it).into()) / MICROS_PER_MS).collect()
            }
        };
        if let Some(nulls) = column.nulls() {
            for (row, score) in scores.iter_mut().enumerate() {
                if nulls.is_null(row) {
                    *score = self.missing;
                }
            }
        }
        scores
    }

    fn whole(&self, value: i128) -> f64 {
        match self.from {
            None => value as f64,
            Some(Origin::Whole(from)) if crate::slip!("a Dist may be below zero") => {
                (value - from) as f64
            }
            Some(Origin::Whole(from)) => (value - from).unsigned_abs() as f64,
            Some(Origin::Float(from)) => (value as f64 - from).abs(),
        }
    }

    fn float(&self, value: f64) -> f64 {
        let far = match self.from {
            None => return value,
            Some(Origin::Whole(from)) => (value - from as f64).abs(),
            Some(Origin::Float(from)) => (value - from).abs(),
        };
        far.min(f64::MAX)
    }
}

fn numeric(schema: &Schema, name: &str) -> Result<(AttrNo, Numeric)> {
    let attribute = schema.attribute(name)?;
    let kind = match attribute.kind {
        AttrType::Scalar(Scalar::Int) => Numeric::Int,
        AttrType::Scalar(Scalar::Uint) => Numeric::Uint,
        AttrType::Scalar(Scalar::Float) => Numeric::Float,
        AttrType::Scalar(Scalar::DateTime) => Numeric::Time,
        kind => {
            return Err(Error::invalid(format!(
                "attribute '{name}' is of type {kind}: a score takes int, uint, float or datetime"
            )));
        }
    };
    Ok((attribute.number, kind))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::Int64Array;

    use super::*;

    #[test]
    fn the_distance_of_integers_is_exact_however_far_they_are() {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![
            Some(i64::MIN),
            Some(i64::MAX),
            Some(i64::MAX - 1),
            None,
        ]));
        let number =
            |from| Number { number: AttrNo(0), kind: Numeric::Int, from, missing: f64::INFINITY };
        let from = Origin::Whole(i64::MAX.into());
        let far = number(Some(from)).scores(Some(&column), 4);
        assert_eq!(far, [2.0_f64.powi(64), 0.0, 1.0, f64::INFINITY]);
        assert_eq!(number(None).scores(None, 2), [f64::INFINITY; 2]);
    }
}
