"""Date histograms as the client of Elasticsearch asks for them: each unit on the clocks of time
zones that are set by an hour, at midnight, by half an hour and by a whole day."""

import unittest

from elasticsearch.dsl import Search

from elastic import Asked, between, documents
from node import both

ZONES = [
    "UTC",
    "+05:45",
    "-0330",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
]
UNITS = ["day", "week", "month", "quarter", "year", "1d", "1w", "1M", "1q", "1y"]
FIXED = ["1d", "36h", "7d", "100d"]
# What is shorter has no gaps filled: too many stretches would be empty.
SHORT = [{"calendar_interval": unit} for unit in ("minute", "hour", "1m", "1h")]
SHORT += [{"fixed_interval": text} for text in ("90m", "1h", "5s", "777ms")]


def of(options):
    """A search for the histogram of each of these."""
    search = Search()
    for at, each in enumerate(options):
        search.aggs.bucket(f"h{at}", "date_histogram", **({"field": "seen"} | each))
    return search


@both
class Dates(Asked):
    def setUp(self):
        self.fill(documents(150, seed=4))

    def test_days_are_those_of_the_time_zone(self):
        for zone in ZONES:
            with self.subTest(zone):
                options = [{"calendar_interval": unit, "time_zone": zone} for unit in UNITS]
                self.agrees(of(options))

    def test_a_fixed_length_is_counted_on_the_clock(self):
        for zone in ZONES:
            with self.subTest(zone):
                options = [{"fixed_interval": text, "time_zone": zone} for text in FIXED]
                self.agrees(of(options))

    def test_an_hour_that_comes_twice_has_two_buckets(self):
        for zone in ZONES:
            with self.subTest(zone):
                options = [each | {"time_zone": zone, "min_doc_count": 1} for each in SHORT]
                self.agrees(of(options))

    def test_hours_without_documents_are_there(self):
        low, high = "2012-10-27T00:00:00Z", "2012-10-30T00:00:00Z"
        rows = between(self.rows, "seen", low, high)
        within = [("gte", low), ("lt", high)]
        tests = [{"field": "seen", "op": op, "value": value} for op, value in within]
        asked = {"filter": {"type": "and", "conditions": tests}}
        options = [
            {"calendar_interval": "hour", "time_zone": "Europe/Berlin"},
            {"fixed_interval": "45m", "time_zone": "Europe/Berlin", "keyed": True},
        ]
        found = self.agrees(of(options), rows=rows, **asked)
        texts = [each.key_as_string for each in found.h0.buckets]
        twice = [text for text in texts if text.startswith("2012-10-28T02:00")]
        self.assertEqual(len(twice), 2, "the hour that the clock shows twice")

    def test_buckets_may_be_late_and_reach_further_and_be_called_otherwise(self):
        berlin = {"time_zone": "Europe/Berlin"}
        bounds = {"min": "2011-06-01", "max": 1_370_000_000_000}
        self.agrees(
            of(
                [
                    berlin | {"calendar_interval": "day", "offset": "+6h"},
                    berlin | {"calendar_interval": "month", "offset": "-1d"},
                    berlin | {"fixed_interval": "30d", "offset": "12h"},
                    berlin | {"calendar_interval": "month", "extended_bounds": bounds},
                    berlin | {"calendar_interval": "week", "format": "yyyy-MM-dd"},
                    berlin | {"calendar_interval": "month", "format": "yyyy/MM", "keyed": True},
                    berlin | {"calendar_interval": "year", "format": "epoch_millis"},
                    berlin | {"calendar_interval": "month", "order": {"_count": "desc"}},
                    berlin | {"calendar_interval": "year", "missing": "2014-05-05"},
                    {"calendar_interval": "month", "field": "times"},
                    {"calendar_interval": "quarter", "min_doc_count": 20},
                ]
            )
        )

    def test_a_stretch_without_documents_is_told_of_too(self):
        search = Search()
        months = search.aggs.bucket(
            "months", "date_histogram", field="seen", calendar_interval="month"
        )
        months.metric("price", "avg", field="price").bucket("colors", "terms", field="color")
        found = self.agrees(search)
        empty = [each for each in found.months.buckets if each.doc_count == 0]
        self.assertTrue(empty)
        self.assertIsNone(empty[0].price.value)


if __name__ == "__main__":
    unittest.main()
