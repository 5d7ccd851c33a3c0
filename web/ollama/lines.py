"""A job's events in the form of an Ollama server's stream: lines of JSON.

Source: Ollama, docs/api.md, "Generate a chat completion".
"""

from datetime import UTC, datetime
from typing import Any

import orjson

from shared.loose_json import parse
from shared.services.answers import Answer
from web.completions.beyond import Beyond

# What Ollama tells of an answer beside OpenAI's counts.
_TIMINGS = (
    "total_duration",
    "load_duration",
    "prompt_eval_count",
    "prompt_eval_duration",
    "eval_count",
    "eval_duration",
)


class ChatLines:
    """Writes a chat answer; of an attempt that was begun anew only what the client lacks."""

    keep_alive = b""

    def __init__(self, model: str) -> None:
        self._model = model
        self._beyond = Beyond()
        self._usage: dict[str, Any] = {}
        self._reason = "stop"
        self._calls: dict[int, dict[str, Any]] = {}

    def begin(self) -> bytes:
        """Write nothing: the first line is the answer's."""
        return b""

    def write(self, event: bytes) -> bytes:
        """Write what one event means to the client."""
        parsed = orjson.loads(event)
        writer = _CHAT.get(parsed["type"])
        return writer(self, parsed["data"]) if writer else b""

    def _delta(self, data: dict[str, Any]) -> bytes:
        if data.get("index"):
            return b""
        self._reason = data.get("finish_reason") or self._reason
        self._gather(self._beyond.of_calls(0, data.get("tool_calls") or []))
        message = {
            "thinking": self._beyond.of_reasoning(0, data.get("reasoning") or ""),
            "content": self._beyond.of_text(0, data.get("text") or ""),
        }
        said = {name: text for name, text in message.items() if text}
        return self._line({"content": "", **said}) if said else b""

    def _gather(self, deltas: list[dict[str, Any]]) -> None:
        """Put the calls together: Ollama gives each of them whole."""
        for delta in deltas:
            call = self._calls.setdefault(delta.get("index", 0), {"name": "", "arguments": ""})
            function = delta.get("function") or {}
            call["name"] += function.get("name") or ""
            call["arguments"] += function.get("arguments") or ""

    def _restarted(self, _data: dict[str, Any]) -> bytes:
        self._beyond.restart()
        return b""

    def _note_usage(self, data: dict[str, Any]) -> bytes:
        self._usage = data
        return b""

    def _ended(self, data: dict[str, Any]) -> bytes:
        calls = [_call(c["name"], c["arguments"]) for c in self._calls.values()]
        line = self._line({"content": "", "tool_calls": calls}) if calls else b""
        usage = self._usage or data.get("usage") or {}
        reason = "length" if self._reason == "length" else "stop"
        return line + self._line({"content": ""}, **ending(reason, usage))

    def _failed(self, data: dict[str, Any]) -> bytes:
        return _json_line({"error": data.get("error")})

    def _line(self, message: dict[str, Any], **more: Any) -> bytes:
        whole = {"role": "assistant", **message}
        return _json_line({**head(self._model), "message": whole, "done": False, **more})


_CHAT: dict[str, Any] = {
    "delta": ChatLines._delta,
    "restarted": ChatLines._restarted,
    "usage": ChatLines._note_usage,
    "completed": ChatLines._ended,
    "cancelled": ChatLines._ended,
    "failed": ChatLines._failed,
}


class ItemLines:
    """Writes an upstream's own items as lines.

    Args:
        repeats: Whether a second attempt may tell all again, as one at a transfer does; else the
            client hears that its answer has broken off.
    """

    keep_alive = b""

    def __init__(self, repeats: bool) -> None:
        self._repeats = repeats
        self._has_said = self._has_broken = False

    def begin(self) -> bytes:
        """Write nothing: the first line is the upstream's."""
        return b""

    def write(self, event: bytes) -> bytes:
        """Write what one event means to the client."""
        parsed = orjson.loads(event)
        kind, data = parsed["type"], parsed["data"]
        if kind == "restarted" and self._has_said and not self._repeats:
            self._has_broken = True
            return _json_line({"error": "The answer has broken off. Please ask again."})
        if self._has_broken:
            return b""
        if kind == "item":
            self._has_said = True
            return self.item(data["item"])
        return _json_line({"error": data.get("error")}) if kind == "failed" else b""

    def item(self, item: dict[str, Any]) -> bytes:
        """Write one item."""
        return _json_line(item)


class ItemEvents(ItemLines):
    """Writes an upstream's own items as server-sent events, as OpenAI's clients read them."""

    def write(self, event: bytes) -> bytes:
        """Write what one event means to the client."""
        ends = event.startswith((b'{"type":"completed"', b'{"type":"failed"'))
        line = super().write(event)
        if line and not line.startswith(b"data:"):
            line = b"data: " + line + b"\n"
        return line + (b"data: [DONE]\n\n" if ends else b"")

    def item(self, item: dict[str, Any]) -> bytes:
        """Write one item."""
        return b"data: " + orjson.dumps(item) + b"\n\n"


class FileEvents(ItemLines):
    """Writes how far a file has come on its way to a server, as the page's upload bar reads it."""

    def write(self, event: bytes) -> bytes:
        """Write what one event means to the client."""
        parsed = orjson.loads(event)
        if parsed["type"] == "progress":
            return self.item(_share(parsed["data"]))
        line = super().write(event)
        return b"data: %b\n" % line if parsed["type"] == "failed" else line

    def item(self, item: dict[str, Any]) -> bytes:
        """Write one item."""
        return b"data: %b\n\n" % orjson.dumps(item)


def _share(data: dict[str, Any]) -> dict[str, Any]:
    """Write progress in percent and bytes; 0 % of what nobody knows the size of."""
    done, total = data["done"], data["total"]
    percent = round(100 * done / total, 1) if total else 0
    return {"progress": percent, "completed": done, "total": total or None}


def whole_chat(model: str, data: dict[str, Any], answer: Answer) -> dict[str, Any]:
    """Write a whole answer as Ollama does.

    Args:
        data: Of the job's last event.
    """
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if answer.reasoning:
        message["thinking"] = answer.reasoning
    if answer.tool_calls:
        functions = [call["function"] for call in answer.tool_calls]
        message["tool_calls"] = [_call(f["name"], f["arguments"]) for f in functions]
    reason = "length" if answer.finish_reason == "length" else "stop"
    return {**head(model), "message": message, **ending(reason, data.get("usage") or {})}


def head(model: str) -> dict[str, Any]:
    """Write what every line of an answer begins with."""
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {"model": model, "created_at": now}


def ending(reason: str, usage: dict[str, Any]) -> dict[str, Any]:
    """Write how an answer has ended; counts of servers that tell OpenAI's are put for Ollama's."""
    counts = {
        "prompt_eval_count": usage.get("prompt_tokens") or 0,
        "eval_count": usage.get("completion_tokens") or 0,
    }
    told = {name: usage[name] for name in _TIMINGS if name in usage}
    return {"done": True, "done_reason": reason, **dict.fromkeys(_TIMINGS, 0), **counts, **told}


def _call(name: str, arguments: str) -> dict[str, Any]:
    try:
        value = parse(arguments.encode()) if arguments else {}
    except ValueError:
        value = arguments
    return {"function": {"name": name, "arguments": value}}


def _json_line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value) + b"\n"
