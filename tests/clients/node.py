"""A node under the tests, and the official client of it, in both of its forms.

What is tested is the binary that is shipped: every question goes through a client as PyPI has it,
over a socket, and to a node over the store that the run is for. The blocking client asks a node that
leaves what is written in the log. The asynchronous one, which packs what it sends, asks a node that
folds every second slot into a segment. A client must not be able to tell which of the two it asks.

All versions of a client ask the same tests. What a version knows no word for goes into the body as it
stands, by `extra_body`, as its users would send it; what cannot be said even so, `unsaid.py` lists.
"""

import asyncio
import atexit
import functools
import hashlib
import inspect
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request
from pathlib import Path

import turbopuffer

import stores
from unsaid import CLIENTS

ROOT = Path(__file__).resolve().parents[2]
BINARY = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release" / "elacsym"
READY = re.compile(r"elacsym is ready on (http://\S+)")
START_SECONDS = 30
NAME_CHARS_MAX = 90
# Nodes that whoever runs several clients has started for all of them: `{way: URL}`.
STARTED = json.loads(os.environ.get("ELACSYM_CLIENTS_NODES", "{}"))

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


def key(name):
    """The key of this name, as who has it would show it."""
    return f"a key that nobody would guess, of {name}"


def key_file():
    """A file of keys: one for each scope, one for the names that begin with `some-`, and one for each
    client that lets it in twice in a second."""
    scopes = ["read", "write", "list", "admin"]
    keys = {scope: {"scopes": [scope]} for scope in scopes}
    keys["some"] = {"scopes": scopes, "namespaces": ["some-*"]}
    keys |= {name: {"scopes": ["read", "write"], "requests_per_second": 2} for name in CLIENTS}
    file = Path(tempfile.mkdtemp(prefix="elacsym-clients-keys-")) / "keys.toml"
    atexit.register(shutil.rmtree, file.parent)
    lines = []
    for name, may in keys.items():
        digest = hashlib.sha256(key(name).encode()).hexdigest()
        told = {"name": name.replace(" ", "-"), "sha256": digest, "namespaces": ["*"]} | may
        lines += ["[[keys]]", *(f"{word} = {json.dumps(value)}" for word, value in told.items())]
    file.write_text("\n".join(lines))
    return file


class Started:
    """A node that somebody else has started, and will stop."""

    def __init__(self, url):
        self.url = url


@functools.cache
def words(method):
    """What a method of a client may be told by name."""
    return frozenset(inspect.signature(method).parameters)


def spoken(method, told):
    """The same in the words of this version: a field that it does not know goes into the body."""
    known = words(getattr(method, "__func__", method))
    if "extra_body" not in known:
        return told
    named = {name: value for name, value in told.items() if name in known}
    added = {name: value for name, value in told.items() if name not in known}
    if added:
        named["extra_body"] = added | named.get("extra_body", {})
    return named


class Asked:
    """A client or a namespace of it, of any version and in either form, asked in the same words."""

    def __init__(self, inner):
        self._inner = inner

    def __getattr__(self, name):
        value = getattr(self._inner, name)
        return functools.partial(self._ask, value) if callable(value) else value

    @staticmethod
    def _ask(method, *args, **told):
        answer = method(*args, **spoken(method, told))
        return LOOP.run_until_complete(answer) if inspect.isawaitable(answer) else answer

    @property
    def with_raw_response(self):
        return Asked(self._inner.with_raw_response)

    def namespace(self, name):
        return Asked(self._inner.namespace(name))

    def namespaces(self, **told):
        pages = self._inner.namespaces(**told)
        if not hasattr(pages, "__aiter__"):
            return list(pages)

        async def all_pages():
            return [namespace async for namespace in pages]

        return LOOP.run_until_complete(all_pages())

    async def later(self, name, **told):
        """What a method answers, while others are asked."""
        method = getattr(self._inner, name)
        told = spoken(method, told)
        if inspect.iscoroutinefunction(inspect.unwrap(method)):
            return await method(**told)
        return await asyncio.to_thread(method, **told)


def options(node):
    # To ask again would hide that the first answer was none.
    chosen = {"base_url": node.url, "api_key": "any", "max_retries": 0}
    # What a client of today tells of itself, those of before do not know.
    return chosen | ({"telemetry": False} if "telemetry" in words(turbopuffer.Turbopuffer) else {})


class Blocking:
    folds = False
    compression = False
    kind = turbopuffer.Turbopuffer

    @classmethod
    def settings(cls):
        return {}

    @classmethod
    @functools.cache
    def node(cls):
        started = STARTED.get(cls.__name__)
        return Started(started) if started else Node(**cls.settings())

    @classmethod
    @functools.cache
    def client(cls):
        return cls.connected()

    @classmethod
    def connected(cls, node=None, **told):
        """Another client, of this node or of one's own."""
        said = options(node or cls.node()) | {"compression": cls.compression} | told
        client = Asked(cls.kind(**said))
        atexit.register(client.close)
        return client


class Asynchronous(Blocking):
    folds = True
    compression = True
    kind = turbopuffer.AsyncTurbopuffer

    @classmethod
    def settings(cls):
        return {"ELACSYM__INDEXER__FOLD_SLOTS": "2"}


class Keyed(Blocking):
    """The blocking client of a node that asks for keys."""

    @classmethod
    def settings(cls):
        return {"ELACSYM_API_KEYS_FILE": str(key_file())}

    @classmethod
    def namespace(cls, name, of, **told):
        return cls.connected(api_key=key(of), **told).namespace(name)


class Crowded(Asynchronous):
    """A node where many ask at once, in nobody else's way."""


class Case(unittest.TestCase):
    """What a test finds at hand."""

    # A difference of two answers is told whole.
    maxDiff = None
    way = Blocking
    _numbers = itertools.count()

    def unused(self):
        """A name that nobody has used."""
        name = f"{self._testMethodName[:NAME_CHARS_MAX]}-{next(self._numbers)}"
        return f"{turbopuffer.__version__}-{name}"

    def fresh(self):
        """A namespace that nobody has used."""
        return self.way.client().namespace(self.unused())

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


def field(answer, *path):
    """A part of an answer, or None: a version that does not know it has no attribute for it either."""
    for name in path:
        answer = getattr(answer, name, None)
    return answer


def rows(answer):
    """The rows of an answer as the documents that they are."""
    return [row.to_dict() for row in answer.rows]


def ids(answer):
    return [row.id for row in answer.rows]


def everything(namespace, **kwargs):
    """All documents, by id."""
    asked = {"rank_by": ("id", "asc"), "limit": 10_000, "include_attributes": True} | kwargs
    return rows(namespace.query(**asked))
