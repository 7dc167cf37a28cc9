"""Filters: an operator that some attribute has, and something to ask of it."""

import draw_values as values
from filters import NEGATIONS, OPERATORS, ORDERED, TOKENS, alike
from schema import Attribute
from values import SPARSE, element, is_array, is_dense, is_vector

REGEXES = [
    "a",
    "^a",
    "c$",
    "^.$",
    "[ab]c",
    "a|b",
    "(ca|do)[tg]",
    "a*b",
    r"x-\d+",
    "^$",
    "o.$",
    "[^a]",
    "e{1,2}l",
    "cat.*e",
] + ["^(an )?ele(ph|f)ant$", "é", "^[A-Z]", "(?i)CAT", "l{2}|g$"]
GLOBS = [
    "*",
    "**",
    "a*",
    "*a",
    "*cat*",
    "?",
    "??",
    "[abc]",
    "[a-c]*",
    "[!a]*",
    "{cat,dog}",
    "{a,x}*",
    "c?t",
    "C*",
    "*[gt]",
] + ["hot*dog", "x-[0-9]", "\\a*", "", "*e{l,f}*", "elephant", "é*"]
# Folders, alternatives that are empty, and classes with what ends or divides them.
GLOBS += ["a/**/c", "**/c", "/**/c", "a/**", "**/a/**", "a**c", "{a/**,x}", "**/", "*/c"]
GLOBS += ["a{,b}", "{,a}", "{a{,x},}c", "{}", "[]a]", "[!-]", "[^a-c]*", "[a-]", "{a,{b,c}}"]
FUZZY = [
    "cat",
    "elephant",
    "elefant",
    "ELEPHANT",
    "catalogue",
    "katalogu",
    "concatenade",
    "do",
    "hot",
    "zebrra",
]
# What is told of an operand.
OPERANDS = ("$ref_new", "last_as_prefix", "In one")
# What takes a list, any of which may be a value of the document that is about to be.
LISTED = ("In", "ContainsAny")
REFERRED = ("a list", "one of a list", "one for a list", "of another kind")
EDITS = [[(3, 0), (6, 1), (9, 2)], [(6, 1)], [(9, 2)], [(3, 0)], [(4, 0), (7, 1)]]


def attributes(namespace):
    return namespace.schema.attributes | {"id": Attribute(namespace.schema.id_type or "uint")}


def able(word, one):
    """Whether an attribute may be asked so."""
    positive = NEGATIONS.get(word, word)
    if positive in TOKENS:
        return bool(one.full_text)
    if positive in ("Glob", "IGlob"):
        return element(one.kind) == "string" and bool(one.glob or one.regex or one.filterable)
    if positive == "Regex":
        return one.kind == "string" and bool(one.regex)
    if positive == "Fuzzy":
        return bool(one.fuzzy)
    if not one.filterable or is_vector(one.kind):
        return False
    if positive in ("Eq", "In"):
        return True
    if positive.startswith(("Contains", "Any")):
        ordered = element(one.kind) in ORDERED or positive.startswith("Contains")
        return is_array(one.kind) and ordered
    return one.kind in ORDERED


def kinds_like(one):
    """What is compared with such an attribute without a second thought."""
    kind = element(one.kind)
    return (kind, f"[]{kind}") if kind == "string" else (one.kind, kind)


class Filters:
    def __init__(self, dice, namespace, tags, conditions=False):
        self.dice = dice
        self.known = attributes(namespace)
        self.id_type = namespace.schema.id_type
        self.docs = namespace.docs.values()
        self.tags = tags
        self.conditions = conditions

    def draw(self, depth=2):
        dice = self.dice
        if depth and dice.chance(0.3):
            word = dice.rare("operator", ["And", "Or", "Not"])
            self.tags.append(f"operator:{word}")
            if word == "Not":
                return ["Not", self.draw(depth - 1)]
            return [word, [self.draw(depth - 1) for _ in range(dice.choice([0, 1, 2, 2, 3]))]]
        return self.leaf()

    def leaf(self):
        dice = self.dice
        if self.conditions and dice.chance(0.65):
            drawn = self.referring()
            if drawn:
                return drawn
        if self.conditions and dice.chance(0.1):
            drawn = self.compared()
            if drawn:
                return drawn
        by_word = {}
        for word in OPERATORS:
            # An id is asked in the ways of ids; of text ids no patterns are.
            names = [name for name, one in self.known.items() if able(word, one)]
            if word.removeprefix("Not") in ("Glob", "IGlob"):
                names = [name for name in names if name != "id"]
            if names:
                by_word[word] = names
        word = dice.rare("operator", list(by_word))
        if NEGATIONS.get(word, word) in TOKENS:
            name = dice.seldom("language asked", values.languages(self.known, by_word[word]))
        else:
            name = dice.choice(by_word[word])
        self.tags.append(f"operator:{word}")
        return [name, word, *self.operands(name, self.known[name], NEGATIONS.get(word, word))]

    def referring(self):
        """An operator whose operand is a value of the document that is about to be, of a fitting
        type."""
        able_words = []
        for word in OPERATORS:
            for name, one in self.known.items():
                vector = word in ("Eq", "NotEq") and (is_vector(one.kind) or one.kind == SPARSE)
                if (
                    name != "id"
                    and (vector or able(word, one))
                    and self.referred(NEGATIONS.get(word, word), one)
                ):
                    able_words.append((word, name))
        if not able_words:
            return None
        words = sorted({word for word, _ in able_words})
        listed = [word for word in words if word.removeprefix("Not") in LISTED]
        if listed and self.dice.chance(0.35):
            words = listed
        word = self.dice.rare("reference", words)
        name = self.dice.choice([name for other, name in able_words if other == word])
        positive = NEGATIONS.get(word, word)
        operand = self.reference(positive, self.known[name])
        self.tags += ["operator:$ref_new", f"operator:{word}"]
        if word == "Fuzzy":
            return [
                name,
                word,
                operand,
                {"max_edit_distance": [{"min_query_chars": 3, "distance": 0}]},
            ]
        return [name, word, operand]

    def compared(self):
        """Whether a vector is this one: as numbers or packed, and often one that is there."""
        dice = self.dice
        names = [name for name, one in self.known.items() if is_dense(one.kind)]
        if not names:
            return None
        name, word = dice.choice(names), dice.choice(["Eq", "NotEq"])
        self.tags.append(f"operator:{word}")
        there = [doc[name].tolist() for doc in self.docs if name in doc]
        if there and dice.chance(0.6):
            numbers = dice.choice(there)
            return [name, word, values.packed(numbers) if dice.chance(0.5) else numbers]
        return [name, word, values.value(dice, self.known[name])]

    def referred(self, word, one):
        """The attributes whose values this operator may ask of an attribute like this one."""
        kind = one.kind
        if word in TOKENS:
            kind = one.kind if one.pre_tokenized else "string"
        elif word in ("Glob", "IGlob", "Regex", "Fuzzy", "Contains") or word.startswith("Any"):
            kind = element(one.kind)
        elif word in LISTED:
            # Whole lists, and what may stand in one.
            return self.of_kind("[]" + element(kind)) + self.of_kind(element(kind))
        return self.of_kind(kind)

    def of_kind(self, kind):
        """Those whose values may be compared with values of this type."""
        known = self.known.items()
        return [name for name, other in known if name != "id" and alike(kind, other.kind)]

    def reference(self, word, one):
        """A `$ref_new`, or a list of literals and of some."""
        dice = self.dice
        names = self.referred(word, one)
        ones = self.of_kind(element(one.kind))
        if ones and (word in TOKENS and one.pre_tokenized or word == "Eq" and is_array(one.kind)):
            if dice.chance(0.5):
                return self.among(one, ones)
        if word not in LISTED:
            others = [name for name in names if self.known[name].kind not in kinds_like(one)]
            if not others or dice.chance(0.2):
                return {"$ref_new": dice.choice(names)}
            self.tags.append("reference:of another kind")
            return {"$ref_new": dice.choice(others)}
        kind = element(one.kind)
        able = {
            "a list": self.of_kind("[]" + kind),
            "one of a list": ones,
            "one for a list": ones if word == "In" else [],
        }
        form = dice.rare("list", [form for form in able if able[form]])
        if form == "one of a list":
            return self.among(one, ones)
        self.tags.append(f"reference:{form}")
        return {"$ref_new": dice.choice(able[form])}

    def among(self, one, names):
        """References to some of these in a list, others of which are values."""
        dice = self.dice
        self.tags.append("reference:one of a list")
        said = [{"$ref_new": name} for name in dice.some(names, 1, 2)]
        said += [self.literal(one, element(one.kind)) for _ in range(dice.randint(0, 2))]
        return dice.sample(said, len(said))

    def literal(self, one, kind):
        if not one.full_text:
            return values.operand(self.dice, kind)
        if one.pre_tokenized:
            return values.word(self.dice, one)
        return values.text(self.dice, one, 2)

    def operands(self, name, one, word):
        dice, kind = self.dice, element(one.kind)
        if word in TOKENS:
            return self.tokens(name, one)
        if word in ("Glob", "IGlob"):
            return [dice.choice(GLOBS)]
        if word == "Regex":
            return [dice.choice(REGEXES)]
        if word == "Fuzzy":
            steps = [
                {"min_query_chars": least, "distance": most} for least, most in dice.choice(EDITS)
            ]
            options = {"max_edit_distance": steps}
            if dice.chance(0.6):
                options["case_sensitive"] = dice.chance(0.5)
            return [dice.choice(FUZZY), options]
        draw = lambda: self.literal(one, kind)
        if name == "id":
            draw = lambda: values.any_id(dice, self.id_type)
        if word in LISTED:
            if word == "In" and dice.chance(0.15):
                self.tags.append("operator:In one")
                return [draw()]
            return [[draw() for _ in range(dice.randint(0, 4))]]
        if word == "Eq" and dice.chance(0.15):
            return [None]
        if word == "Eq" and is_array(one.kind):
            return [values.value(dice, one)]
        if word in ("Lt", "Lte", "Gt", "Gte") and dice.chance(0.05):
            return [None]
        return [draw()]

    def seen(self, name, one):
        """Words that stand together in a text, or nearly: of words at random no two ever do."""
        texts = [doc[name] for doc in self.docs if doc.get(name)]
        text = self.dice.choice(texts) if texts else ""
        if isinstance(text, tuple) and not one.pre_tokenized:
            text = self.dice.choice(text)
        words = list(text) if one.pre_tokenized else text.split()
        at = self.dice.randint(0, max(0, len(words) - 3))
        words = words[at : at + 3]
        if len(words) == 3 and self.dice.chance(0.5):
            del words[1]
        return words if one.pre_tokenized else " ".join(words)

    def tokens(self, name, one):
        dice = self.dice
        self.tags += values.analyzed(one)
        if dice.chance(0.5):
            asked = self.seen(name, one)
        elif one.pre_tokenized:
            asked = [values.word(dice, one) for _ in range(dice.randint(0, 3))]
        else:
            asked = values.text(dice, one, dice.choice([1, 2, 2, 3]))
        if dice.chance(0.4):
            self.tags.append("operator:last_as_prefix")
            if asked and dice.chance(0.7):
                cut = dice.randint(1, 3)
                asked = (
                    [*asked[:-1], asked[-1][:cut]]
                    if one.pre_tokenized
                    else asked + " " + values.word(dice, one)[:cut]
                )
            return [asked, {"last_as_prefix": dice.chance(0.9)}]
        return [asked]
