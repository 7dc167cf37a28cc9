"""Where a node of the tests keeps what it has: memory, a local folder, or a bucket of MinIO.

`ELACSYM_CLIENTS_STORE` says which, for a whole run (`scripts/clients`). No client may be able to tell
them apart.
"""

import atexit
import functools
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

LOCAL, MEMORY = "local", "memory"
CHOSEN = os.environ.get("ELACSYM_CLIENTS_STORE", LOCAL)
ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30
STARTS_MAX = 5


def settings(kind, folder):
    """What tells a node of its store; `folder` is its own."""
    if kind == LOCAL:
        return {"ELACSYM_STORAGE_PATH": str(folder / "data")}
    if kind == MEMORY:
        return {"ELACSYM_STORAGE_URL": "memory://"}
    return {
        "ELACSYM_STORAGE_URL": f"s3://test/{folder.name}",
        "AWS_ENDPOINT_URL": minio(),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "testtest123",
        "AWS_REGION": "us-east-1",
    }


@functools.cache
def minio():
    """The address of a MinIO that ends with this process."""
    for _ in range(STARTS_MAX):
        folder = tempfile.mkdtemp(prefix="elacsym-clients-minio-")
        # Somebody may take it in between: the next one is another.
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        start = [ROOT / "scripts" / "minio", "start", folder, str(port)]
        process = subprocess.Popen(
            [ROOT / "scripts" / "leash", folder, *start],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        atexit.register(stop, process)
        address = f"http://127.0.0.1:{port}"
        if is_ready(address, process):
            return address
        stop(process)
    raise RuntimeError("MinIO does not start; try: scripts/minio install")


def is_ready(address, process):
    overdue = time.monotonic() + START_SECONDS
    while time.monotonic() < overdue and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/minio/health/ready"):
                return True
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    return False


def stop(process):
    process.stdin.close()
    process.wait()
