"""What a score means, worked out over plain rows in double precision, and how answers agree with it."""

import math
import re
import struct

NEAR = 1e-5
WORD = re.compile(r"[0-9a-z]+")


def single(number):
    """A number as a `$dist` has it."""
    return struct.unpack("<f", struct.pack("<f", number))[0]


def words(text):
    """The tokens of a text of plain words and blanks, which every tokenizer sees alike."""
    return WORD.findall(text.lower())


class Texts:
    """BM25 over the texts of all living documents: `{id: tokens}`, those without a value left out."""

    def __init__(self, tokens, k1=1.2, b=0.75, k3=8.0):
        self.tokens = tokens
        self.k1, self.b, self.k3 = k1, b, k3
        self.average = sum(map(len, tokens.values())) / max(1, len(tokens))

    def rarity(self, token):
        count, held = len(self.tokens), sum(token in own for own in self.tokens.values())
        return math.log(1 + (count - held + 0.5) / (held + 0.5))

    def score(self, id, question):
        """How well the text of a document answers the tokens of a question."""
        own = self.tokens.get(id, [])
        return math.fsum(
            self._part(own, token, question.count(token)) for token in dict.fromkeys(question)
        )

    def _part(self, own, token, asked):
        often = own.count(token)
        if not often:
            return 0.0
        length = 1 - self.b + self.b * len(own) / self.average
        saturated = often * (self.k1 + 1) / (often + self.k1 * length)
        return self.rarity(token) * saturated * asked * (self.k3 + 1) / (asked + self.k3)

    def scores(self, question):
        """Of those that any word of it is in."""
        found = {id: self.score(id, question) for id in self.tokens}
        return {id: score for id, score in found.items() if score}


def agrees(case, found, truth, limit=10_000):
    """The rows of an answer are the best of these scores, the highest first and ties by id.

    Two scores that are nearer than a `$dist` can tell may stand in either order.
    """
    best = sorted(truth.values(), reverse=True)[:limit]
    case.assertEqual(len(found.rows), len(best))
    told = [(row["$dist"], row.id) for row in found.rows]
    case.assertEqual(told, sorted(told, key=lambda each: (-each[0], each[1])))
    case.assertEqual(len({id for _, id in told}), len(told))
    for (score, id), wanted in zip(told, best):
        close(case, score, wanted)
        close(case, score, truth[id])


def close(case, told, wanted):
    case.assertAlmostEqual(told, wanted, delta=NEAR * max(1, abs(wanted)))
