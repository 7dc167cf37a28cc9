"""Filters: what each operator means, null by null.

A filter is first bound to a schema, which is where all refusals are, and then asked of documents. A
bound filter is a function of a document and, in conditions, of the values that the document is
about to have.
"""

import operator

import numpy

import patterns
from analyzer import tokens
from refusal import EITHER, Refused, expect
from values import DENSE, SPARSE, element, is_array, is_dense, is_number, is_vector, read, scalar

ORDERS = {"Lt": operator.lt, "Lte": operator.le, "Gt": operator.gt, "Gte": operator.ge}
NUMERIC = ("int", "uint", "float")
ORDERED = (*NUMERIC, "datetime", "string", "uuid")
NEGATIONS = {
    "NotEq": "Eq",
    "NotIn": "In",
    "NotContains": "Contains",
    "NotContainsAny": "ContainsAny",
    "NotGlob": "Glob",
    "NotIGlob": "IGlob",
}
TOKENS = ("ContainsAllTokens", "ContainsAnyToken", "ContainsTokenSequence")
COMPARISONS = ("Eq", "In", "Lt", "Lte", "Gt", "Gte")
ELEMENTS = ("Contains", "ContainsAny", "AnyLt", "AnyLte", "AnyGt", "AnyGte")
PATTERNS = ("Glob", "IGlob", "Regex", "Fuzzy")
OPERATORS = (*COMPARISONS, *ELEMENTS, *PATTERNS, *TOKENS, *NEGATIONS)


def is_filter(given):
    """Whether a list is a filter, as opposed to another ranking."""
    if not isinstance(given, list) or not given:
        return False
    if given[0] in ("And", "Or", "Not") and len(given) == 2 and isinstance(given[1], list):
        return True
    return len(given) >= 3 and given[1] in OPERATORS


class Binder:
    """Binds filters to a schema. With `refs`, an operand may be `{"$ref_new": attribute}`."""

    def __init__(self, schema, refs=False):
        self.schema = schema
        self.refs = refs

    def bind(self, given):
        expect(isinstance(given, list) and given, "filter shape", EITHER)
        if given[0] in ("And", "Or") and len(given) == 2:
            expect(isinstance(given[1], list), "filter shape", EITHER)
            below = [self.bind(one) for one in given[1]]
            combine = all if given[0] == "And" else any
            return lambda doc, new=None: combine(test(doc, new) for test in below)
        if given[0] == "Not" and len(given) == 2:
            inner = self.bind(given[1])
            return lambda doc, new=None: not inner(doc, new)
        expect(3 <= len(given) <= 4 and isinstance(given[0], str), "filter shape", EITHER)
        name, word, operand = given[:3]
        expect(word in OPERATORS, "unknown operator", EITHER)
        if word in NEGATIONS:
            positive = self.bind([name, NEGATIONS[word], *given[2:]])
            return lambda doc, new=None: not positive(doc, new)
        attribute = self.schema.get(name)
        options = given[3] if len(given) == 4 else {}
        expect(not options or word in (*TOKENS, "Fuzzy"), "filter options", EITHER)
        test = self.test(attribute, name, word, operand, options)
        return lambda doc, new=None: test(doc.get(name), new)

    def test(self, attribute, name, word, operand, options):
        if word in TOKENS:
            return self.tokens_test(attribute, word, operand, options)
        if word in ("Glob", "IGlob"):
            usable = attribute.glob or attribute.regex or attribute.filterable
            expect(usable, "not filterable")
            return self.text_test(attribute, word, operand, glob_test(word))
        if word == "Regex":
            expect(self.able_regex(attribute), "needs regex")
            return self.text_test(attribute, word, operand, patterns.regex)
        if word == "Fuzzy":
            made = fuzzy_test(options)
            expect(attribute.fuzzy, "needs fuzzy")
            return self.text_test(attribute, word, operand, made)
        if is_vector(attribute.kind) or attribute.kind == SPARSE:
            return self.vector_test(attribute, word, operand)
        expect(attribute.filterable, "not filterable")
        value = self.operand(attribute, word, operand)
        compare = COMPARED[word.removeprefix("Any") if word.startswith("Any") else word]
        if word.startswith("Any"):
            return lambda held, new: any(compare(one, value(new)) for one in held or ())
        if word == "In" and is_array(attribute.kind):
            compare = intersects
        return lambda held, new: compare(held, value(new))

    def able_regex(self, attribute):
        return attribute.regex

    def operand(self, attribute, word, given):
        """A function of the new values that gives what to compare with; checked here and now."""
        kind = attribute.kind
        array = is_array(kind)
        expect(array or not word.startswith(("Any", "Contains")), "operator type")
        if word in ("Lt", "Lte", "Gt", "Gte"):
            expect(kind in ORDERED, "operator type")
        if word.startswith("Any"):
            expect(element(kind) in ORDERED, "operator type")
        if word in ("In", "ContainsAny"):
            if word == "In" and given is not None and not self.is_list(given):
                given = [given]
            expect(self.is_list(given), "operand type")
            return self.listed(element(kind), given)
        if is_reference(given):
            whole = word in ("Eq", *ORDERS)
            return self.reference(given, kind if whole else element(kind))
        if given is None:
            expect(word != "Contains" and not word.startswith("Any"), "operand type")
            return lambda new: None
        if word == "Eq" and array:
            expect(isinstance(given, list), "operand type")
            each = [self.member(element(kind), one) for one in given]
            # No list holds a null, so none is one that has one.
            return lambda new: tuple(value(new) for value in each)
        value = operand_of(element(kind), given)
        return lambda new: value

    def is_list(self, given):
        """A list, or the value of an attribute that has lists."""
        if is_reference(given):
            return is_array(self.schema.get(given["$ref_new"]).kind)
        return isinstance(given, list)

    def listed(self, kind, given):
        """A function of the new values that gives a list, any of which may be one of them; a null
        is none."""
        if is_reference(given):
            return self.reference(given, "[]" + kind)
        each = [self.member(kind, one) for one in given]

        def listed(new):
            found = [value(new) for value in each]
            return tuple(value for value in found if value is not None)

        return listed

    def member(self, kind, given):
        if is_reference(given):
            return self.reference(given, kind)
        value = operand_of(kind, given)
        return lambda new: value

    def reference(self, given, kind):
        """A function of the new values that gives the one that is meant, which is of a type like
        this one, or None."""
        expect(self.refs, "$ref_new outside of a condition", EITHER)
        other = given["$ref_new"]
        expect(alike(kind, self.schema.get(other).kind), "reference type")
        return lambda new: (new or {}).get(other)

    def tokens_test(self, attribute, word, operand, options):
        expect(bool(attribute.full_text), "needs full_text_search")
        prefix_asked(options)
        bound = lambda asked: token_test(attribute, word, asked, options)
        if is_reference(operand):
            kind = "[]string" if attribute.pre_tokenized else "string"
            return late_test(self.reference(operand, kind), bound)
        if attribute.pre_tokenized and isinstance(operand, list):
            return late_test(self.listed("string", operand), bound)
        return bound(operand)

    def vector_test(self, attribute, word, given):
        """Only conditions look at vectors, and only for equality."""
        expect(self.refs and word == "Eq", "not filterable")
        if is_reference(given):
            value = self.reference(given, attribute.kind)
            return lambda held, new: same_vector(held, value(new))
        known = read(attribute.kind, given)
        return lambda held, new: same_vector(held, known)

    def text_test(self, attribute, word, operand, made):
        kinds = ("string",) if word == "Regex" else ("string", "[]string")
        expect(attribute.kind in kinds, "operator type")

        def bound(asked):
            expect(isinstance(asked, str), "operand type")
            test = made(asked)
            texts = lambda held: [held] if isinstance(held, str) else held or ()
            return lambda held, new: any(test(text) for text in texts(held))

        if is_reference(operand):
            return late_test(self.reference(operand, "string"), bound)
        return bound(operand)


def late_test(value, made):
    """A test whose question is known when the document is: none, or one that is no pattern, is not
    met."""

    def holds(held, new):
        asked = value(new)
        if asked is None:
            return False
        try:
            return made(asked)(held, new)
        except Refused:
            return False

    return holds


def is_reference(given):
    return isinstance(given, dict) and set(given) == {"$ref_new"}


def alike(kind, other):
    """Whether values of the two may be compared: numbers of any kind are, and vectors of as many
    dimensions."""
    if is_dense(kind) and is_dense(other):
        return DENSE.fullmatch(kind)[1] == DENSE.fullmatch(other)[1]
    numbers = element(kind) in NUMERIC and element(other) in NUMERIC
    return kind == other or (numbers and is_array(kind) == is_array(other))


def operand_of(kind, given):
    """A literal beside an attribute; numbers of any kind may be compared with numbers of any
    other."""
    if kind in NUMERIC and is_number(given):
        return given
    value = scalar(kind, given)
    expect(value is not None, "operand type")
    return value


def equal(held, value):
    if held is None or value is None:
        return held is None and value is None
    return held == value


def intersects(held, values):
    if held is None or values is None:
        return False
    return any(one in values for one in held)


def ordered(word):
    compare = ORDERS[word]

    def holds(held, value):
        if value is None:
            return False
        if held is None:
            return word in ("Lt", "Lte")
        return compare(held, value)

    return holds


COMPARED = {word: ordered(word) for word in ORDERS} | {
    "Eq": equal,
    "In": lambda held, values: held is not None and values is not None and held in values,
    "Contains": lambda held, value: held is not None and value is not None and value in held,
    "ContainsAny": intersects,
}


def same_vector(held, value):
    if held is None or value is None or isinstance(held, dict):
        return equal(held, value)
    return numpy.array_equal(held, value)


def glob_test(word):
    return lambda said: patterns.glob(said, word == "Glob")


def fuzzy_test(options):
    expect(isinstance(options, dict) and "max_edit_distance" in options, "edits", EITHER)
    expect(set(options) <= {"max_edit_distance", "case_sensitive"}, "filter options", EITHER)
    steps = patterns.edits(options["max_edit_distance"])
    exact = options.get("case_sensitive", True)

    def made(query):
        folded = query if exact else query.lower()
        distance = patterns.allowed(steps, query)
        if distance is None:
            return lambda text: False
        return lambda text: patterns.holds_nearly(text if exact else text.lower(), folded, distance)

    return made


def question(attribute, given):
    """The tokens of an operand: a text, or of a pre-tokenized attribute a list."""
    expect(bool(attribute.full_text), "needs full_text_search")
    if attribute.pre_tokenized:
        given = list(given) if isinstance(given, tuple) else given
        expect(
            isinstance(given, list) and all(isinstance(one, str) for one in given), "operand type"
        )
    else:
        expect(isinstance(given, str), "operand type")
    return tokens(given, attribute)


def prefix_asked(options):
    expect(
        isinstance(options, dict) and set(options) <= {"last_as_prefix"}, "filter options", EITHER
    )
    said = options.get("last_as_prefix", False)
    expect(isinstance(said, bool), "filter options", EITHER)
    return said


def token_test(attribute, word, operand, options):
    asked = question(attribute, operand)
    prefix = prefix_asked(options)

    def there(at, token, held):
        if prefix and at == len(asked) - 1:
            return any(one.startswith(token) for one in held)
        return token in held

    def sequence(found):
        at = dict(found)
        first = asked[0][0]
        for start in at:
            fits = []
            for number, (position, token) in enumerate(asked):
                one = at.get(start + position - first)
                last = prefix and number == len(asked) - 1
                fits.append(one is not None and (one.startswith(token) if last else one == token))
            if all(fits):
                return True
        return False

    def holds(held, new):
        if held is None or not asked:
            return False
        found = tokens(held, attribute)
        if word == "ContainsTokenSequence":
            return sequence(found)
        every = {token for _, token in found}
        combine = all if word == "ContainsAllTokens" else any
        return combine(there(at, token, every) for at, (_, token) in enumerate(asked))

    return holds


def bind(schema, given, refs=False):
    return Binder(schema, refs).bind(given)
