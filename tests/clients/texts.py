"""Texts: BM25 by its formula over plain rows, and what each setting of the full text search does."""

import random
import unittest

import turbopuffer

from node import both, ids
from proofs import proves
from truth import Texts, agrees, words

LANGUAGES = (
    "arabic danish dutch english finnish french german greek hungarian italian norwegian portuguese "
    "romanian russian spanish swedish tamil turkish"
).split()
WITHOUT_STOP_WORDS = "arabic greek romanian tamil turkish".split()
# Of turbopuffer's library, alyze.
ENGLISH_STOP_WORDS = (
    "a an and are as at be but by for if in into is it no not of on or such that the their then there "
    "these they this to was will with"
)
# Some that Snowball has beside them.
NO_STOP_WORDS = "i we myself from has very what been"
VOCABULARY = "walrus tusk ice sea whale seal cold fish swim deep dive north".split()


def corpus(count=90, longest=14):
    """Texts of common and rare words; some documents have none."""
    dice = random.Random(count)
    weights = [1 / (at + 1) for at in range(len(VOCABULARY))]
    rows = []
    for id in range(count):
        length = dice.randrange(longest)
        rows.append({"id": id, "group": id % 5})
        if length or id % 2:
            rows[-1]["text"] = " ".join(dice.choices(VOCABULARY, weights, k=length))
    return rows


def tokens(rows, name="text"):
    return {row["id"]: words(row[name]) for row in rows if row.get(name) is not None}


@both
class Analysis:
    def texts(self, rows, **settings):
        """A namespace of these rows, written in several requests."""
        ns = self.fresh()
        schema = {"text": {"type": "string", "full_text_search": settings or True}}
        for start in range(0, len(rows), 16):
            ns.write(schema=schema, upsert_rows=rows[start : start + 16])
        return ns

    def analysed(self, settings, text, kind="string"):
        """A namespace of one text, and of another so that it is no rule without an exception."""
        ns = self.fresh()
        schema = {"text": {"type": kind, "full_text_search": settings}}
        other = ["zebra"] if kind.startswith("[]") else "zebra"
        ns.write(
            schema=schema,
            upsert_rows=[{"id": 1, "text": text}, {"id": 2, "text": other}, {"id": 3}],
        )
        return ns

    def has(self, ns, token, which="ContainsAllTokens"):
        """Whether the text has a token, by either way of asking."""
        told = ids(ns.query(rank_by=("id", "asc"), limit=9, filters=("text", which, token)))
        ranked = ids(ns.query(rank_by=("text", "BM25", token), limit=9))
        self.assertEqual(told, ranked, token)
        return 1 in told

    @proves("3.2", "BM25", "ties by id")
    @proves("3.3", "$dist of a ranking by score")
    @proves("11", "all rankings")
    def test_texts_are_ranked_by_bm25(self):
        rows = corpus()
        ns, truth = self.texts(rows), Texts(tokens(rows))
        for question in ["walrus", "Whale SEAL", "north dive deep", "nothing", "sea nothing"]:
            with self.subTest(question):
                found = ns.query(rank_by=("text", "BM25", question), limit=1000)
                agrees(self, found, truth.scores(words(question)))
                some = ns.query(rank_by=("text", "BM25", question), limit=7)
                agrees(self, some, truth.scores(words(question)), limit=7)

    @proves("3.2", "BM25")
    def test_a_filter_leaves_the_statistics_alone(self):
        rows = corpus()
        ns, truth = self.texts(rows), Texts(tokens(rows))
        found = ns.query(
            rank_by=("text", "BM25", "ice fish"), limit=1000, filters=("group", "Eq", 2)
        )
        scores = truth.scores(["ice", "fish"])
        agrees(self, found, {id: score for id, score in scores.items() if id % 5 == 2})

    @proves("3.2", "BM25")
    def test_what_was_deleted_or_replaced_counts_no_more(self):
        rows = corpus()
        ns = self.texts(rows)
        ns.write(deletes=list(range(0, 90, 3)))
        new = [{"id": id, "group": 0, "text": "north north whale"} for id in range(1, 90, 9)]
        ns.write(upsert_rows=new)
        left = {row["id"]: row for row in rows if row["id"] % 3} | {row["id"]: row for row in new}
        truth = Texts(tokens(left.values()))
        for question in ["north", "whale ice"]:
            found = ns.query(rank_by=("text", "BM25", question), limit=1000)
            agrees(self, found, truth.scores(words(question)))

    @proves("3.2", "the k3 of a repeated word")
    @proves("4.3", "k1", "b", "k3")
    def test_the_weights_are_those_of_the_schema(self):
        rows = corpus()
        for settings in [{"k1": 0.5}, {"b": 0.0}, {"b": 1.0}, {"k1": 2.0, "b": 0.3, "k3": 1.0}]:
            with self.subTest(settings):
                ns, truth = self.texts(rows, **settings), Texts(tokens(rows), **settings)
                for question in ["sea sea sea whale", "tusk"]:
                    found = ns.query(rank_by=("text", "BM25", question), limit=1000)
                    agrees(self, found, truth.scores(words(question)))
        for refused in [{"k1": 0}, {"b": 1.5}, {"b": -0.1}, {"k3": 0}, {"max_token_length": 255}]:
            schema = {"text": {"type": "string", "full_text_search": refused}}
            (name,) = refused
            row = {"upsert_rows": [{"id": 1, "text": "x"}]}
            self.invalid(name, self.fresh().write, schema=schema, **row)

    @proves("3.2", "BM25 of a list")
    @proves("1.5", "BM25 of a list over words", "BM25 of a text over tokens")
    @proves("4.3", "tokenizer: pre_tokenized_array")
    def test_tokens_may_be_given_as_they_are(self):
        ns = self.fresh()
        rows = [
            {"id": 1, "content": ["New York", "new", "york"], "text": "new york"},
            {"id": 2, "content": ["new", "new", "jersey"], "text": "new"},
            {"id": 3, "content": []},
            {"id": 4},
        ]
        schema = {
            "content": {
                "type": "[]string",
                "full_text_search": {"tokenizer": "pre_tokenized_array"},
            },
            "text": {"type": "string", "full_text_search": True},
        }
        ns.write(schema=schema, upsert_rows=rows)
        truth = Texts({row["id"]: row["content"] for row in rows if "content" in row})
        for question in [["New York"], ["new", "york"], ["New"], []]:
            with self.subTest(question):
                found = ns.query(rank_by=("content", "BM25", question), limit=9)
                agrees(self, found, truth.scores(question))
        for told, asked in [
            ('for rank_by field "content", expecting []string', ("content", "BM25", "new")),
            (
                "invalid input '[new, york]' for rank_by field \"text\", expecting string",
                ("text", "BM25", ["new", "york"]),
            ),
        ]:
            self.refused(turbopuffer.BadRequestError, told, ns.query, rank_by=asked, limit=1)
        for settings in [
            {"language": "german"},
            {"stemming": True},
            {"remove_stopwords": True},
            {"case_sensitive": False},
        ]:
            settings["tokenizer"] = "pre_tokenized_array"
            schema = {"other": {"type": "[]string", "full_text_search": settings}}
            with self.subTest(settings):
                self.invalid("pre_tokenized_array", ns.write, schema=schema)

    @proves("3.2", "BM25 with last_as_prefix")
    def test_the_last_word_may_be_the_beginning_of_one(self):
        rows = corpus()
        ns, truth = self.texts(rows), Texts(tokens(rows))
        for question, prefix in [("wh", "wh"), ("ice se", "se"), ("sea s", "s"), ("ice zz", "zz")]:
            whole = words(question)[:-1]
            scores = {}
            for id, own in truth.tokens.items():
                begins = any(token.startswith(prefix) for token in own)
                scores[id] = truth.score(id, whole) + (1.0 if begins else 0.0)
            with self.subTest(question):
                found = ns.query(
                    rank_by=("text", "BM25", question, {"last_as_prefix": True}), limit=1000
                )
                agrees(self, found, {id: score for id, score in scores.items() if score})

    @proves("4.3", "index_prefixes")
    def test_beginnings_are_found_whether_they_are_said_to_be_indexed_or_not(self):
        rows, prefix = corpus(), {"last_as_prefix": True}
        usual = self.texts(rows)
        for said in (False, True):
            ns = self.texts(rows, index_prefixes=said)
            self.assertEqual(ns.schema()["text"].to_dict(), usual.schema()["text"].to_dict())
            for asked in [
                {"rank_by": ("text", "BM25", "ice wh", prefix)},
                {"rank_by": ("id", "asc"), "filters": ("text", "ContainsAllTokens", "se", prefix)},
            ]:
                found, expected = ns.query(**asked, limit=1000), usual.query(**asked, limit=1000)
                self.assertEqual(found.rows, expected.rows)
                self.assertTrue(found.rows)
        schema = {"text": {"type": "string", "full_text_search": {"index_prefixes": "yes"}}}
        self.invalid("index_prefixes", usual.write, schema=schema)

    @proves("3.2", "a question without words", "a question of more than 8,192 characters")
    @proves("3.4", "an operand without words")
    @proves("6.1", "8,192 characters of a question")
    def test_a_question_without_words_finds_nothing(self):
        ns = self.texts(corpus(), remove_stopwords=True)
        for question in ["", " ", "!?", "the of and"]:
            with self.subTest(question):
                self.assertEqual(ids(ns.query(rank_by=("text", "BM25", question), limit=9)), [])
                for word in ("ContainsAllTokens", "ContainsAnyToken", "ContainsTokenSequence"):
                    asked = {
                        "rank_by": ("id", "asc"),
                        "limit": 9,
                        "filters": ("text", word, question),
                    }
                    self.assertEqual(ids(ns.query(**asked)), [])
        longest = "sea " * 2048
        self.assertTrue(ns.query(rank_by=("text", "BM25", longest), limit=1).rows)
        too_long = {"rank_by": ("text", "BM25", longest + "x"), "limit": 1}
        self.refused(turbopuffer.BadRequestError, "8192", ns.query, **too_long)

    @proves("3.4", "ContainsAllTokens", "ContainsAnyToken", "ContainsTokenSequence")
    @proves("3.4", "last_as_prefix of tokens")
    @proves("11", "all filters with their null rules")
    def test_filters_look_for_words(self):
        rows = corpus()
        ns = self.texts(rows)
        own = tokens(rows)

        def runs(held, asked):
            last = len(held) - len(asked) + 1
            return any(held[at : at + len(asked)] == asked for at in range(last))

        def begins(held, asked):
            *whole, prefix = asked
            return [token in held for token in whole] + [
                any(token.startswith(prefix) for token in held)
            ]

        prefix = {"last_as_prefix": True}
        for question in ["sea", "sea ice", "Ice Sea", "walrus nothing", "whale whale", "tusk se"]:
            asked = words(question)
            for test, holds in [
                (("ContainsAllTokens", question), lambda held: set(asked) <= set(held)),
                (("ContainsAnyToken", question), lambda held: bool(set(asked) & set(held))),
                (("ContainsTokenSequence", question), lambda held: runs(held, asked)),
                (("ContainsAllTokens", question, prefix), lambda held: all(begins(held, asked))),
                (("ContainsAnyToken", question, prefix), lambda held: any(begins(held, asked))),
            ]:
                with self.subTest(test):
                    found = ns.query(rank_by=("id", "asc"), limit=1000, filters=("text", *test))
                    self.assertEqual(ids(found), [id for id, held in own.items() if holds(held)])
                    rest = ns.query(
                        rank_by=("id", "asc"), limit=1000, filters=("Not", ("text", *test))
                    )
                    self.assertEqual(len(found.rows) + len(rest.rows), len(rows))

    @proves("3.4", "ContainsAllTokens", "ContainsAnyToken", "ContainsTokenSequence")
    @proves("4.3", "[]string of words", "tokenizer: pre_tokenized_array")
    def test_arrays_have_the_words_of_all_their_elements(self):
        ns = self.analysed(True, ["red fox", "old dog"], kind="[]string")
        for word, question, expected in [
            ("ContainsAllTokens", "fox old", True),
            ("ContainsAllTokens", "fox cat", False),
            ("ContainsAnyToken", "cat dog", True),
            ("ContainsTokenSequence", "red fox", True),
            ("ContainsTokenSequence", "fox old", False),
        ]:
            found = ids(ns.query(rank_by=("id", "asc"), limit=9, filters=("text", word, question)))
            self.assertEqual(found, [1] if expected else [], (word, question))
        self.assertEqual(ids(ns.query(rank_by=("text", "BM25", "dog red"), limit=9)), [1])
        given = self.analysed({"tokenizer": "pre_tokenized_array"}, ["a b", "c"], kind="[]string")
        for question, expected in [
            (["a b"], [1]),
            (["c", "a b"], [1]),
            (["a"], []),
            (["A b"], []),
        ]:
            asked = ("text", "ContainsAllTokens", question)
            self.assertEqual(
                ids(given.query(rank_by=("id", "asc"), limit=9, filters=asked)), expected
            )
        for question, expected in [(["a b", "c"], [1]), (["c", "a b"], [])]:
            asked = ("text", "ContainsTokenSequence", question)
            self.assertEqual(
                ids(given.query(rank_by=("id", "asc"), limit=9, filters=asked)), expected
            )

    @proves("4.3", "tokenizer: word_v4", "case_sensitive")
    def test_words_are_what_unicode_calls_words(self):
        ns = self.analysed(True, "Don't stop: 3.14, Größe; naïve-ish ПРИВЕТ!")
        for token in ["don't", "DON'T", "stop", "3.14", "größe", "GRÖẞE"]:
            self.assertTrue(self.has(ns, token), token)
        for token in ["naïve", "ish", "привет"]:
            self.assertTrue(self.has(ns, token), token)
        for token in ["don", "14", "grosse", "naive", "sto"]:
            self.assertFalse(self.has(ns, token), token)
        exact = self.analysed({"case_sensitive": True}, "The Walrus")
        self.assertTrue(self.has(exact, "Walrus"))
        self.assertFalse(self.has(exact, "walrus"))

    @proves("4.3", "tokenizer: older words")
    def test_older_tokenizers_know_words_too(self):
        for tokenizer in ["word_v0", "word_v1", "word_v2", "word_v3"]:
            with self.subTest(tokenizer):
                ns = self.analysed({"tokenizer": tokenizer}, "the quick brown fox 42")
                for token in ["quick", "FOX", "42"]:
                    self.assertTrue(self.has(ns, token), token)
                self.assertFalse(self.has(ns, "brow"))
        # Each ideograph is a word from the second version on, and a letter before.
        second = self.analysed({"tokenizer": "word_v2"}, "東京都")
        self.assertTrue(self.has(second, "京"))
        first = self.analysed({"tokenizer": "word_v1"}, "東京都")
        self.assertFalse(self.has(first, "京"))
        self.assertTrue(self.has(first, "東京都"))
        unknown = {"text": {"type": "string", "full_text_search": {"tokenizer": "word_v9"}}}
        self.invalid(
            "word_v9", self.fresh().write, schema=unknown, upsert_rows=[{"id": 1, "text": "x"}]
        )

    @proves("4.3", "stemming", "language")
    def test_words_may_be_cut_to_their_stems(self):
        ns = self.analysed({"stemming": True}, "running walruses")
        for token in ["run", "runs", "walrus", "Running"]:
            self.assertTrue(self.has(ns, token), token)
        plain = self.analysed(True, "running walruses")
        self.assertFalse(self.has(plain, "run"))
        for language, text, asked in [
            ("german", "Häuser", "Haus"),
            ("french", "chevaux", "cheval"),
            ("spanish", "corriendo", "correr"),
            ("russian", "книги", "книга"),
        ]:
            with self.subTest(language):
                ns = self.analysed({"stemming": True, "language": language}, text)
                self.assertTrue(self.has(ns, asked))
        unknown = {"text": {"type": "string", "full_text_search": {"language": "klingon"}}}
        self.invalid(
            "klingon", self.fresh().write, schema=unknown, upsert_rows=[{"id": 1, "text": "x"}]
        )

    @proves("4.3", "all 18 languages")
    def test_each_language_has_its_stems_and_stop_words(self):
        ns = self.fresh()

        def settings(language):
            has_list = language not in WITHOUT_STOP_WORDS
            return {"language": language, "stemming": True, "remove_stopwords": has_list}

        schema = {
            language: {"type": "string", "full_text_search": settings(language)}
            for language in LANGUAGES
        }
        row = dict.fromkeys(LANGUAGES, "walrus 42")
        ns.write(schema=schema, upsert_rows=[{"id": 1} | row, {"id": 2}])
        for language in LANGUAGES:
            told = ns.schema()[language].to_dict()["full_text_search"]
            self.assertEqual(told["language"], language)
            self.assertEqual(ids(ns.query(rank_by=(language, "BM25", "42"), limit=9)), [1])

    @proves("4.3", "remove_stopwords", "the 33 stop words of English in alyze", "language")
    def test_common_words_may_be_left_out(self):
        kept = self.analysed(True, "the walrus and the sea")
        self.assertTrue(self.has(kept, "the"))
        ns = self.analysed({"remove_stopwords": True}, "the walrus and the sea")
        self.assertFalse(self.has(ns, "the"))
        self.assertTrue(self.has(ns, "walrus"))
        # Where the contract says Snowball, its own library has Lucene's list for English.
        english = self.analysed({"remove_stopwords": True}, f"{ENGLISH_STOP_WORDS} {NO_STOP_WORDS}")
        self.assertFalse(self.has(english, ENGLISH_STOP_WORDS, "ContainsAnyToken"))
        for word in NO_STOP_WORDS.split():
            self.assertTrue(self.has(english, word), word)
        # What was left out has left its place, in the text as in the question.
        for question, expected in [("walrus and the sea", [1]), ("walrus sea", [])]:
            asked = ("text", "ContainsTokenSequence", question)
            self.assertEqual(ids(ns.query(rank_by=("id", "asc"), limit=9, filters=asked)), expected)
        german = self.analysed({"remove_stopwords": True, "language": "german"}, "und the")
        self.assertFalse(self.has(german, "und"))
        self.assertTrue(self.has(german, "the"))

    @proves("4.3", "ascii_folding", "max_token_length")
    def test_words_may_be_folded_and_are_left_out_when_they_are_long(self):
        ns = self.analysed({"ascii_folding": True}, "Crème brûlée")
        for token in ["creme", "BRULEE", "brûlée"]:
            self.assertTrue(self.has(ns, token), token)
        short = self.analysed({"max_token_length": 4}, "fish sea ééé whale")
        for token, expected in [("fish", True), ("sea", True), ("ééé", False), ("whale", False)]:
            self.assertEqual(self.has(short, token), expected, token)
        usual = self.analysed(True, f"{'x' * 39} {'y' * 40}")
        self.assertTrue(self.has(usual, "x" * 39))
        self.assertFalse(self.has(usual, "y" * 40))

    @proves("4.4", "full_text_search changes")
    def test_settings_change_under_texts_that_are_there(self):
        ns = self.analysed(True, "Running")
        self.assertFalse(self.has(ns, "run"))
        stem = {"text": {"type": "string", "full_text_search": {"stemming": True}}}
        ns.update_schema(schema=stem)
        self.assertTrue(self.has(ns, "run"))
        off = {"text": {"type": "string", "full_text_search": False}}
        ns.update_schema(schema=off)
        self.refused(
            turbopuffer.BadRequestError,
            "full_text_search",
            ns.query,
            rank_by=("text", "BM25", "run"),
            limit=1,
        )
        ns.update_schema(schema={"text": {"type": "string", "full_text_search": True}})
        self.assertTrue(self.has(ns, "running"))
        self.assertFalse(self.has(ns, "run"))


if __name__ == "__main__":
    unittest.main()
