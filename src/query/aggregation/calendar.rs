//! Where a day begins, and an hour, a month, any stretch of so long: the buckets of a date histogram.
//!
//! What is of days begins when the clock first shows midnight, or the first thing after it. What is
//! shorter, or of a fixed length, is counted on the clock too, and does not go on over a moment at
//! which the clock was set: an hour that is shown twice is two.

use super::zone::Zone;
use crate::model::aggregation::{Calendar, Interval};

const MILLI: i64 = 1000;
const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Years are counted in eras, each of which has as many days as the next.
const ERA_YEARS: i64 = 400;
const ERA_DAYS: i64 = 146_097;
/// From the first of March of the year 0 to 1970.
const EPOCH_DAYS: i64 = 719_468;
/// 1970 began on the fourth day of a week.
const EPOCH_WEEKDAY: i64 = 3;

#[derive(Clone, Debug)]
pub(super) struct Stretches {
    interval: Interval,
    zone: Zone,
    /// By how much every one of them is late.
    offset: i64,
}

impl Stretches {
    pub(super) fn new(interval: Interval, zone: Zone, offset_ms: i64) -> Self {
        Self { interval, zone, offset: offset_ms * MILLI }
    }

    /// When the stretch began that this moment is in.
    pub(super) fn floor(&self, moment: i64) -> i64 {
        self.begin(moment - self.offset) + self.offset
    }

    /// When the stretch begins that comes after the one that began then.
    pub(super) fn next(&self, begin: i64) -> i64 {
        let begin = begin - self.offset;
        let next = match self.of_days() {
            Some(unit) => {
                let shown = begin + self.zone.ahead(begin);
                self.zone.first_at(next_midnight(unit, midnight(unit, shown)))
            }
            None => self.next_on_the_clock(begin),
        };
        next + self.offset
    }

    /// How far the clock is ahead of UTC then, in seconds.
    pub(super) fn ahead_s(&self, moment: i64) -> i32 {
        (self.zone.ahead(moment) / (MILLI * MILLI)) as i32
    }

    fn of_days(&self) -> Option<Calendar> {
        match self.interval {
            Interval::Calendar(Calendar::Minute | Calendar::Hour) | Interval::FixedMs(_) => None,
            Interval::Calendar(unit) => Some(unit),
        }
    }

    /// Of what is counted on the clock.
    fn length(&self) -> i64 {
        match self.interval {
            Interval::Calendar(Calendar::Minute) => MINUTE,
            Interval::Calendar(_) => HOUR,
            Interval::FixedMs(ms) => ms * MILLI,
        }
    }

    fn begin(&self, moment: i64) -> i64 {
        match self.of_days() {
            Some(unit) => {
                let shown = moment + self.zone.ahead(moment);
                self.zone.first_at(midnight(unit, shown))
            }
            None => self.begin_on_the_clock(moment),
        }
    }

    fn begin_on_the_clock(&self, mut moment: i64) -> i64 {
        let length = self.length();
        loop {
            let ahead = self.zone.ahead(moment);
            let shown = (moment + ahead).div_euclid(length) * length;
            let begin = shown - ahead;
            if crate::slip!("an hour that is shown twice is one") {
                return self.zone.first_at(shown);
            }
            let Some(set) = self.zone.last_set(moment).filter(|set| begin < *set) else {
                return begin;
            };
            // It was set past the beginning, which was never shown.
            let skipped = shown >= set + self.zone.ahead(set - 1);
            if skipped && matches!(self.interval, Interval::FixedMs(_)) {
                return set;
            }
            moment = set - MILLI;
        }
    }

    /// The first moment after this one that is its own beginning: what the clock shows is a multiple
    /// then, or it is set.
    fn next_on_the_clock(&self, mut moment: i64) -> i64 {
        let length = self.length();
        loop {
            let ahead = self.zone.ahead(moment);
            let next = ((moment + ahead).div_euclid(length) + 1) * length - ahead;
            let Some(set) = self.zone.next_set(moment).filter(|set| *set <= next) else {
                return next;
            };
            if self.begins_as_set(set) {
                return set;
            }
            moment = set;
        }
    }

    /// Whether a stretch begins at a moment at which the clock is set.
    fn begins_as_set(&self, set: i64) -> bool {
        let (before, after) = (set + self.zone.ahead(set - 1), set + self.zone.ahead(set));
        let shown = after.div_euclid(self.length()) * self.length();
        shown == after || (shown >= before && matches!(self.interval, Interval::FixedMs(_)))
    }
}

/// The midnight that the unit began with which the clock shows.
fn midnight(unit: Calendar, shown: i64) -> i64 {
    let days = shown.div_euclid(DAY);
    let first = match unit {
        Calendar::Week if crate::slip!("a week begins on Sunday") => {
            days - (days + EPOCH_WEEKDAY + 1).rem_euclid(7)
        }
        Calendar::Week => days - (days + EPOCH_WEEKDAY).rem_euclid(7),
        Calendar::Month => days_of(first_month(days, 1)),
        Calendar::Quarter => days_of(first_month(days, 3)),
        Calendar::Year => days_of(first_month(days, 12)),
        Calendar::Minute | Calendar::Hour | Calendar::Day => days,
    };
    first * DAY
}

/// The one that the next unit begins with.
fn next_midnight(unit: Calendar, midnight: i64) -> i64 {
    let days = midnight.div_euclid(DAY);
    let first = match unit {
        Calendar::Week => days + 7,
        Calendar::Month => days_of(first_month(days, 1) + 1),
        Calendar::Quarter => days_of(first_month(days, 3) + 3),
        Calendar::Year => days_of(first_month(days, 12) + 12),
        Calendar::Minute | Calendar::Hour | Calendar::Day => days + 1,
    };
    first * DAY
}

/// The month of a day, and of so many months together the first: counted from January of the year 0.
fn first_month(days: i64, together: i64) -> i64 {
    let shifted = days + EPOCH_DAYS;
    let (era, day) = (shifted.div_euclid(ERA_DAYS), shifted.rem_euclid(ERA_DAYS));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // From March on, so that the day that some years have more is their last.
    let march_month = (5 * day + 2) / 153;
    let months = 12 * (era * ERA_YEARS + year) + march_month + 2;
    months.div_euclid(together) * together
}

/// The first day of a month, since 1970.
fn days_of(months: i64) -> i64 {
    let from_march = months - 2;
    let (year, month) = (from_march.div_euclid(12), from_march.rem_euclid(12));
    let (era, year) = (year.div_euclid(ERA_YEARS), year.rem_euclid(ERA_YEARS));
    let day = (153 * month + 2) / 5;
    era * ERA_DAYS + 365 * year + year / 4 - year / 100 + day - EPOCH_DAYS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::datetime;

    fn at(text: &str) -> i64 {
        datetime::parse(text).unwrap()
    }

    fn told(moment: i64) -> String {
        datetime::print(moment)[..19].to_owned()
    }

    fn stretches(interval: Interval, zone: &str) -> Stretches {
        Stretches::new(interval, Zone::of(zone).unwrap(), 0)
    }

    fn calendar(unit: Calendar, zone: &str) -> Stretches {
        stretches(Interval::Calendar(unit), zone)
    }

    const UNITS: [Calendar; 7] = [
        Calendar::Minute,
        Calendar::Hour,
        Calendar::Day,
        Calendar::Week,
        Calendar::Month,
        Calendar::Quarter,
        Calendar::Year,
    ];
    const ZONES: [&str; 11] = [
        "UTC",
        "-03:30",
        "Europe/Berlin",
        "America/New_York",
        // Set at midnight, by half an hour, by a whole day, and long ago by odd seconds.
        "America/Sao_Paulo",
        "America/Havana",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Africa/Monrovia",
        // By two hours, and while it is summer elsewhere.
        "Antarctica/Troll",
        "Australia/Sydney",
    ];
    /// From a millisecond to decades, and some that are in no hour or day a whole number of times.
    const LENGTHS_MS: [i64; 13] = [
        1,
        1000,
        60_000,
        17 * 60_000,
        90 * 60_000,
        2 * 3_600_000,
        7 * 3_600_000,
        12_345_678,
        86_400_000,
        7 * 86_400_000,
        90 * 86_400_000,
        180 * 86_400_000,
        10_000 * 86_400_000,
    ];

    fn any_interval() -> impl Strategy<Value = Interval> {
        let unit = prop::sample::select(UNITS.to_vec()).prop_map(Interval::Calendar);
        let fixed = prop::sample::select(LENGTHS_MS.to_vec()).prop_map(Interval::FixedMs);
        prop_oneof![1 => unit, 1 => fixed]
    }

    fn any_moment() -> impl Strategy<Value = i64> {
        let near = at("1960-01-01")..at("2040-01-01");
        // A clock of these is set within a day.
        let set = prop::sample::select(vec![
            "2024-03-31T01:00:00",
            "2024-10-27T01:00:00",
            "2018-11-04T03:00:00",
            "2018-02-18T02:00:00",
            "2017-11-05T05:00:00",
            "2024-04-06T15:00:00",
            "2024-10-05T15:30:00",
            "2011-12-30T10:00:00",
            "1972-01-07T00:44:30",
            "2024-10-05T16:00:00",
        ]);
        let near_set = (set, -26 * HOUR..26 * HOUR).prop_map(|(set, apart)| at(set) + apart);
        prop_oneof![2 => near, 3 => near_set, 1 => at("0001-01-01")..at("9998-01-01")]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn every_moment_is_in_one_stretch(
            interval in any_interval(),
            zone in prop::sample::select(ZONES.to_vec()),
            moment in any_moment(),
            later in 0..3 * DAY,
        ) {
            let stretches = stretches(interval, zone);
            let begin = stretches.floor(moment);
            prop_assert!(begin <= moment, "{} {}", told(moment), told(begin));
            prop_assert_eq!(stretches.floor(begin), begin, "{}", told(moment));
            let next = stretches.next(begin);
            prop_assert!(moment < next, "{} {} {}", told(moment), told(begin), told(next));
            prop_assert_eq!(stretches.floor(next), next);
            prop_assert_eq!(stretches.floor(next - 1), begin, "{} {}", told(begin), told(next));
            prop_assert!(stretches.floor(moment + later) >= begin);
        }

        /// Whatever documents there are, where they are dense no stretch is met that would not fill a
        /// gap, and where they are not none is left out.
        #[test]
        fn one_stretch_follows_the_other(
            interval in any_interval(),
            zone in prop::sample::select(ZONES.to_vec()),
            offset_ms in prop::sample::select(vec![0, 5_400_000, -86_400_000]),
            moment in any_moment(),
            within in prop::collection::vec(0.0..1.0, 24),
        ) {
            let stretches = Stretches::new(interval, Zone::of(zone).unwrap(), offset_ms);
            let mut begin = stretches.floor(moment);
            for within in within {
                let next = stretches.next(begin);
                prop_assert_eq!(stretches.floor(next), next, "{} {}", told(begin), told(next));
                let length = (next - begin) as f64;
                for dense in [begin, begin + (within * length) as i64, next - 1] {
                    prop_assert_eq!(stretches.floor(dense), begin, "{}", told(dense));
                }
                begin = next;
            }
        }

        #[test]
        fn months_are_those_of_the_calendar(days in -719_000..2_900_000_i64) {
            let date = datetime::print(days * DAY);
            let first = format!("{}-01", &date[..7]);
            prop_assert_eq!(midnight(Calendar::Month, days * DAY + 7), at(&first));
            let year = format!("{}-01-01", &date[..4]);
            prop_assert_eq!(midnight(Calendar::Year, days * DAY), at(&year));
        }
    }

    #[test]
    fn each_unit_begins_where_a_reader_expects() {
        let moment = at("2024-05-15T13:14:15.5Z");
        for (unit, begin) in UNITS.iter().zip([
            "2024-05-15T13:14:00",
            "2024-05-15T13:00:00",
            "2024-05-15T00:00:00",
            "2024-05-13T00:00:00",
            "2024-05-01T00:00:00",
            "2024-04-01T00:00:00",
            "2024-01-01T00:00:00",
        ]) {
            assert_eq!(told(calendar(*unit, "UTC").floor(moment)), begin);
        }
        let fixed = stretches(Interval::FixedMs(90 * 60_000), "UTC");
        assert_eq!(told(fixed.floor(moment)), "2024-05-15T12:00:00");
        let utc = Zone::of("UTC").unwrap();
        let late = Stretches::new(Interval::Calendar(Calendar::Day), utc, 6 * 3_600_000);
        assert_eq!(told(late.floor(at("2024-05-15T05:59:59Z"))), "2024-05-14T06:00:00");
        assert_eq!(told(late.next(at("2024-05-14T06:00:00Z"))), "2024-05-15T06:00:00");
    }

    /// An interval that was an hour short of the next one, because a clock was set, was taken for the
    /// same, and the one after it for the next; and none began where a clock was set.
    #[test]
    fn no_stretch_is_left_out_where_a_clock_is_set() {
        for (zone, minutes, begins) in [
            (
                "America/New_York",
                90 * 24 * 60,
                [
                    "2023-03-24T04:00:00",
                    "2023-06-22T04:00:00",
                    "2023-09-20T04:00:00",
                    "2023-12-19T05:00:00",
                    "2024-03-18T04:00:00",
                ],
            ),
            (
                "Antarctica/Troll",
                120,
                [
                    "2024-03-30T22:00:00",
                    "2024-03-31T00:00:00",
                    "2024-03-31T01:00:00",
                    "2024-03-31T02:00:00",
                    "2024-03-31T04:00:00",
                ],
            ),
        ] {
            let stretches = stretches(Interval::FixedMs(minutes * 60_000), zone);
            let first = stretches.floor(at(begins[0]));
            let all = std::iter::successors(Some(first), |begin| Some(stretches.next(*begin)));
            assert_eq!(all.take(begins.len()).map(told).collect::<Vec<_>>(), begins, "{zone}");
        }
    }

    #[test]
    fn a_day_is_as_long_as_its_clock_says() {
        let day = calendar(Calendar::Day, "Europe/Berlin");
        let begin = day.floor(at("2024-03-31T12:00:00+02:00"));
        assert_eq!(told(begin), "2024-03-30T23:00:00");
        assert_eq!(day.next(begin) - begin, 23 * HOUR);
        assert_eq!(day.ahead_s(begin), 3600);
        // There was no midnight that day, and twice one here.
        let sao_paulo = calendar(Calendar::Day, "America/Sao_Paulo");
        assert_eq!(told(sao_paulo.floor(at("2018-11-04T12:00:00Z"))), "2018-11-04T03:00:00");
        let havana = calendar(Calendar::Day, "America/Havana");
        assert_eq!(told(havana.floor(at("2017-11-05T05:30:00Z"))), "2017-11-05T04:00:00");
    }

    #[test]
    fn an_hour_that_is_shown_twice_is_two() {
        let hour = calendar(Calendar::Hour, "America/New_York");
        let first = hour.floor(at("2024-11-03T05:30:00Z"));
        assert_eq!(told(first), "2024-11-03T05:00:00");
        assert_eq!(told(hour.next(first)), "2024-11-03T06:00:00");
        // Of one that is half skipped, what is left is the end of the hour before.
        let half = calendar(Calendar::Hour, "Australia/Lord_Howe");
        let begin = half.floor(at("2024-10-05T15:45:00Z"));
        assert_eq!(told(begin), "2024-10-05T14:30:00");
        assert_eq!(half.next(begin) - begin, HOUR + HOUR / 2);
        let fixed = stretches(Interval::FixedMs(3_600_000), "Australia/Lord_Howe");
        assert_eq!(told(fixed.floor(at("2024-10-05T15:45:00Z"))), "2024-10-05T15:30:00");
    }
}
