"""Answers and errors of a web framework, as plugins make them: only their parts are kept."""

import json
from typing import Any


class Response:
    """An answer.

    Attributes:
        body: In bytes.
    """

    media_type: str | None = None

    def __init__(
        self,
        content: Any = None,
        status_code: int = 200,
        headers: dict[str, str] | None = None,
        media_type: str | None = None,
        **_rest: Any,
    ) -> None:
        self.status_code = status_code
        self.headers = dict(headers or {})
        self.media_type = media_type or self.media_type
        self.body = self._rendered(content)

    def _rendered(self, content: Any) -> bytes:
        if content is None:
            return b""
        return content if isinstance(content, bytes) else str(content).encode()

    def model_dump(self, **_options: Any) -> Any:
        """Give what the worker is told: the text of the answer."""
        return self.body.decode("utf-8", "replace")


class JSONResponse(Response):
    """An answer in JSON."""

    media_type = "application/json"

    def _rendered(self, content: Any) -> bytes:
        return json.dumps(content).encode()

    def model_dump(self, **_options: Any) -> Any:
        """Give the object."""
        return json.loads(self.body)


class HTMLResponse(Response):
    """A page."""

    media_type = "text/html"


class PlainTextResponse(Response):
    """A text."""

    media_type = "text/plain"


class StreamingResponse:
    """An answer in pieces."""

    def __init__(
        self,
        content: Any,
        status_code: int = 200,
        headers: dict[str, str] | None = None,
        media_type: str | None = None,
        **_rest: Any,
    ) -> None:
        self.body_iterator = content
        self.status_code = status_code
        self.headers = dict(headers or {})
        self.media_type = media_type


class HTTPException(Exception):
    """An error with a status."""

    def __init__(self, status_code: int = 500, detail: Any = None, **_rest: Any) -> None:
        super().__init__(detail)
        self.status_code = status_code
        self.detail = detail


class UploadFile:
    """A file on its way to the server."""

    def __init__(
        self, file: Any = None, *, filename: str | None = None, headers: Any = None, **_rest: Any
    ) -> None:
        self.file, self.filename, self.headers = file, filename, dict(headers or {})
        self.content_type = self.headers.get("content-type")

    async def read(self, size: int = -1) -> bytes:
        """Give its bytes."""
        content: bytes = self.file.read(size)
        return content


class Headers(dict[str, str]):
    """Headers by their names."""

    def __init__(self, headers: Any = None, **_rest: Any) -> None:
        super().__init__(headers or {})


class Statuses:
    """The numbers of HTTP by their long names."""

    def __getattr__(self, name: str) -> int:
        parts = name.split("_")
        if len(parts) < 2 or parts[0] != "HTTP" or not parts[1].isdigit():
            raise AttributeError(name)
        return int(parts[1])


NAMES: dict[str, Any] = {
    "Response": Response,
    "JSONResponse": JSONResponse,
    "HTMLResponse": HTMLResponse,
    "PlainTextResponse": PlainTextResponse,
    "StreamingResponse": StreamingResponse,
    "HTTPException": HTTPException,
    "UploadFile": UploadFile,
    "Headers": Headers,
}
