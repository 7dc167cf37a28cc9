"""What a test proves: rows of the specification, which `rows.txt` lists.

A run that is told where (`ELACSYM_CLIENTS_PROOFS`) notes there what each test that passed has proven,
one line of JSON for each row; `matrix.py` makes a page of it. A test of npm's client does the same.
"""

import functools
import json
import os
import sys
import unittest
from pathlib import Path

import turbopuffer

ROWS = Path(__file__).resolve().with_name("rows.txt")
SECTION = "== "
CLOSED = " = "


@functools.cache
def rows():
    """All rows in their order: `(section, row)` and what keeps it from being offered, or None."""
    found, section = {}, None
    for line in ROWS.read_text().splitlines():
        if line.startswith(SECTION):
            section = line.removeprefix(SECTION).split(maxsplit=1)[0]
        elif line and not line.startswith("#"):
            row, _, reason = line.partition(CLOSED)
            if (section, row) in found:
                raise ValueError(f"{ROWS.name}: `{row}` stands twice in {section}")
            found[section, row] = reason or None
    return found


def titles():
    """The sections in their order, and what they are about."""
    lines = ROWS.read_text().splitlines()
    heads = (line.removeprefix(SECTION) for line in lines if line.startswith(SECTION))
    return dict(head.split(maxsplit=1) for head in heads)


def proves(section, *proven):
    """Marks a test by the rows of one section that it proves."""
    for row in proven:
        if (section, row) not in rows():
            raise ValueError(f"{ROWS.name} has no row `{row}` in {section}")

    def mark(test):
        test.proven = [*getattr(test, "proven", []), *((section, row) for row in proven)]
        return test

    return mark


class Result(unittest.TextTestResult):
    """Notes what is proven of a test that passes, with all of its parts."""

    def addSuccess(self, test):
        super().addSuccess(test)
        method = getattr(type(test), test._testMethodName, None)
        noted = os.environ.get("ELACSYM_CLIENTS_PROOFS")
        if noted is None or method is None:
            return
        file = Path(sys.modules[type(test).__module__].__file__).resolve()
        about = {
            "client": f"Python {turbopuffer.__version__}",
            "file": str(file.relative_to(ROWS.parent)),
        }
        with open(noted, "a") as notes:
            for section, row in getattr(method, "proven", []):
                notes.write(json.dumps(about | {"section": section, "row": row}) + "\n")


class Runner(unittest.TextTestRunner):
    resultclass = Result


if __name__ == "__main__":
    unittest.main(module=None, testRunner=Runner)
