//! A value as the one kind of number that figures are: floats, and of moments milliseconds.

use crate::model::Value;

/// So many bits more than the quotient needs, that it is rounded once.
const MORE_BITS: u32 = 64;
const MICROS: u128 = 1000;

/// None: it is no number.
pub fn value_figure(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Uint(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        Value::DateTime(micros) => Some(millis(*micros)),
        _ => None,
    }
}

fn millis(micros: i64) -> f64 {
    let wide = u128::from(micros.unsigned_abs()) << MORE_BITS;
    // What is left over decides which way the middle between two floats goes.
    let quotient = (wide / MICROS) | u128::from(!wide.is_multiple_of(MICROS));
    let magnitude = quotient as f64 / 2_f64.powi(MORE_BITS as i32);
    if micros < 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::datetime::{MICROS_MAX, MICROS_MIN};

    #[test]
    fn a_moment_is_its_milliseconds_rounded_once() {
        for (micros, expected) in [
            (0, 0.0),
            (1, 0.001),
            (-1, -0.001),
            (1_420_070_400_123_456, 1_420_070_400_123.456),
            (MICROS_MAX, 253_402_300_799_999.999),
            (MICROS_MIN, -62_167_219_200_000.0),
        ] {
            assert_eq!(value_figure(&Value::DateTime(micros)), Some(expected), "{micros}");
        }
        assert_eq!(value_figure(&Value::Uint(u64::MAX)), Some(u64::MAX as f64));
        assert_eq!(value_figure(&Value::Bool(true)), None);
    }
}
