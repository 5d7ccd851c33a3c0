"""Servers whose OpenAPI document describes what they offer."""

import base64
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from shared import http
from shared.config.settings import get_settings
from shared.errors import SwitchyardError
from shared.services import tool_servers
from shared.services.tool_servers import ToolServer
from workers.live import Running, Stopped
from workers.tools import openapi_document
from workers.tools.base import Occasion, Spec, ToolFailed, bearer_for

_LARGEST_DOCUMENT, _LARGEST_ANSWER = 4 * 1024 * 1024, 2 * 1024 * 1024
_LONGEST_COMPLAINT = 2000
_CLIMBING = (".", "..")
# What a model is told of a picture, which is for the reader.
_PICTURE = "(a picture, which the user sees)"


def fetch_document(job: Running, server: ToolServer, bearer: str) -> dict[str, Any]:
    """Fetch the document of a server.

    Args:
        bearer: What is sent to it; empty for nothing.

    Raises:
        SwitchyardError: It cannot be fetched or read.
        Stopped: The job has to end.
    """
    url = server.document_url
    if http.origin_of(url) != http.origin_of(server.url):
        bearer = ""  # it was given for the server, not for wherever its document lies
    patience_s = get_settings().tool_server_connect_timeout_s
    fetcher = http.Fetcher(_limits(server, _LARGEST_DOCUMENT, patience_s))
    with job.abortable(fetcher.abort):
        fetched = fetcher.fetch(url, headers=_signed(bearer)).required()
    is_yaml = "yaml" in fetched.media_type or url.partition("?")[0].endswith((".yaml", ".yml"))
    return openapi_document.read(fetched.content, is_yaml)


def described(job: Running, server: ToolServer, bearer: str) -> dict[str, Any]:
    """Find out what a server offers; see `openapi_document.describe`. Errors as above."""
    return openapi_document.describe(fetch_document(job, server, bearer))


def _limits(server: ToolServer, size_bytes: int, total_s: float) -> http.Limits:
    trusted = http.origin_of(server.url)
    return http.Limits(size_bytes=size_bytes, total_s=total_s, idle_s=total_s, trusted=trusted)


def _signed(bearer: str) -> dict[str, str]:
    return {"authorization": f"Bearer {bearer}"} if bearer else {}


class OpenAPIToolset:
    """See `base.Toolset`."""

    is_cited = False
    handles_files = False

    def __init__(self, server: ToolServer) -> None:
        self.id = server.id
        self._server = server
        self._operations: dict[str, dict[str, Any]] = {}

    def specs(self, occasion: Occasion) -> list[Spec]:
        """Describe the functions; the document is fetched when nobody has done so for a while."""
        known = tool_servers.kept(self._server)
        if known is None:
            bearer = bearer_for(self._server, occasion.bearer)
            known = described(occasion.job, self._server, bearer)
            tool_servers.keep(self._server, known)
        self._operations = known["operations"]
        specs: list[Spec] = known["specs"]
        return specs

    def call(self, name: str, arguments: dict[str, Any], occasion: Occasion) -> Any:
        """Send a request to the server."""
        operation = self._operations[name]
        content = _content(operation, arguments)
        headers = {
            **_headers(operation, arguments),
            "accept": "application/json, text/plain;q=0.9, */*;q=0.1",
            **({} if content is None else {"content-type": "application/json"}),
            **_signed(bearer_for(self._server, occasion.bearer)),
        }
        limits = _limits(self._server, _LARGEST_ANSWER, get_settings().tool_timeout_s)
        fetcher = http.Fetcher(limits)
        try:
            with occasion.job.abortable(fetcher.abort):
                answer = fetcher.fetch(
                    self._server.url + _path(operation, arguments),
                    operation["method"],
                    headers,
                    content,
                )
        except Stopped:
            raise
        except SwitchyardError as error:
            raise ToolFailed(error.message) from error
        return _read(answer)

    def close(self) -> None:
        """Nothing stays open."""


def _of_place(operation: dict[str, Any], arguments: dict[str, Any], place: str) -> dict[str, str]:
    return {
        name: _as_text(arguments[name])
        for name, where in operation["places"].items()
        if where == place and arguments.get(name) is not None
    }


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _path(operation: dict[str, Any], arguments: dict[str, Any]) -> str:
    """Write the path with its query.

    Raises:
        ToolFailed: A value would lead to another path.
    """
    path: str = operation["path"]
    for name, value in _of_place(operation, arguments, "path").items():
        if value in _CLIMBING or not value:
            raise ToolFailed(f"The argument {name} cannot be {value!r}.")
        path = path.replace("{" + name + "}", quote(value, safe=""))
    query = urlencode(_query(operation, arguments))
    return f"{path}?{query}" if query else path


def _headers(operation: dict[str, Any], arguments: dict[str, Any]) -> dict[str, str]:
    """Write the headers that the operation has among its parameters.

    Raises:
        ToolFailed: A value cannot stand in a header.
    """
    headers = _of_place(operation, arguments, "header")
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise ToolFailed(f"The argument {name} cannot stand in a header: {value!r}.")
    return {name.lower(): value for name, value in headers.items()}


def _query(operation: dict[str, Any], arguments: dict[str, Any]) -> list[tuple[str, str]]:
    """List the pairs of the query; a list is a pair for each of its values."""
    pairs: list[tuple[str, str]] = []
    for name, where in operation["places"].items():
        value = arguments.get(name)
        if where == "query" and value is not None:
            values = value if isinstance(value, list) else [value]
            pairs += [(name, _as_text(one)) for one in values]
    return pairs


def _content(operation: dict[str, Any], arguments: dict[str, Any]) -> bytes | None:
    if operation["body"] is None:
        return None
    if operation["body"] == "whole":
        return orjson.dumps(arguments.get("body"))
    return orjson.dumps({n: v for n, v in arguments.items() if n not in operation["places"]})


def _read(answer: http.Fetched) -> Any:
    """Give what a server has answered.

    Raises:
        ToolFailed: It complains.
    """
    if answer.status >= 400:
        raise ToolFailed(f"HTTP error {answer.status}: {answer.text[:_LONGEST_COMPLAINT]}")
    kind = answer.media_type
    if kind.startswith("image/"):
        return [f"data:{kind};base64,{base64.b64encode(answer.content).decode()}", _PICTURE]
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        if b"\0" in answer.content:
            return f"({kind or 'binary'}, {len(answer.content)} bytes)"
        return answer.text
