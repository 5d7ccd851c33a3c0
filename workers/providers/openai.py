"""OpenAI and the many servers that speak its language.

Source: OpenAI API reference, "Chat" and "Models".
"""

from typing import Any

import httpx

from workers.providers.answer import Answer
from workers.providers.base import Timeouts
from workers.providers.items import ItemReader
from workers.providers.line import Cut
from workers.providers.lines import Garbled
from workers.providers.sse import ChunkReader, WholeReader, events_of
from workers.providers.upstream import QUICK_S, Connection, Upstream

_CHAT = "/chat/completions"


class OpenAIProvider:
    """See `base.Provider`."""

    def __init__(self, connection: Connection, timeouts: Timeouts) -> None:
        self._upstream = Upstream(connection, timeouts)

    @property
    def upstream(self) -> Upstream:
        """The server itself, for protocols beside OpenAI's."""
        return self._upstream

    def models(self) -> list[dict[str, Any]]:
        """List the models."""
        listed: list[dict[str, Any]] = self.listing()["data"]
        return listed

    def listing(self) -> dict[str, Any]:
        """Give the raw answer of `GET /models`, without what is no model."""
        answer = self.version()
        entries = answer.get("data")
        if not isinstance(entries, list):
            raise self._upstream.garbled("its list of models is not a list")
        usable = [entry for entry in entries if isinstance(entry, dict) and entry.get("id")]
        return {"object": "list", **answer, "data": usable}

    def version(self) -> dict[str, Any]:
        """Give the raw answer of `GET /models`."""
        answer = self._upstream.ask_json("GET", "/models", None, QUICK_S)
        return answer if isinstance(answer, dict) else {"object": "list", "data": answer}

    def stream(self, body: dict[str, Any]) -> Answer:
        """Answer a chat, piece by piece."""
        asked = {**body, "stream": True}
        model = str(body.get("model", ""))
        return Answer(self._upstream, _CHAT, asked, lambda head: self._reader(head, model))

    def _reader(self, response: httpx.Response, model: str) -> ChunkReader:
        """Give what reads the stream that has just begun."""
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        reader = WholeReader if kind == "application/json" else ChunkReader
        return reader(model)

    def complete(self, body: dict[str, Any], cut: Cut | None = None) -> dict[str, Any]:
        """Answer a chat in one piece."""
        asked = {key: value for key, value in body.items() if key != "stream_options"}
        asked["stream"] = False
        answer = self._upstream.ask_json("POST", _CHAT, asked, self._upstream.timeouts.total_s, cut)
        if not isinstance(answer, dict) or not isinstance(answer.get("choices"), list):
            raise self._upstream.garbled("its answer is not a chat completion")
        try:
            events_of(answer)
        except Garbled as error:
            raise self._upstream.garbled(str(error)) from error
        return answer

    def items(self, path: str, body: dict[str, Any]) -> Answer:
        """Pass a request on whose answer comes in pieces."""
        return Answer(self._upstream, path, body, lambda _head: ItemReader())

    def ask(self, method: str, path: str, body: bytes | None, cut: Cut | None = None) -> Any:
        """Pass a request on whose answer comes whole."""
        return self._upstream.ask_anything(method, path, body, cut)

    def close(self) -> None:
        """Close the idle connections."""
        self._upstream.close()
