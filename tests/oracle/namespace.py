"""A namespace and what a write does to it: one request is one batch, done whole or not at all.

A request works on a copy, which takes the place of what there was only if nothing was refused.
"""

import dataclasses
import re

import bill
from filters import bind
from refusal import ABSENT, EITHER, SHAPE, expect, refuse
from schema import Schema
from values import RANGES, infer, is_vector, read

ID_BYTES_MAX = 64
FILTERABLE_BYTES_MAX = 4096
VALUE_BYTES_MAX = 8 << 20
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

ROWS = ("upsert_rows", "patch_rows")
COLUMNS = ("upsert_columns", "patch_columns")
BY_FILTER = ("delete_by_filter", "patch_by_filter")
CONDITIONS = ("upsert_condition", "patch_condition", "delete_condition")
FLAGS = (
    "delete_by_filter_allow_partial",
    "patch_by_filter_allow_partial",
    "disable_backpressure",
    "return_affected_ids",
)
# What another release may do, and this one refuses whatever it says.
NOT_OFFERED = ("copy_from_namespace", "branch_from_namespace", "sharding")
OTHERS = ("distance_metric", "schema", "create_namespace", "encryption", "deletes")
FIELDS = {*ROWS, *COLUMNS, *BY_FILTER, *CONDITIONS, *FLAGS, *NOT_OFFERED, *OTHERS}


def read_id(schema, given):
    expect(isinstance(given, (int, str)) and not isinstance(given, bool), "id shape", SHAPE)
    kind = schema.id_type or ("uint" if isinstance(given, int) else "string")
    if kind in RANGES:
        low, high = RANGES[kind]
        expect(isinstance(given, int), "id type")
        expect(low <= given <= high, "id range", EITHER)
    else:
        expect(isinstance(given, str), "id type")
    if kind == "string":
        expect(len(given.encode()) <= ID_BYTES_MAX, "id length")
    if kind == "uuid":
        expect(bool(UUID.fullmatch(given)), "id type")
        given = given.lower()
    schema.id_type = kind
    return given


def rows_of(body, verb):
    """The rows of an operation, those that lie across included."""
    rows = body.get(f"{verb}_rows", [])
    expect(
        isinstance(rows, list) and all(isinstance(row, dict) for row in rows), "rows shape", SHAPE
    )
    columns = body.get(f"{verb}_columns")
    if columns is None:
        return rows
    expect(isinstance(columns, dict) and "id" in columns, "columns shape", SHAPE)
    expect(all(isinstance(column, list) for column in columns.values()), "columns shape", EITHER)
    expect(len({len(column) for column in columns.values()}) == 1, "columns uneven")
    return rows + [dict(zip(columns, row)) for row in zip(*columns.values())]


def size_of(value):
    if isinstance(value, tuple):
        return max(map(size_of, value), default=0)
    if isinstance(value, str):
        return len(value.encode())
    return len(value) if isinstance(value, bytes) else 8


def read_document(schema, row):
    """The document of a row: what it brings is inferred, and null is kept, for a patch clears by
    it."""
    expect("id" in row, "row without id", SHAPE)
    doc = {"id": read_id(schema, row["id"])}
    for name, given in row.items():
        if name == "id":
            continue
        if name not in schema.attributes:
            kind = infer(name, given)
            if kind is None:
                continue
            schema.infer(name, kind)
        attribute = schema.attributes[name]
        value = read(attribute.kind, given)
        if value is not None:
            check_value(attribute, value)
        doc[name] = value
    return doc


def check_value(attribute, value):
    if not is_vector(attribute.kind) and not isinstance(value, dict):
        most = FILTERABLE_BYTES_MAX if attribute.filterable else VALUE_BYTES_MAX
        expect(size_of(value) <= most, "value length")


def read_patch(schema, row):
    doc = read_document(schema, row)
    touched = any(is_vector(schema.attributes[name].kind) for name in doc if name != "id")
    expect(not touched, "vector patched")
    return doc


def patched(doc, changes):
    both = doc | changes
    return {name: value for name, value in both.items() if value is not None}


@dataclasses.dataclass(frozen=True)
class Standing:
    """What is told of a namespace beside its schema and its documents."""

    read_only: bool = False
    # In how many copies it is pinned, or None.
    replicas: int | None = None
    # How often its schema or its documents were changed, and how often documents were.
    changes: int = 0
    writes: int = 0
    # What was told before, for moments that may only grow.
    seen: dict = dataclasses.field(default_factory=dict)

    def changed(self, rows):
        writes = self.writes + bool(rows)
        return dataclasses.replace(self, changes=self.changes + 1, writes=writes)


class Namespace:
    def __init__(self, schema=None, docs=None, standing=None):
        self.schema = schema or Schema()
        self.docs = docs if docs is not None else {}
        self.standing = standing or Standing()

    def sorted(self):
        return [self.docs[id] for id in sorted(self.docs)]


class Batch:
    """One write request at work on a copy of a namespace."""

    def __init__(self, namespace, body):
        self.schema = namespace.schema.copy()
        self.docs = dict(namespace.docs)
        self.body = body
        self.upserted, self.patched, self.deleted = [], [], []
        self.written_bytes = 0

    def run(self):
        body, schema = self.body, self.schema
        if "distance_metric" in body:
            schema.set_metric(body["distance_metric"])
        if "schema" in body:
            schema.declare(body["schema"])
            self.docs = schema.without_dropped(self.docs)
        rows = rows_of(body, "upsert")
        upserts = [read_document(schema, row) for row in rows]
        patches = [read_patch(schema, row) for row in rows_of(body, "patch")]
        deletes = body.get("deletes", [])
        expect(isinstance(deletes, list), "deletes shape", SHAPE)
        deletes = [read_id(schema, id) for id in deletes]
        named = [doc["id"] for doc in upserts + patches] + deletes
        expect(len(set(named)) == len(named), "id twice")
        # A null says that there is none; all rows tell together which vectors there are.
        unsaid = [name for name in schema.vectors() if any(name not in row for row in rows)]
        expect(not unsaid, "vector left out", names=unsaid)
        # All that is asked of documents is asked under the schema that the request leaves behind.
        by_filter = self.filters()
        conditions = {word: self.condition(word) for word in CONDITIONS}
        for run in by_filter:
            run()
        self.rows(upserts, patches, deletes, conditions)
        schema.settled = schema.settled or bool(upserts)
        return Namespace(schema, self.docs), self.told()

    def condition(self, word):
        given = self.body.get(word)
        return bind(self.schema, given, refs=True) if given is not None else lambda doc, new: True

    def filters(self):
        """What is deleted and patched by a filter, in this order, once all of the request is
        read."""
        runs, body = [], self.body
        patch = self.patch_by_filter(body["patch_by_filter"]) if "patch_by_filter" in body else None
        if "delete_by_filter" in body:
            doomed = bind(self.schema, body["delete_by_filter"])
            runs.append(lambda: self.delete_all(doomed))
        if patch is not None:
            test = bind(self.schema, body["patch_by_filter"]["filters"])
            runs.append(lambda: self.patch_all(test, patch))
        return runs

    def patch_by_filter(self, given):
        """What it changes, once it is read."""
        fits = isinstance(given, dict) and set(given) == {"filters", "patch"}
        expect(fits and isinstance(given["patch"], dict), "patch shape", EITHER)
        expect("id" not in given["patch"], "patch shape", EITHER)
        changes = read_patch(self.schema, {"id": self.any_id()} | given["patch"])
        del changes["id"]
        return changes

    def any_id(self):
        """A patch by filter has no id, and is read like a row that has one."""
        return {"string": "x", "uuid": "00000000-0000-0000-0000-000000000000"}.get(
            self.schema.id_type, 0
        )

    def delete_all(self, test):
        for id in [id for id, doc in self.docs.items() if test(doc)]:
            del self.docs[id]
            self.count(self.deleted, id)

    def patch_all(self, test, changes):
        for id in [id for id, doc in self.docs.items() if test(doc)]:
            self.docs[id] = patched(self.docs[id], changes)
            self.count(self.patched, id, changes)

    def count(self, ids, id, brought=None):
        ids.append(id)
        self.written_bytes += bill.of_id(self.schema, id)
        self.written_bytes += bill.of_values(self.schema, brought or {})

    def rows(self, upserts, patches, deletes, conditions):
        for new in upserts:
            old = self.docs.get(new["id"])
            if old is None or conditions["upsert_condition"](old, new):
                self.docs[new["id"]] = patched({}, new)
                self.count(self.upserted, new["id"], new)
        for new in patches:
            old = self.docs.get(new["id"])
            if old is not None and conditions["patch_condition"](old, new):
                self.docs[new["id"]] = patched(old, new)
                self.count(self.patched, new["id"], new)
        for id in deletes:
            old = self.docs.get(id)
            if old is not None and conditions["delete_condition"](old, {}):
                del self.docs[id]
                self.count(self.deleted, id)

    def told(self):
        """What the answer says: a count of each kind that the request had, and whose ids those are.
        What a filter patches and an id once more is patched twice, and is told twice."""
        kinds = {
            "upserted": (self.upserted, ("upsert_rows", "upsert_columns")),
            "patched": (self.patched, ("patch_rows", "patch_columns", "patch_by_filter")),
            "deleted": (self.deleted, ("deletes", "delete_by_filter")),
        }
        told = {"rows_affected": len(self.upserted) + len(self.patched) + len(self.deleted)}
        told["written_bytes"] = self.written_bytes
        for kind, (ids, words) in kinds.items():
            if any(word in self.body for word in words):
                told[f"rows_{kind}"] = len(ids)
            if self.body.get("return_affected_ids") and ids:
                told[f"{kind}_ids"] = sorted(ids)
        return told


def write(namespace, body):
    """(the namespace after it, what the answer says). `namespace` is None where there is none."""
    expect(isinstance(body, dict), "body shape", EITHER)
    body = {word: said for word, said in body.items() if said is not None}
    expect(set(body) <= FIELDS, "unknown field")
    expect(not any(word in body for word in NOT_OFFERED), "not offered")
    expect(body.get("encryption", {"mode": "default"}) == {"mode": "default"}, "encryption")
    for flag in FLAGS + ("create_namespace",):
        expect(isinstance(body.get(flag, False), bool), "flag shape", EITHER)
    if namespace is None:
        if body.get("create_namespace") is False:
            refuse("namespace absent", ABSENT)
        brings = any(body.get(f"upsert_{word}") for word in ("rows", "columns"))
        if body.get("create_namespace"):
            expect(brings or "id" in body.get("schema", {}), "id type not stated")
        elif not brings:
            refuse("namespace absent", ABSENT)
    before = namespace or Namespace()
    after, told = Batch(before, body).run()
    after.standing = before.standing.changed(told["rows_affected"])
    return after, told
