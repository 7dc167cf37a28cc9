"""Elasticsearch's own client of Python, as far as it goes with `/v1`: its builders spell the
aggregations that a node is asked for, and its classes of responses read what the node answers.

What is expected is worked out over plain rows (`buckets.py`), and compared to the last digit.
"""

import datetime
import json
import random
import urllib.error
import urllib.request
import uuid

from elasticsearch.dsl.response import AggResponse
from elasticsearch.dsl.response.aggs import BucketData

from buckets import answers
from figures import METRICS, micros

SCHEMA = {
    "color": "string",
    "tags": "[]string",
    "size": "int",
    "sizes": "[]int",
    "count": "uint",
    "price": "float",
    "prices": "[]float",
    "wild": "float",
    "flag": "bool",
    "uuid": "uuid",
    "raw": "bytes",
    "seen": "datetime",
    "times": "[]datetime",
}
COLORS = ["blue", "green", "red", "zoë", "*"]
# Moments near which a clock somewhere is set: by an hour, at midnight, by half an hour, by a day.
SET = [
    "2012-03-25T01:00:00Z",
    "2012-10-28T01:00:00Z",
    "2012-11-04T06:00:00Z",
    "2012-10-21T03:00:00Z",
    "2012-04-01T15:00:00Z",
    "2011-12-30T10:00:00Z",
]
WILD = [0.1, 0.2, 0.3, -0.0, 1e16, -1e16, 5e-324, 1.7e308, -1.7e308, 1e-300]
HOURS_NEAR = 30


def moment(dice):
    """Near one of those, to the microsecond, as a text that sorts as what it says."""
    near = HOURS_NEAR * 3600 * 10**6
    apart = datetime.timedelta(microseconds=dice.randrange(-near, near))
    if dice.random() < 0.3:
        apart = datetime.timedelta(hours=apart // datetime.timedelta(hours=1))
    at = datetime.datetime.fromisoformat(dice.choice(SET)) + apart
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def document(id, dice):
    """Values are few, so that they meet; each may be missing."""

    def some(draw):
        return [draw() for _ in range(dice.randrange(4))]

    row = {
        "color": dice.choice(COLORS),
        "tags": some(lambda: dice.choice("xyz")),
        "size": dice.randrange(-4, 5),
        "sizes": some(lambda: dice.randrange(-30, 30)),
        "count": dice.choice([0, 1, 2**53 + 1, 2**64 - 1]),
        "price": dice.choice([dice.randrange(-80, 80) / 8, 0.1, -0.0]),
        "prices": some(lambda: dice.uniform(-10, 10)),
        "wild": dice.choice(WILD),
        "flag": dice.random() < 0.5,
        "uuid": str(uuid.UUID(int=dice.randrange(4) << 120)),
        "raw": dice.choice(["", "AA==", "AAE=", "/w=="]),
        "seen": moment(dice),
        "times": [moment(dice) for _ in range(dice.randrange(3))],
    }
    return {"id": id} | {name: value for name, value in row.items() if dice.random() < 0.85}


def documents(count, seed=1):
    dice = random.Random(seed)
    return [document(id, dice) for id in range(count)]


class Asked:
    """A test that asks a namespace `ns`, which holds `rows`, for what a client has built."""

    def fill(self, rows, schema=SCHEMA, step=25):
        self.rows, self.schema, self.ns = rows, schema, self.fresh()
        for start in range(0, len(rows), step):
            self.ns.write(schema=schema, upsert_rows=rows[start : start + step])

    def sent(self, body):
        """(status, JSON) of a query of `/v1`."""
        request = urllib.request.Request(
            f"{self.way.node().url}/v1/namespaces/{self.ns.id}/query",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.status, json.load(error)

    def post(self, body):
        """What comes of one, which has to be answered."""
        status, answer = self.sent(body)
        self.assertEqual(status, 200, f"{answer} of {json.dumps(body)}")
        return answer

    def answered(self, search, **asked):
        """The answer to what was built, by itself, as the client reads it."""
        built = search.to_dict()["aggs"]
        answer = self.post({"top_k": 0, "aggs": built} | asked)
        self.assertEqual(answer["results"], [])
        return AggResponse(search.aggs, search, answer["aggregations"])

    def agrees(self, search, rows=None, **asked):
        """What the client reads of the answer is what comes of these rows, or of all."""
        built = search.to_dict()["aggs"]
        found = self.answered(search, **asked)
        expected = answers(built, self.schema, self.rows if rows is None else rows)
        self.assertEqual(plain(found, built), expected, json.dumps(built))
        return found


def plain(found, built):
    """What a client has read, through its own classes, as JSON once more."""
    told = {}
    for name, asked in built.items():
        (kind,) = asked.keys() - {"aggs"}
        one = found[name]
        if kind in METRICS:
            told[name] = one.to_dict()
            continue
        if not isinstance(one, BucketData):
            raise TypeError(f"{name} is read as {type(one).__name__}")
        below = asked.get("aggs", {})
        if isinstance(one.to_dict()["buckets"], dict):
            buckets = {key: bucket(one.buckets[key], below) for key in one.buckets.to_dict()}
        else:
            buckets = [bucket(each, below) for each in one.buckets]
        told[name] = one.to_dict() | {"buckets": buckets}
    return told


def bucket(read, below):
    beside = {name: value for name, value in read.to_dict().items() if name not in below}
    return beside | plain(read, below)


def between(rows, name, low, high):
    """The rows whose moment lies there."""
    ends = micros(low), micros(high)
    return [row for row in rows if name in row and ends[0] <= micros(row[name]) < ends[1]]
