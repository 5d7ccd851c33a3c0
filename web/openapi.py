"""The OpenAPI document, made of the endpoints' own declarations.

Source: https://spec.openapis.org/oas/v3.1.1.html
"""

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from werkzeug.routing import Rule

from shared.schema import Schema
from shared.version import VERSION
from web import areas
from web.api import Contract
from web.auth import COOKIE

_REF = "#/components/schemas/{model}"
_ARGUMENT = re.compile(r"<(?:(?P<converter>\w+)(?:\([^)]*\))?:)?(?P<name>\w+)>")
# Where a docstring stops to speak to those who call over HTTP.
_INSIDE = re.compile(r"^(Args|Attributes|Returns|Raises|Source):", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?])\s")
_TEXT = {"type": "string"}
_METHODS = ("get", "post", "put", "patch", "delete")

_INTRODUCTION = """\
Everything slow is a job: it outlives the request, and any process can tell how far it has come.

Sign in with `Authorization: Bearer …`, a token of `POST /api/v1/auths/signin` or an API key
(`sk-…`), or with the cookie that signing in sets.

Every error is `{"detail": …}`: a text, or with status 422 (below `/v1` 400) the
list of what does not fit. A 429 or
503 says in `Retry-After` after how many seconds another try makes sense.
"""
_DOORS = {
    areas.SIGNED_IN: "Accounts that still wait for an admin may call this as well.",
    areas.ADMIN: "For admins only.",
}
# What every door but the public ones answers to the wrong people; told once, in `components`.
_LOCKED_OUT = {401: "The sign-in has ended, or you may not do this", 403: "Not signed in"}
_UNFIT = "The request does not fit its form"
# Here a request that does not fit is refused as an OpenAI server does it.
_OPENAIS = "/v1/"
_NAMES = {401: "NotAllowed", 403: "NotSignedIn", 422: "DoesNotFit"}


class ErrorResponse(Schema):
    """Any error but 422; below `/v1` with OpenAI's `error` object beside."""

    detail: Any


class ValidationProblem(Schema):
    """One part of a request that does not fit."""

    type: str
    loc: list[str | int]
    msg: str
    input: Any = None


class HTTPValidationError(Schema):
    """A request whose parts do not fit their form."""

    detail: list[ValidationProblem]


@dataclass(frozen=True)
class _Operation:
    """One method of one route, with what its view declares."""

    rule: Rule
    path: str
    method: str
    contract: Contract
    who: str
    doc: str
    tag: str


class _Schemas(GenerateJsonSchema):
    """Schemas without a title for every field, and with readable names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 -- pydantic's signature
        """Leave it out: it repeats the field's name."""
        return False

    def normalize_name(self, name: str) -> str:
        """Name a form after its area where two areas have one of the same name."""
        found = re.match(r"web\.(\w+)\.schemas\.(\w+)", name)
        return found[1].capitalize() + found[2] if found else str(super().normalize_name(name))


def document(app: Flask) -> dict[str, Any]:
    """Write the document of all endpoints; the same code gives the same bytes.

    Args:
        app: The application, with its areas registered.
    """
    with app.app_context():
        operations = sorted(_operations(app), key=lambda o: (o.path, _METHODS.index(o.method)))
    forms = _Forms(operations)
    paths: dict[str, Any] = {}
    taken: set[str] = set()
    for operation in operations:
        written = {"operationId": _operation_id(operation, taken), **_write(operation, forms)}
        paths.setdefault(operation.path, {})[operation.method] = written
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Switchyard",
            "version": VERSION,
            "description": _INTRODUCTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"cookie": []}],
        "tags": list(_tags({operation.tag for operation in operations})),
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            },
            "responses": _shared_responses(forms),
            "schemas": forms.components,
        },
    }


def _operations(app: Flask) -> Iterator[_Operation]:
    """Find every route whose view is declared; files and sockets are not."""
    listed = {area.blueprint.name: area for area in areas.AREAS}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        contract = getattr(view, "contract", None)
        if contract is None:
            continue
        area = listed[rule.endpoint.partition(".")[0]]
        path = _ARGUMENT.sub(r"{\g<name>}", rule.rule)
        who = areas.who_may_enter(rule.endpoint, area.who)
        noun, doc = _noun(area.blueprint), inspect.getdoc(view) or ""
        for method in _METHODS:
            if method.upper() in (rule.methods or ()):
                yield _Operation(rule, path, method, contract, who, doc, noun)


def _noun(blueprint: Blueprint) -> str:
    """Name the package in which a blueprint stands; it may have several."""
    return blueprint.import_name.split(".")[1]


def _tags(used: set[str]) -> Iterator[dict[str, str]]:
    nouns = dict.fromkeys(_noun(area.blueprint) for area in areas.AREAS)
    for noun in nouns:
        if noun in used:
            yield {
                "name": noun,
                "description": _paragraphs(sys.modules[f"web.{noun}"].__doc__ or ""),
            }


class _Forms:
    """The schemas of everything that is taken and given, told once in `components`."""

    def __init__(self, operations: list[_Operation]) -> None:
        contracts = [operation.contract for operation in operations]
        takes = [form for c in contracts for form in (c.body, c.query) if form is not None]
        gives = [c.response for c in contracts if c.response is not None]
        wanted = {(repr(form), "validation"): TypeAdapter(form) for form in takes}
        wanted |= {(repr(form), "serialization"): TypeAdapter(form) for form in gives}
        errors = (ErrorResponse, HTTPValidationError)
        wanted |= {(repr(form), "serialization"): TypeAdapter(form) for form in errors}
        self._schemas, rest = TypeAdapter.json_schemas(
            [(name, mode, adapter) for (name, mode), adapter in sorted(wanted.items(), key=_first)],  # type: ignore[misc]  # the modes are literals
            ref_template=_REF,
            schema_generator=_Schemas,
        )
        self.components: dict[str, Any] = rest.get("$defs", {})
        queries = [self._name(c.query) for c in contracts if c.query is not None]
        # The fields of a query are parameters; its form as a whole is never referred to.
        self._queries = {name: self.components.pop(name) for name in dict.fromkeys(queries)}
        for schema in self.components.values():
            if "description" in schema:
                schema["description"] = _paragraphs(schema["description"])

    def taken(self, form: Any) -> dict[str, Any]:
        """Give the schema of a form as it is taken."""
        return self._schemas[repr(form), "validation"]

    def given(self, form: Any) -> dict[str, Any]:
        """Give the schema of an answer."""
        return {} if form is None else self._schemas[repr(form), "serialization"]

    def fields(self, query: type[BaseModel]) -> Iterator[tuple[str, bool, dict[str, Any]]]:
        """Give the fields of a query: name, whether it must be there, schema."""
        schema = self._queries[self._name(query)]
        for name, field in schema["properties"].items():
            yield name, name in schema.get("required", ()), dict(field)

    def _name(self, form: Any) -> str:
        return str(self.taken(form)["$ref"].rpartition("/")[2])


def _first(item: tuple[tuple[str, str], Any]) -> tuple[str, str]:
    return item[0]


def _operation_id(operation: _Operation, taken: set[str]) -> str:
    """Name an operation after its view; a view that stands at several places is counted."""
    name = str(operation.rule.endpoint).replace(".", "_")
    count, made = 1, name
    while made in taken:
        count += 1
        made = f"{name}_{count}"
    taken.add(made)
    return made


def _write(operation: _Operation, forms: _Forms) -> dict[str, Any]:
    contract = operation.contract
    text = _paragraphs(operation.doc)
    summary = _SENTENCE.split(text, maxsplit=1)[0]
    description = "\n\n".join(
        words for words in (text if text != summary else "", _DOORS.get(operation.who, "")) if words
    )
    written: dict[str, Any] = {"tags": [operation.tag], "summary": summary}
    if description:
        written["description"] = description
    if parameters := [*_path_parameters(operation.rule), *_query_parameters(contract, forms)]:
        written["parameters"] = parameters
    if contract.body is not None:
        content = {"application/json": {"schema": forms.taken(contract.body)}}
        written["requestBody"] = {"required": True, "content": content}
    if contract.form:
        content = {"multipart/form-data": {"schema": _upload(*contract.form)}}
        written["requestBody"] = {"required": True, "content": content}
    written["responses"] = _responses(operation, forms)
    if operation.who == areas.PUBLIC:
        written["security"] = []
    return written


def _upload(file: str, *rest: str) -> dict[str, Any]:
    """Describe a form with a file in it.

    Source: https://spec.openapis.org/oas/v3.1.1.html#considerations-for-file-uploads
    """
    properties = {file: {"type": "string", "contentMediaType": "application/octet-stream"}}
    return {
        "type": "object",
        "required": [file],
        "properties": properties | dict.fromkeys(rest, _TEXT),
    }


def _path_parameters(rule: Rule) -> Iterator[dict[str, Any]]:
    for found in _ARGUMENT.finditer(rule.rule):
        kind = "integer" if found["converter"] == "int" else "string"
        yield {"name": found["name"], "in": "path", "required": True, "schema": {"type": kind}}


def _query_parameters(contract: Contract, forms: _Forms) -> Iterator[dict[str, Any]]:
    if contract.query is None:
        return
    for name, is_required, schema in forms.fields(contract.query):
        told = {"description": schema.pop("description")} if "description" in schema else {}
        yield {"name": name, "in": "query", "required": is_required, **told, "schema": schema}


def _responses(operation: _Operation, forms: _Forms) -> dict[str, Any]:
    contract = operation.contract
    good = {
        "description": HTTPStatus(contract.status).phrase,
        "content": {
            kind: {"schema": _TEXT if kind.startswith("text/") else forms.given(contract.response)}
            for kind in contract.media_type.split(", ")
        },
    }
    standard = [] if operation.who == areas.PUBLIC else [401, 403]
    unfit: dict[int, Any] = {}
    if contract.body is not None or contract.query is not None:
        if operation.path.startswith(_OPENAIS):
            unfit = {400: _error(_UNFIT, forms.given(ErrorResponse))}
        else:
            standard.append(422)
    responses = {
        contract.status: good,
        **unfit,
        **{status: {"$ref": f"#/components/responses/{_NAMES[status]}"} for status in standard},
        **{
            status: _error(words, forms.given(ErrorResponse))
            for status, words in contract.errors.items()
        },
    }
    return {str(status): responses[status] for status in sorted(responses)}


def _shared_responses(forms: _Forms) -> dict[str, Any]:
    shared = {
        _NAMES[s]: _error(words, forms.given(ErrorResponse)) for s, words in _LOCKED_OUT.items()
    }
    unfit = _error(_UNFIT, forms.given(HTTPValidationError))
    return {**shared, _NAMES[422]: unfit}


def _error(words: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _paragraphs(doc: str) -> str:
    """Take from a docstring what concerns a client, each paragraph on one line."""
    told = _INSIDE.split(inspect.cleandoc(doc))[0].strip()
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in told.split("\n\n"))
