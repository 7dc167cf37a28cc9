"""An answer beside what the oracle says of it: nothing, or in a few words what is wrong.

Scores are compared within a tolerance. The order of rows is that of the scores that the answer
itself shows, and where these are equal it is by id, always; so only a document that is missing may
have an excuse, which is a score as good as that of the last one within the tolerance.
"""

import base64

import numpy

import compare_about as of_all
from matched import Exact, Loose, Wrong, check, difference, near
from queries import single, stored
from values import SPARSE, is_dense, is_vector, show


def judge(expected, status, body):
    """What is wrong with an answer, or None."""
    try:
        check(status < 500, f"status {status}: {body}")
        wanted = "/".join(map(str, sorted(expected.statuses)))
        said = f" ({expected.kind})" if expected.kind else ""
        check(
            status in expected.statuses, f"status {status}, not {wanted}{said}: {str(body)[:300]}"
        )
        if status >= 400:
            judge_refusal(expected, body)
        elif expected.told:
            kind, told = expected.told
            JUDGES[kind](told, body)
    except Wrong as wrong:
        return str(wrong)
    return None


def judge_refusal(expected, body):
    said = body if isinstance(body, dict) else {"error": body}
    text = str(said.get("error"))
    named = any(name in text for name in expected.names)
    check(named or not expected.names, f"nothing of {expected.names} is named: {text[:300]}")
    code = said.get("code")
    check(expected.code in (None, code), f"code {code}, not {expected.code} ({expected.kind})")


def judge_write(told, body):
    check(body.get("status") == "OK", "status of the body")
    check(not body.get("rows_remaining"), "rows_remaining")
    for word in ("rows_affected", "rows_upserted", "rows_patched", "rows_deleted"):
        check(body.get(word) == told.get(word), f"{word} {body.get(word)}, not {told.get(word)}")
    billed = body.get("billing", {}).get("billable_logical_bytes_written")
    check(billed == told["written_bytes"], f"{billed} bytes billed, not {told['written_bytes']}")
    for word in ("upserted_ids", "patched_ids", "deleted_ids"):
        ids = body.get(word)
        ids = sorted(ids) if ids else None
        check(ids == told.get(word), f"{word} {ids}, not {told.get(word)}")


def judge_schema(told, body):
    shown = told.show()
    check(set(body) == set(shown), f"attributes {sorted(body)}, not {sorted(shown)}")
    for name, said in shown.items():
        check(body[name] == said, f"schema of {name}: {body[name]}, not {said}")


def judge_several(told, body):
    results = body.get("results")
    check(isinstance(results, list) and len(results) == len(told), "how many results")
    for one, result in zip(told, results):
        judge_query(one, result)


def judge_own(told, body):
    """As if it were the other contract: a score, and attributes beside it. What is only in an order
    scores 0 here."""
    rows, ranked = body.get("results"), told["rows"].scores is not None
    check(isinstance(rows, list), "no results")
    flat = []
    for row in rows:
        fits = {"id", "score", "attributes"} <= set(row) <= {"id", "score", "vector", "attributes"}
        check(fits, f"a row of {sorted(row)}")
        check(ranked or row["score"] == 0, f"a score of {row['score']} where none is")
        score = {"$dist": row["score"]} if ranked else {}
        vector = {"vector": row["vector"]} if "vector" in row else {}
        flat.append({"id": row["id"]} | score | vector | row["attributes"])
    judge_query(told, body | {"rows": flat})


def judge_query(told, body):
    check(("rows" in body) == ("rows" in told), "whether there are rows")
    for word in ("aggregations", "aggregation_groups", "explain"):
        check((word in body) == (word in told), f"whether there are {word}")
    if "aggregations" in told:
        judge_aggregations(told["aggregations"], body["aggregations"])
    if "aggregation_groups" in told:
        wanted, groups = told["aggregation_groups"], body["aggregation_groups"]
        check(same(wanted, groups), differing(told, body, "aggregation_groups"))
    if "explain" in told:
        plan = body["explain"]
        check(plan != "" and same(told["explain"], plan), f"a plan {plan}")
    if "rows" in told:
        judge_rows(told["rows"], body["rows"])


def judge_aggregations(wanted, found):
    check(set(found) == set(wanted), f"aggregations {sorted(found)}, not {sorted(wanted)}")
    for label, one in wanted.items():
        wrong = None
        if isinstance(one, Exact):
            wrong = difference(one.tree, found[label], label)
        elif not same(one, found[label]):
            wrong = f"{label} is {found[label]}, not {one}"
        check(wrong is None, f"aggregations {wrong}")


def differing(told, body, word):
    return f"{word} {body[word]}, not {told[word]}"


def same(one, other):
    """Equal, but that true is no 1 and numbers may differ by rounding."""
    if isinstance(one, Loose):
        return one.holds(other)
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
    if ranked.pools is not None:
        judge_doubted(ranked, rows, found)
        return
    if ranked.close:
        rows, found, wanted = beyond_doubt(ranked, rows, found)
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


def judge_doubted(ranked, rows, found):
    """What was fused has no certain order, but only so many documents can be in it, as they are."""
    keys = [(-single(row["$dist"]), row["id"]) for row in rows]
    check(
        keys == sorted(keys) and len(set(found)) == len(found),
        f"order {found} by the scores shown",
    )
    pools, limit = ranked.pools, ranked.limit
    known = {doc["id"]: doc for pool in pools for doc in pool.docs}
    check(all(id in known for id in found), f"ids {found} of {sorted(map(str, known))}")
    most = sum(len(pool.page) for pool in pools)
    check(len(found) <= min(most, limit.total), f"{len(found)} rows of {most}")
    if not (limit.per or ranked.close):
        least = min(max(len(pool.page) for pool in pools) - limit.offset, limit.total)
        check(least <= len(found), f"{len(found)} rows, not {least} at least")
    for row in rows:
        doc = known[row["id"]]
        names = {}
        for pool in pools:
            names |= pool.names_of(doc["id"]) or {}
        names |= ranked.names_of(doc["id"]) or {}
        for name in set(row) - {"id", "$dist"} - set(ranked.computed):
            held = name in names and doc.get(name) is not None
            held = held and same_value(names[name], doc[name], row[name], ranked.packed)
            check(held, f"{name} of {doc['id']}: {row[name]}")


def beyond_doubt(ranked, rows, found):
    """All but those whose score is so close to the least that they may be left out, or not."""
    sure = [doc for doc in ranked.docs if doc["id"] not in ranked.close]
    wanted = [doc["id"] for doc in ranked.limit.page(sure)]
    docs = {doc["id"]: doc for doc in ranked.docs}
    for row in rows:
        if row["id"] in ranked.close:
            check(ranked.right(row["id"], row["$dist"]), f"$dist {row['$dist']} of {row['id']}")
            judge_row(ranked, docs[row["id"]], row)
    check(len(found) <= ranked.limit.total, f"{len(found)} rows of {ranked.limit.total}")
    rows = [row for row in rows if row["id"] not in ranked.close]
    return rows, [row["id"] for row in rows], wanted


def judge_scores(ranked, rows, found, wanted):
    for row in rows:
        score = ranked.scores[row["id"]]
        check("$dist" in row, f"no $dist at {row['id']}")
        held = ranked.right(row["id"], row["$dist"])
        check(held, f"$dist {row['$dist']} of {row['id']}, not {score}")
    way = 1 if ranked.ascending else -1
    keys = [(way * single(row["$dist"]), row["id"]) for row in rows]
    check(keys == sorted(keys), f"order {found} by the scores shown, not {wanted}")
    if found == wanted:
        return
    check(ranked.doubtful(), f"order {found}, not {wanted}")
    fits = all(ranked.alike(one, other) for one, other in zip(found, wanted))
    check(fits, f"order {found}, not {wanted}")


def judge_recall(told, body):
    counts = {word: body.get(f"avg_{word}_count") for word in ("exhaustive", "ann")}
    check(all(count == told.count for count in counts.values()), f"{counts}, not {told.count}")
    # Of nothing, nobody says how much of it was found.
    found = body.get("avg_recall")
    check(found == 1 or not told.count, f"avg_recall {found} of what is exact")
    truth = body.get("ground_truth")
    check(told.shown or truth is None, "a ground truth that nobody asked for")
    if not (told.shown and told.count):
        return
    fits = isinstance(truth, list) and 1 <= len(truth) <= told.samples
    check(fits, f"a ground truth of {told.samples} samples: {str(truth)[:300]}")
    samples = told.stored if told.asked is None else [told.asked]
    for one in truth:
        vector = numpy.array(one["query_vector"], numpy.float32)
        known = any(vector.shape == held.shape and (vector == held).all() for held in samples)
        check(known, f"a sample {one['query_vector']} that is none")
        judge_rows(told.nearest_to(one["query_vector"]), one["nearest_neighbors"])


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
        given = numpy.array(given, numpy.float32).reshape(-1, *value.shape[1:])
        return given.shape == value.shape and bool((given == value).all())
    if kind == SPARSE:
        known = isinstance(given, dict) and set(given) == set(value)
        return known and all(single(given[key]) == weight for key, weight in value.items())
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
    "own": judge_own,
    "recall": judge_recall,
    "metadata": of_all.judge_metadata,
    "usage": of_all.judge_usage,
    "names": of_all.judge_names,
    "hint": of_all.judge_hint,
    "done": of_all.judge_done,
}
