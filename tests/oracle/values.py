"""Values: what a JSON value means as an attribute of a type, and how it is printed again.

A stored value is plain: str, int, float, bool, bytes, a datetime as nanoseconds since 1970 of a
whole millisecond, an array as a tuple, a dense vector as numpy's float32 after rounding to its own
element, sparse ones as a dict. Of one type, all scalars are ordered by Python as the contract
orders them: text by code point is text by its bytes.
"""

import base64
import binascii
import datetime
import re
import uuid

import numpy

from refusal import EITHER, expect, refuse

SCALARS = ("string", "int", "uint", "float", "bool", "uuid", "datetime", "bytes")
ARRAYS = tuple("[]" + kind for kind in SCALARS if kind != "bytes")
NUMBERS = ("int", "uint", "float")
RANGES = {"int": (-(2**63), 2**63 - 1), "uint": (0, 2**64 - 1)}
SPARSE = "{}f16"
SPARSE_ENTRIES_MAX = 1024
DIMS_MAX = 10_752
I8_MIN, I8_MAX = -128, 127
MILLISECOND = 10**6

DENSE = re.compile(r"\[([1-9][0-9]*)\](f32|f16|i8)")
LATE = re.compile(r"\[\]\[([1-9][0-9]*)\]f32")
DAY = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?([Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
EPOCH = datetime.datetime(1970, 1, 1)
# The calendar comes again after so many years. Python's has no year 0, which a text may say.
ROUND_YEARS, ROUND_SECONDS = 400, 146_097 * 86_400
YEAR_0, YEAR_1, YEAR_10000 = -62_167_219_200, -62_135_596_800, 253_402_300_800


def is_type(word):
    dense = DENSE.fullmatch(word) or LATE.fullmatch(word)
    if dense:
        return int(dense[1]) <= DIMS_MAX
    return word in SCALARS or word in ARRAYS or word == SPARSE


def is_vector(kind):
    """Dense or late: what counts as one of the vector columns of a namespace."""
    return bool(DENSE.fullmatch(kind) or LATE.fullmatch(kind))


def is_dense(kind):
    return bool(DENSE.fullmatch(kind))


def is_late(kind):
    return bool(LATE.fullmatch(kind))


def is_array(kind):
    return kind in ARRAYS


def element(kind):
    return kind[2:] if is_array(kind) else kind


def is_number(given):
    return isinstance(given, (int, float)) and not isinstance(given, bool)


def instant(text):
    """Nanoseconds since 1970, or None: naive is UTC."""
    parts = DAY.fullmatch(text)
    if not parts:
        return None
    year, *numbers = (int(part or 0) for part in parts.groups()[:6])
    try:
        passed = datetime.datetime(year or ROUND_YEARS, *numbers) - EPOCH
    except ValueError:
        return None
    seconds = passed.days * 86_400 + passed.seconds - (0 if year else ROUND_SECONDS)
    zone = parts[8]
    if zone and zone not in "Zz":
        hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
        if hours > 23 or minutes > 59:
            return None
        offset = hours * 3600 + minutes * 60
        seconds -= offset if zone[0] == "+" else -offset
    if not YEAR_0 <= seconds < YEAR_10000:
        return None
    return seconds * 10**9 + int((parts[7] or "").ljust(9, "0"))


def kept_instant(text):
    """The moment that a request means: what is finer than a millisecond is cut off, towards the
    past."""
    nanos = instant(text)
    return None if nanos is None else nanos // MILLISECOND * MILLISECOND


def printed_instant(nanos):
    seconds, fraction = divmod(nanos, 10**9)
    rounds = int(seconds < YEAR_1)
    moment = EPOCH + datetime.timedelta(seconds=seconds + rounds * ROUND_SECONDS)
    year = moment.year - rounds * ROUND_YEARS
    return f"{year:04}-{moment:%m-%dT%H:%M:%S}.{fraction:09d}Z"


def packed(given):
    """What base64 holds, or None: padded or not, and no bit of its last digit left over."""
    digits = given.rstrip("=")
    padding = -len(digits) % 4
    if len(given) - len(digits) > padding:
        return None
    try:
        held = base64.b64decode(digits + "=" * padding, validate=True)
    except (binascii.Error, ValueError):
        return None
    return held if base64.b64encode(held).decode().rstrip("=") == digits else None


def scalar(kind, given):
    """The value of this type that the JSON says, or None if it says none."""
    if kind == "bool":
        return given if isinstance(given, bool) else None
    if kind in RANGES:
        low, high = RANGES[kind]
        fits = isinstance(given, int) and not isinstance(given, bool) and low <= given <= high
        return given if fits else None
    if kind == "float":
        return float(given) if is_number(given) else None
    if not isinstance(given, str):
        return None
    if kind == "uuid":
        if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", given):
            return None
        return str(uuid.UUID(given))
    if kind == "datetime":
        return kept_instant(given)
    if kind == "bytes":
        return packed(given)
    return given


def dense(kind, given, told):
    """A dense vector as it is kept: rounded to its element."""
    dims, kept = DENSE.fullmatch(kind).groups()
    if isinstance(given, str):
        held = packed(given)
        expect(held is not None and len(held) == 4 * int(dims), f"{told} length")
        said = numpy.frombuffer(held, "<f4").astype(numpy.float64)
        expect(bool(numpy.isfinite(said).all()), f"{told} not finite")
    else:
        expect(isinstance(given, list), f"{told} type", EITHER)
        expect(all(is_number(number) for number in given), f"{told} type", EITHER)
        expect(len(given) == int(dims), f"{told} length")
        said = numpy.array(given, numpy.float64)
    if kept == "i8":
        whole = (said == numpy.rint(said)) & (said >= I8_MIN) & (said <= I8_MAX)
        expect(bool(whole.all()), f"{told} range")
    numbers = rounded(said, numpy.float16 if kept == "f16" else numpy.float32)
    expect(bool(numpy.isfinite(numbers).all()), f"{told} range")
    return numbers


def rounded(numbers, kind):
    """As this kind of float has them, infinite where it ends: to 32 bits first, for as such they
    come in base64."""
    with numpy.errstate(over="ignore"):
        return numbers.astype(numpy.float32).astype(kind).astype(numpy.float32)


def asked_vector(kind, given):
    """A vector that is asked for: as many numbers, and no rounding to the element of the column."""
    dims, _ = DENSE.fullmatch(kind).groups()
    return dense(f"[{dims}]f32", given, "query vector").astype(numpy.float64)


def late(kind, given, told):
    dims = LATE.fullmatch(kind)[1]
    expect(isinstance(given, list), f"{told} type", EITHER)
    rows = [dense(f"[{dims}]f32", row, told) for row in given]
    return numpy.array(rows, numpy.float32).reshape(-1, int(dims))


def asked_sparse(given, told="sparse question"):
    """Weights to ask for, which are rounded no more than those of a vector are."""
    expect(isinstance(given, dict), f"{told} type", EITHER)
    expect(all(is_number(weight) for weight in given.values()), f"{told} type", EITHER)
    expect(len(given) <= SPARSE_ENTRIES_MAX, f"{told} entries")
    return {key: float(weight) for key, weight in given.items()}


def sparse(given):
    said = asked_sparse(given, "sparse")
    kept = rounded(numpy.array(list(said.values()), numpy.float64), numpy.float16)
    expect(bool(numpy.isfinite(kept).all()), "sparse range")
    return dict(zip(said, kept.astype(numpy.float64).tolist()))


def read(kind, given):
    """A value of a document; null is no value."""
    if given is None:
        return None
    if is_dense(kind):
        return dense(kind, given, "vector")
    if is_late(kind):
        return late(kind, given, "vectors")
    if kind == SPARSE:
        return sparse(given)
    if is_array(kind):
        expect(isinstance(given, list), "value type")
        values = tuple(scalar(element(kind), one) for one in given)
        expect(None not in values, "value type")
        return values
    value = scalar(kind, given)
    expect(value is not None, "value type")
    return value


def infer(name, given):
    """The type that a JSON value tells of an attribute that nobody declared, or None."""
    if isinstance(given, list) and given:
        if name == "vector" and all(is_number(one) for one in given):
            return f"[{len(given)}]f32"
        kinds = {infer(name, one) for one in given}
        if kinds == {"int", "float"}:
            return "[]float"
        (kind,) = kinds if len(kinds) == 1 else (None,)
        expect(kind in SCALARS, "no type to infer", EITHER)
        return "[]" + kind
    if isinstance(given, bool):
        return "bool"
    if isinstance(given, str):
        if name == "vector":
            held = packed(given)
            expect(held is not None and len(held) % 4 == 0 and held, "vector length")
            return f"[{len(held) // 4}]f32"
        return "string"
    if isinstance(given, int):
        return "int"
    if isinstance(given, float):
        return "float"
    if isinstance(given, dict):
        refuse("no type to infer", EITHER)
    return None


def show(kind, value):
    """A value as an answer prints it."""
    if is_array(kind):
        return [show(element(kind), one) for one in value]
    if kind == "datetime":
        return printed_instant(value)
    if kind == "bytes":
        return base64.b64encode(value).decode()
    if is_vector(kind):
        return value.tolist()
    return value
