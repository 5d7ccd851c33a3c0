"""OpenAPI documents: the operations of a server as functions that a model may call.

Source: OpenAPI Specification 3.1; contract, chat-flow §9 (names and parameters of the functions).
"""

import re
from collections.abc import Iterator
from typing import Any

import orjson

from shared.errors import Invalid

Document = dict[str, Any]

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_PLACES = ("path", "query", "header")
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json\b")
# A document may refer to itself, or grow without end when its references are put in.
_DEEPEST, _MOST_NODES, _MOST_OPERATIONS = 12, 50_000, 500
_LARGEST = 200_000
_WITHOUT_OBJECT = "body"


def read(content: bytes, is_yaml: bool) -> Document:
    """Read a document, in JSON or in YAML.

    Raises:
        Invalid: It is none.
    """
    try:
        document = _yaml(content) if is_yaml else orjson.loads(content)
    except ValueError:
        document = None if is_yaml else _yaml(content)
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise Invalid("What stands at this address is no OpenAPI document.")
    return document


def _yaml(content: bytes) -> Any:
    import yaml  # noqa: PLC0415 -- most documents are JSON

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # either of two
        """JSON has no dates, and neither has what is made of the document."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
        for first, found in Loader.yaml_implicit_resolvers.items()
    }
    try:
        document = yaml.load(content, Loader)  # noqa: S506 -- a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Invalid("What stands at this address is neither JSON nor YAML.") from error
    _check_size(document)
    return document


def _check_size(document: Any) -> None:
    """Refuse what a few lines with references let stand for gigabytes.

    Raises:
        Invalid: It is that large.
    """
    waiting, left = [document], _LARGEST
    while waiting:
        node = waiting.pop()
        inner = list(node.values()) if isinstance(node, dict) else node
        if isinstance(inner, list):
            left -= len(inner)
            waiting += inner
        if left < 0:
            raise Invalid("The OpenAPI document is too large.")


def describe(document: Document) -> dict[str, Any]:
    """Say what a server offers.

    Returns:
        `title`, `description`, `specs`, and `operations`: by name the method, the path, where each
        parameter goes, and what the body is.
    """
    info = document.get("info")
    info = info if isinstance(info, dict) else {}
    specs: list[dict[str, Any]] = []
    operations: dict[str, dict[str, Any]] = {}
    for path, method, operation, shared in _operations(document):
        name = str(operation["operationId"])
        if name in operations:
            continue
        made = _Operation(document, operation, shared)
        specs.append(made.spec(name))
        operations[name] = {
            "method": method.upper(),
            "path": path,
            "places": made.places,
            "body": made.body,
        }
    return {
        "title": str(info.get("title") or "Tool Server"),
        "description": str(info.get("description") or ""),
        "specs": specs,
        "operations": operations,
    }


def _operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any], list[Any]]]:
    count = 0
    items = {path: item for path, item in document["paths"].items() if isinstance(item, dict)}
    for path, item in items.items():
        for method in _METHODS:
            operation = item.get(method)
            if isinstance(operation, dict) and operation.get("operationId"):
                count += 1
                if count > _MOST_OPERATIONS:
                    return
                yield str(path), method, operation, item.get("parameters") or []


class _Operation:
    """One operation, with what it refers to put in.

    Attributes:
        places: Where each parameter goes: "path", "query" or "header".
        body: None for no body, "object" for one of named parts, else "whole".
    """

    def __init__(self, document: Document, operation: dict[str, Any], shared: list[Any]) -> None:
        self._resolver = _Resolver(document)
        self._operation = operation
        self._properties: dict[str, Any] = {}
        self._required: list[str] = []
        self.places: dict[str, str] = {}
        self.body: str | None = None
        for parameter in [*shared, *(operation.get("parameters") or [])]:
            self._take_parameter(self._resolver.resolved(parameter))
        self._take_body(self._resolver.resolved(operation.get("requestBody") or {}))

    def spec(self, name: str) -> dict[str, Any]:
        about = self._operation.get("description") or self._operation.get("summary") or ""
        parameters = {
            "type": "object",
            "properties": self._properties,
            "required": list(dict.fromkeys(self._required)),
        }
        return {
            "type": "function",
            "name": name,
            "description": str(about) or "No description available.",
            "parameters": parameters,
        }

    def _take_parameter(self, parameter: Any) -> None:
        if not isinstance(parameter, dict) or parameter.get("in") not in _PLACES:
            return
        name, schema = str(parameter.get("name")), parameter.get("schema")
        made = dict(schema) if isinstance(schema, dict) else {"type": "string"}
        if parameter.get("description"):
            made["description"] = str(parameter["description"])
        self._properties[name] = made
        self.places[name] = parameter["in"]
        if parameter.get("required"):
            self._required.append(name)

    def _take_body(self, body: Any) -> None:
        contents = body.get("content") if isinstance(body, dict) else None
        contents = contents if isinstance(contents, dict) else {}
        found = [about for kind, about in contents.items() if _JSON.match(str(kind))]
        schema = found[0].get("schema") if found and isinstance(found[0], dict) else None
        if not isinstance(schema, dict):
            return
        schema = _merged(schema)
        properties = schema.get("properties")
        if isinstance(properties, dict):
            self.body = "object"
            free = {name: of for name, of in properties.items() if name not in self.places}
            self._properties |= free
            self._required += [name for name in schema.get("required") or () if name in free]
        else:
            self.body = "whole"
            self._properties[_WITHOUT_OBJECT] = schema
            if body.get("required"):
                self._required.append(_WITHOUT_OBJECT)


def _merged(schema: dict[str, Any]) -> dict[str, Any]:
    """Put the parts of an `allOf` together."""
    parts = [part for part in schema.get("allOf") or () if isinstance(part, dict)]
    if not parts:
        return schema
    properties: dict[str, Any] = {}
    required: list[str] = []
    for part in [*map(_merged, parts), schema]:
        properties |= part.get("properties") or {}
        required += part.get("required") or []
    return {"type": "object", "properties": properties, "required": required}


class _Resolver:
    """Puts in what `$ref` stands for; a reference into itself ends in an object of any form."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._left = _MOST_NODES

    def resolved(self, node: Any, above: tuple[str, ...] = (), depth: int = 0) -> Any:
        self._left -= 1
        if self._left < 0:
            raise Invalid("The OpenAPI document is too large.")
        if isinstance(node, list):
            return [self.resolved(one, above, depth + 1) for one in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if isinstance(reference, str):
            if reference in above or depth > _DEEPEST * 2:
                return {"type": "object"}
            return self.resolved(self._target(reference), (*above, reference), depth + 1)
        return {str(key): self.resolved(one, above, depth + 1) for key, one in node.items()}

    def _target(self, reference: str) -> Any:
        node: Any = self._document if reference.startswith("#/") else {}
        for part in reference[2:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            node = node.get(name, {}) if isinstance(node, dict) else {}
        return node
