"""`/openapi.json` of a server, as schemathesis reads it, and what the document itself shows: a
namespace `docs`, how it is made, and examples that find it so."""

import requests
import schemathesis
from hypothesis import strategies
from schemathesis import GenerationMode

JSON = "application/json"
# The namespace that examples speak of is made by the first and filled by the second.
MADE, FILLED = ("createNamespace", "created"), ("upsertDocuments", "filled")
GONE = "endNamespace"
BESIDE = ["id", "vector"]
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


class Contract:
    def __init__(self, url):
        self.session = requests.Session()
        # No proxy that a shell may name is asked.
        self.session.trust_env = False
        self._url = url
        self._document = self.session.get(f"{url}/openapi.json").json()
        self._told = {
            f"{method.upper()} {path}": told
            for path, methods in self._document["paths"].items()
            for method, told in methods.items()
        }
        self._labels = {told["operationId"]: label for label, told in self._told.items()}
        suggest(self._document["components"]["schemas"], self._attributes())
        # With settings of its own, or those of a file in this folder or above would count.
        settings = schemathesis.Config()
        self._schema = schemathesis.openapi.from_dict(self._document, config=settings)
        self._schema.config.update(base_url=url)
        self.operations = [found.ok() for found in self._schema.get_all_operations()]

    def _attributes(self):
        made = self._body(*MADE)["schema"]["attributes"]
        return [*made, *BESIDE]

    def _examples(self, id):
        body = self._told[self._labels[id]].get("requestBody", {})
        return body.get("content", {}).get(JSON, {}).get("examples", {})

    def _body(self, id, name):
        return self._examples(id)[name]["value"]

    def prepare(self):
        """The namespace as all but two examples find it."""
        for id, name in [(GONE, None), MADE, FILLED]:
            method, path = self._labels[id].split(" ")
            url = self._url + path.format(ns="docs")
            answer = self.session.request(method, url, json=name and self._body(id, name))
            if answer.status_code >= 300 and id != GONE:
                raise RuntimeError(f"{id} is answered {answer.status_code}: {answer.text}")

    def successes(self):
        """The operations that have more to tell than refusals."""
        return {
            label
            for label, told in self._told.items()
            if any(status.startswith("2") for status in told["responses"])
        }

    def weight(self, operation):
        """What can be said in many ways is asked more often."""
        told = self._told[operation.label]
        said = [each for each in told.get("parameters", ()) if each["in"] != "path"]
        return 24 if "requestBody" in told else 6 if said else 2

    def usual(self, operation):
        """What stands in the path, where nothing else is said."""
        return self._said(operation, "path", None)

    def _said(self, operation, place, name):
        found = {}
        for parameter in self._told[operation.label].get("parameters", ()):
            shown = parameter.get("examples", {})
            value = shown.get(name, shown.get("usual", {})).get("value", parameter.get("example"))
            if parameter["in"] == place and value is not None:
                found[parameter["name"]] = value
        return found

    def shown(self, operation):
        """The examples of the document as they stand."""
        told = self._told[operation.label]
        bodies = self._examples(told["operationId"])
        parameters = told.get("parameters", ())
        names = {*bodies, *(name for each in parameters for name in each.get("examples", ()))}
        for name in sorted(names if bodies else names | {"usual"}):
            body = {"body": bodies[name]["value"], "media_type": JSON} if name in bodies else {}
            yield operation.Case(
                path_parameters=self._said(operation, "path", name),
                query=self._said(operation, "query", name),
                headers=self._said(operation, "header", name),
                **body,
            )

    def covered(self, operation):
        """What lies at each limit of the document, and beyond it, in an order that stays."""
        generation = self._schema.config.generation_for(operation=operation, phase="coverage")
        return self._schema.iter_coverage_cases(
            operation, generation_modes=MODES, generation_config=generation
        )

    def drawn(self, operation, path):
        """Whatever the document allows, and what it does not: a strategy. `path` is said, or drawn."""
        return strategies.one_of(
            [operation.as_strategy(mode, path_parameters=path or None) for mode in MODES]
        )


def suggest(schema, names):
    """Wherever any text will do, one of these is likely to be drawn: it means something here."""
    if isinstance(schema, list):
        for each in schema:
            suggest(each, names)
    elif isinstance(schema, dict):
        if schema.get("type") == "string" and not schema.keys() - {"type", "description"}:
            del schema["type"]
            schema["anyOf"] = [{"enum": names}, {"type": "string"}]
        else:
            for each in schema.values():
                suggest(each, names)
