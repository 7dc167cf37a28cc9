"""Writes: the first of a namespace, and those after it, each verb of them."""

import draw_schemas as schemas
import draw_values as values
from draw_filters import Filters
from namespace import Namespace, read_document, rows_of
from schema import Schema
from values import is_vector

VERBS = (
    [
        "upsert_rows",
        "upsert_columns",
        "patch_rows",
        "patch_columns",
        "deletes",
        "delete_by_filter",
        "patch_by_filter",
    ]
    + ["upsert_condition", "patch_condition", "delete_condition", "schema", "return_affected_ids"]
    + ["create_namespace"]
)
# What stands beside what else in one request.
BESIDE = (
    "schema and rows",
    "schema and a filter",
    "schema and a condition",
    "a filter on what is brought",
    "a condition on what is brought",
    "a condition on the first rows",
    "patched twice",
)
# In this order: documents are asked under the schema that the request leaves behind.
DRAWN = ("schema", "upsert", "patch", "deletes", "delete_by_filter", "patch_by_filter")
ROWS_MAX = 12
DOCUMENTS_MAX = 60


class Writes:
    def __init__(self, dice, plan, namespace, tags):
        self.dice = dice
        self.plan = plan
        self.namespace = namespace
        self.tags = tags
        # Each id stands once in a request, however it is spelt.
        self.used = set()
        # Attributes that the rows of this request bring, by their types.
        self.brought = {}

    def verb(self, word):
        self.tags.append(f"write:{word}")

    def id(self):
        """An id that this request has not named: half of them are there, as far as there are
        any."""
        for _ in range(20):
            there = list(self.namespace.docs) if self.namespace else []
            id_type = self.plan.id_type
            id = (
                self.dice.choice(there)
                if there and self.dice.chance(0.5)
                else values.any_id(self.dice, id_type)
            )
            key = id.lower() if id_type == "uuid" else id
            if key not in self.used:
                self.used.add(key)
                return id
        return None

    def beside(self, word):
        self.tags.append(f"beside:{word}")

    def left_behind(self, body):
        """The namespace under the schema that this much of a request leaves, its documents as they
        were but for what is dropped."""
        schema = self.namespace.schema.copy() if self.namespace else Schema()
        schema.set_metric(body.get("distance_metric", self.plan.metric))
        schema.declare(body.get("schema", {}))
        for row in rows_of(body, "upsert"):
            read_document(schema, row)
        docs = self.namespace.docs if self.namespace else {}
        return Namespace(schema, schema.without_dropped(docs))

    def ids(self, most):
        self.tags.append(f"id:{self.plan.id_type}")
        drawn = [self.id() for _ in range(self.dice.randint(1, most))]
        return [id for id in drawn if id is not None]

    def attributes(self):
        """What a document may have: what is known, and what an upsert may yet bring."""
        if self.namespace:
            known = dict(self.namespace.schema.attributes)
        else:
            schema = Schema()
            schema.set_metric(self.plan.metric)
            schema.declare(self.plan.schema)
            known = dict(schema.attributes)
        late = self.namespace is not None
        more = dict(self.plan.left)
        if late and self.dice.chance(0.4):
            more |= self.dice.choice(
                [{name: kind} for name, kind in schemas.PLAIN.items() if kind in schemas.INFERRED]
            )
        for name, kind in more.items():
            if name not in known and not (late and is_vector(kind)):
                known[name] = schemas.attribute(kind)
        return known

    def row(self, id, known, least=0.75):
        row = {"id": id}
        told = self.namespace.schema.attributes if self.namespace else self.plan.schema
        for name, one in known.items():
            left_out = not self.dice.chance(least)
            # Of a vector it has to be said that there is none.
            if left_out and not is_vector(one.kind):
                continue
            if left_out or self.dice.chance(0.08):
                if is_vector(one.kind):
                    self.tags.append("vector:null")
                row[name] = None
                continue
            value = values.value(self.dice, one, self.plan.pools, self.plan.longest)
            # An empty list tells no type.
            if value == [] and name not in told:
                continue
            row[name] = value
        return row

    def patch_of(self, id, known):
        """A row that changes something: of one that names nothing, nobody says whether it is
        counted."""
        row = self.row(id, known, 0.3)
        if len(row) == 1:
            row[self.dice.choice(list(known))] = None
        return row

    def rows(self, verb, most=ROWS_MAX):
        """{"…_rows": […]} or {"…_columns": {…}}"""
        if verb == "upsert":
            known = self.attributes()
        else:
            known = self.namespace.schema.attributes
            known = {name: one for name, one in known.items() if not is_vector(one.kind)}
        if verb == "patch":
            drawn = [self.patch_of(id, known) for id in self.ids(most)]
        else:
            drawn = [self.row(id, known) for id in self.ids(most)]
        if self.dice.chance(0.7):
            self.verb(f"{verb}_rows")
            return {f"{verb}_rows": drawn}
        self.verb(f"{verb}_columns")
        names = dict.fromkeys(name for row in drawn for name in row)
        return {
            f"{verb}_columns": {name: [row.get(name) for row in drawn] for name in names or ["id"]}
        }

    def first(self):
        body = {"schema": self.plan.schema} if self.plan.schema else {}
        if self.plan.metric and self.plan.named:
            body["distance_metric"] = self.plan.metric
        if "id" in self.plan.schema and self.dice.chance(0.6):
            self.verb("create_namespace")
            body["create_namespace"] = True
            if self.dice.chance(0.5) and not self.plan.left.get("vector"):
                return body
        if "vector" in self.plan.left:
            # The set of vector columns is fixed by this request: one row must bring it.
            drawn = self.row(self.id(), self.attributes(), least=1)
            drawn["vector"] = values.eighths(self.dice, values.dims_of(self.plan.left["vector"]))
            return body | {"upsert_rows": [drawn]}
        body |= self.rows("upsert", 20)
        if self.dice.chance(0.3):
            self.namespace = self.left_behind(body)
            self.beside("a condition on the first rows")
            body |= self.condition("upsert")
        return body

    def condition(self, verb):
        self.verb(f"{verb}_condition")
        dice = self.dice
        if dice.chance(0.15):
            return {f"{verb}_condition": ["id", "Eq", None]}
        if self.brought and dice.chance(0.7):
            self.beside("a condition on what is brought")
            name = dice.choice(list(self.brought))
            word = dice.choice(["Eq", "NotEq"])
            return {f"{verb}_condition": [name, word, {"$ref_new": name}]}
        return {
            f"{verb}_condition": Filters(dice, self.namespace, self.tags, conditions=True).draw(1)
        }

    def draw(self):
        dice, body = self.dice, {}
        full = len(self.namespace.docs) >= DOCUMENTS_MAX
        verbs = [
            "upsert",
            "upsert",
            "patch",
            "deletes",
            "delete_by_filter",
            "patch_by_filter",
            "schema",
        ]
        drawn = dice.sample(verbs[full * 2 :], dice.choice([1, 1, 2, 2, 3]))
        if "patch_by_filter" in drawn and dice.chance(0.6):
            drawn.append("patch")
        for verb in sorted(set(drawn), key=DRAWN.index):
            body |= getattr(self, verb)()
        for verb, words in (
            ("upsert", ("upsert_rows", "upsert_columns")),
            ("patch", ("patch_rows", "patch_columns")),
            ("delete", ("deletes",)),
        ):
            likely = 0.6 if "schema" in body or self.brought else 0.3
            if any(word in body for word in words) and dice.chance(likely):
                body |= self.condition(verb)
        twice = "patch_by_filter" in body and {"patch_rows", "patch_columns"} & set(body)
        if dice.chance(0.9 if twice else 0.4):
            self.verb("return_affected_ids")
            body["return_affected_ids"] = True
        if self.plan.metric and dice.chance(0.2):
            body["distance_metric"] = self.plan.metric
        if set(body) <= {"upsert_rows", "upsert_columns", "deletes"} and dice.chance(0.1):
            body["disable_backpressure"] = True
        if dice.chance(0.03):
            # It is there, so that says nothing.
            self.verb("create_namespace")
            body["create_namespace"] = True
        if "schema" in body:
            self.beside_schema(body)
        return body

    def beside_schema(self, body):
        for what, ends in (
            ("rows", ("_rows", "_columns")),
            ("a filter", ("_filter",)),
            ("a condition", ("_condition",)),
        ):
            if any(word.endswith(ends) for word in body):
                self.beside(f"schema and {what}")

    def upsert(self):
        body = self.rows("upsert")
        before = self.namespace.schema.attributes
        self.namespace = self.left_behind(body)
        after = self.namespace.schema.attributes
        self.brought = {name: one.kind for name, one in after.items() if name not in before}
        return body

    def patch(self):
        return self.rows("patch", 6)

    def deletes(self):
        self.verb("deletes")
        return {"deletes": self.ids(4)}

    def filters(self):
        if self.brought and self.dice.chance(0.9):
            self.beside("a filter on what is brought")
            return [self.dice.choice(list(self.brought)), "Eq", None]
        return Filters(self.dice, self.namespace, self.tags).draw()

    def delete_by_filter(self):
        self.verb("delete_by_filter")
        body = {"delete_by_filter": self.filters()}
        if self.dice.chance(0.3):
            body["delete_by_filter_allow_partial"] = self.dice.chance(0.5)
        return body

    def patch_by_filter(self):
        self.verb("patch_by_filter")
        known = self.namespace.schema.attributes
        known = {name: one for name, one in known.items() if not is_vector(one.kind)}
        changes = self.patch_of(None, known)
        del changes["id"]
        body = {"patch_by_filter": {"filters": self.filters(), "patch": changes}}
        if self.dice.chance(0.3):
            body["patch_by_filter_allow_partial"] = self.dice.chance(0.5)
        return body

    def schema(self):
        change = schemas.change(self.dice, self.namespace, self.tags)
        if change is None:
            return {}
        self.verb("schema")
        self.namespace = self.left_behind({"schema": change})
        return {"schema": change}
