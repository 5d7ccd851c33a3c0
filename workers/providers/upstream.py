"""What every provider needs to talk to its server: address, key, requests, clear errors."""

import base64
import re
from contextlib import AbstractContextManager
from typing import Any, Protocol
from urllib.parse import unquote

import httpx
import orjson

from shared import tracing
from shared.errors import Reason
from workers.providers import behalf, complaints
from workers.providers.base import Timeouts
from workers.providers.errors import Aborted, Refused, Unavailable
from workers.providers.line import Cut
from workers.providers.lines import CutShort, ErrorItem, Garbled, Unreadable, read_json
from workers.providers.proxied import transport_for
from workers.providers.transport import Transport, Way, head_of, way_of

MAX_BODY_BYTES = 64 * 1024 * 1024
_JSON = "application/json"
_MAX_COMPLAINT_BYTES = 64 * 1024
_STREAMS = "text/event-stream, */*;q=0.5"
QUICK_S = 10.0  # for questions that a healthy server answers at once
_MOST_HEADS = 16
_SENDABLE_KEY = re.compile(r"[\x21-\x7e][\x20-\x7e]*")


class Connection(Protocol):
    """What this package reads of `shared.services.connections.Connection`."""

    @property
    def kind(self) -> str:
        """Name of the protocol: "openai" or "ollama"."""

    @property
    def url(self) -> str:
        """Base address."""

    @property
    def key(self) -> str:
        """Bearer key, or empty."""


class Upstream:
    """One server. Shared by all threads and greenlets; keeps idle connections.

    Attributes:
        who: Host and port, as errors name it.
    """

    def __init__(self, connection: Connection, timeouts: Timeouts) -> None:
        url = _parse_url(connection.url)
        self.who = url.netloc.decode("ascii")
        self.timeouts = timeouts
        self._root = str(
            url.copy_with(username=None, password=None, query=None, fragment=None)
        ).rstrip("/")
        self._secrets = tuple(secret for secret in (connection.key, url.password) if secret)
        self._headers = [*_authorization(connection.key, url), ("User-Agent", "switchyard")]
        self._transport = transport_for(url)
        self._client = httpx.Client(transport=self._transport, trust_env=False)
        self._patience = _patience(timeouts)
        self._urls: dict[str, httpx.URL] = {}
        # First lines and headers by path; what is missing is filled in, the body too.
        self._heads: dict[str, tuple[bytes, Way]] = {}

    def __repr__(self) -> str:
        return f"Upstream({self.who!r})"

    def close(self) -> None:
        """Close the idle connections."""
        self._client.close()

    def open(self, path: str, body: dict[str, Any], cut: Cut) -> httpx.Response:
        """Post a request whose answer comes in pieces, and wait for the head of a good answer.

        Hands the request straight to the transport: the client's own work (cookies, redirects,
        history) costs as much as all of ours.

        Returns:
            The answer, to be closed by the caller.

        Raises:
            ProviderError: The upstream refuses, or is not there.
            Aborted: `cut` was set.
        """
        try:
            with self._span("POST", path):
                response = self._post(path, dump(body), cut)
            try:
                if not response.is_success:
                    raise self.complaint(response, _read_some(response))
            except BaseException:
                response.close()
                raise
        except (httpx.HTTPError, Unreadable) as error:
            raise self.translate(error, cut) from error
        return response

    def _post(self, path: str, body: bytes, cut: Cut) -> httpx.Response:
        """Send a request; all but its body is written once, unless it tells for whom it is made."""
        transport = self._transport
        if not isinstance(transport, Transport) or behalf.headers() or tracing.is_on():
            request = self._request("POST", path, body, self._patience, cut)
            return transport.handle_request(request)
        head, way = self._heads.get(path) or self._write_head(path)
        message = head % (len(body), body)
        return transport.send(message, Way("POST", way.url, way.origin, way.timeout, cut))

    def _write_head(self, path: str) -> tuple[bytes, Way]:
        request = self._request("POST", path, b"", self._patience, Cut())
        head = head_of(request, without=b"content-length").replace(b"%", b"%%")
        made = head + b"Content-Length: %d\r\n\r\n%b", way_of(request)
        if len(self._heads) < _MOST_HEADS:
            self._heads[path] = made
        return made

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        timeout_s: float,
        cut: Cut | None = None,
        *,
        content_type: str = _JSON,
    ) -> tuple[httpx.Response, bytes]:
        """Send a request and read the whole answer, whatever its status.

        Raises:
            ProviderError: There was no answer.
            Aborted: `cut` was set.
        """
        patience = {
            **self._patience,
            "read": timeout_s,
            "first_byte": timeout_s,
            "total": timeout_s,
        }
        try:
            with self._span(method, path):
                request = self._request(method, path, body, patience)
                if body is not None:
                    request.headers["Content-Type"] = content_type
                if cut is not None:
                    request.extensions["cut"] = cut
                return self._sent(request)
        except (httpx.HTTPError, Unreadable) as error:
            raise self.translate(error, cut) from error

    def _sent(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        response = self._client.send(request, stream=True)
        try:
            return response, _read(response)
        finally:
            response.close()

    def _span(self, method: str, path: str) -> AbstractContextManager[tracing.Span | None]:
        """Trace a request; without what stands behind a question mark, which may be a secret."""
        return tracing.span(f"{method} {path.partition('?')[0]} at {self.who}", tracing.CLIENT)

    def ask_json(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        timeout_s: float,
        cut: Cut | None = None,
    ) -> Any:
        """Send a request and read the JSON of a good answer.

        Raises:
            ProviderError: The answer is an error, or not JSON.
        """
        packed = None if body is None else dump(body)
        response, content = self.ask(method, path, packed, timeout_s, cut)
        if not response.is_success:
            raise self.complaint(response, content)
        return self.parsed(content)

    def ask_anything(
        self, method: str, path: str, body: bytes | None, cut: Cut | None = None
    ) -> Any:
        """Send a request and give the JSON of a good answer; None when there is nothing in it.

        Raises:
            ProviderError: The answer is an error, or not JSON.
        """
        response, content = self.ask(method, path, body, self.timeouts.total_s, cut)
        if not response.is_success:
            raise self.complaint(response, content)
        return self.parsed(content) if content.strip() else None

    def parsed(self, content: bytes) -> Any:
        """Read JSON that came with a good status, but may hold an error all the same."""
        value = self.read(content)
        if isinstance(value, dict) and value.get("error"):
            raise self.reported(value["error"])
        return value

    def read(self, content: bytes) -> Any:
        """Read JSON that came with a good status.

        Raises:
            Refused: It is none, or too deep.
        """
        try:
            return read_json(content)
        except Garbled as error:
            raise self.garbled(str(error)) from error
        except ValueError as error:
            raise self.garbled("it did not answer in JSON", content) from error

    def complaint(self, response: httpx.Response, content: bytes) -> Exception:
        """Make the error for an answer with a bad status."""
        return complaints.for_status(self.who, response, content, self._secrets)

    def reported(self, value: Any) -> Exception:
        """Make the error for an error object that came with a good status."""
        return complaints.for_item(self.who, value, self._secrets)

    def garbled(self, what: str, words: bytes = b"") -> Refused:
        """Make the error for an answer that cannot be read."""
        quote = complaints.clean(complaints.words_in(words), self._secrets)
        return Refused(f"{self.who}: {what}" + (f": {quote}" if quote else "."))

    def translate(self, error: Exception, cut: Cut | None = None) -> Exception:
        """Turn what the transport or a reader raised into an error of ours."""
        if cut is not None and cut.is_set:
            return Aborted()
        match error:
            case Garbled():
                return self.garbled(str(error), error.words)
            case CutShort():
                return Unavailable(f"{self.who} ended its answer before it was complete.")
            case ErrorItem():
                return self.reported(error.value)
            case httpx.HTTPError():
                return complaints.for_transport(self.who, error)
        return error

    def _request(
        self,
        method: str,
        path: str,
        body: bytes | None,
        timeout: dict[str, float],
        cut: Cut | None = None,
    ) -> httpx.Request:
        headers = [*self._headers, *behalf.headers(), *tracing.headers()]
        if body is not None:
            headers = [*headers, ("Content-Type", _JSON)]
        extensions: dict[str, Any] = {"timeout": timeout}
        if cut is not None:
            # A compressed stream would be held back until enough of it is there.
            headers = [*headers, ("Accept-Encoding", "identity"), ("Accept", _STREAMS)]
            extensions["cut"] = cut
        return httpx.Request(
            method, self._url(path), headers=headers, content=body, extensions=extensions
        )

    def _url(self, path: str) -> httpx.URL:
        url = self._urls.get(path)
        if url is None:
            url = _below(self._root, path)
            if len(self._urls) < _MOST_HEADS:
                self._urls[path] = url
        return url


def _patience(times: Timeouts) -> dict[str, float]:
    return {
        "connect": times.connect_s,
        "read": times.idle_s,
        "write": times.first_byte_s,
        "pool": times.connect_s,
        "first_byte": times.first_byte_s,
        "total": times.total_s,
    }


def dump(body: dict[str, Any]) -> bytes:
    """Write a request body."""
    try:
        # A copy, because orjson leaves its buffer behind its result: 4 KB for the shortest.
        return bytes(memoryview(orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)))
    except (TypeError, orjson.JSONEncodeError) as error:
        words = f"The request cannot be written as JSON: {error}"
        raise Refused(words, reason=Reason.BAD_REQUEST) from error


def _read(response: httpx.Response) -> bytes:
    parts = []
    size = 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise Garbled(f"the answer is larger than {MAX_BODY_BYTES} bytes")
    return b"".join(parts)


def _read_some(response: httpx.Response) -> bytes:
    """Read the beginning of a complaint: nobody will see more of it."""
    content = b""
    for part in response.iter_bytes():
        content += part
        if len(content) > _MAX_COMPLAINT_BYTES:
            break
    return content


def _below(root: str, path: str) -> httpx.URL:
    segments = unquote(path.partition("?")[0]).split("/")
    if not path.startswith("/") or {"..", "."} & set(segments):
        words = "The path leads outside of the connection's address."
        raise Refused(words, reason=Reason.BAD_REQUEST)
    try:
        return httpx.URL(root + path)
    except httpx.InvalidURL as error:
        words = "The path cannot be part of an address."
        raise Refused(words, reason=Reason.BAD_REQUEST) from error


def _parse_url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise _unusable("The address of the connection is not a URL.") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise _unusable("The address of the connection must begin with http:// or https://.")
    return url


def _unusable(words: str) -> Refused:
    return Refused(words, reason=Reason.MISCONFIGURED)


def _authorization(key: str, url: httpx.URL) -> list[tuple[str, str]]:
    if key:
        # Checked here, because the libraries' own errors would quote the key.
        if not _SENDABLE_KEY.fullmatch(key):
            raise _unusable("The key of the connection holds characters that cannot be sent.")
        return [("Authorization", f"Bearer {key}")]
    if url.userinfo:
        pair = f"{url.username}:{url.password}".encode()
        return [("Authorization", "Basic " + base64.b64encode(pair).decode("ascii"))]
    return []
