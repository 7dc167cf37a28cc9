"""What a test proves: rows of the specification, which `rows.txt` lists.

A run that is told where (`ELACSYM_CLIENTS_PROOFS`) notes there what each test that passed has proven,
one line of JSON for each row; `matrix.py` makes a page of it. A test of npm's client does the same.
"""

import fnmatch
import functools
import json
import os
import sys
import unittest
from pathlib import Path

import turbopuffer

from unsaid import NEWEST, REASONS, UNSAID

ROWS = Path(__file__).resolve().with_name("rows.txt")
SECTION = "== "
CLOSED = " = "
CLIENT = f"Python {turbopuffer.__version__}"
# What these ask is no matter of a version, nor of turbopuffer's client at all.
ONCE = ("elastic*.py", "parquet.py")


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
    """Marks a test by the rows of one section that it proves; who cannot say one of them is not asked."""
    for row in proven:
        if (section, row) not in rows():
            raise ValueError(f"{ROWS.name} has no row `{row}` in {section}")

    def mark(test):
        test.proven = [*getattr(test, "proven", []), *((section, row) for row in proven)]
        for row in proven:
            if reason := UNSAID[CLIENT].get((section, row)):
                return unittest.skip(f"{row}: {REASONS[reason]}")(test)
        return test

    return mark


class Result(unittest.TextTestResult):
    """Notes what is proven of a test that passes, with all of its parts."""

    def addSuccess(self, test):
        super().addSuccess(test)
        noted = os.environ.get("ELACSYM_CLIENTS_PROOFS")
        method = getattr(type(test), test._testMethodName, None)
        proven = getattr(method, "proven", [])
        if noted is None or not proven:
            return
        file = Path(sys.modules[type(test).__module__].__file__).resolve()
        about = {
            "client": CLIENT,
            "file": str(file.relative_to(ROWS.parent)),
            "test": test._testMethodName.removeprefix("test_").replace("_", " "),
        }
        lines = [json.dumps(about | {"section": section, "row": row}) for section, row in proven]
        # At once, for other clients note here too.
        with open(noted, "a") as notes:
            notes.write("".join(f"{line}\n" for line in lines))


class Runner(unittest.TextTestRunner):
    resultclass = Result


class Loader(unittest.TestLoader):
    """Finds what is to be asked by this version."""

    def _match_path(self, path, full_path, pattern):
        is_asked_once = any(fnmatch.fnmatch(path, once) for once in ONCE)
        is_left_out = is_asked_once and CLIENT != NEWEST
        return super()._match_path(path, full_path, pattern) and not is_left_out


if __name__ == "__main__":
    unittest.main(module=None, testRunner=Runner, testLoader=Loader())
