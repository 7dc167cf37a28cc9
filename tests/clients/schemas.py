"""Schemas: what is declared, what is inferred, what changes and what never does."""

import unittest

import turbopuffer

from node import both, everything
from proofs import proves

FULL_TEXT = {
    "k1": 1.2,
    "k3": 8.0,
    "b": 0.75,
    "language": "english",
    "stemming": False,
    "max_token_length": 39,
    "remove_stopwords": False,
    "ascii_folding": False,
    "case_sensitive": False,
    "tokenizer": "word_v4",
}


def shape(schema):
    """A schema as it came, key by key: clients compare it so."""
    return {name: attribute.to_dict() for name, attribute in schema.items()}


def plain(kind, filterable=True, full_text=None):
    return {"type": kind, "filterable": filterable, "full_text_search": full_text}


@both
class Schemas:
    @proves("1.7", "schema", "metadata")
    @proves("2.1", "schema")
    @proves(
        "4.2",
        "a type alone",
        "type",
        "full_text_search",
        "filterable unless there is another index",
    )
    @proves("4.3", "true is all defaults")
    @proves("4.5", "schema, key by key", "metadata, key by key")
    @proves("11", "both shapes of a schema, both versions of metadata, changing them")
    def test_a_schema_is_told_in_two_shapes(self):
        ns = self.fresh()
        ns.write(
            distance_metric="cosine_distance",
            schema={
                "title": {"type": "string", "full_text_search": True},
                "tags": {"type": "[]string", "filterable": False},
                "words": {"type": "{}f16", "sparse_knn": {"distance_metric": "dot_product"}},
                "private": "bool",
            },
            upsert_rows=[{"id": 1, "vector": [0.1, 0.2], "title": "x", "private": True}],
        )
        sparse = {"sparse_knn": {"distance_metric": "dot_product"}}
        nothing = {"filterable": None, "full_text_search": None}
        alone = {
            "id": plain("uint", None),
            "title": plain("string", False, FULL_TEXT),
            "tags": plain("[]string", False),
            "words": {"type": "{}f16"} | sparse | nothing,
            "private": plain("bool"),
            "vector": {"type": "[2]f32", "ann": True} | nothing,
        }
        self.assertEqual(shape(ns.schema()), alone)
        self.assertEqual(
            shape(ns.metadata().schema_),
            {
                "id": {"type": "uint"},
                "title": {"type": "string", "filterable": False, "full_text_search": FULL_TEXT},
                "tags": {"type": "[]string", "filterable": False},
                "words": {"type": "{}f16"} | sparse,
                "private": {"type": "bool", "filterable": True},
                "vector": {"type": "[2]f32", "ann": {"distance_metric": "cosine_distance"}},
            },
        )

    @proves("4.1", "inference")
    def test_what_is_not_declared_is_inferred(self):
        ns = self.fresh()
        scalars = {"id": "a", "s": "x", "i": 1, "f": 0.5, "b": True}
        arrays = {"ss": ["x"], "is": [1], "fs": [1, 0.5]}
        nothing = {"unknown": None, "empty": []}
        ns.write(upsert_rows=[scalars | arrays | nothing])
        kinds = {name: attribute.type for name, attribute in ns.schema().items()}
        self.assertEqual(
            kinds,
            {
                "id": "string",
                "s": "string",
                "i": "int",
                "f": "float",
                "b": "bool",
                "ss": "[]string",
                "is": "[]int",
                "fs": "[]float",
            },
        )

    @proves("1.7", "update_schema")
    @proves("3.4", "what is not filterable")
    @proves("4.2", "filterable", "unknown options")
    @proves("4.4", "filterable changes", "attributes are added", "what is not named stays")
    def test_options_change_and_what_is_not_named_stays(self):
        ns = self.fresh()
        ns.write(upsert_rows=[{"id": 1, "a": "x", "b": 1}])
        by_a = {"rank_by": ("id", "asc"), "limit": 1, "filters": ("a", "Eq", "x")}
        hidden = {"a": {"type": "string", "filterable": False}, "c": "datetime"}
        after = shape(ns.update_schema(schema=hidden))
        expected = {
            "id": plain("uint", None),
            "a": plain("string", False),
            "b": plain("int"),
            "c": plain("datetime"),
        }
        self.assertEqual(after, expected)
        self.assertEqual(shape(ns.schema()), expected)
        self.refused(turbopuffer.BadRequestError, "not filterable", ns.query, **by_a)
        ns.write(schema={"a": {"type": "string", "filterable": True, "novelty": 7}})
        self.assertEqual(len(ns.query(**by_a).rows), 1)

    @proves("1.5", "a type that changes")
    @proves("4.4", "types, dimensions, metrics and the type of id stay")
    def test_a_type_never_changes(self):
        ns = self.fresh()
        ns.write(upsert_rows=[{"id": 1, "a": "x"}])
        before = shape(ns.schema())
        for ask in [
            lambda: ns.update_schema(schema={"a": "int"}),
            lambda: ns.write(schema={"a": "int"}, upsert_rows=[{"id": 2, "a": 1}]),
        ]:
            error = self.refused(
                turbopuffer.BadRequestError,
                "🙅 invalid schema update for attribute 'a': "
                "cannot change attribute type from string to int",
                ask,
            )
            self.assertEqual(error.body["attribute"], "a")
        ids = {"schema": {"id": "uuid"}}
        self.refused(turbopuffer.BadRequestError, "uint to uuid", ns.update_schema, **ids)
        self.assertEqual(shape(ns.schema()), before)
        self.assertEqual(everything(ns), [{"id": 1, "a": "x"}])

    @proves("4.2", "drop")
    @proves("4.4", "attributes are dropped")
    def test_an_attribute_that_is_dropped_takes_its_values_along(self):
        ns = self.fresh()
        ns.write(upsert_rows=[{"id": 1, "a": "x", "b": 1}])
        ns.update_schema(schema={"a": {"drop": True}})
        self.assertEqual(everything(ns), [{"id": 1, "b": 1}])
        # Another attribute, of the same name.
        ns.write(schema={"a": "int"}, upsert_rows=[{"id": 2, "a": 7, "b": 2}])
        self.assertEqual(everything(ns), [{"id": 1, "b": 1}, {"id": 2, "a": 7, "b": 2}])

    @proves(
        "1.5",
        "a vector without a metric",
        "a vector in the schema without ann",
        "a metric that differs",
    )
    @proves(
        "4.4",
        "types, dimensions, metrics and the type of id stay",
        "no vector is added later",
    )
    def test_a_vector_says_how_it_is_measured_before_the_first_document(self):
        vector = {"upsert_rows": [{"id": 1, "vector": [0.1, 0.2]}]}
        ann = {"type": "[2]f32", "ann": True}
        late = {"late": {"type": "[][2]f32", "ann": {"late_interaction": True}}}
        for told, asked in [
            ("distance_metric must be specified", vector),
            ("distance_metric must be specified", {"upsert_rows": [{"id": 1}], "schema": late}),
            ("`ann` set to `true`", vector | {"schema": {"vector": "[2]f32"}}),
            ("must have ann:true", vector | {"schema": {"other": "[2]f32"}}),
        ]:
            with self.subTest(told):
                ns = self.fresh()
                self.refused(turbopuffer.BadRequestError, told, ns.write, **asked)
                self.assertFalse(ns.exists())
        ns = self.fresh()
        ns.write(distance_metric="cosine_distance", **vector)
        for told, asked in [
            ("expected cosine_distance, got euclidean", {"distance_metric": "euclidean_squared"}),
            ("first document", {"schema": {"other": ann}}),
            ("from [2]f32 to [3]f32", {"schema": {"vector": {"type": "[3]f32", "ann": True}}}),
        ]:
            with self.subTest(told):
                self.refused(turbopuffer.BadRequestError, told, ns.write, **asked)

    @proves(
        "4.2", "regex", "glob", "fuzzy", "filterable", "full_text_search", "ann.distance_metric"
    )
    @proves("4.5", "schema, key by key", "metadata, key by key", "full_text_search: false is null")
    def test_options_are_told_where_they_are_set(self):
        ns = self.fresh()
        cosine = {"distance_metric": "cosine_distance"}
        weights = {"tokenizer": "word_v3", "k1": 0.5, "stemming": True, "case_sensitive": True}
        ns.write(
            schema={
                "id": {"type": "string"},
                "searched": {"type": "string", "regex": True},
                "globbed": {"type": "string", "glob": True, "filterable": True},
                "loose": {"type": "[]string", "fuzzy": True},
                "text": {"type": "[]string", "full_text_search": weights},
                "off": {"type": "string", "full_text_search": False, "regex": False},
                "vector": {"type": "[2]f16", "ann": cosine},
                "late": {"type": "[][2]f32", "ann": {"late_interaction": True} | cosine},
                "flag": {"type": "bool", "filterable": False},
            },
            upsert_rows=[{"id": "a", "vector": [0.5, 1.5], "late": None}],
        )
        nothing = {"filterable": None, "full_text_search": None}
        text = FULL_TEXT | weights
        schema = shape(ns.schema())
        late = schema.pop("late")
        self.assertEqual((late["type"], bool(late["ann"])), ("[][2]f32", True))
        self.assertEqual(
            schema,
            {
                "id": plain("string", None),
                "searched": plain("string", False) | {"regex": True},
                "globbed": plain("string", True) | {"glob": True},
                "loose": plain("[]string", False) | {"fuzzy": True},
                "text": plain("[]string", False, text),
                "off": plain("string"),
                "vector": {"type": "[2]f16", "ann": True} | nothing,
                "flag": plain("bool", False),
            },
        )
        told = shape(ns.metadata().schema_)
        self.assertEqual(told["vector"], {"type": "[2]f16", "ann": cosine})
        self.assertEqual(told["off"], {"type": "string", "filterable": True})
        self.assertEqual(told["searched"], {"type": "string", "filterable": False, "regex": True})
        ns.update_schema(schema={"text": {"type": "[]string", "full_text_search": False}})
        self.assertIsNone(shape(ns.schema())["text"]["full_text_search"])
        self.assertNotIn("full_text_search", shape(ns.metadata().schema_)["text"])

    @proves("4.2", "ann.distance_metric")
    def test_two_metrics_at_once_must_be_one(self):
        ann = {"type": "[2]f32", "ann": {"distance_metric": "cosine_distance"}}
        self.refused(
            turbopuffer.BadRequestError,
            "metric",
            self.fresh().write,
            distance_metric="euclidean_squared",
            schema={"vector": ann},
            upsert_rows=[{"id": 1, "vector": [0.5, 1.5]}],
        )

    @proves("4.2", "type", "drop", "full_text_search", "regex", "fuzzy", "sparse_knn")
    def test_an_option_is_for_some_types(self):
        row = {"upsert_rows": [{"id": 1}]}
        for odd in [
            {"type": "int", "full_text_search": True},
            {"type": "int", "regex": True},
            {"type": "bool", "fuzzy": True},
            {"type": "{}f16", "filterable": True},
            {"type": "string", "ann": True},
            {"type": "string", "drop": True},
            "strings",
            "[0]f32",
            "[10753]f32",
            "[2]f64",
            {"type": "{}f16", "sparse_knn": {"distance_metric": "cosine_distance"}},
        ]:
            with self.subTest(odd):
                self.invalid("", self.fresh().write, schema={"a": odd}, **row)
        ns = self.fresh()
        ns.write(**row, schema={"a": "string"})
        self.invalid("", ns.update_schema, schema={"id": {"drop": True}})
        # It is read as an attribute by that name.
        self.invalid("", ns.update_schema, schema={"schema": {"b": "string"}})


if __name__ == "__main__":
    unittest.main()
