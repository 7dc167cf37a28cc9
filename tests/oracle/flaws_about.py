"""Flaws of what is asked about a namespace, and of a list of names."""

from draw_values import dims_of
from values import is_dense


def recall(body):
    return "POST", "v1", "/_debug/recall", body


def nothing_to_recall(flaws):
    """Where no vector is, or of one question several samples."""
    dense = [name for name, one in flaws.known.items() if is_dense(one.kind)]
    if not dense:
        return recall({"num": 1})
    name = flaws.dice.choice(dense)
    zeros = [0.0] * dims_of(flaws.known[name].kind)
    return recall({"num": 2, "rank_by": [name, "ANN", zeros]})


TOLD = {
    "recall of nothing": nothing_to_recall,
    "metadata of another shape": lambda f: (
        "PATCH",
        f.dice.choice(["v1", "v2"]),
        "/metadata",
        f.dice.choice([{"pinning": "all"}, {"pinning": {"replicas": "two"}}, {"pinning": [1]}]),
    ),
}
NAMES = {"page of no names, or too many": lambda f: f"page_size={f.dice.choice([0, 1001])}"}
# Of a namespace that is not there.
OF_NOTHING = (
    ("GET", "v1", "/metadata", None),
    ("GET", "v2", "/metadata", None),
    ("PATCH", "v2", "/metadata", {"read_only": True}),
    ("GET", "v1", "/hint_cache_warm", None),
    ("GET", "v1", "/usage", None),
    ("POST", "v1", "/_debug/recall", {}),
    ("POST", "v1", "/schema", {"z": "int"}),
)
