"""Flaws of queries: of filters, rankings, pages, and of what stands around them."""

from draw_values import dims_of
from schema import METRICS
from values import NUMBERS, SCALARS, is_array, is_dense, is_late, is_vector

BY_ID = {"rank_by": ["id", "asc"], "limit": 3}
COUNT = {"aggregate_by": {"n": ["Count"]}}
FRAGMENTS = {"rank_fragments_by": ["$fragment", "BM25", "cat"]}
NO_GLOBS = ["[a", "[]", "{a,b", "a}", "a\\", "[b-a]", "[a--]"]


def ranked(rank, **more):
    return {"rank_by": rank, "limit": 3} | more


def mistyped_operand(flaws):
    name = flaws.plain(*SCALARS)
    kind = flaws.known[name].kind
    return [
        name,
        flaws.dice.choice(["Eq", "NotEq"]),
        1 if kind == "bytes" else {"string": 1}.get(kind, "×"),
    ]


def unordered(flaws):
    return [
        flaws.name(lambda one: one.kind in ("bool", "bytes") and one.filterable),
        "Lt",
        flaws.dice.choice([True]),
    ]


def without(option, operator, operand):
    def make(flaws):
        kinds = ("string",) if option == "regex" else ("string", "[]string")
        missing = lambda one: one.kind in kinds and not getattr(one, option)
        return asked([flaws.name(missing), operator, *operand])

    return make


def edits(*steps):
    def make(flaws):
        said = [{"min_query_chars": least, "distance": most} for least, most in steps]
        return asked(
            [flaws.name(lambda one: one.fuzzy), "Fuzzy", "elephant", {"max_edit_distance": said}]
        )

    return make


def dense_rank(flaws, word, change):
    name = flaws.name(lambda one: is_dense(one.kind))
    dims = dims_of(flaws.known[name].kind)
    return [name, word, change([1.0] * dims)]


def too_long(flaws):
    name = flaws.name(lambda one: is_late(one.kind))
    return [name, "ANN", [[1.0] * (dims_of(flaws.known[name].kind) + 1)]]


def uint(flaws):
    return ["Attribute", flaws.kind("uint", "datetime")]


def other_metric(flaws):
    flaws.name(lambda one: is_vector(one.kind))
    return flaws.dice.choice([metric for metric in METRICS if metric != flaws.plan.metric])


def two_of(flaws, **more):
    return {"queries": [BY_ID, BY_ID], "limit": 3} | more


def computed(flaws, name, said):
    return BY_ID | {"compute_attributes": {name: said}}


def words(flaws):
    return flaws.name(lambda one: one.full_text and not one.pre_tokenized)


def over_fragments(flaws, *expressions):
    own = {"rank_fragments_by": flaws.dice.choice(expressions)}
    return computed(flaws, "c", ["Highlight", words(flaws), own])


def lists(flaws):
    return flaws.name(lambda one: one.pre_tokenized)


def asked(test):
    return BY_ID | {"filters": test}


FILTERS = {
    "filter on nothing": lambda f: ["unknown", "Eq", 1],
    "filter mistyped": mistyped_operand,
    "filter unordered": unordered,
    "filter operator": lambda f: ["id", "Like", 1],
    "filter not filterable": lambda f: [f.name(lambda one: not one.filterable), "Eq", "x"],
    "array compared": lambda f: [
        f.name(lambda one: is_array(one.kind) and one.filterable),
        "Lt",
        1,
    ],
    "ContainsAny of one": lambda f: [f.plain("[]string"), "ContainsAny", "a"],
    "Contains null": lambda f: [f.plain("[]string", "[]int"), "Contains", None],
    "Contains of a scalar": lambda f: [f.plain("string"), "Contains", "a"],
    "AnyLt of a list": lambda f: [f.plain("[]int"), "AnyLt", [1]],
    "AnyLt of a scalar": lambda f: [f.plain("int"), "AnyLt", 1],
    "Glob of a number": lambda f: [f.plain("int", "float"), "Glob", "*"],
    "Glob that is none": lambda f: [f.plain("string"), "Glob", f.dice.choice(NO_GLOBS)],
    "Regex that looks around": lambda f: [f.name(lambda one: one.regex), "Regex", "a(?=b)"],
    "Regex that refers back": lambda f: [f.name(lambda one: one.regex), "Regex", r"(a)\1"],
    "Regex that ends early": lambda f: [f.name(lambda one: one.regex), "Regex", "(a"],
    "Regex too long": lambda f: [f.name(lambda one: one.regex), "Regex", "a" * 1025],
    "Regex too large": lambda f: [f.name(lambda one: one.regex), "Regex", "(a{1000}){1000}"],
    "tokens of a list": lambda f: [words(f), "ContainsAllTokens", ["cat"]],
    "tokens of a number": lambda f: [words(f), "ContainsAnyToken", 1],
    "$ref_new in a query": lambda f: ["id", "Eq", {"$ref_new": "id"}],
}
RANKS = {
    "rank by []": lambda f: [],
    "rank by nothing": lambda f: ["unknown", "asc"],
    "rank up": lambda f: ["id", "up"],
    "rank by an array": lambda f: [f.name(lambda one: is_array(one.kind)), "asc"],
    "rank by nine": lambda f: [["id", "asc"]] * 9,
    "ANN inside": lambda f: ["Sum", [dense_rank(f, "ANN", list), ["id", "Eq", f.id()]]],
    "ANN too far": lambda f: dense_rank(f, "ANN", lambda vector: [1e39, *vector[1:]]),
    "ANN too short": lambda f: dense_rank(f, "ANN", lambda vector: vector[1:]),
    "ANN of a scalar": lambda f: [f.kind(*SCALARS), "ANN", [1.0, 2.0]],
    "Embed": lambda f: dense_rank(f, "ANN", lambda vector: ["Embed", "text"]),
    "kNN without filters": lambda f: dense_rank(f, "kNN", list),
    "BM25 without text": lambda f: [
        f.name(lambda one: one.kind == "string" and not one.full_text),
        "BM25",
        "cat",
    ],
    "BM25 of a number": lambda f: [words(f), "BM25", f.dice.choice([5, True, None, [5]])],
    "BM25 of a list": lambda f: [words(f), "BM25", ["cat"]],
    "BM25 of a text": lambda f: [lists(f), "BM25", "cat"],
    "BM25 too long": lambda f: [words(f), "BM25", "cat " * 2049],
    "Attribute signed": lambda f: ["Attribute", f.kind("int", "float")],
    "Attribute signed in a Sum": lambda f: [
        "Sum",
        [["Attribute", f.kind("int", "float")], uint(f)],
    ],
    "Attribute of a text": lambda f: ["Attribute", f.kind("string", "bool", "uuid")],
    "Product below 0": lambda f: ["Product", -1, uint(f)],
    "Product of numbers": lambda f: ["Product", 1, 2],
    "Sum of nothing": lambda f: [f.dice.choice(["Sum", "Max"]), []],
    "Sum below 0": lambda f: ["Sum", [-1, uint(f)]],
    "Saturate without midpoint": lambda f: ["Saturate", uint(f), {}],
    "Saturate midpoint 0": lambda f: ["Saturate", uint(f), {"midpoint": 0}],
    "Decay exponent 0": lambda f: ["Decay", uint(f), {"midpoint": 1, "exponent": 0}],
    "duration of a number": lambda f: [
        "Decay",
        ["Dist", ["Attribute", f.kind(*NUMBERS)], 1],
        {"midpoint": "6h"},
    ],
    "Dist of a text": lambda f: ["Dist", ["Attribute", f.kind("string", "bool")], 1],
    "Dist from a text": lambda f: ["Dist", ["Attribute", f.kind(*NUMBERS)], "2024-03-01"],
    "SparseKNN of a scalar": lambda f: [f.kind(*SCALARS), "SparseKNN", {"a": 1}],
    "MaxSim too long": too_long,
    "rank by a filter on nothing": lambda f: ["unknown", "Eq", 1],
}
PAGES = {
    "no limit": {"limit": None},
    "limit 0": {"limit": 0},
    "limit 10001": {"limit": 10_001},
    "limit of letters": {"limit": "ten"},
    "offset too far": {"limit": 10_000, "offset": 1},
    "offset below 0": {"offset": -1},
    "per 0": {"limit": {"total": 3, "per": {"attributes": ["id"], "limit": 0}}},
    "per nothing": {"limit": {"total": 3, "per": {"attributes": ["unknown"], "limit": 1}}},
    "per nine": {"limit": {"total": 3, "per": {"attributes": ["id"] * 9, "limit": 1}}},
    "include and exclude": {"include_attributes": ["id"], "exclude_attributes": ["id"]},
    "include unknown": {"include_attributes": ["unknown"]},
    "encoding": {"vector_encoding": "hex"},
    "consistency as text": {"consistency": "eventual"},
    "consistency level": {"consistency": {"level": "x"}},
    "unknown field of a query": {"limits": 3},
    "group_by alone": {"group_by": ["id"]},
    "nothing asked": {"rank_by": None, "limit": None},
    "rerank of one": {"rerank_by": ["RRF"]},
}
QUERIES = {
    "per an array": lambda f: (
        BY_ID
        | {
            "limit": {
                "total": 3,
                "per": {"attributes": [f.name(lambda one: is_array(one.kind))], "limit": 1},
            }
        }
    ),
    "metric of another": lambda f: BY_ID | {"distance_metric": other_metric(f)},
    "aggregate unknown": lambda f: {"aggregate_by": {"n": ["Median", "id"]}},
    "sum of a text": lambda f: {
        "aggregate_by": {"n": ["Sum", f.kind("string", "bool", "datetime", "[]int")]}
    },
    "sum of nothing": lambda f: {"aggregate_by": {"n": ["Sum", "unknown"]}},
    "group by an array": lambda f: COUNT | {"group_by": [f.name(lambda one: is_array(one.kind))]},
    "group by nothing": lambda f: COUNT | {"group_by": ["unknown"]},
    "group by nine": lambda f: COUNT | {"group_by": [f.kind(*SCALARS)] * 9},
    "group limit": lambda f: COUNT | {"group_by": [f.kind(*SCALARS)], "limit": 10_001},
    "compute a taken name": lambda f: computed(f, f.kind(*SCALARS), ["id", "Eq", f.id()]),
    "compute a dollar": lambda f: computed(f, "$x", ["id", "Eq", f.id()]),
    "compute ANN": lambda f: computed(f, "c", dense_rank(f, "ANN", list)),
    "compute VectorDist of several": lambda f: computed(
        f, "c", [f.name(lambda one: is_late(one.kind)), "VectorDist", [[1.0]]]
    ),
    "compute too many": lambda f: (
        BY_ID | {"compute_attributes": {f"c{n}": ["id", "NotEq", None] for n in range(257)}}
    ),
    "highlight without BM25": lambda f: computed(
        f, "c", ["Highlight", words(f), {"fragment_by": "none"}]
    ),
    "highlight without text": lambda f: computed(
        f, "c", ["Highlight", f.name(lambda one: not one.full_text), {"fragment_by": "none"}]
    ),
    "highlight of a list": lambda f: computed(f, "c", ["Highlight", lists(f), FRAGMENTS]),
    "highlight too often": lambda f: computed(
        f, "c", ["Highlight", words(f), FRAGMENTS | {"fragment_limit": 1025}]
    ),
    "highlight otherwise": lambda f: computed(
        f,
        "c",
        [
            "Highlight",
            words(f),
            FRAGMENTS
            | f.dice.choice(
                [{"fragment_by": "line"}, {"include_offsets": "bytes"}, {"fragment_by": 1}]
            ),
        ],
    ),
    "highlight by something else": lambda f: over_fragments(
        f,
        [words(f), "BM25", "cat"],
        ["id", "NotEq", None],
        ["Sum", [["$fragment", "BM25", "cat"], ["Attribute", "id"]]],
        ["Max", [["$fragment", "Eq", "cat"], ["Or", [["Not", ["id", "Eq", f.id()]]]]]],
    ),
    "highlight by what no text is": lambda f: over_fragments(
        f,
        ["$fragment", "Contains", "cat"],
        ["$fragment", "Eq", 1],
        ["Max", 0, ["Attribute", "$fragment"]],
        ["Dist", ["Attribute", "$fragment"], 1],
        ["$fragment", "SparseKNN", {"a": 1}],
    ),
    "no queries": lambda f: {"queries": []},
    "too many queries": lambda f: {"queries": [BY_ID] * 17},
    "field beside queries": lambda f: two_of(f, filters=["id", "NotEq", None], rerank_by=["RRF"]),
    "one of the queries": lambda f: {"queries": [BY_ID, ranked(["unknown", "asc"])]},
    "RRF of one": lambda f: {"queries": [BY_ID], "rerank_by": ["RRF"], "limit": 3},
    "RRF of counts": lambda f: {"queries": [BY_ID, COUNT], "rerank_by": ["RRF"], "limit": 3},
    "RRF weights": lambda f: two_of(
        f, rerank_by=["RRF", {"weights": f.dice.choice([[1], [1, 0], [1, -1]])}]
    ),
    "RRF constant": lambda f: two_of(f, rerank_by=["RRF", {"rank_constant": 0}]),
    "rerank by a model": lambda f: two_of(
        f, rerank_by={"model": "m", "attribute": "s", "query": "q"}
    ),
    "needs fuzzy": without(
        "fuzzy", "Fuzzy", ["cat", {"max_edit_distance": [{"min_query_chars": 3, "distance": 0}]}]
    ),
    "needs regex": without("regex", "Regex", ["a"]),
    "needs full text": without("full_text", "ContainsAllTokens", ["cat"]),
    "edits of none": edits(),
    "edits too close": edits((5, 1)),
    "edits falling": edits((6, 1), (6, 1)),
    "edits too far": edits((12, 3)),
    "edits too many": edits(*[(3 + n, 0) for n in range(9)]),
}
