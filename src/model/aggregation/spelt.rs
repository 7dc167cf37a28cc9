//! Numbers and moments as the keys of buckets spell them.

use crate::model::datetime;

/// With one digit after the point at least: `100.0`.
pub fn spelt_number(number: f64) -> String {
    format!("{number:?}")
}

/// To the millisecond, on a clock that is so far ahead of UTC: `2015-01-01T00:00:00.000+01:00`.
pub fn spelt_moment(ms: i64, ahead_s: i32) -> String {
    let mut text = spelt_clock(ms, ahead_s);
    text.push_str(&spelt_offset(ahead_s));
    text
}

/// What that clock shows. Only the year may be longer: `+10000-01-01T00:00:00.000`.
pub fn spelt_clock(ms: i64, ahead_s: i32) -> String {
    let local = ms.saturating_add(i64::from(ahead_s) * 1000).saturating_mul(1000);
    let mut text = datetime::print_any(local);
    text.truncate(text.len() - "000000Z".len());
    text
}

/// `Z`, or `+01:00`; what differs by seconds, as clocks did before there were zones, with those.
pub fn spelt_offset(ahead_s: i32) -> String {
    if ahead_s == 0 {
        return "Z".to_owned();
    }
    let sign = if ahead_s < 0 { '-' } else { '+' };
    let seconds = ahead_s.unsigned_abs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match seconds {
        0 => format!("{sign}{hours:02}:{minutes:02}"),
        seconds => format!("{sign}{hours:02}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_always_has_a_point_or_an_exponent() {
        for (number, text) in
            [(100.0, "100.0"), (-0.5, "-0.5"), (1e16, "1e16"), (1.5e-5, "1.5e-5"), (1e-4, "0.0001")]
        {
            assert_eq!(spelt_number(number), text);
        }
    }

    #[test]
    fn a_moment_is_told_on_the_clock_of_its_zone() {
        assert_eq!(spelt_moment(1_420_070_400_000, 0), "2015-01-01T00:00:00.000Z");
        assert_eq!(spelt_moment(1_420_070_399_999, 3600), "2015-01-01T00:59:59.999+01:00");
        assert_eq!(spelt_moment(-1, -5 * 3600 - 1800), "1969-12-31T18:29:59.999-05:30");
        assert_eq!(spelt_moment(0, -17_762), "1969-12-31T19:03:58.000-04:56:02");
    }

    /// By day at +14:00, the last afternoon of 9999 was in a bucket called one millisecond before its
    /// midnight; and by 10,000 days, the first of January of year 1 in the beginning of year 0.
    #[test]
    fn a_bucket_may_begin_in_a_year_that_no_value_is_in() {
        let midnight = 253_402_250_400_000;
        assert_eq!(spelt_moment(midnight, 14 * 3600), "+10000-01-01T00:00:00.000+14:00");
        assert_eq!(spelt_moment(-62_208_000_000_000, 0), "-0002-09-16T00:00:00.000Z");
        assert_eq!(spelt_moment(i64::MAX, 3600), "+262142-12-31T23:59:59.999+01:00");
    }
}
