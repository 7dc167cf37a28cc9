"""Values to write and to ask for: few of each type, so that they meet.

Weights and most components are eighths, which every kind of float holds, with exact sums, so
that ties are ties. Texts are made of what tests/oracle/analyzer.py splits as each tokenizer does,
and hold no word, nor the beginning of one, that is a stop word and in none of its lists.
"""

import base64
import string
import struct

from analyzer import EMOJI
from schema import PRE_TOKENIZED
from values import DENSE, LATE, SPARSE, element, is_array, is_dense, is_late

TEXTS = [
    "",
    "a",
    "b",
    "B",
    "ab",
    "abc",
    "aBc",
    "cat",
    "Cat",
    "catalogue",
    "concatenate",
    "dog",
    "hot dog",
    "é",
    "éa",
    "a/c",
    "c",
    "/c",
    "a/b/c",
    "a/",
    "-",
] + [
    "x-1",
    "x-12",
    "elephant",
    "an elefant",
    "Elephants",
    "zebra",
    "ß",
    "Жук",
    "漢字",
    "a,b",
    "colour",
]
WORDS = (
    [
        "cat",
        "cats",
        "Cat",
        "fox",
        "foxes",
        "run",
        "running",
        "runs",
        "house",
        "houses",
        "red",
        "Red",
        "blue",
        "fast",
    ]
    + [
        "connected",
        "connection",
        "elephant",
        "walrus",
        "walruses",
        "café",
        "groß",
    ]
    + ["Жук", "漢字", "漢", "x1", "42", "b2b", "Éclair", "uncharacteristically", "z" * 39, "z" * 40]
    + ["don't", "3.14"]
)
# Stop words, and such as are some elsewhere and not in the list that is meant here.
WORDS += "a an and are as at be but by for if in into is it no not of on or such that".split()
WORDS += "The the their then there these they this to Was will been from have he she we".split()
# Such as the stemmer of one language alone cuts short.
FOREIGN = {
    "arabic": ["كتاب", "الكتاب", "كتب"],
    "danish": ["bøger", "huset"],
    "dutch": ["huizen", "lopende"],
    "finnish": ["talo", "taloissa"],
    "french": ["maisons", "continuellement"],
    "german": ["Häuser", "laufende", "und", "nicht"],
    "greek": ["δρόμος", "ΔΡΌΜΟΣ", "δρόμου"],
    "hungarian": ["ház", "házak"],
    "italian": ["gatto", "correndo"],
    "norwegian": ["husene", "bøker"],
    "portuguese": ["casas", "correndo"],
    "romanian": ["casele", "copiilor"],
    "russian": ["книга", "книги"],
    "spanish": ["gatos", "corriendo"],
    "swedish": ["hästar", "hästarna"],
    "tamil": ["பல", "மலர"],
    "turkish": ["evler", "kitaplar"],
}
# What comes of an emoji is said of these alone.
OF_EMOJI = ("word_v0", "word_v1", "word_v2")
# Some end a sentence, one of them a paragraph, and none is an end to one reader and not to another.
BREAKS = [" ", " ", " ", ", ", " - ", "! ", "; ", "? ", "\n\n"]
INTS = [-3, -1, 0, 1, 2, 3, 5, 2**53 + 1, -(2**63), 2**63 - 1]
UINTS = [0, 1, 2, 3, 5, 8, 2**53 + 1, 2**64 - 1]
FLOATS = [-2.5, -0.25, 0.0, 0.1, 0.125, 0.5, 1.0, 2.0, 2.5, 1e3]
UUIDS = [f"0f8fad5b-d9cb-469f-a165-7086772895{n:02x}" for n in range(6)]
INSTANTS = [
    "2024-03-01",
    "2024-03-01T00:00",
    "2024-03-01T00:00:00",
    "2024-03-01 00:00:00z",
    "2024-03-01T00:00:00.000Z",
    "2024-03-01T02:00:00+02:00",
    "2024-02-29t19:00-0500",
] + [
    "2024-02-29T23:59:59.250Z",
    "1969-12-31T23:59:59.999Z",
    "2024-03-02T12:30:00-05:30",
    "2024-03-02 20:00+02",
    "2024-03-07T00:00:00Z",
]
# What is finer than a millisecond is cut off, here often to one that others are at, too.
CUT = ("2024-02-29T23:59:59.250", "1969-12-31T23:59:59.999", "2024-03-01 00:00:00.000")
FINER_DIGITS = (1, 6)
# No kind of float holds them, so they are rounded.
TENTHS = [0.1, 0.7, -0.3, 2.2]
# Less than, as many as, and more than one and several lanes of a machine, and what remains of them.
DIMS = (1, 2, 3, 4, 7, 8, 9, 16, 17, 31, 33, 64, 100)
FEW_DIMS = (2, 3, 4)
# What vectors hold: one of a kind of number, or several vectors.
KEPT = ("f32", "f16", "i8", "several")
# Of more than these a part is a whole lane.
LANE = 8
BYTES = ["", "AA==", "AA", "AQID", "/////w==", "/////w"]
# About as large as a float of 16 bits can be, the last of which is rounded to that.
HALVES = [65504.0, -65504.0, 65519.0, 2.0**-24]
# What the square of is beyond a float of 32 bits.
HUGE = [3e38, -3e38, 3.4028234663852886e38, 1e20, -1e20, 1.0]
# What is further out than any other vector.
FAR = 1e19
KEYS = list("abcde")
MANY_KEYS = KEYS + [f"key {n}" for n in range(90)]


def instant(dice):
    """A moment in any form, some of them finer than they are kept."""
    if dice.chance(0.75):
        return dice.choice(INSTANTS)
    digits = "".join(dice.choice(string.digits) for _ in range(dice.randint(*FINER_DIGITS)))
    return dice.choice(CUT) + digits + dice.choice(["", "Z", "z", "+00:00"])


POOLS = {
    "string": TEXTS,
    "int": INTS,
    "uint": UINTS,
    "float": FLOATS,
    "bool": [False, True],
    "uuid": UUIDS,
    "datetime": instant,
    "bytes": BYTES,
}
# Elements of an array.
LONGEST = 3
STRING_IDS = [f"doc-{n}" for n in range(30)] + ["Z", "a", "é", "漢", "x" * 64]
UUID_IDS = [f"00000000-0000-4000-8000-0000000000{n:02x}" for n in range(0, 250, 7)]
UINT_IDS = [*range(36), 2**53 + 1, 2**64 - 1]
INT_IDS = [*range(-18, 18), -(2**53) - 1, -(2**63), 2**63 - 1]


def any_id(dice, id_type):
    if id_type == "string":
        return dice.choice(STRING_IDS)
    if id_type == "uuid":
        drawn = dice.choice(UUID_IDS)
        return drawn.upper() if dice.chance(0.2) else drawn
    return dice.choice(INT_IDS if id_type == "int" else UINT_IDS)


def vocabulary(attribute):
    """The words of texts of this attribute: those of its language and tokenizer among them."""
    if attribute.pre_tokenized:
        return WORDS
    options = attribute.full_text
    emoji = [EMOJI] * 3 if options["tokenizer"] in OF_EMOJI else []
    return WORDS + FOREIGN.get(options["language"], []) * 3 + emoji


def analyzed(attribute):
    """Tags of how a text is split that is asked for."""
    options = attribute.full_text
    language = [] if attribute.pre_tokenized else [f"language:{options['language']}"]
    return [*language, f"tokenizer:{options['tokenizer']}"]


def languages(known, names):
    """That of each, pre-tokenized ones as one of their own."""
    texts = {name: known[name] for name in names}
    return {
        name: PRE_TOKENIZED if one.pre_tokenized else one.full_text["language"]
        for name, one in texts.items()
    }


def text(dice, attribute, most=8):
    said, words = [], vocabulary(attribute)
    for _ in range(dice.randint(0, most)):
        said += [dice.choice(words), dice.choice(BREAKS)]
    return "".join(said[:-1])


def word(dice, attribute):
    return dice.choice(vocabulary(attribute))


def eighths(dice, count, most=24):
    return [dice.randint(-most, most) / 8 for _ in range(count)]


def single(number):
    """A float of 32 bits, which is read alike whoever reads it."""
    return struct.unpack("<f", struct.pack("<f", number))[0]


def anywhere(dice, count):
    """Numbers whose sums are rounded, each as long as it can be."""
    return [single(dice.gauss(0, 1)) for _ in range(count)]


def huge(dice, count):
    return [dice.choice(HUGE) for _ in range(count)]


def dims_of(kind):
    return int((DENSE.fullmatch(kind) or LATE.fullmatch(kind))[1])


def dims(dice, few=0.05):
    if dice.chance(few):
        return dice.choice(FEW_DIMS)
    # A namespace of that many may have ended before it was asked anything.
    seldom_asked = dice.chance(0.5)
    return dice.scarce("dimensions asked", DIMS) if seldom_asked else dice.rare("dims", DIMS)


def components(dice, kind):
    count = dims_of(kind)
    if kind.endswith("i8"):
        return [dice.choice([-128, -3, -1, 0, 1, 2, 3, 127]) for _ in range(count)]
    if dice.chance(0.05):
        return [0.0] * count
    if dice.chance(0.1):
        return [dice.choice(TENTHS) for _ in range(count)]
    if dice.chance(0.1):
        return anywhere(dice, count)
    if dice.chance(0.08):
        halves = kind.endswith("f16")
        return [dice.choice(HALVES) for _ in range(count)] if halves else huge(dice, count)
    # Few values a component: or nothing would ever be equally near.
    return eighths(dice, count, 3 if dice.chance(0.5) else 24)


def question(dice, kind):
    """A vector to ask for, which is as exact in any column."""
    if dice.chance(0.15):
        return anywhere(dice, dims_of(kind))
    if dice.chance(0.02):
        return huge(dice, dims_of(kind))
    return eighths(dice, dims_of(kind), dice.choice([3, 24]))


def measured(attribute):
    """Tags of how two vectors are compared that are long enough, and how long they are."""
    count = dims_of(attribute.kind)
    kept = "several" if is_late(attribute.kind) else attribute.kind.partition("]")[2]
    long = [f"vector:{kept}", f"vector:{attribute.metric}"] if count > LANE else []
    return [f"dimensions:{count}", *long]


def stored(attribute, held):
    """Tags of what is compared with a question: it may be far away, or nothing at all."""
    far = any(abs(vector).max(initial=0) > FAR for vector in held)
    none = is_late(attribute.kind) and any(len(vectors) == 0 for vectors in held)
    return ["vector:beyond the last float"] * far + ["vector:none of several"] * none


def packed(numbers):
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def vectors(dice, kind, most=3, least=1):
    count = dims_of(kind)
    make = dice.choices([eighths, anywhere, huge], [87, 10, 3])[0]
    most = 3 * most if dice.chance(0.1) else most
    drawn = [make(dice, count) for _ in range(dice.randint(least, most))]
    return [one if any(one) else [1.0] * count for one in drawn]


def sparse(dice):
    keys = dice.some(MANY_KEYS, 10, 90) if dice.chance(0.2) else dice.some(KEYS, 1, 4)
    return {key: dice.randint(-8, 16) / 4 or 1.0 for key in keys}


def asked_sparse(dice):
    """Weights to ask for: they may be such as none is kept."""
    asked = sparse(dice)
    if dice.chance(0.2):
        asked[dice.choice(list(asked))] = dice.choice([0.1, 1e-3, 1e6, -70_000])
    return asked


def value(dice, attribute, pools=POOLS, longest=LONGEST):
    """A value to write, of an attribute that is known."""
    kind = attribute.kind
    if is_dense(kind):
        numbers = components(dice, kind)
        if dice.chance(0.7):
            return numbers
        return packed(numbers).rstrip("=") if dice.chance(0.3) else packed(numbers)
    if is_late(kind):
        return vectors(dice, kind, least=0)
    if kind == SPARSE:
        return sparse(dice) if dice.chance(0.95) else {"a": dice.choice(HALVES)}
    if attribute.pre_tokenized:
        return [word(dice, attribute) for _ in range(dice.randint(0, 5))]
    if attribute.full_text:
        if is_array(kind):
            return [text(dice, attribute, 4) for _ in range(dice.randint(0, 3))]
        return text(dice, attribute)
    return plain(dice, kind, pools, longest)


def picked(dice, pool):
    return pool(dice) if callable(pool) else dice.choice(pool)


def plain(dice, kind, pools=POOLS, longest=LONGEST):
    """One of a pool; arrays that have one of their own are long."""
    if is_array(kind):
        pool = pools.get(kind, pools[element(kind)])
        count = dice.randint(longest // 2, longest) if kind in pools else dice.randint(0, LONGEST)
        return [picked(dice, pool) for _ in range(count)]
    if kind == "uuid" and dice.chance(0.2):
        return dice.choice(UUIDS).upper()
    if kind == "string" and dice.chance(0.05):
        return "".join(dice.choice(string.ascii_letters) for _ in range(12))
    return picked(dice, pools[kind])


def operand(dice, kind):
    """Something to compare an attribute of this element with: of numbers also another kind."""
    if kind in ("int", "uint", "float") and dice.chance(0.2):
        return dice.choice([0.5, 2.0, -1, 3, 2.5, 2**53])
    return plain(dice, kind)
