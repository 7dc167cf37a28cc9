//! Time zones: how far a clock is ahead of UTC, and when it was set to be so. The only home of jiff,
//! whose database is compiled in: an answer depends on no machine.
//!
//! Moments are microseconds since 1970, UTC; what a clock shows is the same number for that zone.

use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};

const SECOND: i64 = 1_000_000;
/// No clock is further ahead, or behind.
const AHEAD_MAX_S: i64 = 18 * 3600;

#[derive(Clone, Debug)]
pub(super) enum Zone {
    /// Always so far ahead.
    Fixed(i64),
    Named(TimeZone),
}

impl Zone {
    pub(super) const UTC: Self = Self::Fixed(0);

    /// A name of the IANA database, or `Z`, `+01:00`, `+0100`, `+01`. None: it is neither.
    pub(super) fn of(name: &str) -> Option<Self> {
        if matches!(name, "Z" | "UTC") {
            return Some(Self::UTC);
        }
        if name.starts_with(['+', '-']) {
            return ahead_s(name).map(|seconds| Self::Fixed(seconds * SECOND));
        }
        TimeZoneDatabase::bundled().get(name).ok().map(Self::Named)
    }

    pub(super) fn ahead(&self, moment: i64) -> i64 {
        match self {
            Self::Fixed(ahead) => *ahead,
            Self::Named(zone) => micros(zone.to_offset(timestamp(moment))),
        }
    }

    /// When the clock was set for the last time, up to then.
    pub(super) fn last_set(&self, moment: i64) -> Option<i64> {
        let Self::Named(zone) = self else { return None };
        let last = zone.preceding(timestamp(moment.saturating_add(1))).next()?;
        Some(last.timestamp().as_microsecond())
    }

    /// When the clock is set for the first time, later than then.
    pub(super) fn next_set(&self, moment: i64) -> Option<i64> {
        let Self::Named(zone) = self else { return None };
        let next = zone.following(timestamp(moment)).next()?.timestamp().as_microsecond();
        // Of a zone that has no rule, jiff tells the last one over and over.
        (next > moment).then_some(next)
    }

    /// The first moment at which the clock shows so much, or more.
    pub(super) fn first_at(&self, shown: i64) -> i64 {
        let Self::Named(zone) = self else { return shown - self.ahead(0) };
        // At the end of time no clock is set.
        let Ok(as_if_utc) = Timestamp::from_microsecond(shown) else {
            return shown - self.ahead(shown);
        };
        match zone.to_ambiguous_timestamp(Offset::UTC.to_datetime(as_if_utc)).offset() {
            AmbiguousOffset::Unambiguous { offset } => shown - micros(offset),
            AmbiguousOffset::Fold { before, .. } => shown - micros(before),
            // It is never shown: the clock was set past it.
            AmbiguousOffset::Gap { before, after } => {
                let earlier = shown - micros(after);
                let set = zone.following(timestamp(earlier)).next();
                set.map_or(shown - micros(before), |set| set.timestamp().as_microsecond())
            }
        }
    }
}

/// The nearest that jiff knows: it ends a day before the year 9999 does, and takes no part of its last
/// second.
fn timestamp(moment: i64) -> Timestamp {
    let (min, max) = (Timestamp::MIN.as_microsecond(), Timestamp::MAX.as_second() * SECOND);
    Timestamp::from_microsecond(moment.clamp(min, max)).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn micros(offset: Offset) -> i64 {
    i64::from(offset.seconds()) * SECOND
}

fn ahead_s(text: &str) -> Option<i64> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 => digits.split_at_checked(2)?,
        5 => digits.split_once(':').filter(|(hours, _)| hours.len() == 2)?,
        _ => return None,
    };
    let number = |digits: &str| {
        let all = digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<i64>().ok().filter(|_| all)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let seconds = sign * (hours * 3600 + minutes * 60);
    (minutes < 60 && seconds.abs() <= AHEAD_MAX_S).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::datetime;

    fn at(text: &str) -> i64 {
        datetime::parse(text).unwrap()
    }

    #[test]
    fn an_offset_is_spelt_in_three_ways_and_a_zone_in_one() {
        for (name, hours) in
            [("Z", 0.0), ("UTC", 0.0), ("+01:00", 1.0), ("-0530", -5.5), ("+18", 18.0)]
        {
            let ahead = Zone::of(name).unwrap().ahead(0) as f64 / (3600.0 * SECOND as f64);
            assert_eq!(ahead, hours, "{name}");
        }
        for name in ["", "+", "+1", "+1:00", "+19:00", "+01:60", "+01:0é", "01:00", "Mars/Olympus"]
        {
            assert!(Zone::of(name).is_none(), "{name}");
        }
    }

    #[test]
    fn clocks_are_set_when_the_database_says() {
        let berlin = Zone::of("Europe/Berlin").unwrap();
        let summer = at("2024-03-31T01:00:00Z");
        assert_eq!(berlin.ahead(summer - 1), 3600 * SECOND);
        assert_eq!(berlin.ahead(summer), 7200 * SECOND);
        assert_eq!(berlin.last_set(summer), Some(summer));
        assert_eq!(berlin.last_set(summer - 1), Some(at("2023-10-29T01:00:00Z")));
        assert_eq!(berlin.next_set(summer - 1), Some(summer));
        assert_eq!(berlin.next_set(summer), Some(at("2024-10-27T01:00:00Z")));
        assert_eq!(Zone::of("+01:00").unwrap().next_set(summer), None);
        // Half past two is not shown in spring, and twice in autumn.
        assert_eq!(berlin.first_at(at("2024-03-31T02:30:00")), summer);
        assert_eq!(berlin.first_at(at("2024-10-27T02:30:00")), at("2024-10-27T00:30:00Z"));
        assert_eq!(berlin.first_at(at("2024-07-01T00:00:00")), at("2024-06-30T22:00:00Z"));
        // Later than any table reaches.
        assert_eq!(berlin.ahead(at("2400-07-01")), 7200 * SECOND);
        assert_eq!(berlin.last_set(at("2400-07-01")).unwrap(), at("2400-03-26T01:00:00Z"));
    }

    #[test]
    fn nothing_ends_at_the_ends_of_time() {
        let samoa = Zone::of("Pacific/Apia").unwrap();
        for moment in [datetime::MICROS_MIN, datetime::MICROS_MAX] {
            samoa.ahead(moment);
            samoa.last_set(moment);
            assert!(samoa.next_set(moment).is_none_or(|next| next > moment));
            let shown = moment + samoa.ahead(moment);
            assert!((samoa.first_at(shown) - moment).abs() <= 26 * 3600 * SECOND);
        }
        // Where jiff ends, a clock goes on as it was last set, and not as in 1970.
        let lord_howe = Zone::of("Australia/Lord_Howe").unwrap();
        for moment in [at("9999-12-30"), datetime::MICROS_MAX, i64::MAX] {
            assert_eq!(lord_howe.ahead(moment), 11 * 3600 * SECOND);
            assert_eq!(lord_howe.last_set(moment), Some(at("9999-10-02T15:30:00Z")));
            assert_eq!(lord_howe.next_set(moment), None);
        }
        // The thirtieth of December 2011 was never shown on Samoa.
        let skipped = samoa.first_at(at("2011-12-30T00:00:00"));
        assert_eq!(skipped, at("2011-12-30T10:00:00Z"));
    }
}
