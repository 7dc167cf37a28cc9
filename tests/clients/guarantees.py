"""Guarantees: what is seen of writes by who reads beside them, and after the server is gone."""

import asyncio
import contextlib
import shutil
import tempfile
import unittest
from pathlib import Path

import stores
from node import LOOP, Blocking, Case, Node, both, everything, ids, rows
from proofs import proves

BATCHES = 40
OF_A_BATCH = 5
READERS = 2
BY_ID = {"rank_by": ("id", "asc"), "limit": 100, "include_attributes": ["n"]}
EVENTUAL = {"level": "eventual", "max_staleness_seconds": 1}


@both
class Beside:
    """A writer writes one number into all documents, then the next, while others read."""

    def setUp(self):
        self.ns = self.fresh()
        self.begun = self.done = 0
        self.ns.write(upsert_rows=self.batch(0))

    @staticmethod
    def batch(number):
        return [{"id": id, "n": number} for id in range(OF_A_BATCH)]

    async def writes(self):
        for number in range(1, BATCHES + 1):
            self.begun = number
            await self.ns.later("write", upsert_rows=self.batch(number))
            self.done = number

    def whole(self, answer):
        """The number that all documents have."""
        self.assertEqual(ids(answer), list(range(OF_A_BATCH)))
        (number,) = {row["n"] for row in rows(answer)}
        return number

    def beside(self, *readers):
        """Lets all of them read for as long as there are writes, and tells how often each has."""

        async def reads(reader):
            times = 0
            while self.done < BATCHES:
                await reader()
                times += 1
            return times

        async def all_of_them():
            _, *times = await asyncio.gather(self.writes(), *map(reads, readers))
            return times

        for times in LOOP.run_until_complete(all_of_them()):
            self.assertGreater(times, 0)

    @proves("6.2", "a write is one batch", "a strong query sees what was acknowledged")
    @proves("6.2", "what is not indexed is searched")
    def test_a_strong_query_beside_a_writer_sees_whole_batches_and_the_last(self):
        async def reader():
            least = self.done
            number = self.whole(await self.ns.later("query", **BY_ID))
            self.assertIn(number, range(least, self.begun + 1))

        self.beside(*[reader] * READERS)

    @proves("3.1", "consistency: eventual", "max_staleness_seconds")
    @proves("6.2", "a write is one batch")
    @proves("6.2", "an eventual query sees what was the newest a moment ago")
    def test_an_eventual_query_beside_a_writer_sees_whole_batches_and_never_an_older_one(self):
        def another():
            seen = [0]

            async def reader():
                answer = await self.ns.later("query", **BY_ID, consistency=EVENTUAL)
                seen.append(self.whole(answer))
                self.assertIn(seen[-1], range(seen[-2], self.begun + 1))

            return reader

        self.beside(*[another() for _ in range(READERS)])
        # And in the end the last.
        self.assertEqual(everything(self.ns), self.batch(BATCHES))

    @proves("3.9", "one snapshot")
    @proves("6.2", "several queries see one moment")
    def test_several_queries_beside_a_writer_see_one_moment(self):
        def another(consistency):
            async def reader():
                counted = {"aggregate_by": {"n": ("Sum", "n")}}
                backwards = BY_ID | {"rank_by": ("id", "desc")}
                answer = await self.ns.later(
                    "multi_query", queries=[BY_ID, counted, backwards], consistency=consistency
                )
                first, total, last = answer.results
                number = self.whole(first)
                self.assertEqual(total.aggregations, {"n": number * OF_A_BATCH})
                self.assertEqual(rows(last), rows(first)[::-1])

            return reader

        self.beside(another({"level": "strong"}), another(EVENTUAL))

    @proves("6.2", "conditional writes have one order")
    def test_of_those_who_count_at_once_each_counts(self):
        counted = []

        async def counts():
            for _ in range(BATCHES // READERS):
                while True:
                    answer = await self.ns.later("query", **BY_ID)
                    last = answer.rows[0]["n"]
                    written = await self.ns.later(
                        "write",
                        upsert_rows=[{"id": 0, "n": last + 1}],
                        upsert_condition=("n", "Eq", last),
                    )
                    if written.rows_affected:
                        break
                counted.append(last + 1)

        async def all_of_them():
            await asyncio.gather(*[counts() for _ in range(READERS)])

        LOOP.run_until_complete(all_of_them())
        self.assertEqual(sorted(counted), list(range(1, BATCHES + 1)))

    @proves("6.2", "deletes are immediate")
    def test_what_was_deleted_is_seen_by_nobody(self):
        for id in range(OF_A_BATCH):
            self.ns.write(deletes=[id])
            self.assertEqual(ids(self.ns.query(**BY_ID)), list(range(id + 1, OF_A_BATCH)))
            counted = self.ns.query(aggregate_by={"n": ("Count",)})
            self.assertEqual(counted.aggregations, {"n": OF_A_BATCH - id - 1})


class After(Case):
    @proves("6.2", "what was acknowledged outlives the server")
    def test_what_was_acknowledged_is_there_after_the_server_was_killed(self):
        folder = tempfile.mkdtemp(prefix="elacsym-clients-kept-")
        self.addCleanup(shutil.rmtree, folder)
        kept = {"ELACSYM_STORAGE_PATH": str(Path(folder) / "data")}
        documents = [{"id": id, "a": f"row {id}"} for id in range(20)]
        for part in (documents[:7], documents[7:15], documents[15:]):
            node = Node(store=stores.LOCAL, **kept)
            with contextlib.closing(Blocking.connected(node)) as client:
                ns = client.namespace("kept")
                ns.write(upsert_rows=part)
                read = everything(ns)
            node.stop()
            self.assertEqual(read, documents[: part[-1]["id"] + 1])


if __name__ == "__main__":
    unittest.main()
