"""A server of the release binary over memory, which folds every second slot into a segment. It ends
with this process, whatever becomes of that."""

import atexit
import os
import re
import subprocess
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release" / "elacsym"
READY = re.compile(r"elacsym is ready on (http://\S+)")
START_SECONDS = 30


class Server:
    def __init__(self):
        folder = Path(tempfile.mkdtemp(prefix="elacsym-openapi-"))
        foreign = ("ELACSYM_", "AWS_")
        shell = os.environ.items()
        inherited = {name: said for name, said in shell if not name.startswith(foreign)}
        own = {
            "ELACSYM_HOST": "127.0.0.1",
            "ELACSYM_PORT": "0",
            "ELACSYM_STORAGE_URL": "memory://",
            "ELACSYM__INDEXER__FOLD_SLOTS": "2",
            "ELACSYM__LOG__LEVEL": "error",
        }
        self._process = subprocess.Popen(
            [ROOT / "scripts" / "leash", folder, BINARY, "serve"],
            cwd=folder,
            env=inherited | own,
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

    def alive(self):
        return self._process.poll() is None

    def stop(self):
        if self._process.stdin.closed:
            return
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
