"""A namespace that only the oracle knows, for its laws."""

from world import World


class Space:
    """A namespace of a world of its own."""

    def __init__(self, **first):
        self.world = World()
        self.write(**first)

    def ask(self, below, body):
        return self.world.ask({"method": "POST", "path": f"/v2/namespaces/n{below}", "body": body})

    def write(self, **body):
        expected = self.ask("", body)
        assert expected.told, expected.kind
        return expected.told[1]

    def rows(self, rank=("id", "asc"), **body):
        expected = self.ask("/query", {"rank_by": list(rank), "limit": 100} | body)
        assert expected.told, expected.kind
        return expected.told[1]["rows"]

    def ids(self, *args, **body):
        return [doc["id"] for doc in self.rows(*args, **body).page]

    def found(self, test):
        return self.ids(filters=test)

    def scores(self, rank):
        return {id: score for id, score in self.rows(rank).scores.items() if score}

    def refused(self, below, **body):
        expected = self.ask(below, body)
        return expected.kind
