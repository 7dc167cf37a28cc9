"""Values: what a JSON value means as an attribute of a type, and how it is printed again.

A stored value is plain: str, int, float, bool, bytes, a datetime as nanoseconds since 1970, an
array as a tuple, a dense vector as numpy's float32 after rounding to its own element, sparse ones
as a dict. Of one type, all scalars are ordered by Python as the contract orders them: text by code
point is text by its bytes.
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
F16_MAX = 65504.0

DENSE = re.compile(r"\[([1-9][0-9]*)\](f32|f16|i8)")
LATE = re.compile(r"\[\]\[([1-9][0-9]*)\]f32")
DAY = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?)?"
)
EPOCH = datetime.datetime(1970, 1, 1)


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
    numbers = [int(part or 0) for part in parts.groups()[:6]]
    try:
        passed = datetime.datetime(*numbers) - EPOCH
    except ValueError:
        return None
    seconds = passed.days * 86_400 + passed.seconds
    zone = parts[8]
    if zone and zone != "Z":
        offset = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
        seconds -= offset if zone[0] == "+" else -offset
    return seconds * 10**9 + int((parts[7] or "").ljust(9, "0"))


def printed_instant(nanos):
    seconds, fraction = divmod(nanos, 10**9)
    moment = EPOCH + datetime.timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"


def packed(given):
    """What base64 holds, or None."""
    try:
        return base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return None


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
        return instant(given)
    if kind == "bytes":
        return packed(given)
    return given


def dense(kind, given, told):
    """A dense vector as it is kept: rounded to its element."""
    dims, kept = DENSE.fullmatch(kind).groups()
    if isinstance(given, str):
        held = packed(given)
        expect(held is not None and len(held) == 4 * int(dims), f"{told} length")
        numbers = numpy.frombuffer(held, "<f4").astype(numpy.float32)
        expect(bool(numpy.isfinite(numbers).all()), f"{told} not finite")
    else:
        expect(isinstance(given, list), f"{told} type", EITHER)
        expect(all(is_number(number) for number in given), f"{told} type", EITHER)
        expect(len(given) == int(dims), f"{told} length")
        numbers = numpy.array(given, numpy.float32)
    if kept == "i8":
        expect(bool(((numbers >= -128) & (numbers <= 127)).all()), f"{told} range")
    if kept == "f16":
        expect(bool((abs(numbers) <= F16_MAX).all()), f"{told} range")
        return numbers.astype(numpy.float16).astype(numpy.float32)
    return numbers


def asked_vector(kind, given):
    """A vector that is asked for: as many numbers, and no rounding to the element of the column."""
    dims, _ = DENSE.fullmatch(kind).groups()
    return dense(f"[{dims}]f32", given, "query vector").astype(numpy.float64)


def late(kind, given, told):
    dims = LATE.fullmatch(kind)[1]
    expect(isinstance(given, list), f"{told} type", EITHER)
    rows = [dense(f"[{dims}]f32", row, told) for row in given]
    return numpy.array(rows, numpy.float32).reshape(-1, int(dims))


def sparse(given, told):
    expect(isinstance(given, dict), f"{told} type", EITHER)
    expect(all(is_number(weight) for weight in given.values()), f"{told} type", EITHER)
    expect(len(given) <= SPARSE_ENTRIES_MAX, f"{told} entries")
    return {key: float(numpy.float16(weight)) for key, weight in given.items()}


def read(kind, given):
    """A value of a document; null is no value."""
    if given is None:
        return None
    if is_dense(kind):
        return dense(kind, given, "vector")
    if is_late(kind):
        return late(kind, given, "vectors")
    if kind == SPARSE:
        return sparse(given, "sparse")
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
