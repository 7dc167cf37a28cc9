"""What a write counts for in a bill: of each document its id, and the values that it brings, as
their types are stored."""

from values import DENSE, SPARSE, element, is_array, is_dense, is_late

FIXED = {"int": 8, "uint": 8, "float": 8, "datetime": 8, "bool": 1, "uuid": 16}
ELEMENTS = {"f32": 4, "f16": 2, "i8": 1}


def of_value(kind, value):
    if value is None:
        return 0
    if is_array(kind):
        return sum(of_value(element(kind), one) for one in value)
    if is_dense(kind):
        dims, kept = DENSE.fullmatch(kind).groups()
        return int(dims) * ELEMENTS[kept]
    if is_late(kind):
        return 4 * value.size
    if kind == SPARSE:
        return sum(len(key.encode()) + 2 for key in value)
    if kind in FIXED:
        return FIXED[kind]
    return len(value.encode() if isinstance(value, str) else value)


def of_values(schema, doc):
    """Of a document without its id, or of what a patch brings."""
    brought = [(schema.attributes[name].kind, value) for name, value in doc.items() if name != "id"]
    return sum(of_value(kind, value) for kind, value in brought)


def of_id(schema, id):
    return of_value(schema.id_type, id)
