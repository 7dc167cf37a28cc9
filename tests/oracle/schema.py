"""A schema: what attributes a namespace has, of which type, with which options, and how it may
change.
"""

import dataclasses

from refusal import EITHER, SHAPE, expect, refuse
from values import SPARSE, is_dense, is_type, is_vector

ID_TYPES = ("uint", "string", "uuid", "int")
METRICS = ("cosine_distance", "euclidean_squared", "dot_product")
NAME_BYTES_MAX = 128
VECTORS_MAX = 8
LANGUAGES = (
    "arabic danish dutch english finnish french german greek hungarian italian norwegian "
    "portuguese romanian russian spanish swedish tamil turkish"
).split()
# Of the others nobody has a list of stop words.
STOPPED = tuple(set(LANGUAGES) - set("arabic greek romanian tamil turkish".split()))
TOKENIZERS = ("word_v0", "word_v1", "word_v2", "word_v3", "word_v4", "pre_tokenized_array")
FULL_TEXT = {
    "k1": 1.2,
    "k3": 8.0,
    "b": 0.75,
    "language": "english",
    "stemming": False,
    "max_token_length": 39,
    "remove_stopwords": False,
    "ascii_folding": False,
    "case_sensitive": False,
    "tokenizer": "word_v4",
}
PRE_TOKENIZED = "pre_tokenized_array"
PATTERNS = ("regex", "glob", "fuzzy")
SEARCHES = ("full_text_search", *PATTERNS)


@dataclasses.dataclass(frozen=True)
class Attribute:
    kind: str
    filterable: bool = True
    full_text: dict | None = None
    regex: bool = False
    glob: bool = False
    fuzzy: bool = False
    metric: str | None = None
    # Of a sparse vector, whether one may rank by it.
    ranked: bool = False

    @property
    def pre_tokenized(self):
        return bool(self.full_text) and self.full_text["tokenizer"] == PRE_TOKENIZED

    @property
    def searched(self):
        """Whether it has an index for which it gives up the one of filters."""
        return bool(self.full_text) or self.regex or self.glob or self.fuzzy

    def show(self):
        """As GET …/schema shows it: two keys always, others where they are on."""
        shown = {
            "type": self.kind,
            "filterable": self.filterable,
            "full_text_search": self.full_text,
        }
        if self.kind == SPARSE or is_vector(self.kind):
            shown["filterable"] = None
        if is_vector(self.kind):
            shown["ann"] = True
        if self.kind == SPARSE and self.ranked:
            shown["sparse_knn"] = {"distance_metric": "dot_product"}
        return shown | {option: True for option in PATTERNS if getattr(self, option)}


def read_full_text(kind, given):
    if given is False:
        return None
    expect(given is True or isinstance(given, dict), "full text shape", EITHER)
    said = {} if given is True else without_nulls(given)
    options = FULL_TEXT | said
    pre_tokenized = options["tokenizer"] == PRE_TOKENIZED
    if pre_tokenized:
        options["case_sensitive"] = said.get("case_sensitive", True)
        wrong = "language" in said or options["stemming"] or options["remove_stopwords"]
        expect(kind == "[]string", "pre-tokenized type")
        expect(not wrong and options["case_sensitive"], "pre-tokenized option")
    expect(options["tokenizer"] in TOKENIZERS, "tokenizer", EITHER)
    expect(options["language"] in LANGUAGES, "language", EITHER)
    stopped = options["language"] in STOPPED or not options["remove_stopwords"]
    expect(stopped, "stop words of no list", names=("remove_stopwords",))
    expect(1 <= options["max_token_length"] <= 254, "token length", EITHER)
    expect(options["k1"] > 0 and options["k3"] > 0 and 0 <= options["b"] <= 1, "BM25 constant")
    return options


def without_nulls(given):
    """What is null is not said."""
    return {name: said for name, said in given.items() if said is not None}


def read_attribute(given, metric, known=None):
    """An attribute, or what becomes of one that is known: what is not said stays as it is."""
    if isinstance(given, str):
        given = {"type": given}
    expect(isinstance(given, dict) and "type" in given, "schema without type", SHAPE)
    kind = given["type"]
    expect(isinstance(kind, str) and is_type(kind), "unknown type", EITHER)
    expect(known is None or known.kind == kind, "type change")
    said = without_nulls(given)
    check_options(kind, said)
    if kind == SPARSE:
        return read_sparse(kind, said, known)
    if is_vector(kind):
        return read_vector(kind, said.get("ann"), metric, known)
    return read_plain(kind, said, known)


def check_options(kind, said):
    """What is switched on has to be of this type."""
    able = {
        "ann": is_vector(kind),
        "sparse_knn": kind == SPARSE,
        "full_text_search": kind in ("string", "[]string"),
        "regex": kind == "string",
        "glob": kind in ("string", "[]string"),
        "fuzzy": kind in ("string", "[]string"),
        "filterable": kind != SPARSE and not is_vector(kind),
    }
    for option, fits in able.items():
        on = said.get(option, False) is not False
        expect(fits or not on, "option of another type")


def read_sparse(kind, said, known):
    ranked = said.get("sparse_knn", False)
    own = ranked.get("distance_metric") if isinstance(ranked, dict) else None
    expect(own in (None, "dot_product"), "metric word", EITHER)
    before = known is not None and known.ranked
    return Attribute(kind, filterable=False, ranked=before or ranked is not False)


def read_vector(kind, ann, metric, known):
    """Nothing about a vector changes: a metric that is said again is the same."""
    if known is not None and ann is None:
        return known
    expect(ann is True or isinstance(ann, dict), "vector without ann")
    options = ann if isinstance(ann, dict) else {}
    own = options.get("distance_metric")
    expect(own is None or own in METRICS, "metric word", EITHER)
    expect(own is None or metric is None or own == metric, "metrics differ")
    expect(own is not None or metric is not None, "vector without metric")
    late = options.get("late_interaction", False)
    expect(known is not None or late != is_dense(kind), "option of another type")
    return known or Attribute(kind, filterable=False, metric=own or metric)


def read_plain(kind, said, known):
    before = known or Attribute(kind)
    full_text = before.full_text
    if "full_text_search" in said:
        full_text = read_full_text(kind, said["full_text_search"])
    patterns = {option: said.get(option, getattr(before, option)) for option in PATTERNS}
    after = Attribute(kind, before.filterable, full_text, **patterns)
    # Whoever gains the first of these indexes, as it is made, or loses the last of them.
    if known is None or (before.searched and not after.searched):
        after = dataclasses.replace(after, filterable=not after.searched)
    return dataclasses.replace(after, filterable=said.get("filterable", after.filterable))


def named_metric(given):
    """What is named beside one vector of a request holds for the others."""
    anns = [said.get("ann") for said in given.values() if isinstance(said, dict)]
    named = [ann.get("distance_metric") for ann in anns if isinstance(ann, dict)]
    return next((metric for metric in named if metric in METRICS), None)


def check_name(name):
    expect(not name.startswith("$") and len(name.encode()) <= NAME_BYTES_MAX, "attribute name")


def read_id_type(given):
    kind = given["type"] if isinstance(given, dict) and "type" in given else given
    expect(isinstance(kind, str), "schema without type", SHAPE)
    said = without_nulls(given) if isinstance(given, dict) else {}
    searched = any(said.get(option, False) is not False for option in SEARCHES)
    expect(not searched, "option of another type")
    expect(kind in ID_TYPES, "id type", EITHER)
    return kind


class Schema:
    """Attributes by name. A change makes a new one: a refused request leaves what there is."""

    def __init__(self, id_type=None, attributes=None, metric=None, settled=False):
        self.id_type = id_type
        self.attributes = dict(attributes or {})
        self.metric = metric
        # Whether the first documents are written, which fixes the set of vector columns.
        self.settled = settled

    def copy(self):
        return Schema(self.id_type, self.attributes, self.metric, self.settled)

    def get(self, name):
        """An attribute, and `id` as if it were one."""
        if name == "id":
            return Attribute(self.id_type or "uint")
        attribute = self.attributes.get(name)
        return attribute if attribute else refuse("unknown attribute")

    def vectors(self):
        return [name for name, one in self.attributes.items() if is_vector(one.kind)]

    def known_metric(self):
        """The one that a request has named, at its top or beside a vector."""
        return self.metric or next((self.attributes[name].metric for name in self.vectors()), None)

    def set_metric(self, metric):
        if metric is None:
            return
        expect(metric in METRICS, "metric word", SHAPE)
        expect(self.known_metric() in (None, metric), "metric mismatch")
        self.metric = metric

    def add(self, name, attribute):
        check_name(name)
        if is_vector(attribute.kind):
            expect(not self.settled, "vector column added")
            expect(len(self.vectors()) < VECTORS_MAX, "too many vector columns")
        self.attributes[name] = attribute

    def declare(self, given):
        """What a `schema` of a request says."""
        expect(isinstance(given, dict), "schema shape", SHAPE)
        metric = self.known_metric() or named_metric(given)
        for name, said in given.items():
            if name == "id":
                kind = read_id_type(said)
                expect(self.id_type in (None, kind), "id type change")
                self.id_type = kind
                continue
            if said == {"drop": True}:
                self.attributes.pop(name, None)
                continue
            known = self.attributes.get(name)
            attribute = read_attribute(said, metric, known)
            if known is None:
                self.add(name, attribute)
            else:
                self.attributes[name] = attribute

    def without_dropped(self, docs):
        """Documents without what is no attribute any more: it does not come back with its name."""
        known = {"id", *self.attributes}
        return {
            id: doc if doc.keys() <= known else {name: doc[name] for name in doc if name in known}
            for id, doc in docs.items()
        }

    def infer(self, name, kind):
        """An attribute that a document brings."""
        if is_vector(kind):
            expect(not self.settled, "vector column added")
            metric = self.known_metric()
            expect(metric is not None, "vector without metric")
            self.add(name, Attribute(kind, filterable=False, metric=metric))
        else:
            self.add(name, Attribute(kind))

    def show(self):
        known = {name: one.show() for name, one in self.attributes.items()}
        identity = {"type": self.id_type, "filterable": None, "full_text_search": None}
        return {"id": identity} | known
