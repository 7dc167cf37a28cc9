"""A node under the tests, and the official client of it, in both of its forms.

What is tested is the binary that is shipped: every question goes through a client as PyPI has it,
over a socket, and to a node over the store that the run is for. The blocking client asks a node that
leaves what is written in the log. The asynchronous one, which packs what it sends, asks a node that
folds every second slot into a segment. A client must not be able to tell which of the two it asks.
"""

import asyncio
import atexit
import functools
import inspect
import itertools
import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request
from pathlib import Path

import turbopuffer

import stores

ROOT = Path(__file__).resolve().parents[2]
BINARY = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release" / "elacsym"
READY = re.compile(r"elacsym is ready on (http://\S+)")
START_SECONDS = 30
NAME_CHARS_MAX = 100

# What a shell may carry for a service elsewhere, or for a proxy, is none of the tests' business.
for variable in [name for name in os.environ if name.startswith("TURBOPUFFER_")]:
    del os.environ[variable]
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"

LOOP = asyncio.new_event_loop()
atexit.register(LOOP.close)


class Node:
    """A server over a folder of its own, which is gone with it, whatever becomes of the tests.

    Unless it is told otherwise, what it keeps lies in the store of the run.
    """

    def __init__(self, store=stores.CHOSEN, **settings):
        self.folder = Path(tempfile.mkdtemp(prefix="elacsym-clients-"))
        foreign = ("ELACSYM_", "AWS_")
        shell = os.environ.items()
        inherited = {name: said for name, said in shell if not name.startswith(foreign)}
        own = {
            "ELACSYM_HOST": "127.0.0.1",
            "ELACSYM_PORT": "0",
            "ELACSYM__LOG__LEVEL": "warn",
        }
        own |= stores.settings(store, self.folder)
        self._process = subprocess.Popen(
            [ROOT / "scripts" / "leash", self.folder, BINARY, "serve"],
            cwd=self.folder,
            env=inherited | own | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.stop)
        self.url = self._ready()

    def _ready(self):
        overdue = threading.Timer(START_SECONDS, self._process.stdin.close)
        overdue.start()
        try:
            for line in self._process.stdout:
                if ready := READY.fullmatch(line.strip()):
                    return ready[1]
        finally:
            overdue.cancel()
        raise RuntimeError(f"{BINARY} was not ready in {START_SECONDS} s; stderr says why")

    def figure(self, name):
        """One figure without labels, as /metrics has it now."""
        with urllib.request.urlopen(f"{self.url}/metrics") as page:
            lines = page.read().decode().splitlines()
        (line,) = [line for line in lines if line.startswith(f"{name} ")]
        return float(line.split()[1])

    def stop(self):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


class Driven:
    """The asynchronous client, or a namespace of it, asked as the blocking one is."""

    def __init__(self, inner):
        self._inner = inner

    def __getattr__(self, name):
        value = getattr(self._inner, name)
        return functools.partial(self._wait, value) if callable(value) else value

    @staticmethod
    def _wait(method, *args, **kwargs):
        answer = method(*args, **kwargs)
        return LOOP.run_until_complete(answer) if inspect.isawaitable(answer) else answer

    def namespace(self, name):
        return Driven(self._inner.namespace(name))

    def namespaces(self, **kwargs):
        async def all_pages():
            return [namespace async for namespace in self._inner.namespaces(**kwargs)]

        return LOOP.run_until_complete(all_pages())


def options(node):
    # To ask again would hide that the first answer was none.
    chosen = {"base_url": node.url, "api_key": "any", "max_retries": 0}
    # What a client of today tells of itself, those of before do not know.
    known = inspect.signature(turbopuffer.Turbopuffer).parameters
    return chosen | ({"telemetry": False} if "telemetry" in known else {})


class Blocking:
    folds = False

    @staticmethod
    @functools.cache
    def node():
        return Node()

    @classmethod
    @functools.cache
    def client(cls):
        client = turbopuffer.Turbopuffer(**options(cls.node()))
        atexit.register(client.close)
        return client


class Asynchronous:
    folds = True

    @staticmethod
    @functools.cache
    def node():
        return Node(ELACSYM__INDEXER__FOLD_SLOTS="2")

    @classmethod
    @functools.cache
    def client(cls):
        client = Driven(turbopuffer.AsyncTurbopuffer(**options(cls.node()), compression=True))
        atexit.register(client.close)
        return client


class Case(unittest.TestCase):
    """What a test finds at hand."""

    # A difference of two answers is told whole.
    maxDiff = None
    way = Blocking
    _numbers = itertools.count()

    def fresh(self):
        """A namespace that nobody has used."""
        name = f"{self._testMethodName[:NAME_CHARS_MAX]}-{next(self._numbers)}"
        return self.way.client().namespace(name)

    def refused(self, kind, told, ask, *args, **kwargs):
        """The error of this class that the client raises, which says so."""
        with self.assertRaises(kind) as caught:
            ask(*args, **kwargs)
        error = caught.exception
        text = error.body["error"] if isinstance(error.body, dict) else str(error.body)
        self.assertIn(told, text)
        return error

    def invalid(self, told, ask, *args, **kwargs):
        """Refused for what it says; the contract leaves open by which of the two."""
        kinds = (turbopuffer.BadRequestError, turbopuffer.UnprocessableEntityError)
        return self.refused(kinds, told, ask, *args, **kwargs)


def both(tests):
    """Asks what a class of tests asks, once by either client."""
    module = sys.modules[tests.__module__]
    for way in (Blocking, Asynchronous):
        name = f"{tests.__name__}{way.__name__}"
        about = {"way": way, "__module__": tests.__module__}
        setattr(module, name, type(name, (tests, Case), about))
    return tests


def rows(answer):
    """The rows of an answer as the documents that they are."""
    return [row.to_dict() for row in answer.rows]


def ids(answer):
    return [row.id for row in answer.rows]


def everything(namespace, **kwargs):
    """All documents, by id."""
    asked = {"rank_by": ("id", "asc"), "limit": 10_000, "include_attributes": True} | kwargs
    return rows(namespace.query(**asked))
