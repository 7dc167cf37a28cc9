//! How long a stretch of time is: `month`, `1M`, `90m`.

use crate::api::error::Refusal;
use crate::api::json::quoted;
use crate::model::aggregation::Calendar;

const UNITS_MS: [(&str, i64); 5] =
    [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// What they are called, whole and short.
pub(in crate::api) const CALENDARS: [(&str, &str, Calendar); 7] = [
    ("minute", "1m", Calendar::Minute),
    ("hour", "1h", Calendar::Hour),
    ("day", "1d", Calendar::Day),
    ("week", "1w", Calendar::Week),
    ("month", "1M", Calendar::Month),
    ("quarter", "1q", Calendar::Quarter),
    ("year", "1y", Calendar::Year),
];

pub(super) fn calendar(path: &str, text: &str) -> Result<Calendar, Refusal> {
    let found = CALENDARS.iter().find(|(whole, short, _)| text == *whole || text == *short);
    found.map(|(_, _, calendar)| *calendar).ok_or_else(|| {
        Refusal::invalid(format!(
            "{path} is one of minute, hour, day, week, month, quarter and year, not `{}`",
            quoted(text)
        ))
    })
}

pub(super) fn fixed_ms(path: &str, text: &str) -> Result<i64, Refusal> {
    length_ms(text).ok_or_else(|| odd(path, text))
}

/// Before or after.
pub(super) fn offset_ms(path: &str, text: &str) -> Result<i64, Refusal> {
    let (sign, length) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
        (Some(length), _) => (-1, length),
        (None, Some(length)) => (1, length),
        (None, None) => (1, text),
    };
    length_ms(length).map(|ms| sign * ms).ok_or_else(|| odd(path, text))
}

fn length_ms(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, unit_ms) = UNITS_MS.iter().find(|(name, _)| *name == unit)?;
    number.parse::<i64>().ok()?.checked_mul(*unit_ms)
}

fn odd(path: &str, text: &str) -> Refusal {
    let text = quoted(text);
    Refusal::invalid(format!(
        "{path} is a number and its unit, of ms, s, m, h and d, as `90m`, not `{text}`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_a_number_and_its_unit() {
        for (text, ms) in [("1ms", 1), ("90m", 5_400_000), ("30d", 2_592_000_000), ("0s", 0)] {
            assert_eq!(fixed_ms("a", text).unwrap(), ms);
        }
        for text in ["", "m", "1", "1M", "1 d", "-1d", "1.5h", "99999999999999999999d", "1é"] {
            assert!(fixed_ms("a", text).is_err(), "{text}");
        }
        assert_eq!(offset_ms("a", "+6h").unwrap(), 6 * 3_600_000);
        assert_eq!(offset_ms("a", "-1d").unwrap(), -86_400_000);
        assert!(offset_ms("a", "--1d").is_err());
    }
}
