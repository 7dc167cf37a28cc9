"""Flaws of writes and of schemas, and what is asked of a namespace that is not there."""

import base64
import struct

import draw_values as values
from flaws_about import OF_NOTHING
from filters import alike
from flaws_asked import BY_ID, COUNT, mistyped_operand, other_metric
from schema import ID_TYPES, LANGUAGES, PRE_TOKENIZED, SEARCHES, STOPPED
from values import RANGES, SCALARS, SPARSE, is_array, is_dense, is_late, is_vector


def row(flaws, said):
    """A document of which no vector is left out."""
    return {"id": flaws.id()} | dict.fromkeys(flaws.namespace.schema.vectors()) | said


def upsert(flaws, said, **more):
    return {"upsert_rows": [row(flaws, said)]} | more


def wrong_value(kind):
    """What JSON has that this type has not."""
    return {
        "string": 1,
        "int": "one",
        "uint": -1,
        "float": "x",
        "bool": 1,
        "uuid": "no-uuid",
        "datetime": "2024-03-01T24:00",
        "bytes": "AA=A",
    }[kind]


def mistyped(flaws):
    name = flaws.kind(*SCALARS)
    return upsert(flaws, {name: wrong_value(flaws.known[name].kind)})


def mistyped_element(flaws):
    name = flaws.name(lambda one: is_array(one.kind))
    return upsert(flaws, {name: [wrong_value(flaws.known[name].kind[2:])]})


def twice(flaws):
    one = row(flaws, {})
    id = one["id"]
    verbs = [{"upsert_rows": [one]}, {"deletes": [id]}, {"patch_rows": [{"id": id}]}]
    columns = {name: [said] for name, said in one.items()}
    return upsert(flaws, {}) | flaws.dice.choice(verbs) | {"upsert_columns": columns}


def left_out(flaws):
    """A vector that one row of two does not name, whatever would come of it."""
    name = flaws.name(lambda one: is_vector(one.kind))
    whole, other = row(flaws, {}), row(flaws, {})
    if str(whole["id"]).lower() == str(other["id"]).lower():
        raise LookupError
    del other[name]
    insert = {"upsert_condition": ["id", "Eq", None]} if flaws.dice.chance(0.3) else {}
    return {"upsert_rows": flaws.dice.sample([whole, other], 2)} | insert


def left_out_of_columns(flaws):
    name = flaws.name(lambda one: is_vector(one.kind))
    return {"upsert_columns": {key: [said] for key, said in row(flaws, {}).items() if key != name}}


def foreign_id(flaws):
    return {"uint": "text", "string": 7, "uuid": "no-uuid", "int": "-7"}[flaws.plan.id_type]


def far_id(flaws):
    if flaws.plan.id_type not in RANGES:
        raise LookupError
    low, high = RANGES[flaws.plan.id_type]
    return flaws.dice.choice([low - 1, high + 1])


def long_vector(flaws):
    name = flaws.name(lambda one: is_dense(one.kind))
    return upsert(flaws, {name: [1.0] * (values.dims_of(flaws.known[name].kind) + 1)})


def far_vector(flaws):
    """Numbers that its element does not hold, once they are rounded to it."""
    name = flaws.name(lambda one: is_dense(one.kind))
    kind = flaws.known[name].kind
    wrong = {"i8": [1.5, 128, -129], "16": [65_520, -65_520, 1e39], "32": [1e39, -1e39]}
    numbers = [flaws.dice.choice(wrong[kind[-2:]])] * values.dims_of(kind)
    return upsert(flaws, {name: numbers})


def far_vectors(flaws):
    name = flaws.name(lambda one: is_late(one.kind))
    return upsert(flaws, {name: [[-1e39] * values.dims_of(flaws.known[name].kind)]})


def other_reference(flaws):
    """A condition that compares what has no order, nor is ever alike."""
    name = flaws.plain(*SCALARS)
    other = flaws.name(lambda one: not alike(flaws.known[name].kind, one.kind))
    word = flaws.dice.choice(["Eq", "NotEq"])
    return upsert(flaws, {}, upsert_condition=[name, word, {"$ref_new": other}])


def misplaced(option, said, *kinds):
    """An option of a type that it is nothing to."""
    return lambda f: {"z": {"type": f.dice.choice(kinds), option: f.dice.choice(said)}}


def misplaced_filter(flaws):
    name = flaws.name(lambda one: is_vector(one.kind) or one.kind == SPARSE)
    return {name: {"type": flaws.known[name].kind, "filterable": True}}


def pre_tokenized(flaws):
    wrong = [
        {"language": flaws.dice.choice(LANGUAGES)},
        {"language": "english"},
        {"stemming": True},
        {"remove_stopwords": True},
        {"case_sensitive": False},
    ]
    said = {"tokenizer": PRE_TOKENIZED} | flaws.dice.choice(wrong)
    return {"z": {"type": "[]string", "full_text_search": said}}


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
    "id of another type": lambda f: upsert(f, {"id": foreign_id(f)}),
    "id that is true": lambda f: upsert(f, {"id": True}),
    "id that is a fraction": lambda f: {"deletes": [1.5]},
    "id out of range": lambda f: {"upsert_rows": [{"id": far_id(f)}]},
    "id too long": lambda f: (
        upsert(f, {"id": "x" * 65}) if f.plan.id_type == "string" else f.kind()
    ),
    "row without id": lambda f: {"upsert_rows": [{"s": "x"}]},
    "rows that are none": lambda f: {"upsert_rows": {}},
    "value of another type": mistyped,
    "element of another type": mistyped_element,
    "array with null": lambda f: upsert(f, {f.name(lambda one: is_array(one.kind)): [None]}),
    "vector too long": long_vector,
    "vector of NaN": infinite_vector,
    "vector too far": far_vector,
    "vectors too far": far_vectors,
    "sparse too far": lambda f: upsert(
        f, {f.kind(SPARSE): {"a": 1, "b": f.dice.choice([1e6, 65_520, -1e39])}}
    ),
    "vector left out": left_out,
    "vector left out of columns": left_out_of_columns,
    "vector patched": patched_vector,
    "unknown field of a write": lambda f: upsert(f, {}, upserts=[]),
    "unknown metric": lambda f: upsert(f, {}, distance_metric="manhattan"),
    "another metric": lambda f: upsert(f, {}, distance_metric=other_metric(f)),
    "another vector column": late_vector,
    "vector without ann": lambda f: {"schema": {"v9": {"type": "[2]f32"}}},
    "another type": lambda f: {"schema": other_type(f)},
    "another id type": lambda f: {
        "schema": {"id": f.dice.choice([one for one in ID_TYPES if one != f.plan.id_type])}
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
    "condition on another type": other_reference,
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
    "text of a number": misplaced("full_text_search", [True, {}], "int", "[]uuid", SPARSE),
    "ann of a number": misplaced("ann", [True, {}], *SCALARS, "[]float", SPARSE),
    "sparse_knn of a number": misplaced("sparse_knn", [True, {}], *SCALARS, "[]float"),
    "regex of a list": misplaced("regex", [True], "[]string", "uuid", SPARSE),
    "pattern of a number": misplaced("glob", [True], "int", "[]uuid", "bytes", SPARSE),
    "filterable vector": misplaced_filter,
    "pattern of an id": lambda f: {
        "id": {"type": f.plan.id_type, f.dice.choice(SEARCHES): True}
    },
    "pre-tokenized text": lambda f: text(tokenizer=PRE_TOKENIZED),
    "pre-tokenized stems": pre_tokenized,
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
    "first vector left out": lambda f: (
        "POST",
        "v2",
        "",
        {
            "distance_metric": "dot_product",
            "upsert_rows": f.dice.sample([{"id": 1, "vector": [0.5, 1.5]}, {"id": 2, "s": "x"}], 2),
        },
    ),
    "nine vectors": lambda f: (
        "POST",
        "v2",
        "",
        {
            "schema": {f"v{n}": {"type": "[2]f32", "ann": True} for n in range(9)},
            "distance_metric": "dot_product",
            "upsert_rows": [{"id": 1} | {f"v{n}": None for n in range(9)}],
        },
    ),
    "late vectors without late_interaction": lambda f: (
        "POST",
        "v2",
        "",
        {
            "schema": {"lt": {"type": "[][2]f32", "ann": f.dice.choice([True, {}])}},
            "distance_metric": "dot_product",
            "upsert_rows": [{"id": 1, "lt": None}],
        },
    ),
    "first late vectors without metric": lambda f: (
        "POST",
        "v2",
        "",
        {
            "schema": {"lt": {"type": "[][2]f32", "ann": {"late_interaction": True}}},
            "upsert_rows": [{"id": 1, "lt": None}],
        },
    ),
}
