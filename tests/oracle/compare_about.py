"""What an answer tells of a namespace beside what the oracle says of it, as far as it is known."""

from matched import check
from values import instant

ALWAYS = {
    "schema",
    "approx_logical_bytes",
    "approx_row_count",
    "created_at",
    "updated_at",
    "last_write_at",
    "encryption",
    "index",
}
UPDATING = {"status", "unindexed_bytes", "unindexed_rows"}


def judge_done(_, body):
    check(body == {"status": "OK"}, f"a deletion that says {body}")


def judge_hint(_, body):
    check(body.get("status") in ("ACCEPTED", "OK"), f"a hint that is {body.get('status')}")
    check(isinstance(body.get("message"), str), f"a hint that says {body.get('message')}")


def judge_usage(told, body):
    for word, said in told.items():
        check(body.get(word) == said, f"usage {word}: {body.get(word)}, not {said}")


def judge_names(told, body):
    names, size = told
    pages = [[one["id"] for one in page["namespaces"]] for page in body["pages"]]
    found = [name for page in pages for name in page]
    check(found == names, f"names {found}, not {names}")
    whole = all(len(page) == size for page in pages[:-1])
    check(whole and len(pages[-1]) <= size, f"pages of {list(map(len, pages))} names, not {size}")
    items = [item for page in body["pages"] for item in page["namespaces"]]
    check(all(set(item) == {"id"} for item in items), f"names with more: {items}")


def judge_metadata(told, body):
    standing = told.standing
    wanted = set(ALWAYS)
    if standing.read_only:
        wanted.add("read_only")
        check(body.get("read_only") is True, f"read_only {body.get('read_only')}")
    if standing.replicas is not None:
        wanted.add("pinning")
        judge_pinning(standing.replicas, body.get("pinning"))
    check(set(body) == wanted, f"metadata of {sorted(body)}, not {sorted(wanted)}")
    judge_schema(told.schema, body["schema"])
    check(body["encryption"] in told.encryptions, f"encryption {body['encryption']}")
    judge_index(body["index"])
    judge_counts(told, body)
    judge_moments(standing, body)


def judge_schema(wanted, found):
    check(set(found) == set(wanted), f"attributes {sorted(found)}, not {sorted(wanted)}")
    for name, said in wanted.items():
        check(found[name] == said, f"metadata of {name}: {found[name]}, not {said}")


def judge_pinning(replicas, said):
    check(isinstance(said, dict) and said.get("replicas") == replicas, f"pinning {said}")
    status = said.get("status")
    check(isinstance(status, dict) and status.get("replicas") == replicas, f"pinning {said}")
    check(0 <= status["utilization"] <= 1 and status["ready_replicas"] >= 0, f"pinning {said}")
    check(instant(status["updated_at"]) is not None, f"pinning {said}")


def judge_index(said):
    if said == {"status": "up-to-date"}:
        return
    check(set(said) == UPDATING and said["status"] == "updating", f"index {said}")
    check(all(said[word] >= 0 for word in UPDATING - {"status"}), f"index {said}")


def judge_counts(told, body):
    """Documents count once they are indexed, so some may not yet; of those that do all bytes do."""
    rows, size = body["approx_row_count"], body["approx_logical_bytes"]
    check(0 <= rows <= told.documents, f"approx_row_count {rows}, where {told.documents} are")
    check(0 <= size <= told.bytes, f"approx_logical_bytes {size}, where {told.bytes} are")
    check(bool(rows) == bool(size), f"{rows} rows of {size} bytes")
    if rows == told.documents:
        check(size == told.bytes, f"approx_logical_bytes {size} of all rows, not {told.bytes}")


def judge_moments(standing, body):
    """They stand in order, and never go back; and each stays where nothing moves it."""
    words = ("created_at", "last_write_at", "updated_at")
    moments = {word: instant(body[word]) for word in words}
    check(None not in moments.values(), f"moments {body}")
    created, written, updated = moments.values()
    check(created <= written <= updated, f"moments out of order: {body}")
    check(standing.writes or written == created, f"a write before there was one: {body}")
    before, seen = standing.seen.get("last"), (standing.writes, standing.changes, moments)
    standing.seen["last"] = seen
    if before is None:
        return
    writes, changes, earlier = before
    still = {"created_at": True}
    still |= {"last_write_at": writes == standing.writes, "updated_at": changes == standing.changes}
    for word, moment in moments.items():
        moved = moment - earlier[word]
        check(moved >= 0, f"{word} went back by {-moved} ns")
        check(not (moved and still[word]), f"{word} moved by {moved} ns, and nothing moved it")
