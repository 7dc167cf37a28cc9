"""A run of all clients: each in a process of its own, and all of them ask the same nodes.

    run.py [CLIENT …] [ARG …]    a client is 3.1.0, 2.8.0, 1.21.0 or npm; all, if none is named

What follows goes to unittest; npm's client takes `-k` of it, and is left out if there is anything else.
"""

import concurrent.futures
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from node import BINARY, Asynchronous, Blocking, Crowded, Keyed

HERE = Path(__file__).resolve().parent
NPM = "npm"
FOLDERS = {"3.1.0": "venv", "2.8.0": "venv-2.8.0", NPM: "typescript", "1.21.0": "venv-1.21.0"}
LAST_LINES = 4
# What unittest says where it has found no test, from Python 3.12 on.
NOTHING = 5


def home():
    """Where `scripts/clients` has installed them."""
    return Path(os.environ["ELACSYM_CLIENTS_HOME"])


def command(client, words):
    """What this client is run by, or None if these words are none for it."""
    if client != NPM:
        python = home() / FOLDERS[client] / "bin" / "python"
        return [python, HERE / "proofs.py", "discover", "-s", HERE, "-p", "[a-z]*.py", *words]
    patterns = words[1::2]
    if words[::2] != ["-k"] * len(patterns) or len(words) % 2:
        return None
    # A name of a test has blanks here.
    chosen = [f"--test-name-pattern={each.replace('_', ' ')}" for each in patterns]
    return ["node", "--test-reporter=spec", *chosen, HERE / "typescript" / "all.mjs"]


def run(command):
    """(how it ended, what it said, how long it took)"""
    begun = time.monotonic()
    done = subprocess.run(
        [str(word) for word in command],
        cwd=HERE,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout, time.monotonic() - begun


def main():
    words = sys.argv[1:]
    named = [word for word in words if word in FOLDERS]
    words = [word for word in words if word not in FOLDERS]
    commands = {client: command(client, words) for client in FOLDERS if client in named or not named}
    nodes = {way.__name__: way.node().url for way in (Blocking, Asynchronous, Crowded, Keyed)}
    os.environ["ELACSYM_CLIENTS_NODES"] = json.dumps(nodes)
    os.environ["ELACSYM_CLIENTS_BINARY"] = str(BINARY)
    failed = []
    # All at once, for most of their time they wait for a store.
    with concurrent.futures.ThreadPoolExecutor(len(FOLDERS)) as pool:
        runs = {pool.submit(run, each): client for client, each in commands.items() if each}
        for ended in concurrent.futures.as_completed(runs):
            client, (status, said, seconds) = runs[ended], ended.result()
            is_well = status in (0, NOTHING)
            lines = said.strip().splitlines()
            told = lines[-LAST_LINES:] if is_well and not words else lines
            how = "passes" if is_well else "FAILS"
            print(f"== {client} {how}, {seconds:.1f} s", *told, sep="\n", flush=True)
            failed += [] if is_well else [client]
    if failed:
        sys.exit(f"clients that fail: {', '.join(failed)}")


if __name__ == "__main__":
    main()
