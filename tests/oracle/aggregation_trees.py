"""Trees of aggregations as a request writes them: names, depth, attributes; in any contract."""

from aggregation_options import KINDS, OPTIONS, Options, make, read_value, zone_of
from aggregations import DEPTH_MAX, METRICS, NODES_MAX, WORDS, Node
from refusal import EITHER, expect
from values import element

NAME_BYTES_MAX = 128
# What stands beside them in a bucket.
TAKEN = (
    "key",
    "key_as_string",
    "doc_count",
    "count",
    "from",
    "to",
    "from_as_string",
    "to_as_string",
)


class Tree:
    """Reads the aggregations of one request; a contract says how they are spelt."""

    # Options beside those that both have.
    MORE = {}

    def __init__(self, schema):
        self.schema = schema
        self.count = 0

    def taken_apart(self, said):
        """(word, attribute or None, options, what stands below or None)"""
        raise NotImplementedError

    def pairs(self, order):
        """[(what, direction)]"""
        raise NotImplementedError

    def bind(self, test):
        """A filter as a function of a document."""
        raise NotImplementedError

    def all(self, given, path=(), least=0):
        expect(isinstance(given, dict) and len(given) >= least, "aggregation shape", EITHER)
        return {name: self.one((*path, name), said) for name, said in given.items()}

    def one(self, path, said):
        check_name(path)
        expect(len(path) <= DEPTH_MAX, "aggregation depth")
        self.count += 1
        expect(self.count <= NODES_MAX, "too many aggregations")
        word, field, given, below = self.taken_apart(said)
        expect(word in WORDS, "unknown aggregation", EITHER)
        options = Options(given, OPTIONS[word] | self.MORE.get(word, set()))
        node = Node(word, ">".join(path), field)
        if word != "filters":
            expect(isinstance(field, str), "aggregation shape", EITHER)
            node.kind = element(self.schema.get(field).kind)
            expect(field != "id" and node.kind in KINDS[word], "aggregation type")
        if "missing" in options.given:
            zone = zone_of(options) if word == "date_histogram" else None
            node.missing = read_value(node.kind, options.given["missing"], "missing", zone)
        if below is not None:
            expect(word not in METRICS, "metric with aggregations", EITHER)
            node.below = self.all(below, path)
        order = options.given.get("order")
        node.maker = make(node, options, order and self.pairs(order), self.bind)
        self.finish(node, options)
        return node

    def finish(self, node, options):
        """What only one contract has."""


def check_name(path):
    name = path[-1]
    expect(1 <= len(name.encode()) <= NAME_BYTES_MAX, "aggregation name")
    expect(not set(name) & set("[]>"), "aggregation name")
    expect(len(path) == 1 or name not in TAKEN, "aggregation name")
