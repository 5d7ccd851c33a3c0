"""Ollama's own protocol: newline-delimited JSON at `/api/chat`.

Source: Ollama, docs/api.md, "Generate a chat completion".
"""

import time
import uuid
from typing import Any

import orjson

from workers.providers.answer import Answer
from workers.providers.base import Event, Timeouts
from workers.providers.items import ItemReader
from workers.providers.line import Cut
from workers.providers.lines import ErrorItem, Garbled, read_json
from workers.providers.ollama_request import to_ollama
from workers.providers.reader import EventReader
from workers.providers.upstream import QUICK_S, Connection, Upstream

_CHAT = "/api/chat"


class OllamaProvider:
    """See `base.Provider`."""

    def __init__(self, connection: Connection, timeouts: Timeouts) -> None:
        self._upstream = Upstream(connection, timeouts)

    def models(self) -> list[dict[str, Any]]:
        """List the models, as `GET /api/tags` describes them."""
        answer = self._upstream.ask_json("GET", "/api/tags", None, QUICK_S)
        entries = answer.get("models") if isinstance(answer, dict) else None
        if not isinstance(entries, list):
            raise self._upstream.garbled("its list of models is not a list")
        return [entry for entry in entries if isinstance(entry, dict)]

    def version(self) -> dict[str, Any]:
        """Give the answer of `GET /api/version`."""
        answer = self._upstream.ask_json("GET", "/api/version", None, QUICK_S)
        if not isinstance(answer, dict) or "version" not in answer:
            raise self._upstream.garbled("it does not tell its version")
        return answer

    def stream(self, body: dict[str, Any]) -> Answer:
        """Answer a chat, piece by piece."""
        asked = {**to_ollama(body), "stream": True}
        return Answer(self._upstream, _CHAT, asked, lambda _head: LineReader())

    def complete(self, body: dict[str, Any], cut: Cut | None = None) -> dict[str, Any]:
        """Answer a chat in one piece."""
        asked = {**to_ollama(body), "stream": False}
        answer = self._upstream.ask_json("POST", _CHAT, asked, self._upstream.timeouts.total_s, cut)
        if not isinstance(answer, dict) or not isinstance(answer.get("message"), dict):
            raise self._upstream.garbled("its answer is not a chat completion")
        return _completion(answer)

    def items(self, path: str, body: dict[str, Any]) -> Answer:
        """Pass a request on whose answer comes in pieces."""
        return Answer(self._upstream, path, body, lambda _head: ItemReader())

    def ask(self, method: str, path: str, body: bytes | None, cut: Cut | None = None) -> Any:
        """Pass a request on whose answer comes whole."""
        return self._upstream.ask_anything(method, path, body, cut)

    def close(self) -> None:
        """Close the idle connections."""
        self._upstream.close()


class LineReader(EventReader):
    """Turns Ollama's lines into events."""

    def __init__(self) -> None:
        super().__init__()
        self._calls = 0

    def _read_lines(self, lines: list[bytes], events: list[Event]) -> None:
        for line in lines:
            if line.strip() and not self.done:
                self._read_line(line, events)

    def _read_line(self, line: bytes, events: list[Event]) -> None:
        try:
            item = read_json(line)
        except ValueError as error:
            raise Garbled("it sent something that is not JSON", line) from error
        if not isinstance(item, dict):
            raise Garbled("it sent something that is not a chat answer", line)
        if item.get("error"):
            raise ErrorItem(item)
        if not self._has_meta:
            self._has_meta = True
            events.append(("meta", _meta(item)))
        try:
            self._read_item(item, events)
        except (AttributeError, TypeError, KeyError) as error:
            raise Garbled("it sent something that is not a chat answer", line) from error

    def _read_item(self, item: dict[str, Any], events: list[Event]) -> None:
        message = item.get("message") or {}
        if message.get("thinking"):
            events.append(("delta", {"reasoning": message["thinking"]}))
        if message.get("content"):
            events.append(("delta", {"text": message["content"]}))
        if message.get("tool_calls"):
            calls = tool_calls(message["tool_calls"], self._calls)
            self._calls += len(calls)
            events.append(("delta", {"tool_calls": calls}))
        if item.get("done"):
            self.done = True
            events.append(("delta", {"finish_reason": finish_reason(item, self._calls > 0)}))
            events.append(("usage", usage_of(item)))


def _meta(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "created": int(time.time()),
        "model": item.get("model") or "",
    }


def _completion(item: dict[str, Any]) -> dict[str, Any]:
    """Write an answer in OpenAI's form."""
    given = item["message"]
    message: dict[str, Any] = {"role": "assistant", "content": given.get("content") or ""}
    if given.get("thinking"):
        message["reasoning_content"] = given["thinking"]
    calls = tool_calls(given.get("tool_calls") or [], 0)
    if calls:
        message["tool_calls"] = [{k: v for k, v in c.items() if k != "index"} for c in calls]
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": finish_reason(item, bool(calls)),
    }
    return {
        **_meta(item),
        "object": "chat.completion",
        "choices": [choice],
        "usage": usage_of(item),
    }


def tool_calls(calls: list[dict[str, Any]], first: int) -> list[dict[str, Any]]:
    """Write tool calls in OpenAI's form: numbered, with an id, arguments as text.

    Args:
        calls: As Ollama gives them.
        first: How many calls of the same answer came before.
    """
    made = []
    for number, call in enumerate(calls):
        function = call["function"]
        made.append(
            {
                "index": first + number,
                "id": call.get("id") or f"call_{uuid.uuid4().hex[:24]}",
                "type": "function",
                "function": {
                    "name": function["name"],
                    "arguments": _arguments_text(function.get("arguments")),
                },
            }
        )
    return made


def finish_reason(item: dict[str, Any], has_calls: bool) -> str:
    """Say why it ended in OpenAI's words."""
    reason = item.get("done_reason") or "stop"
    if has_calls and reason == "stop":
        return "tool_calls"
    return reason if reason in ("stop", "length") else "stop"


def _arguments_text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else orjson.dumps(arguments or {}).decode()


def usage_of(item: dict[str, Any]) -> dict[str, Any]:
    """Tell the usage: OpenAI's counts, Ollama's numbers (ns), and rates as clients show them."""
    asked, made = item.get("prompt_eval_count") or 0, item.get("eval_count") or 0
    usage = {key: item.get(key) or 0 for key in _TIMINGS}
    usage["prompt_token/s"] = _rate(asked, item.get("prompt_eval_duration"))
    usage["response_token/s"] = _rate(made, item.get("eval_duration"))
    minutes, seconds = divmod((item.get("total_duration") or 0) // 1_000_000_000, 60)
    usage["approximate_total"] = f"{minutes // 60}h{minutes % 60}m{seconds}s"
    return usage | {
        "prompt_tokens": asked,
        "completion_tokens": made,
        "total_tokens": asked + made,
    }


_TIMINGS = (
    "total_duration",
    "load_duration",
    "prompt_eval_count",
    "prompt_eval_duration",
    "eval_count",
    "eval_duration",
)


def _rate(count: int, duration_ns: int | None) -> float | str:
    return round(count / (duration_ns / 1e9), 2) if duration_ns else "N/A"
