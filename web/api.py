"""One declaration per endpoint: it validates, opens the transaction, serialises, and writes the
document.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from flask import Response, request
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared import db
from shared.loose_json import DEEPEST, is_too_deep, parse

View = Callable[..., Any]
# Views of these methods only read, unless they say otherwise.
_READING = ("GET", "HEAD")


@dataclass(frozen=True)
class Contract:
    """What an endpoint takes and gives; the OpenAPI document is made of these."""

    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    response: Any = None
    errors: dict[int, str] = field(default_factory=dict)
    transaction: str | None = "auto"
    status: int = 200
    media_type: str = "application/json"
    who: str | None = None
    form: tuple[str, ...] = ()


def endpoint(  # noqa: PLR0913 -- one declaration per endpoint is the point
    *,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    response: Any = None,
    errors: dict[int, str] | None = None,
    transaction: str | None = "auto",
    status: int = 200,
    media_type: str = "application/json",
    who: str | None = None,
    form: tuple[str, ...] = (),
) -> Callable[[View], View]:
    """Declare an endpoint.

    Args:
        body: Form of the JSON body, handed to the view as `body`.
        query: Form of the query string, handed to the view as `query`.
        response: Type of the answer. What the view returns is written in this form; None for
            any JSON.
        errors: Status → when it happens, for the document.
        transaction: "auto" reads on GET and writes otherwise; "read", "write", or None for a view
            that opens its own (because it streams, waits, or hashes a password in between).
        status: Status of a good answer.
        media_type: Of a good answer, for the document.
        who: Who may enter, where it differs from the rest of the area; see web/areas.py.
        form: Fields of an upload, for the document; the first is its file. The view reads it.
    """
    contract = Contract(
        body, query, response, errors or {}, transaction, status, media_type, who, form
    )
    serialise = _serialiser(response)

    def decorate(view: View) -> View:
        names = inspect.signature(view).parameters

        @functools.wraps(view)
        def wrapped(**path: Any) -> Any:
            if body is not None:
                path["body"] = _validated(body, read_json(), "body")
            if query is not None:
                path["query"] = _validated(query, request.args.to_dict(), "query")
            answer = _in_transaction(transaction, lambda: serialise(view(**path)))
            return answer if isinstance(answer, Response) else json_response(answer, status)

        if body is not None and "body" not in names:
            raise TypeError(f"{view.__name__} declares a body and does not take it")
        wrapped.contract = contract  # type: ignore[attr-defined]  # read by web/openapi.py
        return wrapped

    return decorate


def _in_transaction(kind: str | None, run: Callable[[], Any]) -> Any:
    if kind is None:
        return run()
    is_reading = kind == "read" or (kind == "auto" and request.method in _READING)
    with db.reading() if is_reading else db.transaction():
        return run()


def _serialiser(response: Any) -> Callable[[Any], Any]:
    if response is None:
        return lambda value: value if isinstance(value, Response) else orjson.dumps(value)

    @functools.cache
    def adapter() -> TypeAdapter[Any]:
        # On first use: most processes never give most of the answers, and each form takes memory.
        return TypeAdapter(response)

    def serialise(value: Any) -> Any:
        if isinstance(value, Response):
            return value
        checked = adapter().validate_python(value, from_attributes=True)
        return adapter().dump_json(checked, by_alias=True)

    return serialise


def json_response(packed: bytes, status: int = 200) -> Response:
    """Answer with JSON that is already written."""
    return Response(packed, status, content_type="application/json")


def read_json() -> Any:
    """Read the request's body as JSON, whatever content type it claims; an empty body is an empty
    object.

    Raises:
        BadBody: It is no JSON, or too deep.
    """
    raw = request.get_data(cache=True)
    return parse_json(raw) if raw else {}


def parse_json(raw: bytes) -> Any:
    """Read JSON that a client has sent.

    Raises:
        BadBody: It is no JSON, or too deep.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if "surrogate in string" not in error.msg:
            raise _no_json(error.msg, error.pos) from None
        # Half an emoji, where a page has cut a text: stored as a question mark, not refused.
        value = _mended(raw, error)
    if is_too_deep(value, raw):
        raise _no_json(f"deeper than {DEEPEST} levels", 0)
    return value


def _mended(raw: bytes, error: orjson.JSONDecodeError) -> Any:
    try:
        return parse(raw)
    except ValueError:
        raise _no_json(error.msg, error.pos) from None


def _no_json(reason: str, position: int) -> "BadBody":
    return BadBody(
        [
            {
                "type": "json_invalid",
                "loc": ["body", position],
                "msg": "JSON decode error",
                "input": {},
                "ctx": {"error": reason},
            }
        ]
    )


# Of a large body, and of one with thousands of mistakes, nobody wants all told back.
_MOST_PROBLEMS, _LONGEST_INPUT = 100, 2000


class BadBody(Exception):
    """A request whose parts do not fit their form; `problems` is FastAPI's list of what and where.

    Source: https://fastapi.tiangolo.com/tutorial/handling-errors/ (RequestValidationError).
    """

    def __init__(self, problems: list[dict[str, Any]]) -> None:
        super().__init__(problems)
        self.problems = problems


def _validated(form: type[BaseModel], value: Any, place: str) -> BaseModel:
    try:
        return form.model_validate(value)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
        raise BadBody(
            [
                {**p, "loc": [place, *p["loc"]], "input": _printable(p.get("input"))}
                for p in problems[:_MOST_PROBLEMS]
            ]
        ) from None


def _printable(value: Any) -> Any:
    """Give what was sent as it is told back; of what is long only its beginning, as text."""
    try:
        packed = orjson.dumps(value)
    except TypeError:
        return str(value)[:_LONGEST_INPUT]
    if len(packed) <= _LONGEST_INPUT:
        return value
    return packed[:_LONGEST_INPUT].decode(errors="ignore") + "…"
