"""What aggregations cost through HTTP, beside DuckDB over the same files of Parquet.

    aggregations.py BINARY [--rows 200000] [--runs 21] [--only PART] [--quick]

A node over a local folder is given random rows, and folds them; DuckDB reads the files that it has
made. Both are asked the same in turn, first to warm up, and must come to the same.
"""

import argparse
import http.client
import json
import os
import random
import statistics
import sys
import time
import urllib.parse
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[1]
# A node with a folder of its own is what the tests of the clients start.
sys.path.insert(0, str(ROOT / "tests" / "clients"))

import node
import stores

NS = "bench"
WRITES = 40
# So that what is asked for lies in a few segments, as after any larger import.
FOLD_SLOTS = 10
FOLD_SECONDS = 60
WARM_UPS = 3
CITIES = [f"city {number}" for number in range(200)]
KINDS = ["bike", "bus", "car", "foot", "train"]
BEGIN_S, DAYS = 1_704_067_200, 700
DAY_US = 86_400_000_000
# A percentile of many values is so near to one that is sorted, and that lies between two of them.
NEAR = 1 / 128
SCHEMA = {
    "city": "string",
    "kind": "string",
    "amount": "int",
    "price": "float",
    "seen": "datetime",
}


def columns(first, count, dice):
    """Rows by their attributes: few cities have most of them."""
    return {
        "id": list(range(first, first + count)),
        "city": dice.choices(CITIES, [1 / (rank + 1) for rank in range(len(CITIES))], k=count),
        "kind": dice.choices(KINDS, k=count),
        "amount": [dice.randrange(1000) for _ in range(count)],
        "price": [dice.lognormvariate(3, 1) for _ in range(count)],
        "seen": [moment(dice.randrange(DAYS * 86_400_000)) for _ in range(count)],
    }


def moment(ms):
    seconds = BEGIN_S + ms / 1000
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{ms % 1000:03}Z"


class Asked:
    """A node with the rows in it, and one connection to it."""

    def __init__(self, rows, seed=1):
        settings = {"ELACSYM__INDEXER__FOLD_SLOTS": str(FOLD_SLOTS)}
        settings["ELACSYM__LOG__LEVEL"] = "error"
        self._node = node.Node(store=stores.LOCAL, **settings)
        self._connection = http.client.HTTPConnection(urllib.parse.urlsplit(self._node.url).netloc)
        self._dice, self.rows = random.Random(seed), 0
        began = time.monotonic()
        for number in range(WRITES):
            self._write(len(range(number, rows, WRITES)))
        self.write_s = time.monotonic() - began
        self._fold()
        self.files = self._living()

    def _write(self, count):
        some = columns(self.rows, count, self._dice)
        self.ask(f"/v2/namespaces/{NS}", json.dumps({"upsert_columns": some, "schema": SCHEMA}))
        self.rows += count

    def _fold(self):
        """The last slots of a log wait for company: they get it, of one row each."""
        overdue = time.monotonic() + FOLD_SECONDS
        while waiting := int(self._node.figure("elacsym_unindexed_slots")):
            for _ in range(waiting, FOLD_SLOTS):
                self._write(1)
            if time.monotonic() > overdue:
                raise RuntimeError(f"{waiting} slots are not folded in {FOLD_SECONDS} s")
            time.sleep(0.1)

    def _living(self):
        """The files of the namespace, each row of which lies in one of them."""
        files = sorted(map(str, self._node.folder.glob(f"data/n/*/{NS}/*/s/*.parquet")))
        query = "SELECT count(*), count(DISTINCT id) FROM read_parquet($1)"
        if duckdb.sql(query, params=[files]).fetchall() != [(self.rows, self.rows)]:
            raise RuntimeError(f"the files do not hold {self.rows} rows, each once")
        return files

    def ask(self, path, body):
        self._connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} is answered {answer.status}: {said.decode()}")
        return said

    def stop(self):
        self._connection.close()
        self._node.stop()


class Reader:
    """DuckDB over these files, with so many threads."""

    def __init__(self, files, threads):
        self._session = duckdb.connect()
        self._session.execute(f"SET threads TO {threads}")
        listed = ", ".join(f"'{file}'" for file in files)
        self._session.execute(f"CREATE VIEW rows AS SELECT * FROM read_parquet([{listed}])")

    def ask(self, query):
        return self._session.execute(query).fetchall()


def own(**asked):
    """Of `/v1`, which has the words of Elasticsearch."""
    return f"/v1/namespaces/{NS}/query", {"top_k": 0} | asked


def other(**asked):
    return f"/v2/namespaces/{NS}/query", asked


def buckets(told):
    return told["aggregations"]["a"]["buckets"]


def close(told, wanted):
    return abs(told - wanted) <= NEAR * abs(wanted)


def same(told, wanted):
    """Sums of DuckDB depend on the order of its threads, in the last digits."""
    return abs(told - wanted) <= 1e-9 * max(1, abs(wanted))


def alike(left, right):
    return len(left) == len(right) and all(
        len(one) == len(two) and all(a == b or same(a, b) for a, b in zip(one, two, strict=True))
        for one, two in zip(left, right, strict=True)
    )


def percentiles(told, found):
    values = told["aggregations"]["a"]["values"].values()
    return all(close(*pair) for pair in zip(values, found[0][0], strict=True))


MEASURES = {
    "filter and count": (
        other(
            aggregate_by={"n": ["Count"]},
            filters=["And", [["amount", "Gte", 500], ["kind", "Eq", "bus"]]],
        ),
        "SELECT count(*) FROM rows WHERE amount >= 500 AND kind = 'bus'",
        lambda told, found: told["aggregations"]["n"] == found[0][0],
    ),
    "group by, count and sum": (
        other(aggregate_by={"n": ["Count"], "s": ["Sum", "amount"]}, group_by=["city"]),
        "SELECT city, count(*), sum(amount) FROM rows GROUP BY city ORDER BY city",
        lambda told, found: alike(
            [(each["city"], each["n"], each["s"]) for each in told["aggregation_groups"]], found
        ),
    ),
    "terms > stats": (
        own(
            aggs={
                "a": {
                    "terms": {"field": "city", "size": 100},
                    "aggs": {"p": {"stats": {"field": "price"}}},
                }
            }
        ),
        """SELECT city, count(*), min(price), max(price), avg(price), sum(price) FROM rows
           GROUP BY city ORDER BY count(*) DESC, city LIMIT 100""",
        lambda told, found: alike(
            [
                (each["key"], each["doc_count"])
                + tuple(each["p"][name] for name in ("min", "max", "avg", "sum"))
                for each in buckets(told)
            ],
            found,
        ),
    ),
    "date_histogram by day": (
        own(aggs={"a": {"date_histogram": {"field": "seen", "calendar_interval": "day"}}}),
        f"SELECT epoch_us(seen) // {DAY_US} AS day, count(*) FROM rows GROUP BY day ORDER BY day",
        lambda told, found: (
            [(each["key"] * 1000 // DAY_US, each["doc_count"]) for each in buckets(told)] == found
        ),
    ),
    "percentiles, exact there": (
        own(aggs={"a": {"percentiles": {"field": "price", "percents": [50, 95, 99]}}}),
        "SELECT quantile_cont(price, [0.5, 0.95, 0.99]) FROM rows",
        percentiles,
    ),
    "percentiles, near there": (
        own(aggs={"a": {"percentiles": {"field": "price", "percents": [50, 95, 99]}}}),
        "SELECT approx_quantile(price, [0.5, 0.95, 0.99]) FROM rows",
        None,
    ),
}


def timed(ask, *asked):
    began = time.perf_counter()
    answer = ask(*asked)
    return (time.perf_counter() - began) * 1000, answer


def measure(asked, readers, name, runs):
    """p50 in milliseconds of each, asked in turn."""
    (path, body), query, agrees = MEASURES[name]
    body, taken = json.dumps(body), [[] for _ in range(1 + len(readers))]
    for run in range(WARM_UPS + runs):
        ways = [(asked.ask, path, body), *((reader.ask, query) for reader in readers)]
        answers = [timed(*way) for way in ways]
        if run >= WARM_UPS:
            for times, (ms, _) in zip(taken, answers, strict=True):
                times.append(ms)
    told, *found = [answer for _, answer in answers]
    if agrees and not all(agrees(json.loads(told), each) for each in found):
        raise RuntimeError(f"{name}: {told.decode()[:500]} is not {str(found[0])[:500]}")
    return [statistics.median(times) for times in taken]


def arguments():
    reader = argparse.ArgumentParser(description="Aggregations through HTTP, beside DuckDB.")
    reader.add_argument("binary", type=Path)
    reader.add_argument("--rows", type=int, default=200_000)
    reader.add_argument("--runs", type=int, default=21)
    reader.add_argument("--only", default="", help="those whose name it is a part of")
    reader.add_argument("--quick", action="store_true", help="20,000 rows, 3 runs")
    return reader.parse_args()


def main():
    said = arguments()
    rows, runs = (20_000, 3) if said.quick else (said.rows, said.runs)
    node.BINARY = said.binary.resolve()
    asked = Asked(rows)
    # Of the whole machine, or of as much of it as this process may use.
    cores = len(os.sched_getaffinity(0))
    readers = [Reader(asked.files, threads) for threads in (1, cores)]
    size = sum(os.path.getsize(file) for file in asked.files) / 1e6
    print(f"{asked.rows:,} rows in {len(asked.files)} files of {size:.1f} MB; {cores} cores")
    print(f"written in {asked.write_s:.1f} s; DuckDB {duckdb.__version__}; p50 of {runs}, in ms")
    heads = ["elacsym", "DuckDB, 1 thread", f"DuckDB, {cores} threads"]
    print(f"\n{'':26}" + "".join(f"{head:>20}" for head in heads))
    for name in MEASURES:
        if said.only in name:
            figures = measure(asked, readers, name, runs)
            print(f"{name:26}" + "".join(f"{ms:20.2f}" for ms in figures), flush=True)
    asked.stop()


if __name__ == "__main__":
    main()
