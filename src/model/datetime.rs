//! A moment as text. In a value it is a number of microseconds since 1970, UTC, and a whole number of
//! milliseconds; on the wire it is ISO 8601, read in all the forms that clients send and written in one.
//!
//! Years have four digits, so that all that is written can be read again. There are no leap
//! seconds.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};

use super::Given;

/// The first microsecond of the year 0.
pub const MICROS_MIN: i64 = -62_167_219_200_000_000;
/// The last microsecond of the year 9999.
pub const MICROS_MAX: i64 = 253_402_300_799_999_999;

const MINUTE_MICROS: i64 = 60_000_000;
const MILLI_MICROS: u32 = 1000;
const FRACTION_DIGITS_MAX: usize = 9;

/// `2024-03-01`, or with a time of the day after a `T` or a space: `18:30` or `18:30:15` or
/// `18:30:15.123456789`, and then nothing, which is UTC, or `Z`, `+01:00`, `+0100` or `+01`.
/// What is finer than a millisecond is cut off. `None`: the text is none of this.
pub fn parse(text: &str) -> Option<i64> {
    parse_on(text, |shown| shown)
}

/// The same of a text that says no offset but by the clock of some zone: at which moment it shows so much,
/// which is given as if it were UTC.
pub fn parse_on(text: &str, first_at: impl FnOnce(i64) -> i64) -> Option<i64> {
    let mut rest = Rest(text.as_bytes());
    let date = rest.date()?;
    let (mut clock, mut offset_micros) = (Clock::default(), None);
    if !rest.is_empty() {
        rest.one_of(b"Tt ")?;
        clock = rest.clock()?;
        offset_micros = rest.offset_micros()?;
    }
    let time = date.and_hms_micro_opt(clock.hour, clock.minute, clock.second, clock.micros)?;
    let shown = time.and_utc().timestamp_micros();
    let micros = offset_micros.map_or_else(|| first_at(shown), |offset| shown - offset);
    (rest.is_empty() && (MICROS_MIN..=MICROS_MAX).contains(&micros)).then_some(micros)
}

/// A whole number of milliseconds since 1970. `None`: it is none, or of no year that `parse` knows.
pub fn of_millis(given: &Given) -> Option<i64> {
    let millis = match given {
        Given::Int(millis) => *millis,
        Given::Float(millis) if millis.fract() == 0.0 => *millis as i64,
        _ => return None,
    };
    let micros = millis.checked_mul(i64::from(MILLI_MICROS))?;
    (MICROS_MIN..=MICROS_MAX).contains(&micros).then_some(micros)
}

/// With nine digits of a second, of which the last six are zero in a value. A moment that `parse`
/// cannot give is written as the nearest one that it can.
pub fn print(micros: i64) -> String {
    print_any(micros.clamp(MICROS_MIN, MICROS_MAX))
}

/// The same of what is no value, and so may lie before the year 0 or after 9999: such a year has a sign,
/// as ISO 8601 has it. No year is beyond those that chrono knows, a quarter of a million each way.
pub fn print_any(micros: i64) -> String {
    let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    let micros = micros.clamp(first.timestamp_micros(), last.timestamp_micros());
    let time = DateTime::<Utc>::from_timestamp_micros(micros).expect("chrono knows its own years");
    let sign = match time.year() {
        ..0 => "-",
        0..=9999 => "",
        10_000.. => "+",
    };
    format!(
        "{sign}{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z",
        time.year().unsigned_abs(),
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.nanosecond()
    )
}

#[derive(Default)]
struct Clock {
    hour: u32,
    minute: u32,
    second: u32,
    micros: u32,
}

/// What was not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn date(&mut self) -> Option<NaiveDate> {
        let year = self.number(4)?;
        self.one_of(b"-")?;
        let month = self.number(2)?;
        self.one_of(b"-")?;
        let day = self.number(2)?;
        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
    }

    fn clock(&mut self) -> Option<Clock> {
        let hour = self.number(2)?;
        self.one_of(b":")?;
        let mut clock = Clock { hour, minute: self.number(2)?, second: 0, micros: 0 };
        if self.one_of(b":").is_some() {
            clock.second = self.number(2)?;
            if self.one_of(b".").is_some() {
                clock.micros = self.fraction_micros()?;
            }
        }
        Some(clock)
    }

    fn fraction_micros(&mut self) -> Option<u32> {
        let length = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=FRACTION_DIGITS_MAX).contains(&length) {
            return None;
        }
        let nanos = self.number(length)? * 10_u32.pow((FRACTION_DIGITS_MAX - length) as u32);
        Some(nanos / 1_000_000 * MILLI_MICROS)
    }

    /// How far the clock is ahead of UTC, if that is said.
    fn offset_micros(&mut self) -> Option<Option<i64>> {
        if self.is_empty() {
            return Some(None);
        }
        if self.one_of(b"Zz").is_some() {
            return Some(Some(0));
        }
        let sign = if self.one_of(b"+-")? == b'-' { -1 } else { 1 };
        let hours = self.number(2)?;
        let apart = self.one_of(b":").is_some();
        let minutes = if apart || !self.is_empty() { self.number(2)? } else { 0 };
        let fits = hours < 24 && minutes < 60;
        fits.then(|| Some(sign * i64::from(hours * 60 + minutes) * MINUTE_MICROS))
    }

    /// A number of exactly so many digits, at most nine.
    fn number(&mut self, length: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(length)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.0 = rest;
        Some(digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
    }

    fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        if !bytes.contains(first) {
            return None;
        }
        self.0 = rest;
        Some(*first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    /// 2024-03-01T00:00:00Z.
    const MARCH: i64 = 1_709_251_200_000_000;
    const HOUR_MICROS: i64 = 60 * MINUTE_MICROS;

    proptest! {
        #[test]
        fn what_was_printed_is_read(micros in MICROS_MIN..=MICROS_MAX) {
            let kept = micros.div_euclid(1000) * 1000;
            prop_assert_eq!(parse(&print(micros)), Some(kept));
        }

        #[test]
        fn no_text_is_too_odd_to_be_refused(text in "[0-9TZ:.+ -]{0,40}") {
            if let Some(micros) = parse(&text) {
                prop_assert_eq!(parse(&print(micros)), Some(micros));
            }
        }
    }

    #[test]
    fn a_moment_is_read_in_every_form_that_clients_send() {
        let evening = MARCH + 18 * HOUR_MICROS + 30 * MINUTE_MICROS;
        for (text, micros) in [
            ("2024-03-01", MARCH),
            ("2024-03-01T00:00:00", MARCH),
            ("2024-03-01T00:00:00+00:00", MARCH),
            ("2024-03-01T00:00:00.000Z", MARCH),
            ("2024-03-01T18:30", evening),
            ("2024-03-01 18:30:00", evening),
            ("2024-03-01t18:30:00z", evening),
            ("2024-03-01T18:30:00+02:00", evening - 2 * HOUR_MICROS),
            ("2024-03-01T18:30:00-0530", evening + 5 * HOUR_MICROS + 30 * MINUTE_MICROS),
            ("2024-03-01T18:30:00+02", evening - 2 * HOUR_MICROS),
            ("2024-03-01T18:30:00.5", evening + 500_000),
            ("2024-03-01T18:30:00.123456+01:00", evening - HOUR_MICROS + 123_000),
            ("2024-03-01T18:30:00.001999999Z", evening + 1000),
            ("1969-12-31T23:59:59.999999Z", -1000),
            ("1969-12-31T23:59:58.000999Z", -2_000_000),
            ("0000-01-01", MICROS_MIN),
            ("9999-12-31T23:59:59.999999Z", MICROS_MAX - 999),
        ] {
            assert_eq!(parse(text), Some(micros), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "now",
            "1709251200",
            "2024-3-1",
            "2024-02-30",
            "2023-02-29",
            "2024-13-01",
            "+2024-03-01",
            "2024-03-01T",
            "2024-03-01T18",
            "2024-03-01T24:00:00",
            "2024-03-01T18:60:00",
            "2024-03-01T18:30:60",
            "2024-03-01T18:30:00.",
            "2024-03-01T18:30:00.1234567890",
            "2024-03-01T18:30:00+24:00",
            "2024-03-01T18:30:00+1:00",
            "2024-03-01T18:30:00+01:",
            "2024-03-01T18:30:00Zulu",
            "2024-03-01Z",
            "2024-03-01x18:30:00",
            "0000-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "２024-03-01",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_is_written_in_utc_with_nine_digits() {
        assert_eq!(print(MARCH), "2024-03-01T00:00:00.000000000Z");
        assert_eq!(print(-1), "1969-12-31T23:59:59.999999000Z");
        assert_eq!(print(i64::MIN), print(MICROS_MIN));
        assert_eq!(print(i64::MAX), "9999-12-31T23:59:59.999999000Z");
    }

    #[test]
    fn what_is_no_value_may_lie_in_any_year() {
        for (micros, text) in [
            (MICROS_MIN, "0000-01-01T00:00:00.000000000Z"),
            (MICROS_MIN - 1, "-0001-12-31T23:59:59.999999000Z"),
            (MICROS_MAX, "9999-12-31T23:59:59.999999000Z"),
            (MICROS_MAX + 1, "+10000-01-01T00:00:00.000000000Z"),
            (i64::MIN, "-262143-01-01T00:00:00.000000000Z"),
            (i64::MAX, "+262142-12-31T23:59:59.999999000Z"),
        ] {
            assert_eq!(print_any(micros), text);
        }
    }
}
