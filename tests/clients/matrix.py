"""`docs/COMPATIBILITY.md`: each row of the contract, and what becomes of it, as a whole run found it.

    matrix.py PROOFS check    fails if the page is not what the run found
    matrix.py PROOFS write    writes the page

A row is proven by every client, or stands in a closed list with its reason: below if it is not so, and
in `unsaid.py` if one client cannot say it. What is not offered has to be refused by name, and what differs
has to be answered somehow, so such a row is proven too: by the test of its refusal, or of that answer.
"""

import argparse
import collections
import difflib
import json
import sys
from pathlib import Path

from proofs import ROWS, rows, titles
from unsaid import CLIENTS, NPM, PYTHON, UNSAID
from unsaid import REASONS as UNSAYABLE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "COMPATIBILITY.md"

DIFFERS, NOT_OFFERED = "differs", "not offered yet"
# Closed: whoever adds to it has decided something.
REASONS = {
    "embedding": (NOT_OFFERED, "a server with no model on board embeds nothing"),
    "rerank": (NOT_OFFERED, "a server with no model on board reranks by none"),
    "kms": (NOT_OFFERED, "there is no service of keys to ask"),
    "regions": (NOT_OFFERED, "a server has no regions, and knows no other"),
    "sharding": (NOT_OFFERED, "a namespace is not sharded"),
    "copies": (NOT_OFFERED, "copies and branches are yet to come"),
    "slow": (DIFFERS, "each is the whole milliseconds that it took, which may be 1"),
}

HEAD = """\
# Compatibility

What the turbopuffer contract says, row by row, and the tests that hold this server to it: each asks the
released binary through an official client, unmodified. `scripts/clients matrix` writes this page, and
`scripts/clients run` fails if it is not what the run found. The rows are those of `tests/clients/rows.txt`, by
the sections of our notes on the contract.

Not among them is what no client can see: prices, places and latencies, and how many documents, bytes and requests
the hosted service has seen. Nor is what no short run can reach: 5,000,000 documents in a delete by filter, a
request of 512 MB, 2 GB of writes that wait to be indexed. Nor is what there is nothing of here: the old calls that
no client makes any more, and the refusal of a query for an index that is not built yet.

A row is proven by every client, or the client cannot say it, for a reason that stands below. Of the tests
of Python, all are asked by every version that can say what they ask, as blocking and as asynchronous client; a word
that a version does not know goes into the body as it stands. A row that is not offered is refused with 400
and a reason, which is what its tests prove; those of one that differs prove what is answered instead.
"""


def noted(file):
    """For each row, the tests that have proven it, and the clients that each has passed with."""
    found = collections.defaultdict(lambda: collections.defaultdict(set))
    for line in Path(file).read_text().splitlines():
        proof = json.loads(line)
        found[proof["section"], proof["row"]][proof["file"], proof["test"]].add(proof["client"])
    return found


def provers(tests):
    """The clients that have proven a row by any of its tests."""
    return set().union(*tests.values())


def complaints(found):
    """What keeps a run from being a matrix."""
    known = rows()
    for section, row in sorted(set(found) - set(known)):
        yield f"{ROWS.name} has no row `{row}` in {section}"
    for (section, row), reason in known.items():
        if reason is not None and reason not in REASONS:
            yield f"{section} {row}: `{reason}` is no reason"
        proven = provers(found.get((section, row), {}))
        for client in CLIENTS:
            is_unsaid = (section, row) in UNSAID[client]
            if is_unsaid == (client in proven):
                told = "is proven, and was not to be said" if is_unsaid else "no test proves it"
                yield f"{section} {row}, by {client}: {told}"
    for client, unsaid in UNSAID.items():
        for (section, row), reason in unsaid.items():
            if (section, row) not in known:
                yield f"{client} cannot say `{row}` in {section}, and there is no such row"
            if reason not in UNSAYABLE:
                yield f"{client} cannot say {section} {row}: `{reason}` is no reason"
    for client in sorted(set().union(*map(provers, found.values())) - set(CLIENTS)):
        yield f"{client} has no column"


def state(reason):
    return "passes" if reason is None else ": ".join(REASONS[reason])


def page(found):
    known = rows()
    counts = collections.Counter(state(reason).split(":")[0] for reason in known.values())
    told = ", ".join(f"{counts[word]} {word}" for word in ("passes", DIFFERS, NOT_OFFERED))
    lines = [HEAD, f"{len(known)} rows: {told}.", ""]
    lines += [line(["client", "rows proven", "not to be said"]), line(["---"] * 3)]
    for client in CLIENTS:
        proven = sum(client in provers(tests) for tests in found.values())
        lines.append(line([client, str(proven), str(len(UNSAID[client]))]))
    reasons = {reason for unsaid in UNSAID.values() for reason in unsaid.values()}
    lines += ["", "What a client cannot say is marked with why:", ""]
    lines += [f"- {reason}: {UNSAYABLE[reason]}." for reason in sorted(reasons)]
    for section, title in titles().items():
        heads = ["row", "is", *CLIENTS, "tests of Python", "tests of TypeScript"]
        lines += ["", f"## {section} {title}", "", line(heads), line(["---"] * len(heads))]
        for key in (key for key in known if key[0] == section):
            tests = found.get(key, {})
            proven = provers(tests)
            marks = [mark(client, key, proven) for client in CLIENTS]
            cells = [cell(tests, PYTHON), cell(tests, [NPM])]
            lines.append(line([key[1], state(known[key]), *marks, *cells]))
    return "\n".join(lines) + "\n"


def mark(client, key, proven):
    return "✓" if client in proven else UNSAID[client].get(key, "")


def cell(tests, clients):
    """The tests of these clients, by their files."""
    files, able = collections.defaultdict(list), provers(tests).intersection(clients)
    for (file, test), passed in sorted(tests.items()):
        if passed := passed.intersection(clients):
            few = sorted(client.split()[1] for client in passed) if passed != able else []
            files[file].append(f"{test} ({', '.join(few)})" if few else test)
    return "; ".join(f"{link(file)}: {', '.join(names)}" for file, names in files.items())


def line(cells):
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def link(file):
    return f"[{Path(file).name}](../tests/clients/{file})"


def main():
    words = argparse.ArgumentParser()
    words.add_argument("proofs")
    words.add_argument("do", choices=["check", "write"])
    asked = words.parse_args()
    found = noted(asked.proofs)
    wrong = list(complaints(found))
    if wrong:
        sys.exit("\n".join(wrong))
    new = page(found)
    if asked.do == "write":
        PAGE.write_text(new)
        return
    old = PAGE.read_text() if PAGE.exists() else ""
    if old != new:
        sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True)))
        sys.exit(f"{PAGE.name} is not what the run found: run 'scripts/clients matrix'")


if __name__ == "__main__":
    main()
