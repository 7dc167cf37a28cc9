"""An answer beside what the oracle says of it: nothing, or in a few words what is wrong.

Scores are compared within a tolerance. The order of rows is that of the scores that the answer
itself shows, and where these are equal it is by id, always; so only a document that is missing may
have an excuse, which is a score as good as that of the last one within the tolerance.
"""

import base64

import numpy

from queries import near, single, stored
from values import SPARSE, is_dense, is_late, is_vector, show


class Wrong(Exception):
    """What is wrong with an answer."""


def check(holds, told):
    if not holds:
        raise Wrong(told)


def judge(expected, status, body):
    """What is wrong with an answer, or None."""
    try:
        check(status < 500, f"status {status}: {body}")
        wanted = "/".join(map(str, sorted(expected.statuses)))
        said = f" ({expected.kind})" if expected.kind else ""
        check(
            status in expected.statuses, f"status {status}, not {wanted}{said}: {str(body)[:300]}"
        )
        if expected.told:
            kind, told = expected.told
            JUDGES[kind](told, body)
    except Wrong as wrong:
        return str(wrong)
    return None


def judge_write(told, body):
    check(body.get("status") == "OK", "status of the body")
    check(not body.get("rows_remaining"), "rows_remaining")
    for word in ("rows_affected", "rows_upserted", "rows_patched", "rows_deleted"):
        check(body.get(word) == told.get(word), f"{word} {body.get(word)}, not {told.get(word)}")
    for word in ("upserted_ids", "patched_ids", "deleted_ids"):
        ids = body.get(word)
        ids = sorted(set(ids)) if ids else None
        check(ids == told.get(word), f"{word} {ids}, not {told.get(word)}")


def judge_schema(told, body):
    shown = told.show()
    check(set(body) == set(shown), f"attributes {sorted(body)}, not {sorted(shown)}")
    for name, said in shown.items():
        attribute = told.attributes.get(name)
        if attribute and (attribute.pre_tokenized or is_late(attribute.kind)):
            continue
        check(body[name] == said, f"schema of {name}: {body[name]}, not {said}")


def judge_several(told, body):
    results = body.get("results")
    check(isinstance(results, list) and len(results) == len(told), "how many results")
    for one, result in zip(told, results):
        judge_query(one, result)


def judge_query(told, body):
    check(("rows" in body) == ("rows" in told), "whether there are rows")
    for word in ("aggregations", "aggregation_groups"):
        check((word in body) == (word in told), f"whether there are {word}")
    if "aggregations" in told:
        check(
            same(told["aggregations"], body["aggregations"]), differing(told, body, "aggregations")
        )
    if "aggregation_groups" in told:
        wanted, groups = told["aggregation_groups"], body["aggregation_groups"]
        check(same(wanted, groups), differing(told, body, "aggregation_groups"))
    if "rows" in told:
        judge_rows(told["rows"], body["rows"])


def differing(told, body, word):
    return f"{word} {body[word]}, not {told[word]}"


def same(one, other):
    """Equal, but that true is no 1 and numbers may differ by rounding."""
    if isinstance(one, dict) and isinstance(other, dict):
        return set(one) == set(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, float) and isinstance(other, (int, float)):
        return near(one, other)
    return one == other


def judge_rows(ranked, rows):
    wanted = [doc["id"] for doc in ranked.page]
    found = [row.get("id") for row in rows]
    if ranked.doubted:
        # What was fused is not known, only that it is in order.
        keys = [(-single(row["$dist"]), row["id"]) for row in rows]
        check(
            keys == sorted(keys) and len(set(found)) == len(found),
            f"order {found} by the scores shown",
        )
        return
    check(len(found) == len(wanted), f"{len(found)} rows, not {len(wanted)}: {found}, not {wanted}")
    docs = {doc["id"]: doc for doc in ranked.docs}
    check(all(id in docs for id in found), f"ids {found}, not {wanted}")
    check(len(set(found)) == len(found), f"an id twice: {found}")
    if ranked.scores is None:
        check(found == wanted, f"order {found}, not {wanted}")
    else:
        judge_scores(ranked, rows, found, wanted)
    for row in rows:
        judge_row(ranked, docs[row["id"]], row)


def judge_scores(ranked, rows, found, wanted):
    for row in rows:
        score = ranked.scores[row["id"]]
        check("$dist" in row, f"no $dist at {row['id']}")
        check(near(row["$dist"], score), f"$dist {row['$dist']} of {row['id']}, not {score}")
    way = 1 if ranked.ascending else -1
    keys = [(way * single(row["$dist"]), row["id"]) for row in rows]
    check(keys == sorted(keys), f"order {found} by the scores shown, not {wanted}")
    if found == wanted:
        return
    check(ranked.doubtful(), f"order {found}, not {wanted}")
    if not ranked.limit.per:
        pairs = zip(found, wanted)
        fits = all(near(ranked.scores[one], ranked.scores[other]) for one, other in pairs)
        check(fits, f"order {found}, not {wanted}")


def judge_row(ranked, doc, row):
    shown = stored(ranked, doc)
    told = {name for name in row if name not in ("id", "$dist") and name not in ranked.computed}
    check(told == set(shown), f"attributes {sorted(told)} of {doc['id']}, not {sorted(shown)}")
    check(ranked.scores is not None or "$dist" not in row, "a $dist where none is")
    for name, (kind, value) in shown.items():
        held = same_value(kind, value, row[name], ranked.packed)
        check(held, f"{name} of {doc['id']}: {row[name]}, not {show(kind, value)}")
    for name, one in ranked.computed.items():
        value = one.of(doc)
        if type(one).__name__ == "Highlight" and value is None:
            check(row.get(name, []) == [], f"{name} of {doc['id']}: {row.get(name)}, not nothing")
            continue
        check(
            (name in row) == (value is not None),
            f"whether {name} is at {doc['id']}: {row.get(name)}",
        )
        check(
            value is None or same(value, row[name]),
            f"{name} of {doc['id']}: {row.get(name)}, not {value}",
        )


def same_value(kind, value, given, packed):
    if is_dense(kind) and packed:
        if not isinstance(given, str):
            return False
        given = numpy.frombuffer(base64.b64decode(given), "<f4").tolist()
    if is_vector(kind):
        if is_late(kind) and packed:
            return True
        given = numpy.array(given, numpy.float32)
        return given.shape == value.shape and bool((given == value).all())
    if kind == SPARSE:
        return given == value
    given = [given] if not isinstance(given, list) else given
    wanted = show(kind, value)
    wanted = [wanted] if not isinstance(wanted, list) else wanted
    if kind.endswith("bool"):
        return len(given) == len(wanted) and all(one is other for one, other in zip(given, wanted))
    return given == wanted


JUDGES = {
    "write": judge_write,
    "schema": judge_schema,
    "query": judge_query,
    "several": judge_several,
}
