"""Filters of `/v1`: objects of our own, and in aggregations those of Elasticsearch as well."""

import re

import filters
from refusal import EITHER, expect, refuse
from values import (
    MILLISECOND,
    YEAR_0,
    YEAR_10000,
    element,
    is_array,
    is_number,
    printed_instant,
)

OPERATORS = {
    "eq": "Eq",
    "ne": "NotEq",
    "gt": "Gt",
    "gte": "Gte",
    "lt": "Lt",
    "lte": "Lte",
    "in": "In",
    "not_in": "NotIn",
    "contains": "Contains",
    "contains_any": "ContainsAny",
    "glob": "Glob",
    "regex": "Regex",
}
COMPARED = ("gt", "gte", "lt", "lte")
QUERIES = (
    "match_all",
    "match_none",
    "term",
    "terms",
    "range",
    "exists",
    "prefix",
    "wildcard",
    "bool",
)


def shaped(holds):
    expect(holds, "own filter shape", EITHER)


def as_list(given):
    """The same filter as the other contract writes it."""
    shaped(isinstance(given, dict))
    if given.get("type") is not None:
        shaped(set(given) == {"type", "conditions"} and isinstance(given["conditions"], list))
        below = [as_list(one) for one in given["conditions"]]
        expect(given["type"] in ("and", "or", "not"), "unknown operator", EITHER)
        if given["type"] == "not":
            return ["Not", ["Or", below]]
        return [given["type"].title(), below]
    shaped(isinstance(given.get("field"), str) and isinstance(given.get("op"), str))
    shaped(set(given) <= {"field", "op", "value"})
    name, word = given["field"], given["op"]
    if word == "exists":
        value = given.get("value")
        shaped(value is None or isinstance(value, bool))
        return [name, "Eq" if value is False else "NotEq", None]
    shaped("value" in given)
    expect(word in OPERATORS, "unknown operator", EITHER)
    return [name, OPERATORS[word], given["value"]]


def in_text(given):
    """A moment, or a list of them, of which any may be called by its milliseconds."""
    if isinstance(given, list):
        return [in_text(one) for one in given]
    whole = is_number(given) and given % 1 == 0
    if not whole or not YEAR_0 <= given / 1000 < YEAR_10000:
        return given
    return printed_instant(int(given) * MILLISECOND)


class Binder(filters.Binder):
    def operand(self, attribute, word, given):
        if element(attribute.kind) == "datetime":
            given = in_text(given)
        return super().operand(attribute, word, given)

    def able_regex(self, attribute):
        """This contract has no word for the option: what is filtered by will do."""
        return attribute.regex or attribute.filterable


def bind(schema, given):
    return Binder(schema).bind(as_list(given))


def bind_any(schema, given):
    """One of ours, or one of Elasticsearch."""
    shaped(isinstance(given, dict))
    words = [word for word in QUERIES if word in given]
    if not words or "field" in given or "type" in given:
        return bind(schema, given)
    shaped(len(given) == 1)
    (word,) = words
    return Elastic(schema).bind(word, given[word])


class Elastic:
    """Queries of Elasticsearch as functions of a document."""

    def __init__(self, schema):
        self.schema = schema

    def any(self, given):
        return bind_any(self.schema, given)

    def bind(self, word, said):
        shaped(isinstance(said, dict))
        if word in ("match_all", "match_none"):
            shaped(not said)
            return lambda doc: word == "match_all"
        if word == "bool":
            return self.combined(said)
        if word == "exists":
            shaped(set(said) == {"field"} and isinstance(said["field"], str))
            return self.test(said["field"], "NotEq", None)
        shaped(len(said) == 1)
        ((name, asked),) = said.items()
        return getattr(self, word)(name, asked)

    def test(self, *said):
        return Binder(self.schema).bind(list(said))

    @staticmethod
    def value(asked, *words):
        """What stands there itself, or in an object of its own."""
        if not isinstance(asked, dict):
            return asked
        shaped(len(asked) == 1 and set(asked) <= set(words))
        return next(iter(asked.values()))

    def term(self, name, asked):
        asked = self.value(asked, "value")
        shaped(asked is not None)
        array = is_array(self.schema.get(name).kind)
        return self.test(name, "Contains" if array else "Eq", asked)

    def terms(self, name, asked):
        shaped(isinstance(asked, list))
        array = is_array(self.schema.get(name).kind)
        return self.test(name, "ContainsAny" if array else "In", asked)

    def range(self, name, asked):
        shaped(isinstance(asked, dict) and set(asked) <= set(COMPARED))
        said = [[name, OPERATORS[word], value] for word, value in asked.items()]
        test = Binder(self.schema).bind(["And", said])
        # What has no value lies nowhere, although it comes before all others.
        return lambda doc: doc.get(name) is not None and test(doc)

    def prefix(self, name, asked):
        return self.text(name, self.value(asked, "value"), lambda said: re.escape(said) + ".*")

    def wildcard(self, name, asked):
        return self.text(name, self.value(asked, "value", "wildcard"), pattern)

    def text(self, name, asked, made):
        attribute = self.schema.get(name)
        expect(attribute.glob or attribute.regex or attribute.filterable, "not filterable")
        expect(element(attribute.kind) == "string", "operator type")
        shaped(isinstance(asked, str))
        known = re.compile(made(asked), re.DOTALL)

        def holds(doc):
            held = doc.get(name)
            texts = [held] if isinstance(held, str) else held or ()
            return any(known.fullmatch(one) for one in texts)

        return holds

    def combined(self, said):
        known = ("must", "filter", "should", "must_not", "minimum_should_match")
        for word in said:
            expect(word in known, "own filter shape", EITHER, names=[word])
        parts = {}
        for word in known[:4]:
            given = said.get(word, [])
            given = given if isinstance(given, list) else [given]
            parts[word] = [self.any(one) for one in given]
        needed = parts["must"] + parts["filter"]
        least = said.get("minimum_should_match", 0 if needed or not parts["should"] else 1)
        if not isinstance(least, int):
            refuse("own filter shape", EITHER)

        def holds(doc):
            return (
                all(test(doc) for test in needed)
                and not any(test(doc) for test in parts["must_not"])
                and sum(test(doc) for test in parts["should"]) >= least
            )

        return holds


def pattern(said):
    """A wildcard as a regular expression: any characters, any one, and either of them itself."""
    told, at = "", 0
    while at < len(said):
        if said[at] == "\\" and at + 1 < len(said):
            at += 1
            told += re.escape(said[at])
        else:
            told += {"*": ".*", "?": "."}.get(said[at], re.escape(said[at]))
        at += 1
    return told
