"""A schema: what attributes a namespace has, of which type, with which options, and how it may
change.
"""

import dataclasses

from refusal import EITHER, SHAPE, expect, refuse
from values import SPARSE, element, is_dense, is_type, is_vector

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


@dataclasses.dataclass(frozen=True)
class Attribute:
    kind: str
    filterable: bool = True
    full_text: dict | None = None
    regex: bool | None = None
    glob: bool | None = None
    fuzzy: bool | None = None
    metric: str | None = None
    ranked: bool = False

    @property
    def pre_tokenized(self):
        return bool(self.full_text) and self.full_text["tokenizer"] == PRE_TOKENIZED

    def show(self):
        """As GET …/schema shows it: two keys always, others where they are set."""
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
        for option in PATTERNS:
            if getattr(self, option) is not None:
                shown[option] = getattr(self, option)
        return shown


def read_full_text(kind, given):
    if given is None or given is False:
        return None
    expect(given is True or isinstance(given, dict), "full text shape", EITHER)
    said = {} if given is True else given
    options = FULL_TEXT | said
    pre_tokenized = options["tokenizer"] == PRE_TOKENIZED
    if pre_tokenized:
        options["case_sensitive"] = said.get("case_sensitive", True)
        wrong = "language" in said or options["stemming"] or options["remove_stopwords"]
        expect(kind == "[]string", "pre-tokenized type")
        expect(not wrong and options["case_sensitive"], "pre-tokenized option")
    expect(kind in ("string", "[]string"), "full text type")
    expect(options["tokenizer"] in TOKENIZERS, "tokenizer", EITHER)
    expect(options["language"] in LANGUAGES, "language", EITHER)
    stopped = options["language"] in STOPPED or not options["remove_stopwords"]
    expect(stopped, "stop words of no list", names=("remove_stopwords",))
    expect(1 <= options["max_token_length"] <= 254, "token length", EITHER)
    expect(options["k1"] > 0 and options["k3"] > 0 and 0 <= options["b"] <= 1, "BM25 constant")
    return options


def read_attribute(name, given, metric):
    if isinstance(given, str):
        given = {"type": given}
    expect(isinstance(given, dict) and "type" in given, "schema without type", SHAPE)
    kind = given["type"]
    expect(isinstance(kind, str) and is_type(kind), "unknown type", EITHER)
    if kind == SPARSE:
        ranked = given.get("sparse_knn")
        return Attribute(kind, filterable=False, ranked=bool(ranked))
    if is_vector(kind):
        ann = given.get("ann")
        expect(bool(ann), "vector without ann")
        own = ann.get("distance_metric") if isinstance(ann, dict) else None
        expect(own is None or own in METRICS, "metric word", EITHER)
        expect(own is None or metric is None or own == metric, "metrics differ")
        expect(own is not None or metric is not None, "vector without metric")
        ranked = is_dense(kind) or (isinstance(ann, dict) and ann.get("late_interaction") is True)
        return Attribute(kind, filterable=False, metric=own or metric, ranked=ranked)
    full_text = read_full_text(kind, given.get("full_text_search"))
    patterns = {option: given.get(option) for option in PATTERNS}
    if any(patterns.values()):
        expect(element(kind) == "string", "pattern option type")
    implied = not (full_text or any(patterns.values()))
    filterable = given.get("filterable")
    return Attribute(kind, implied if filterable is None else filterable, full_text, **patterns)


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
    expect(kind in ("uint", "string", "uuid"), "id type", EITHER)
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
            attribute = read_attribute(name, said, metric)
            known = self.attributes.get(name)
            if known is None:
                self.add(name, attribute)
                continue
            expect(known.kind == attribute.kind, "type change")
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
            self.add(name, Attribute(kind, filterable=False, metric=metric, ranked=True))
        else:
            self.add(name, Attribute(kind))

    def show(self):
        known = {name: one.show() for name, one in self.attributes.items()}
        identity = {"type": self.id_type, "filterable": None, "full_text_search": None}
        return {"id": identity} | known
