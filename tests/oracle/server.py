"""A server of the release binary, or of the one that ORACLE_BINARY names, and one connection to it.

It folds every second slot into a segment, so that what is asked for lies here and there, and keeps
all in memory: disks are other tests' business.
"""

import atexit
import http.client
import json
import os
import re
import subprocess
import tempfile
import threading
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release" / "elacsym"
BINARY = Path(os.environ.get("ORACLE_BINARY") or RELEASE)
READY = re.compile(r"elacsym is ready on http://(\S+):(\d+)")
START_SECONDS = 30
ANSWER_SECONDS = 60
PAGES_MAX = 100


class Server:
    def __init__(self, fault=None):
        """A fault is one that is built into the binary, by its name."""
        folder = Path(tempfile.mkdtemp(prefix="elacsym-oracle-"))
        foreign = ("ELACSYM_", "AWS_")
        inherited = {
            name: said for name, said in os.environ.items() if not name.startswith(foreign)
        }
        own = {
            "ELACSYM_HOST": "127.0.0.1",
            "ELACSYM_PORT": "0",
            "ELACSYM_STORAGE_URL": "memory://",
            "ELACSYM__INDEXER__FOLD_SLOTS": "2",
            "ELACSYM__LOG__LEVEL": "error",
        }
        if fault:
            own["ELACSYM_MUTANT"] = fault
        self._process = subprocess.Popen(
            [ROOT / "scripts" / "leash", folder, BINARY, "serve"],
            cwd=folder,
            env=inherited | own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.stop)
        self._address = self._ready()
        self._connection = None

    def _ready(self):
        overdue = threading.Timer(START_SECONDS, self._process.stdin.close)
        overdue.start()
        try:
            for line in self._process.stdout:
                if ready := READY.fullmatch(line.strip()):
                    return ready[1], int(ready[2])
        finally:
            overdue.cancel()
        raise RuntimeError(f"{BINARY} was not ready in {START_SECONDS} s; stderr says why")

    def alive(self):
        return self._process.poll() is None

    def ask(self, request):
        """(status, body) of a request, or of one for each page of a list."""
        if not request.get("pages"):
            return self._ask(request)
        pages, cursor = [], ""
        for _ in range(PAGES_MAX):
            status, body = self._ask(request | {"path": request["path"] + cursor})
            if status != 200:
                return status, body
            pages.append(body)
            if not body.get("next_cursor"):
                return status, {"pages": pages}
            cursor = f"&cursor={quote(body['next_cursor'], safe='')}"
        return 599, f"a list of more than {PAGES_MAX} pages"

    def _ask(self, request):
        """(status, body); what is no JSON is told as text."""
        raw = request.get("raw")
        text = (
            raw if raw is not None else json.dumps(request["body"]) if "body" in request else None
        )
        if self._connection is None:
            self._connection = http.client.HTTPConnection(*self._address, timeout=ANSWER_SECONDS)
        headers = {"Authorization": "Bearer any", "Content-Type": "application/json"}
        try:
            body = None if text is None else text.encode()
            self._connection.request(request["method"], request["path"], body, headers)
            answer = self._connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._connection = None
            return 599, f"no answer: {error!r}"
        try:
            return answer.status, json.loads(said)
        except ValueError:
            return answer.status, said.decode(errors="replace")

    def stop(self):
        if self._process.stdin.closed:
            return
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
