"""What a pipe yields or returns, as the events of a stream.

Source: contract, chat-flow §11 (forms of its answers) and §7 (`event` in a chunk).
"""

import time
import uuid
from collections.abc import Iterable
from typing import Any

import orjson

from shared.errors import Reason
from shared.services.answers import Answer
from workers.providers.base import Event
from workers.providers.errors import Refused
from workers.providers.lines import read_json
from workers.providers.sse import ChunkReader

Told = list[dict[str, Any]]


class PieceReader:
    """Reads the pieces of one answer."""

    def __init__(self, model: str) -> None:
        self._reader = ChunkReader(model)
        self._has_ended = False

    def read(self, piece: Any) -> tuple[list[Event], Told]:
        """Read a piece: a text, a chunk or a whole answer as an object, or lines of a stream.

        Returns:
            Events, and what is to be told to the readers beside the answer.

        Raises:
            Refused: It tells an error.
            Unreadable: It is no chunk.
        """
        if isinstance(piece, dict):
            return self._object(piece)
        if not isinstance(piece, str):
            piece = "" if piece is None else orjson.dumps(piece).decode()
        if not piece.startswith("data:"):
            return ([("delta", {"text": piece})] if piece else []), []
        events: list[Event] = []
        told: Told = []
        for line in piece.splitlines():
            text = line.removeprefix("data:").strip()
            if text and text != "[DONE]":
                more, others = self.read_line(text)
                events += more
                told += others
        return events, told

    def read_line(self, text: str) -> tuple[list[Event], Told]:
        """Read what stands behind `data:`; a text that is no JSON is one. Errors as in `read`."""
        try:
            value = read_json(text.encode())
        except ValueError:
            return [("delta", {"text": text})], []
        return self._object(value) if isinstance(value, dict) else ([("delta", {"text": text})], [])

    def finish(self) -> list[Event]:
        """Give the end that the pipe has not given."""
        return [] if self._has_ended else [("delta", {"finish_reason": "stop"})]

    def _object(self, value: dict[str, Any]) -> tuple[list[Event], Told]:
        if value.get("error"):
            raise Refused(_words(value["error"]), reason=Reason.BAD_REQUEST)
        if isinstance(value.get("event"), dict):
            return [], [value["event"]]
        packed = orjson.dumps({name: one for name, one in value.items() if name != "error"})
        events = self._reader.feed(b"data: " + packed + b"\n\n")
        self._has_ended |= any("finish_reason" in data for kind, data in events if kind == "delta")
        return [event for event in events if event[0] != "meta"], []


def completion_of(model: str, events: Iterable[Event]) -> dict[str, Any]:
    """Gather an answer into an object of OpenAI's form."""
    answer, usage = Answer(), None
    for kind, data in events:
        if kind == "delta":
            answer.add(data)
        elif kind == "usage":
            usage = data
    choice = {
        "index": 0,
        "message": answer.as_message(),
        "logprobs": None,
        "finish_reason": answer.finish_reason or "stop",
    }
    completion = {
        "id": f"{model}-{uuid.uuid4()}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [choice],
    }
    return completion if usage is None else {**completion, "usage": usage}


def _words(error: Any) -> str:
    """Find the words in an error of whatever form."""
    if isinstance(error, dict):
        error = error.get("detail") or error.get("message") or error
    return (error if isinstance(error, str) else orjson.dumps(error, default=str).decode())[:2000]
