"""Schemas: what a namespace begins with, what is left to inference, and how it changes."""

import dataclasses

from analyzer import STOPWORDS
from draw_values import LONGEST, POOLS, dims
from schema import LANGUAGES, METRICS, PRE_TOKENIZED, TOKENIZERS, Attribute
from values import is_vector

# What a value tells by itself, and may be left out of a schema.
INFERRED = ("string", "int", "float", "bool", "[]string", "[]int", "[]float", "[]bool")
PLAIN = {
    "s": "string",
    "n": "int",
    "u": "uint",
    "f": "float",
    "b": "bool",
    "g": "uuid",
    "d": "datetime",
    "x": "bytes",
    "sa": "[]string",
    "ia": "[]int",
    "ua": "[]uint",
    "fa": "[]float",
    "ba": "[]bool",
    "ga": "[]uuid",
    "da": "[]datetime",
}
PATTERNED = ("p", "q", "pa")
TEXTS = ("t", "t2", "tt", "pt")


@dataclasses.dataclass
class Plan:
    """What a namespace will have: `left` are attributes that no schema declares, by their types."""

    id_type: str
    schema: dict
    left: dict
    metric: str | None
    # Whether the first request names the metric beside its schema.
    named: bool
    # What values are drawn from, and how long the arrays are that have a pool of their own.
    pools: dict = dataclasses.field(default_factory=lambda: POOLS)
    longest: int = LONGEST


def full_text(dice):
    """Options of a word tokenizer; what is cased is neither stemmed nor stripped of stop words."""
    said = {}
    if dice.chance(0.7):
        said["language"] = dice.rare("language", LANGUAGES)
    if dice.chance(0.3):
        said["case_sensitive"] = True
    else:
        said |= {
            word: dice.chance(0.5) for word in ("stemming", "remove_stopwords") if dice.chance(0.6)
        }
        if said.get("language", "english") not in STOPWORDS:
            said.pop("remove_stopwords", None)
    if dice.chance(0.4):
        said["ascii_folding"] = dice.chance(0.7)
    if dice.chance(0.3):
        said["max_token_length"] = dice.choice([3, 5, 39, 40, 254])
    if dice.chance(0.3):
        said |= {
            "k1": dice.choice([0.5, 1.2, 2.0]),
            "b": dice.choice([0, 0.5, 1]),
            "k3": dice.choice([0.5, 8]),
        }
    if dice.chance(0.4):
        words = [word for word in TOKENIZERS if word != PRE_TOKENIZED]
        said["tokenizer"] = dice.rare("tokenizer", words)
    return said or True


def patterned(dice, kind):
    options = {word: True for word in dice.some(["regex", "glob", "fuzzy"], 1, 3)}
    if kind == "[]string":
        options.pop("regex", None)
        options = options or {"fuzzy": True}
    if dice.chance(0.3):
        options["filterable"] = dice.chance(0.7)
    return {"type": kind} | options


def texts(dice, name):
    if name == "pt":
        return {"type": "[]string", "full_text_search": {"tokenizer": "pre_tokenized_array"}}
    said = {"type": "[]string" if name == "tt" else "string", "full_text_search": full_text(dice)}
    if dice.chance(0.4):
        said["filterable"] = True
    return said


def vectors(dice):
    said = {}
    if dice.chance(0.8):
        element = dice.rare("element", ["f32", "f16", "i8"])
        said["vector"] = {"type": f"[{dims(dice)}]{element}", "ann": True}
    if dice.chance(0.3):
        element = dice.choice(["f32", "f16", "i8"])
        said["v2"] = {"type": f"[{dims(dice)}]{element}", "ann": True}
    if dice.chance(0.5):
        said["lt"] = {"type": f"[][{dims(dice, few=0)}]f32", "ann": {"late_interaction": True}}
    return said


def plan(dice):
    schema, left = {}, {}
    for name in dice.some(PLAIN, 5, 10):
        kind = PLAIN[name]
        if kind in INFERRED and dice.chance(0.4):
            left[name] = kind
        elif dice.chance(0.1):
            schema[name] = {"type": kind, "filterable": False}
        else:
            schema[name] = dice.choice([kind, {"type": kind}])
    for name in dice.some(PATTERNED, 1, 2):
        schema[name] = patterned(dice, "[]string" if name == "pa" else "string")
    for name in dice.some(TEXTS, 1, 3):
        schema[name] = texts(dice, name)
    if dice.chance(0.5):
        schema["sp"] = {"type": "{}f16", "sparse_knn": {"distance_metric": "dot_product"}}
    dense = vectors(dice)
    schema |= dense
    id_type = dice.choice(["uint", "uint", "string", "string", "uuid"])
    if id_type == "uuid" or dice.chance(0.3):
        schema["id"] = id_type
    inferred = not dense and dice.chance(0.4)
    if inferred:
        left["vector"] = f"[{dims(dice)}]f32"
    metric = dice.rare("metric", METRICS) if dense or inferred else None
    named = True
    if list(dense) == ["vector"] and dice.chance(0.3):
        schema["vector"] = dense["vector"] | {"ann": {"distance_metric": metric}}
        named = dice.chance(0.5)
    return Plan(id_type, schema, left, metric, named)


def attribute(kind):
    return Attribute(kind, filterable=not is_vector(kind))


def change(dice, namespace):
    """One change of a schema that is allowed: all options are said, for what is not said is
    another's to decide."""
    attributes = namespace.schema.attributes
    named = [name for name, one in attributes.items() if one.kind in ("string", "int", "[]string")]
    word = dice.rare("change", ["add", "drop", "filterable", "full text"])
    if word == "add":
        absent = [name for name in PLAIN if name not in attributes]
        if absent:
            name = dice.choice(absent)
            return {name: PLAIN[name]}
    if word == "drop":
        able = [
            name
            for name, one in attributes.items()
            if not is_vector(one.kind) and one.kind != "{}f16"
        ]
        if len(able) > 5:
            return {dice.choice(able): {"drop": True}}
    named = [name for name in named if not attributes[name].pre_tokenized]
    if not named:
        return None
    name = dice.choice(named)
    known = attributes[name]
    said = {
        "type": known.kind,
        "filterable": not known.filterable,
        "full_text_search": known.full_text or False,
    }
    for option in ("regex", "glob", "fuzzy"):
        if getattr(known, option) is not None:
            said[option] = getattr(known, option)
    # What was not filterable may hold more than a filterable attribute can.
    if word == "full text" and name in TEXTS and known.full_text:
        said["filterable"] = known.filterable
        said["full_text_search"] = known.full_text | {
            "k1": dice.choice([0.9, 1.2]),
            "ascii_folding": dice.chance(0.5),
        }
        if not known.full_text["remove_stopwords"] and dice.chance(0.5):
            said["full_text_search"]["language"] = dice.choice(LANGUAGES)
    return {name: said}
