"""What calendars and clocks must hold: parts of time, worked out by hand and over all zones."""

import datetime
import random
import unittest

import intervals
import zones
from draw_figures import ZONES
from draw_steps import LENGTHS
from printed import Format, moment, number
from refusal import Refused
from values import instant
from zones import DAY, HOUR, MINUTE


def micros(text):
    return instant(text) // 1000


def parts(said, zone, offset=None):
    made = (intervals.calendar if said in intervals.CALENDAR else intervals.fixed)(said, zone)
    return intervals.Shifted(made, intervals.shift(offset)) if offset else made


class Clocks(unittest.TestCase):
    def floors(self, said, name, pairs, offset=None):
        """Each text lies in the part that begins at the other, as the clocks there tell it."""
        zone = zones.read(name)
        for text, begins in pairs:
            key = parts(said, zone, offset).floor(micros(text))
            self.assertEqual(moment(key, zone.offset(key)), begins, (said, name, text))

    def test_days_begin_at_the_midnight_of_their_zone(self):
        self.floors(
            "day",
            "-01:00",
            [
                ("2015-10-01T00:30:00Z", "2015-09-30T00:00:00.000-01:00"),
                ("2015-10-01T01:30:00Z", "2015-10-01T00:00:00.000-01:00"),
            ],
        )
        self.floors(
            "day",
            "UTC",
            [
                ("2015-10-01T05:30:00Z", "2015-09-30T06:00:00.000Z"),
                ("2015-10-01T06:30:00Z", "2015-10-01T06:00:00.000Z"),
            ],
            offset="+6h",
        )

    def test_weeks_begin_on_monday_and_quarters_in_january(self):
        self.floors("week", "Z", [("2024-03-03T12:00:00Z", "2024-02-26T00:00:00.000Z")])
        self.floors("quarter", "Z", [("2024-06-30T23:00:00Z", "2024-04-01T00:00:00.000Z")])
        self.floors(
            "year", "Europe/Berlin", [("2023-12-31T23:00:00Z", "2024-01-01T00:00:00.000+01:00")]
        )

    def test_a_day_whose_midnight_is_not_there_begins_at_the_change(self):
        # 4 November 2018: 00:00 became 01:00. And Samoa had no 30 December 2011.
        self.floors(
            "day",
            "America/Sao_Paulo",
            [("2018-11-04T12:00:00Z", "2018-11-04T01:00:00.000-02:00")],
        )
        apia = zones.read("Pacific/Apia")
        day = parts("day", apia)
        before = day.floor(micros("2011-12-30T05:00:00Z"))
        self.assertEqual(moment(before, apia.offset(before)), "2011-12-29T00:00:00.000-10:00")
        after = day.after(before)
        self.assertEqual(moment(after, apia.offset(after)), "2011-12-31T00:00:00.000+14:00")

    def test_of_two_midnights_the_earlier_one_begins_the_day(self):
        # 3 November 2024: 01:00 became 00:00 again.
        self.floors(
            "day",
            "America/Havana",
            [
                ("2024-11-03T04:30:00Z", "2024-11-03T00:00:00.000-04:00"),
                ("2024-11-03T05:30:00Z", "2024-11-03T00:00:00.000-04:00"),
            ],
        )

    def test_an_hour_that_comes_twice_is_two(self):
        self.floors(
            "hour",
            "Europe/Berlin",
            [
                ("2024-10-27T00:30:00Z", "2024-10-27T02:00:00.000+02:00"),
                ("2024-10-27T01:30:00Z", "2024-10-27T02:00:00.000+01:00"),
            ],
        )

    def test_halves_of_days_follow_the_clocks(self):
        self.floors(
            "12h",
            "Europe/Berlin",
            [
                ("2015-03-28T23:30:00Z", "2015-03-29T00:00:00.000+01:00"),
                ("2015-03-29T00:30:00Z", "2015-03-29T00:00:00.000+01:00"),
                ("2015-03-29T09:30:00Z", "2015-03-29T00:00:00.000+01:00"),
                ("2015-03-29T10:30:00Z", "2015-03-29T12:00:00.000+02:00"),
            ],
        )

    def test_what_begins_within_a_leap_of_the_clocks_begins_at_the_leap(self):
        # 30 March 2025: 02:00 became 03:00.
        self.floors(
            "30m",
            "Europe/Berlin",
            [
                ("2025-03-30T00:59:00Z", "2025-03-30T01:30:00.000+01:00"),
                ("2025-03-30T01:00:00Z", "2025-03-30T03:00:00.000+02:00"),
            ],
        )
        # Half an hour of summer: 02:00 became 02:30, which is in no half of five hours of its own.
        self.floors(
            "hour",
            "Australia/Lord_Howe",
            [("2024-10-05T15:40:00Z", "2024-10-06T01:00:00.000+10:30")],
        )

    def test_parts_hold_their_moments_and_follow_each_other(self):
        dice = random.Random(1)
        words = [*intervals.CALENDAR, *LENGTHS]
        for name in (*ZONES, "UTC", "-0330"):
            zone = zones.read(name)
            near = [one + dice.randint(-2 * DAY, 2 * DAY) for one in zone.moments]
            moments = [*near, *(dice.randint(-(10**15), 2 * 10**15) for _ in range(30))]
            for at in dice.sample(moments, 8):
                for said in words:
                    part = parts(said, zone)
                    key = part.floor(at)
                    self.assertLessEqual(key, at, (name, said, at))
                    self.assertEqual(part.floor(key), key, (name, said, at))
                    self.assertGreater(part.after(key), key, (name, said, at))
                    # No part is longer by more than its zone ever changed, twice.
                    self.assertLess(at - key, part.longest() + 2 * DAY, (name, said, at))

    def test_parts_of_a_calendar_leave_no_gaps(self):
        """From one part to the next, until all moments of some days were met."""
        for name in ZONES:
            zone = zones.read(name)
            for change in zone.moments[-12:]:
                for said in ("hour", "day", "30m", "5h"):
                    part = parts(said, zone)
                    keys, last = [part.floor(change - DAY)], part.floor(change + DAY)
                    while keys[-1] < last:
                        keys.append(part.after(keys[-1]))
                    for at in range(change - DAY, change + DAY, 37 * MINUTE):
                        self.assertIn(part.floor(at), keys, (name, said, at))

    def test_changes_are_those_of_the_offset(self):
        berlin = zones.read("Europe/Berlin")
        self.assertEqual(
            berlin.change(micros("2024-06-01T00:00:00Z"))[0], micros("2024-03-31T01:00:00Z")
        )
        self.assertEqual(berlin.offset(micros("2024-06-01T00:00:00Z")), 2 * HOUR)
        self.assertEqual(zones.read("-0330").offset(0), -(3 * HOUR + 30 * MINUTE))


class Texts(unittest.TestCase):
    def test_years_of_any_length_are_counted(self):
        for days in (-800_000, -1, 0, 59, 60, 11_016, 146_097, 3_000_000):
            year, month, day = intervals.date_of(days)
            self.assertEqual(intervals.days_of(year, month) + day - 1, days)
        self.assertEqual(intervals.date_of(19_782), (2024, 2, 29))
        self.assertEqual(
            intervals.days_of(2024, 3), (datetime.date(2024, 3, 1) - intervals.EPOCH).days
        )

    def test_a_format_says_what_the_clocks_show(self):
        at = micros("2024-03-01T22:05:07.089123Z")
        for said, told in {
            None: "2024-03-01T23:05:07.089+01:00",
            "epoch_second": "1709330707",
            "epoch_millis": "1709330707089",
            "dd.MM.uuuu 'at' HH:mm:ss SSS XXX": "01.03.2024 at 23:05:07 089 +01:00",
        }.items():
            self.assertEqual(Format(said).print(at, HOUR), told)
        self.assertEqual(moment(-1), "1969-12-31T23:59:59.999Z")
        self.assertEqual(moment(at, -(3 * HOUR + 30 * MINUTE)), "2024-03-01T18:35:07.089-03:30")
        for wrong in ("yy", "'a", "MMM", "x"):
            with self.assertRaises(Refused):
                Format(wrong)

    def test_numbers_have_their_shortest_digits(self):
        for figure, told in [
            (100, "100.0"),
            (0.5, "0.5"),
            (1e16, "1e16"),
            (1.5e-5, "1.5e-5"),
            (0.0001, "0.0001"),
            (-1e300, "-1e300"),
            (1e15, "1000000000000000.0"),
        ]:
            self.assertEqual(number(figure), told)


if __name__ == "__main__":
    unittest.main()
