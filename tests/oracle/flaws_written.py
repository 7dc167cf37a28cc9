"""Flaws of writes and of schemas, and what is asked of a namespace that is not there."""

import base64
import struct

import draw_values as values
from flaws_about import OF_NOTHING
from flaws_asked import BY_ID, COUNT, mistyped_operand, other_metric
from schema import LANGUAGES, STOPPED
from values import SCALARS, SPARSE, is_array, is_dense, is_vector


def upsert(flaws, said, **more):
    return {"upsert_rows": [{"id": flaws.id()} | said]} | more


def wrong_value(kind):
    """What JSON has that this type has not."""
    return {
        "string": 1,
        "int": "one",
        "uint": -1,
        "float": "x",
        "bool": 1,
        "uuid": "no-uuid",
        "datetime": "yesterday",
        "bytes": "*",
    }[kind]


def mistyped(flaws):
    name = flaws.kind(*SCALARS)
    return upsert(flaws, {name: wrong_value(flaws.known[name].kind)})


def mistyped_element(flaws):
    name = flaws.name(lambda one: is_array(one.kind))
    return upsert(flaws, {name: [wrong_value(flaws.known[name].kind[2:])]})


def twice(flaws):
    id = flaws.id()
    verbs = [{"upsert_rows": [{"id": id}]}, {"deletes": [id]}, {"patch_rows": [{"id": id}]}]
    return upsert(flaws, {}) | flaws.dice.choice(verbs) | {"upsert_columns": {"id": [id]}}


def foreign_id(flaws):
    return {"uint": "text", "string": 7, "uuid": "no-uuid"}[flaws.plan.id_type]


def long_vector(flaws):
    name = flaws.name(lambda one: is_dense(one.kind))
    return upsert(flaws, {name: [1.0] * (values.dims_of(flaws.known[name].kind) + 1)})


def infinite_vector(flaws):
    name = flaws.name(lambda one: is_dense(one.kind))
    dims = values.dims_of(flaws.known[name].kind)
    packed = struct.pack(f"<{dims}f", *[float("nan")] * dims)
    return upsert(flaws, {name: base64.b64encode(packed).decode()})


def patched_vector(flaws):
    name = flaws.name(lambda one: is_vector(one.kind))
    return {"patch_rows": [{"id": flaws.id(), name: values.value(flaws.dice, flaws.known[name])}]}


def other_type(flaws):
    name = flaws.kind("int", "string", "float", "bool", "[]string")
    return {name: "uuid"}


def late_vector(flaws):
    if not flaws.namespace.schema.settled:
        raise LookupError
    return upsert(
        flaws, {}, schema={"v9": {"type": "[2]f32", "ann": True}}, distance_metric=metric(flaws)
    )


def metric(flaws):
    return flaws.plan.metric or "cosine_distance"


def text(**options):
    return {"z": {"type": "string", "full_text_search": options}}


WRITES = {
    "id twice": twice,
    "id of another type": lambda f: {"upsert_rows": [{"id": foreign_id(f)}]},
    "id that is true": lambda f: {"upsert_rows": [{"id": True}]},
    "id that is a fraction": lambda f: {"deletes": [1.5]},
    "id too long": lambda f: (
        {"upsert_rows": [{"id": "x" * 65}]} if f.plan.id_type == "string" else f.kind()
    ),
    "row without id": lambda f: {"upsert_rows": [{"s": "x"}]},
    "rows that are none": lambda f: {"upsert_rows": {}},
    "value of another type": mistyped,
    "element of another type": mistyped_element,
    "array with null": lambda f: upsert(f, {f.name(lambda one: is_array(one.kind)): [None]}),
    "vector too long": long_vector,
    "vector of NaN": infinite_vector,
    "vector patched": patched_vector,
    "unknown field of a write": lambda f: upsert(f, {}, upserts=[]),
    "unknown metric": lambda f: upsert(f, {}, distance_metric="manhattan"),
    "another metric": lambda f: upsert(f, {}, distance_metric=other_metric(f)),
    "another vector column": late_vector,
    "vector without ann": lambda f: {"schema": {"v9": {"type": "[2]f32"}}},
    "another type": lambda f: {"schema": other_type(f)},
    "another id type": lambda f: {
        "schema": {"id": "uuid" if f.plan.id_type != "uuid" else "string"}
    },
    "attribute without type": lambda f: {"schema": {"z": {"filterable": True}}},
    "unknown type": lambda f: {"schema": {"z": "decimal"}},
    "columns uneven": lambda f: {"upsert_columns": {"id": [f.id()], "s": []}},
    "attribute with a dollar": lambda f: upsert(f, {"$x": 1}),
    "attribute name too long": lambda f: upsert(f, {"x" * 129: 1}),
    "value too long": lambda f: upsert(f, {f.plain("string"): "x" * 5000}),
    "sparse too long": lambda f: upsert(f, {f.kind(SPARSE): {str(n): 1 for n in range(1025)}}),
    "copy": lambda f: {"copy_from_namespace": "elsewhere"},
    "branch": lambda f: {"branch_from_namespace": {"source_namespace": "elsewhere"}},
    "sharding": lambda f: upsert(f, {}, sharding={"num_shards": 2}),
    "key of a KMS": lambda f: upsert(
        f, {}, encryption={"mode": "customer-managed", "key_name": "mykey"}
    ),
    "condition on nothing": lambda f: upsert(f, {}, upsert_condition=["unknown", "Eq", 1]),
    "condition mistyped": lambda f: upsert(f, {}, upsert_condition=mistyped_operand(f)),
    "delete by nothing": lambda f: {"delete_by_filter": ["unknown", "Eq", 1]},
    "patch by nothing": lambda f: {
        "patch_by_filter": {"filters": ["unknown", "Eq", 1], "patch": {"s": None}}
    },
    "delete by what is dropped": lambda f: {
        "schema": {(name := f.kind(*SCALARS)): {"drop": True}},
        "delete_by_filter": [name, "Eq", None],
    },
    "condition on what is dropped": lambda f: upsert(
        f,
        {},
        schema={(name := f.kind(*SCALARS)): {"drop": True}},
        upsert_condition=[name, "Eq", {"$ref_new": name}],
    ),
    "row of what is changed": lambda f: upsert(f, {"z": "text"}, schema={"z": "int"}),
    "vector patched by filter": lambda f: {
        "patch_by_filter": {
            "filters": ["id", "NotEq", None],
            "patch": {
                (name := f.name(lambda one: is_dense(one.kind))): values.value(
                    f.dice, f.known[name]
                )
            },
        }
    },
}
SCHEMAS = {
    "text constant": lambda f: text(
        **f.dice.choice([{"k1": 0}, {"b": 1.5}, {"k3": 0}, {"k1": -1}])
    ),
    "text token length": lambda f: text(max_token_length=f.dice.choice([0, 255])),
    "text language": lambda f: text(language="klingon"),
    "text stop words": lambda f: text(
        language=f.dice.choice([one for one in LANGUAGES if one not in STOPPED]),
        remove_stopwords=True,
    ),
    "text tokenizer": lambda f: text(tokenizer="word_v9"),
    "text of a number": lambda f: {"z": {"type": "int", "full_text_search": True}},
    "pre-tokenized text": lambda f: text(tokenizer="pre_tokenized_array"),
    "pre-tokenized stems": lambda f: {
        "z": {
            "type": "[]string",
            "full_text_search": {"tokenizer": "pre_tokenized_array", "stemming": True},
        }
    },
    "schema of another type": other_type,
    "schema without type": lambda f: {"z": {"filterable": True}},
}
ABSENT = {
    "query of nothing": lambda f: ("POST", "v2", "/query", BY_ID),
    "queries of nothing": lambda f: ("POST", "v2", "/query", {"queries": [COUNT]}),
    "schema of nothing": lambda f: ("GET", "v1", "/schema", None),
    "what is told of nothing": lambda f: f.dice.choice(OF_NOTHING),
    "delete of nothing": lambda f: ("DELETE", "v2", "", None),
    "write that creates nothing": lambda f: (
        "POST",
        "v2",
        "",
        upsert(f, {}, create_namespace=False),
    ),
    "schema written to nothing": lambda f: ("POST", "v2", "", {"schema": {"z": "int"}}),
    "namespace without id type": lambda f: ("POST", "v2", "", {"create_namespace": True}),
    "first vector without metric": lambda f: (
        "POST",
        "v2",
        "",
        {"upsert_rows": [{"id": 1, "vector": [0.5, 1.5]}]},
    ),
    "first late vectors without metric": lambda f: (
        "POST",
        "v2",
        "",
        {
            "schema": {"lt": {"type": "[][2]f32", "ann": {"late_interaction": True}}},
            "upsert_rows": [{"id": 1}],
        },
    ),
}
