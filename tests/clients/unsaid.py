"""What a client cannot say, row by row of `rows.txt`, and why: the one table of what is left out.

A test that proves such a row is not run by that client. All else is: a run fails if a row is neither
proven by a client nor in here, and also if it is in here and proven.
"""

NEWEST = "Python 3.1.0"
BEFORE = "Python 2.8.0"
OLDEST = "Python 1.21.0"
NPM = "TypeScript 2.8.0"
PYTHON = [NEWEST, BEFORE, OLDEST]
CLIENTS = [*PYTHON, NPM]

REASONS = {
    "no call": "there is no such call yet",
    "numbers": "JavaScript has no whole numbers beyond 2^53",
    "unchecked": "this client checks no answer",
}

# `{client: {(section, row): reason}}`
UNSAID = {
    NEWEST: {},
    BEFORE: {
        ("1.7", "start_copy_from"): "no call",
        ("1.7", "poll_copy_from"): "no call",
    },
    OLDEST: {
        ("1.7", "copy_from"): "no call",
        ("1.7", "branch_from"): "no call",
        ("1.7", "start_copy_from"): "no call",
        ("1.7", "poll_copy_from"): "no call",
    },
    NPM: {
        ("1.8", "ids up to 2^64-1"): "numbers",
        ("1.8", "the fields that a strict client needs"): "unchecked",
        ("1.7", "start_copy_from"): "no call",
        ("1.7", "poll_copy_from"): "no call",
    },
}
