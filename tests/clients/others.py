"""The other official clients: those of PyPI as they were, and that of npm.

Each has a suite of its own, which runs in a process of its own, and passes or fails here as one test.
"""

import os
import subprocess
import unittest
from pathlib import Path

from node import Asynchronous, Blocking, Case

HERE = Path(__file__).resolve().parent
OLDER = ["2.8.0", "1.21.0"]


class Others(Case):
    def passes(self, *command, **told):
        done = subprocess.run(
            [str(word) for word in command],
            cwd=HERE,
            env=os.environ | told,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.assertEqual(done.returncode, 0, done.stdout)

    def home(self):
        """Where `scripts/clients` has installed them."""
        home = os.environ.get("ELACSYM_CLIENTS_HOME")
        self.assertIsNotNone(home, "run them by scripts/clients")
        return Path(home)

    def test_clients_of_before_find_what_they_found(self):
        for version in OLDER:
            with self.subTest(version):
                python = self.home() / f"venv-{version}" / "bin" / "python"
                self.passes(python, HERE / "older" / "common.py")

    def test_the_client_of_npm_finds_the_same(self):
        suites = sorted((HERE / "typescript").glob("*.test.mjs"))
        self.assertTrue(suites)
        for way in (Blocking, Asynchronous):
            with self.subTest(way.__name__):
                self.passes("node", "--test", *suites, ELACSYM_CLIENTS_URL=way.node().url)


if __name__ == "__main__":
    unittest.main()
