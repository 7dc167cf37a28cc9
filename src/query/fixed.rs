//! A number in fixed point that is done with: multiplied, subtracted, and in the end divided and
//! rounded, once, to the nearest float.

const DIGIT_BITS: i64 = 32;
/// What a float has.
const MANTISSA_BITS: i64 = 53;
const EXPONENT_MIN: i64 = -1074;
const EXPONENT_MAX: i64 = 1023;

/// Digits of 32 bits, the least first, the first of which counts 2^(32 · first). The last is not 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fixed {
    negative: bool,
    first: i32,
    digits: Vec<u32>,
}

impl Fixed {
    pub(super) fn new(negative: bool, first: i32, mut digits: Vec<u32>) -> Self {
        while digits.pop_if(|digit| *digit == 0).is_some() {}
        Self { negative, first, digits }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    pub(super) fn times(&self, by: u64) -> Self {
        let mut digits = Vec::with_capacity(self.digits.len() + 2);
        let mut carry: u128 = 0;
        for digit in &self.digits {
            let full = u128::from(*digit) * u128::from(by) + carry;
            digits.push(full as u32);
            carry = full >> DIGIT_BITS;
        }
        while carry > 0 {
            digits.push(carry as u32);
            carry >>= DIGIT_BITS;
        }
        Self::new(self.negative, self.first, digits)
    }

    pub(super) fn squared(&self) -> Self {
        let length = self.digits.len();
        let mut digits = vec![0_u32; 2 * length];
        for (at, a) in self.digits.iter().enumerate() {
            let mut carry: u64 = 0;
            for (beside, b) in self.digits.iter().enumerate() {
                let full = u64::from(*a) * u64::from(*b) + u64::from(digits[at + beside]) + carry;
                digits[at + beside] = full as u32;
                carry = full >> DIGIT_BITS;
            }
            digits[at + length] = carry as u32;
        }
        Self::new(false, 2 * self.first, digits)
    }

    /// Of two numbers that are not below zero, of which the other is not the greater one.
    pub(super) fn less(&self, other: &Self) -> Self {
        if other.is_zero() {
            return self.clone();
        }
        let first = self.first.min(other.first);
        let end = |number: &Self| i64::from(number.first) + number.digits.len() as i64;
        let length = (end(self).max(end(other)) - i64::from(first)) as usize;
        let (mine, theirs) = (self.widened(first, length), other.widened(first, length));
        let mut borrow: i64 = 0;
        let mut digits = Vec::with_capacity(length);
        for (a, b) in mine.iter().zip(&theirs) {
            let full = i64::from(*a) - i64::from(*b) + borrow;
            digits.push(full as u32);
            borrow = full >> DIGIT_BITS;
        }
        Self::new(false, first, digits)
    }

    fn widened(&self, first: i32, length: usize) -> Vec<u32> {
        let mut digits = vec![0; length];
        let at = (self.first - first) as usize;
        if !self.is_zero() {
            digits[at..at + self.digits.len()].copy_from_slice(&self.digits);
        }
        digits
    }

    /// The nearest float to this divided by all of these, none of which is 0; of two as near, the
    /// even one. What is beyond the largest float is the largest: an answer holds no infinity.
    pub(super) fn over(&self, divisors: &[u64]) -> f64 {
        if self.is_zero() {
            return 0.0;
        }
        // So many that the quotient has more digits than a float.
        let more = if divisors.is_empty() { 0 } else { 2 * divisors.len() + 3 };
        let mut digits = vec![0; more];
        digits.extend_from_slice(&self.digits);
        let mut inexact = false;
        for divisor in divisors {
            let divisor = u128::from(*divisor);
            let mut rest: u128 = 0;
            for digit in digits.iter_mut().rev() {
                let full = rest << DIGIT_BITS | u128::from(*digit);
                *digit = (full / divisor) as u32;
                rest = full % divisor;
            }
            inexact |= rest != 0;
        }
        let quotient = Self::new(self.negative, self.first - more as i32, digits);
        quotient.rounded(inexact.into())
    }

    /// All of it, if it is an integer that is not beyond this type.
    pub(super) fn whole(&self) -> Option<i128> {
        let mut whole: i128 = 0;
        for (digit, at) in self.digits.iter().zip(i64::from(self.first)..) {
            match (*digit, at) {
                (0, _) => {}
                (digit, 0..=3) => {
                    let part = i128::try_from(u128::from(digit) << (at * DIGIT_BITS)).ok()?;
                    whole = whole.checked_add(part)?;
                }
                _ => return None,
            }
        }
        Some(if self.negative { -whole } else { whole })
    }

    fn rounded(&self, below: Below) -> f64 {
        let Some(top) = self.digits.last() else { return 0.0 };
        let bits = DIGIT_BITS * self.digits.len() as i64 - i64::from(top.leading_zeros());
        let first_exponent = DIGIT_BITS * i64::from(self.first);
        let top_exponent = first_exponent + bits - 1;
        let signed = |number: f64| if self.negative { -number } else { number };
        if top_exponent > EXPONENT_MAX {
            return signed(f64::MAX);
        }
        let kept = MANTISSA_BITS.min(top_exponent - EXPONENT_MIN + 1);
        if kept < 0 {
            return signed(0.0);
        }
        let cut = (bits - kept).max(0);
        let mut mantissa = self.bits_from(cut);
        if cut > 0 {
            let half = self.bits_from(cut - 1) & 1 == 1;
            let more = below == Below::Something || self.has_bits_below(cut - 1);
            mantissa += u64::from(half && (more || mantissa & 1 == 1));
        }
        signed((mantissa as f64 * power(first_exponent + cut)).min(f64::MAX))
    }

    /// What is left when so many of the lowest bits are dropped: of that, the lowest 64.
    fn bits_from(&self, bit: i64) -> u64 {
        let (at, shift) = ((bit / DIGIT_BITS) as usize, bit % DIGIT_BITS);
        let digit = |at: usize| u128::from(self.digits.get(at).copied().unwrap_or(0));
        let three = digit(at) | digit(at + 1) << DIGIT_BITS | digit(at + 2) << (2 * DIGIT_BITS);
        (three >> shift) as u64
    }

    fn has_bits_below(&self, bit: i64) -> bool {
        let (at, shift) = ((bit / DIGIT_BITS) as usize, bit % DIGIT_BITS);
        let lowest = self.digits.get(at).map_or(0, |digit| digit & ((1_u32 << shift) - 1));
        lowest != 0 || self.digits[..at.min(self.digits.len())].iter().any(|digit| *digit != 0)
    }
}

/// What a division left over, below the last digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Below {
    Nothing,
    Something,
}

impl From<bool> for Below {
    fn from(inexact: bool) -> Self {
        if inexact { Self::Something } else { Self::Nothing }
    }
}

/// Two to this power, where that is a float.
fn power(exponent: i64) -> f64 {
    match exponent {
        ..=-1023 => f64::from_bits(1 << (exponent - EXPONENT_MIN)),
        exponent => f64::from_bits(((exponent + EXPONENT_MAX) as u64) << (MANTISSA_BITS - 1)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(number: u128) -> Fixed {
        let digits = (0..4).map(|at| (number >> (32 * at)) as u32).collect();
        Fixed::new(false, 0, digits)
    }

    /// At any place, of any length.
    fn any_number() -> impl Strategy<Value = u128> {
        (any::<u128>(), 0..128_u32).prop_map(|(number, shift)| number >> shift)
    }

    proptest! {
        #[test]
        fn an_integer_is_rounded_as_the_machine_does(number in any_number()) {
            prop_assert_eq!(of(number).over(&[]), number as f64);
            let negative = Fixed { negative: true, ..of(number) };
            prop_assert_eq!(negative.over(&[]).abs(), number as f64);
        }

        #[test]
        fn a_quotient_is_rounded_once(number in 0..1_u64 << 53, divisor in 1..1_u64 << 53) {
            // Both are floats, and the machine rounds their quotient once, too.
            let expected = number as f64 / divisor as f64;
            prop_assert_eq!(of(number.into()).over(&[divisor]), expected);
            prop_assert_eq!(of(number.into()).times(7).over(&[divisor, 7]), expected);
        }

        #[test]
        fn the_arithmetic_is_that_of_integers(
            a in any::<u64>(),
            b in any::<u64>(),
            shift in 0..64_u32,
        ) {
            let (a, b) = (a >> shift, b >> (shift / 2));
            let (wide_a, wide_b) = (u128::from(a), u128::from(b));
            prop_assert_eq!(of(wide_a).times(b), of(wide_a * wide_b));
            prop_assert_eq!(of(wide_a).squared(), of(wide_a * wide_a));
            let (most, least) = (wide_a.max(wide_b), wide_a.min(wide_b));
            prop_assert_eq!(of(most).less(&of(least)), of(most - least));
            prop_assert_eq!(of(wide_a).whole(), Some(i128::from(a)));
        }

        #[test]
        fn a_float_is_itself_wherever_its_digits_begin(bits in any::<u64>(), more in 0..4_usize) {
            let number = f64::from_bits(bits >> 1);
            prop_assume!(number.is_finite());
            let mut sum = super::super::exact::Exact::default();
            sum.add_float(number);
            let mut wide = sum.settled();
            wide.first -= more as i32;
            wide.digits.splice(0..0, vec![0; more]);
            prop_assert_eq!(wide.over(&[]).to_bits(), number.to_bits());
        }
    }

    #[test]
    fn what_lies_between_two_floats_goes_to_the_even_one() {
        let two_53 = 1_u128 << 53;
        for (number, expected) in [
            (two_53 + 1, two_53),
            (two_53 + 2, two_53 + 2),
            (two_53 + 3, two_53 + 4),
            (two_53 * 2 + 2, two_53 * 2),
            (two_53 * 2 + 3, two_53 * 2 + 4),
        ] {
            assert_eq!(of(number).over(&[]), expected as f64, "{number}");
        }
        // A little more than the middle.
        let thirds = of((two_53 + 1) * 3 + 1).over(&[3]);
        assert_eq!(thirds, (two_53 + 2) as f64);
    }

    #[test]
    fn what_no_float_can_say_is_the_nearest_that_one_can() {
        let at = |exponent: i64| {
            let (first, bit) = (exponent.div_euclid(32), exponent.rem_euclid(32));
            Fixed::new(false, first as i32, vec![1 << bit])
        };
        assert_eq!(at(1023).over(&[]), 2_f64.powi(1023));
        assert_eq!(at(1024).over(&[]), f64::MAX);
        assert_eq!(Fixed { negative: true, ..at(5000) }.over(&[]), -f64::MAX);
        assert_eq!(at(-1074).over(&[]), 5e-324);
        // Half of the least is nothing, and three quarters are the least.
        assert_eq!(at(-1075).over(&[]), 0.0);
        assert_eq!(at(-1075).times(3).over(&[2]), 5e-324);
        assert_eq!(at(-1074).times(3).over(&[2]), 1e-323);
        assert_eq!(at(-2000).over(&[]), 0.0);
        // Rounded up, it would be beyond.
        let digits = vec![u32::MAX; 2];
        assert_eq!(Fixed::new(false, 30, digits).over(&[]), f64::MAX);
    }
}
