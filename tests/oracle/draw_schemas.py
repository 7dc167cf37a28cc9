"""Schemas: what a namespace begins with, what is left to inference, and how it changes."""

import dataclasses

from analyzer import STOPWORDS
from draw_values import LONGEST, OF_EMOJI, POOLS, dims
from schema import LANGUAGES, METRICS, PATTERNS, PRE_TOKENIZED, TOKENIZERS, VECTORS_MAX
from schema import Attribute, read_attribute
from values import SPARSE, is_vector

# What no document tells: a schema has to say it.
DECLARED_IDS = ("uuid", "int")
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
CHANGES = ("added", "dropped", "type alone", "full text", "off", "filterable unsaid")


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
    if dice.chance(0.9):
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
    if dice.chance(0.6):
        element = dice.choice(["f32", "f16", "i8"])
        said["v2"] = {"type": f"[{dims(dice)}]{element}", "ann": True}
    if dice.chance(0.5):
        said["lt"] = {"type": f"[][{dims(dice, few=0)}]f32", "ann": {"late_interaction": True}}
    if dice.chance(0.2):
        said |= more_vectors(dice, VECTORS_MAX - len(said))
    return said


def more_vectors(dice, most):
    """Columns beside those that most have, often as many as there may be."""
    said = {}
    for number in range(most if dice.chance(0.6) else dice.randint(1, most)):
        late, count = dice.chance(0.3), dims(dice)
        kind = f"[][{count}]f32" if late else f"[{count}]{dice.choice(['f32', 'f16', 'i8'])}"
        said[f"w{number}"] = {"type": kind, "ann": {"late_interaction": True} if late else True}
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
    for name in dice.some(TEXTS, 2, 4):
        schema[name] = texts(dice, name)
    if dice.chance(0.5):
        schema["sp"] = {"type": "{}f16", "sparse_knn": {"distance_metric": "dot_product"}}
    dense = vectors(dice)
    schema |= dense
    id_type = dice.choice(["uint", "uint", "string", "string", *DECLARED_IDS])
    if id_type in DECLARED_IDS or dice.chance(0.3):
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


def change(dice, namespace, tags):
    """One change of a schema that is allowed, or that says again what is so."""
    attributes = namespace.schema.attributes
    word = dice.rare("change", CHANGES)
    if word == "added":
        absent = [name for name in PLAIN if name not in attributes]
        if absent:
            name = dice.choice(absent)
            tags.append(f"change:{word}")
            return {name: PLAIN[name]}
    if word == "dropped":
        able = [
            name
            for name, one in attributes.items()
            if not is_vector(one.kind) and one.kind != SPARSE
        ]
        if len(able) > 5:
            tags.append(f"change:{word}")
            return {dice.choice(able): {"drop": True}}
    if word == "type alone" and attributes:
        name = dice.choice(list(attributes))
        tags.append(f"change:{word}")
        kind = attributes[name].kind
        return {name: dice.choice([kind, {"type": kind}])}
    return optioned(dice, attributes, word, tags)


def optioned(dice, attributes, word, tags):
    """Some options of an attribute: what is not said of it stays as it is."""
    able = [name for name, one in attributes.items() if one.kind in ("string", "[]string", "int")]
    searched = [name for name in able if attributes[name].searched]
    if not able:
        return None
    texts = [name for name in able if name in TEXTS] if word == "full text" else []
    name = dice.choice(texts or (searched if searched and dice.chance(0.7) else able))
    known = attributes[name]
    said = off(known) if word == "off" and known.searched else options(dice, name, known)
    if "filterable" not in said and known.searched:
        tags.append("change:filterable unsaid")
    after = read_attribute({"type": known.kind} | said, None, known)
    if known.searched and not after.searched:
        tags.append("change:off")
    if said.get("full_text_search"):
        tags.append("change:full text")
    return {name: {"type": known.kind} | said}


def off(known):
    """All that it is searched by, and nothing of filters."""
    said = {option: False for option in PATTERNS if getattr(known, option)}
    return said | ({"full_text_search": False} if known.full_text else {})


def options(dice, name, known):
    said = {}
    if dice.chance(0.4):
        said["filterable"] = dice.chance(0.7)
    patterns = {"string": PATTERNS, "[]string": ("glob", "fuzzy")}.get(known.kind, ())
    for option in patterns:
        if dice.chance(0.3):
            said[option] = dice.choice([True, True, False, None])
    if name in TEXTS and dice.chance(0.7):
        words = {"tokenizer": PRE_TOKENIZED} if name == "pt" else other_full_text(dice, known)
        said["full_text_search"] = False if dice.chance(0.1) else words
    return said


def other_full_text(dice, known):
    """Of texts that may hold an emoji, a tokenizer of which it is said what becomes of it."""
    said = full_text(dice)
    if known.full_text and known.full_text["tokenizer"] not in OF_EMOJI:
        return said
    return ({} if said is True else said) | {"tokenizer": dice.choice(OF_EMOJI)}
