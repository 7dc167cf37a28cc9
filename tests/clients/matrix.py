"""`docs/COMPATIBILITY.md`: each row of the contract, and what becomes of it, as a whole run found it.

    matrix.py PROOFS check    fails if the page is not what the run found
    matrix.py PROOFS write    writes the page

A row is proven, or stands in the closed list with its reason. What is not offered has to be refused
by name, so such a row is proven too: by the test of its refusal.
"""

import argparse
import collections
import difflib
import json
import sys
from pathlib import Path

from proofs import ROWS, rows, titles

PAGE = Path(__file__).resolve().parents[2] / "docs" / "COMPATIBILITY.md"
CLIENTS = ["Python 3.1.0", "Python 2.8.0", "Python 1.21.0", "TypeScript 2.8.0"]

DIFFERS, NOT_OFFERED = "differs", "not offered yet"
# Closed: whoever adds to it has decided something.
REASONS = {
    "embedding": (NOT_OFFERED, "a server with no model on board embeds nothing"),
    "rerank": (NOT_OFFERED, "a server with no model on board reranks by none"),
    "kms": (NOT_OFFERED, "there is no service of keys to ask"),
    "regions": (NOT_OFFERED, "a server has no regions, and knows no other"),
    "sharding": (NOT_OFFERED, "a namespace is not sharded"),
    "copies": (NOT_OFFERED, "copies and branches are yet to come"),
    "slow": (DIFFERS, "the times of the server are above zero and true, and may be below 2 ms"),
}

HEAD = """\
# Compatibility

What the turbopuffer contract says, row by row, and the tests that hold this server to it: each asks the
released binary through an official client, unmodified. `scripts/clients matrix` writes this page, and
`scripts/clients run` fails if it is not what the run found. The rows are those of `tests/clients/rows.txt`, by
the sections of our notes on the contract; what no client can see, such as prices and places, is none of them.

A row without a mark under a client is one that this client cannot say, or that its suite leaves to another.
A row that is not offered is refused with 400 and a reason, which is what its tests prove.
"""


def noted(file):
    """For each row, the clients and the files of tests that have proven it."""
    found = collections.defaultdict(lambda: (set(), set()))
    for line in Path(file).read_text().splitlines():
        proof = json.loads(line)
        clients, files = found[proof["section"], proof["row"]]
        clients.add(proof["client"])
        files.add(proof["file"])
    return found


def complaints(found):
    """What keeps a run from being a matrix."""
    known = rows()
    for section, row in sorted(set(found) - set(known)):
        yield f"{ROWS.name} has no row `{row}` in {section}"
    for (section, row), reason in known.items():
        if reason is not None and reason not in REASONS:
            yield f"{section} {row}: `{reason}` is no reason"
        elif (section, row) not in found and REASONS.get(reason, (None,))[0] != DIFFERS:
            yield f"{section} {row}: no test proves it"
    for client in sorted({client for clients, _ in found.values() for client in clients}):
        if client not in CLIENTS:
            yield f"{client} has no column"


def state(reason):
    return "passes" if reason is None else ": ".join(REASONS[reason])


def page(found):
    known = rows()
    counts = collections.Counter(state(reason).split(":")[0] for reason in known.values())
    told = ", ".join(f"{counts[word]} {word}" for word in ("passes", DIFFERS, NOT_OFFERED))
    lines = [HEAD, f"{len(known)} rows: {told}."]
    for section, title in titles().items():
        heads = ["row", "is", *CLIENTS, "tests"]
        lines += ["", f"## {section} {title}", "", line(heads), line(["---"] * len(heads))]
        for (_, row), reason in ((key, known[key]) for key in known if key[0] == section):
            clients, files = found.get((section, row), ((), ()))
            marks = ["✓" if client in clients else "" for client in CLIENTS]
            lines.append(line([row, state(reason), *marks, ", ".join(map(link, sorted(files)))]))
    return "\n".join(lines) + "\n"


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
