"""What is told of a namespace: its metadata, how much there is of it, how much of what is nearest
one finds; and which namespaces there are.
"""

import dataclasses
from urllib.parse import parse_qs, urlsplit

import bill
import filters
from queries import Limit, by_nearness
from refusal import EITHER, SHAPE, Unsure, expect
from scores import nearest
from values import asked_vector, is_dense, is_late

NAMES_MAX = 1000
NAMES_USUAL = 100
REPLICAS = range(1, 65)
SAMPLES, NEIGHBOURS = 25, 10
RECALLED = {"num", "top_k", "filters", "rank_by", "include_ground_truth"}
ANSWERED = frozenset({200, 400})


def logical_bytes(namespace):
    schema = namespace.schema
    return sum(
        bill.of_id(schema, doc["id"]) + bill.of_values(schema, doc)
        for doc in namespace.docs.values()
    )


def changed(standing, body):
    """What a PATCH of the metadata leaves of it."""
    expect(isinstance(body, dict), "body shape", EITHER)
    expect(set(body) <= {"read_only", "pinning"}, "unknown field", EITHER)
    if "read_only" in body:
        expect(isinstance(body["read_only"], bool), "flag shape", EITHER)
        standing = dataclasses.replace(standing, read_only=body["read_only"])
    if "pinning" in body:
        replicas = pinned(body["pinning"])
        standing = dataclasses.replace(standing, replicas=replicas)
    return standing


def pinned(given):
    """In how many copies, or None."""
    if given is None or isinstance(given, bool):
        return 1 if given else None
    expect(isinstance(given, dict) and set(given) == {"replicas"}, "pinning", EITHER)
    expect(given["replicas"] in REPLICAS, "pinning", EITHER)
    return given["replicas"]


def schema_of(namespace):
    """As metadata show it: without nulls, and with the metric of each vector."""
    shown = namespace.schema.show()
    for name, said in shown.items():
        if "ann" in said:
            known = namespace.schema.attributes[name]
            late = {"late_interaction": True} if is_late(known.kind) else {}
            said["ann"] = {"distance_metric": known.metric} | late
        shown[name] = {word: one for word, one in said.items() if one is not None}
    return shown


@dataclasses.dataclass
class Metadata:
    schema: dict
    documents: int
    bytes: int
    standing: object
    encryptions: list


def metadata(namespace, version, patched=False):
    ways = {"v1": {"sse": True}, "v2": {"mode": "default"}}
    return Metadata(
        schema_of(namespace),
        len(namespace.docs),
        logical_bytes(namespace),
        namespace.standing,
        # In which of the two ways a change is answered nobody says.
        list(ways.values()) if patched else [ways[version]],
    )


def usage(name, namespace):
    told = {"documents": len(namespace.docs), "logical_bytes": logical_bytes(namespace)}
    return {"namespace": name} | told


def names(there, path):
    """(all names that begin so, how many to a page)"""
    asked = {word: said[0] for word, said in parse_qs(urlsplit(path).query).items()}
    size = int(asked.get("page_size", NAMES_USUAL))
    expect(1 <= size <= NAMES_MAX, "page size", EITHER)
    return sorted(name for name in there if name.startswith(asked.get("prefix", ""))), size


class Recall:
    """How much is found of what is nearest to samples: all of it, for every answer is exact."""

    def __init__(self, namespace, body):
        schema = namespace.schema
        expect(set(body) <= RECALLED, "unknown field", EITHER)
        able = [name for name in schema.vectors() if is_dense(schema.attributes[name].kind)]
        expect(bool(able), "nothing to recall", EITHER)
        self.schema = schema
        self.top_k = body.get("top_k", NEIGHBOURS)
        self.samples = body.get("num", SAMPLES)
        self.asked, rank = None, body.get("rank_by")
        self.name = able[0] if rank is None else rank[0]
        self.kind = schema.get(self.name).kind
        if rank is not None:
            expect(body.get("num") in (None, 1), "nothing to recall", EITHER)
            expect(len(rank) == 3 and rank[1] == "ANN", "rank shape", EITHER)
            nearest(schema, self.name, rank[2])
            self.samples, self.asked = 1, asked_vector(self.kind, rank[2])
        test = body.get("filters")
        test = filters.bind(schema, test) if test is not None else lambda doc: True
        having = [doc for doc in namespace.sorted() if doc.get(self.name) is not None]
        self.docs = [doc for doc in having if test(doc)]
        self.stored = [doc[self.name] for doc in having]
        self.count = min(self.top_k, len(self.docs))
        self.shown = bool(body.get("include_ground_truth"))
        # Of no sample nobody says what is recalled, nor of which of several columns it is.
        if rank is None and not (self.stored and len(schema.vectors()) == 1):
            raise Unsure(ANSWERED)

    def nearest_to(self, given):
        """The rows that are nearest to a sample."""
        of, ascending = nearest(self.schema, self.name, given)
        rows = by_nearness(self.docs, self.name, of, ascending)
        rows.names_of = lambda id: {self.name: self.kind}
        rows.limit = Limit(self.schema, {"limit": self.top_k})
        rows.page = rows.limit.page(rows.docs)
        return rows
