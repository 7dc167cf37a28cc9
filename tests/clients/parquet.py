"""Parquet: what lies in the folder is read by a program that knows nothing of us.

Documents of all types are written through the API and folded, and DuckDB reads the files where they
lie. Each id is written once, so that no row of a file is superseded: there are no deletion vectors
to look at, and the files hold what the API answers, row by row.
"""

import base64
import datetime
import random
import struct
import time
import unittest
import uuid

import duckdb

import stores
from node import Blocking, Case, Node, everything

WAIT_SECONDS = 60
PADS_MAX = 20
EPOCH = datetime.datetime(1970, 1, 1)
METRIC = "euclidean_squared"

SCALARS = ["string", "int", "uint", "float", "bool", "uuid", "datetime", "bytes"]
KINDS = [*SCALARS, *(f"[]{scalar}" for scalar in SCALARS if scalar != "bytes")]
VECTORS = ["[3]f32", "[2]f16", "[4]i8"]
SPARSE, LATE = "{}f16", "[][2]f32"

# An attribute has the name of its type, which is as odd a name as any.
SCHEMA = {kind: kind for kind in KINDS}
SCHEMA |= {kind: {"type": kind, "ann": True} for kind in VECTORS}
SCHEMA[SPARSE] = {"type": SPARSE, "sparse_knn": {"distance_metric": "dot_product"}}
SCHEMA[LATE] = {"type": LATE, "ann": {"late_interaction": True}}


def moment(micros):
    whole = EPOCH + datetime.timedelta(microseconds=micros)
    return whole.isoformat(timespec="microseconds") + "000Z"


def any_value(kind, dice):
    """A value of a type, as the API prints it."""
    if kind == SPARSE:
        return {word: eighth(dice) for word in "abc" if dice.random() < 0.5}
    if kind == LATE:
        return [any_value("[2]f16", dice) for _ in range(dice.randrange(3))]
    if kind in VECTORS:
        dims, element = kind[1:].split("]")
        number = eighth if element != "i8" else lambda dice: dice.randrange(-128, 128)
        return [number(dice) for _ in range(int(dims))]
    if kind.startswith("[]"):
        return [any_value(kind[2:], dice) for _ in range(dice.randrange(4))]
    return {
        "string": lambda: dice.choice(["", "a", "é🐘", "x" * 500]),
        "int": lambda: dice.choice([-(2**63), -1, 2**63 - 1, dice.randrange(1000)]),
        "uint": lambda: dice.choice([0, 2**64 - 1, dice.randrange(1000)]),
        "float": lambda: dice.choice([0.1, -1e300, dice.random()]),
        "bool": lambda: dice.random() < 0.5,
        "uuid": lambda: str(uuid.UUID(int=dice.getrandbits(128))),
        "datetime": lambda: moment(dice.randrange(-(2**40), 2**40) * 1000),
        "bytes": lambda: base64.b64encode(dice.randbytes(dice.randrange(5))).decode(),
    }[kind]()


def eighth(dice):
    """A number that every kind of float holds, and all print alike."""
    return dice.randrange(-512, 512) / 8


def given(row):
    """A row as it is upserted: of each vector that it has not, it says so."""
    return dict.fromkeys([*VECTORS, LATE]) | row


def document(id, dice):
    values = {kind: any_value(kind, dice) for kind in SCHEMA if dice.random() < 0.8}
    return {"id": id} | values


def column(kind):
    """What to ask DuckDB for: of a moment its number, which no time zone can shift."""
    name = f'"{kind}"'
    return {
        "datetime": f"epoch_us({name})",
        "[]datetime": f"list_transform({name}, lambda moment: epoch_us(moment))",
    }.get(kind, name)


def printed(kind, value):
    """A value from a file, as the API prints it."""
    if value is None:
        return None
    if kind.startswith("[]") and kind != LATE:
        return [printed(kind[2:], each) for each in value]
    if kind == "uuid":
        return str(uuid.UUID(bytes=value))
    if kind == "datetime":
        return moment(value)
    if kind == "bytes":
        return base64.b64encode(value).decode()
    if kind == "[4]i8":
        return list(struct.unpack("4b", value))
    return value


class Parquet(Case):
    def setUp(self):
        self.node = Node(store=stores.LOCAL, ELACSYM__INDEXER__FOLD_SLOTS="2")
        self.addCleanup(self.node.stop)
        self.ns = Blocking.connected(self.node).namespace(self._testMethodName)

    def files(self):
        return sorted(self.node.folder.glob(f"data/n/*/{self.ns.id}/*/s/*.parquet"))

    def folded(self, ids):
        """Waits until all of these lie in files."""
        for _ in range(PADS_MAX):
            folds = self.node.figure("elacsym_folds_total")
            if folds and ids <= {id for file in self.files() for id in self.ids(file)}:
                return
            # The last slot of a tail waits for company.
            self.ns.write(upsert_rows=[given({"id": 10**9 + random.getrandbits(40)})])
            end = time.monotonic() + WAIT_SECONDS / PADS_MAX
            while self.node.figure("elacsym_folds_total") == folds and time.monotonic() < end:
                time.sleep(0.02)
        self.fail(f"{len(ids)} documents were not folded in {PADS_MAX} rounds")

    @staticmethod
    def ids(file):
        found = duckdb.sql("SELECT id FROM read_parquet($1)", params=[str(file)]).fetchall()
        return [id for (id,) in found]

    @staticmethod
    def rows(file):
        described = duckdb.sql("DESCRIBE SELECT * FROM read_parquet($1)", params=[str(file)])
        kinds = [name for name, *_ in described.fetchall() if name != "id"]
        columns = ", ".join(["id", *map(column, kinds)])
        found = duckdb.sql(f"SELECT {columns} FROM read_parquet($1)", params=[str(file)])
        for id, *values in found.fetchall():
            values = {kind: printed(kind, value) for kind, value in zip(kinds, values)}
            yield {"id": id} | {kind: value for kind, value in values.items() if value is not None}

    def test_the_files_hold_what_the_api_answers(self):
        dice = random.Random(11)
        documents = [document(id, dice) for id in dice.sample(range(10**6), 400)]
        for start in range(0, len(documents), 50):
            some = [given(row) for row in documents[start : start + 50]]
            self.ns.write(distance_metric=METRIC, schema=SCHEMA, upsert_rows=some)
        self.folded({row["id"] for row in documents})
        answered = {row["id"]: row for row in everything(self.ns)}
        for row in documents:
            self.assertEqual(answered[row["id"]], row)
        lying = {}
        for file in self.files():
            ids = self.ids(file)
            self.assertEqual(ids, sorted(set(ids)), "sorted by id, no id twice")
            for row in self.rows(file):
                self.assertNotIn(row["id"], lying, "each id was written once")
                lying[row["id"]] = row
        for id, row in lying.items():
            self.assertEqual(row, answered[id])


if __name__ == "__main__":
    unittest.main()
