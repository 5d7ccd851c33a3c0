"""The protocol of a pipelines server, beside OpenAI's, which it speaks as well.

Source: https://github.com/open-webui/pipelines, `main.py` (routes and their bodies).
"""

from typing import Any

import httpx
import orjson

from shared.errors import Reason
from shared.services.connections import Connection
from workers.providers import provider_for
from workers.providers.complaints import clean
from workers.providers.errors import ProviderError
from workers.providers.line import Cut
from workers.providers.openai import OpenAIProvider
from workers.providers.upstream import QUICK_S, dump

# As OpenAI's lists have no such field, it tells that a server is one.
_SIGN = "pipelines"


class Complaint(ProviderError):
    """The server refuses.

    Attributes:
        detail: Its own words; empty when it has none.
    """

    def __init__(self, who: str, status: int, detail: str) -> None:
        words = f"{who} answered {status}" + (f": {detail}" if detail else ".")
        super().__init__(words, status, reason=Reason.BAD_REQUEST)
        self.detail = detail


class PipelinesServer:
    """One server; errors of its transport are those of `workers.providers.errors`."""

    def __init__(self, connection: Connection) -> None:
        provider = provider_for(connection)
        assert isinstance(provider, OpenAIProvider)  # noqa: S101 -- for the type checker: the kind decides
        self._upstream = provider.upstream

    def is_one(self) -> bool:
        """Whether it is a pipelines server at all."""
        answer = self._upstream.ask_json("GET", "/models", None, QUICK_S)
        return isinstance(answer, dict) and _SIGN in answer

    def ask(self, method: str, path: str, body: Any = None, cut: Cut | None = None) -> Any:
        """Send a request and give the JSON of its answer.

        Raises:
            Complaint: The server refuses.
            ProviderError: It cannot be asked, or does not answer in JSON.
        """
        packed = None if body is None else dump(body)
        timeout_s = self._upstream.timeouts.first_byte_s
        return self._read(*self._upstream.ask(method, path, packed, timeout_s, cut))

    def upload(self, filename: str, source: bytes, cut: Cut) -> Any:
        """Send a pipeline's source; errors as those of `ask`."""
        form = httpx.Request("POST", "http://form", files={"file": (filename, source)})
        timeout_s = self._upstream.timeouts.first_byte_s
        kind = form.headers["content-type"]
        answer = self._upstream.ask(
            "POST", "/pipelines/upload", form.read(), timeout_s, cut, content_type=kind
        )
        return self._read(*answer)

    def _read(self, response: httpx.Response, content: bytes) -> Any:
        if response.is_success:
            return self._upstream.read(content) if content.strip() else None
        raise Complaint(self._upstream.who, response.status_code, _detail(content))


def _detail(content: bytes) -> str:
    """Find the words of a complaint, which FastAPI writes as `detail`."""
    try:
        told = orjson.loads(content).get("detail")
    except (ValueError, AttributeError):
        return ""
    if not told:
        return ""
    return clean(told) if isinstance(told, str) else clean(orjson.dumps(told).decode())
