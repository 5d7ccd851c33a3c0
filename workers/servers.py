"""Asking servers that admins have configured, in JSON; they may stand on this machine or in its
network, unlike what users name (`shared.http`).
"""

import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

from shared.errors import Forbidden, Invalid, Unavailable

_CONNECT_S, _TOTAL_S = 10.0, 120.0
_MAX_BYTES = 128 * 1024 * 1024
_MAX_WORDS = 300


class Missing(Invalid):
    """The server has nothing at this address."""


def ask(
    url: str,
    body: Any = None,
    *,
    method: str = "",
    key: str = "",
    headers: Mapping[str, str] | None = None,
    timeout_s: float = _TOTAL_S,
) -> Any:
    """Send a request and give the answer's JSON.

    Args:
        url: Of the admin's server.
        body: Sent as JSON; bytes and text are sent as they are.
        method: POST if there is a body, else GET, unless it is named.
        key: Sent as a bearer's.

    Raises:
        Invalid: The server does not take the request; with its words.
        Forbidden: It does not accept the key.
        Unavailable: It does not answer, not in time, or not in JSON.
    """
    answer = send(url, body, method=method, key=key, headers=headers, timeout_s=timeout_s)
    try:
        return answer.json()
    except ValueError:
        raise Unavailable(f"{answer.url.host} did not answer in JSON.") from None


def send(
    url: str,
    body: Any = None,
    *,
    method: str = "",
    key: str = "",
    headers: Mapping[str, str] | None = None,
    timeout_s: float = _TOTAL_S,
) -> httpx.Response:
    """Send a request and give the answer, if it is a good one; see `ask`."""
    sent = _headers(headers, key)
    content: dict[str, Any] = {}
    if body is not None:
        content = {"content": body} if isinstance(body, bytes | str) else {"json": body}
    method = method or ("GET" if body is None else "POST")
    answer = _sent(lambda client: client.request(method, url, headers=sent, **content), timeout_s)
    return _required(answer)


def send_file(  # noqa: PLR0913 -- a form has as many parts
    url: str,
    field: str,
    name: str,
    content: bytes,
    data: Mapping[str, Any],
    *,
    key: str = "",
    headers: Mapping[str, str] | None = None,
) -> Any:
    """Send a file in a form and give the answer's JSON; errors as those of `ask`."""
    files = [(field, (name, content))]
    return send_files(url, files, data, key=key, headers=headers)


def send_files(
    url: str,
    files: list[tuple[str, tuple[str, bytes]]],
    data: Mapping[str, Any],
    *,
    key: str = "",
    headers: Mapping[str, str] | None = None,
) -> Any:
    """Send files, each with its field and its name, in a form; else as `send_file`."""
    sent = _headers(headers, key)
    answer = _required(
        _sent(
            lambda client: client.post(url, files=files, data=dict(data), headers=sent),
            _TOTAL_S * 3,
        )
    )
    try:
        return answer.json()
    except ValueError:
        raise Unavailable(f"{answer.url.host} did not answer in JSON.") from None


def stream(
    url: str,
    body: Any,
    guard: Callable[[Callable[[], None]], contextlib.AbstractContextManager[None]],
    *,
    key: str = "",
    headers: Mapping[str, str] | None = None,
) -> Iterator[bytes]:
    """Send a request and give the answer's bytes as they come; errors as those of `ask`.

    Args:
        body: Sent as JSON; bytes are sent as they are.
        guard: A context around every wait; it is given what ends that.
    """
    sent = _headers(headers, key)
    content: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
    timeout = httpx.Timeout(_TOTAL_S, connect=_CONNECT_S)
    with (
        _our_errors(),
        httpx.Client(timeout=timeout, trust_env=False) as client,
        client.stream("POST", url, headers=sent, **content) as answer,
    ):
        if answer.status_code >= 400:
            answer.read()
            _required(answer)
        pieces = answer.iter_bytes()
        while piece := _next(pieces, answer, guard):
            yield piece


def _headers(headers: Mapping[str, str] | None, key: str) -> dict[bytes, bytes]:
    """Give the headers as they are sent: an admin may have saved any key."""
    named = dict(headers or {}) | ({"authorization": f"Bearer {key}"} if key else {})
    return {name.encode(): value.encode() for name, value in named.items()}


def _next(
    pieces: Iterator[bytes],
    answer: httpx.Response,
    guard: Callable[[Callable[[], None]], contextlib.AbstractContextManager[None]],
) -> bytes:
    def cut() -> None:
        line = answer.extensions["network_stream"].get_extra_info("socket")
        if line is not None:
            with contextlib.suppress(OSError):
                # Of the plain socket, for TLS too: SSLSocket's pulls the TLS object away.
                socket.socket.shutdown(line, socket.SHUT_RDWR)

    with guard(cut):
        return next(pieces, b"")


def _sent(request: Callable[[httpx.Client], httpx.Response], timeout_s: float) -> httpx.Response:
    timeout = httpx.Timeout(timeout_s, connect=_CONNECT_S)
    with _our_errors(), httpx.Client(timeout=timeout, trust_env=False) as client:
        answer = request(client)
    if len(answer.content) > _MAX_BYTES:
        raise Unavailable(f"{answer.url.host} answered with too much.")
    return answer


@contextlib.contextmanager
def _our_errors() -> Iterator[None]:
    """Turn the library's errors into ours."""
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise Invalid("The address of a server that was configured cannot be used.") from error
    except httpx.TimeoutException as error:
        raise Unavailable("A server that was configured did not answer in time.") from error
    except httpx.HTTPError as error:
        raise Unavailable("A server that was configured cannot be reached.") from error


def _required(answer: httpx.Response) -> httpx.Response:
    if answer.status_code < 400:
        return answer
    host, status = answer.url.host, answer.status_code
    if status in (401, 403):
        raise Forbidden(f"{host} does not accept the key of this server.")
    if status in (408, 429) or status >= 500:
        raise Unavailable(f"{host} answered with status {status}.")
    kind = Missing if status == 404 else Invalid
    raise kind(f"{host} answered with status {status}: {answer.text[:_MAX_WORDS]}")
