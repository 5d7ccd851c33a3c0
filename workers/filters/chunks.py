"""What a model says, in the form in which stream filters see it: OpenAI's chunks; and back.

Source: https://platform.openai.com/docs/api-reference/chat-streaming
"""

import time
from typing import Any

from workers.filters.base import FilterFailed
from workers.providers.base import Event
from workers.providers.lines import Garbled
from workers.providers.sse import events_of

Chunk = dict[str, Any]

_NO_CHUNK = "Error: a filter gave back something that is no chunk of an answer."
_NAMES = {"text": "content", "reasoning": "reasoning_content", "tool_calls": "tool_calls"}


class Chunks:
    """The chunks of one answer; all have the same head."""

    def __init__(self, model: str) -> None:
        self._head = {
            "id": "",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
        }

    def of(self, events: list[Event]) -> list[Chunk]:
        """Write events as chunks; what a provider tells of itself becomes the head of the next."""
        chunks = []
        for kind, data in events:
            if kind == "delta":
                chunks.append({**self._head, "choices": [_choice(data)]})
            elif kind == "usage":
                chunks.append({**self._head, "choices": [], "usage": data})
            else:
                self._head |= {n: data[n] for n in ("id", "created") if n in data}
        return chunks


def _choice(data: dict[str, Any]) -> dict[str, Any]:
    extra = dict(data.get("extra") or {})
    more = {"logprobs": extra.pop("logprobs")} if "logprobs" in extra else {}
    delta = {theirs: data[ours] for ours, theirs in _NAMES.items() if ours in data}
    finish = data.get("finish_reason")
    return {"index": data.get("index", 0), "delta": delta | extra, "finish_reason": finish, **more}


def events_in(chunks: list[Chunk]) -> list[Event]:
    """Read what filters have made of chunks.

    Raises:
        FilterFailed: They are none.
    """
    events: list[Event] = []
    for chunk in chunks:
        if not isinstance(chunk, dict):
            raise FilterFailed(_NO_CHUNK)
        try:
            events += [event for event in events_of(chunk) if event[0] != "meta"]
        except Garbled as error:
            raise FilterFailed(_NO_CHUNK) from error
    return events
