"""The stream of an OpenAI-compatible server: server-sent events that hold completion chunks.

Source: HTML standard, section 9.2 (server-sent events); OpenAI API reference, "Streaming".
"""

import time
import uuid
from typing import Any

import orjson

from workers.providers.base import Event
from workers.providers.lines import MAX_LINE, ErrorItem, Garbled, read_json
from workers.providers.reader import EventReader
from workers.providers.template import Template, learn

_FIELDS = (b"event", b"id", b"retry")
_TEXT_KEYS = {"content": "text", "reasoning_content": "reasoning"}
# A template that serves for fewer chunks than this costs more than it spares.
_WORTHWHILE_HITS = 4
_MAX_LESSONS = 4
_MOST_CALLS = 128


class ChunkReader(EventReader):
    """Turns a stream of chunks into events.

    Args:
        model: What the upstream was asked for, if it does not say itself.
    """

    def __init__(self, model: str = "") -> None:
        super().__init__()
        self._model = model
        self._template: Template | None = None
        self._lessons = _MAX_LESSONS
        self._broken = b""  # data lines that are not JSON yet: one item may have several
        self._choices: set[int] = set()
        self._ended: set[int] = set()

    def _read_lines(self, lines: list[bytes], events: list[Event]) -> None:
        for line in lines:
            if self._template is not None:
                text = self._template.text_in(line)
                if text:
                    events.append(("delta", {"text": text}))
                    continue
            if line:
                self._read_line(line, events)
                if self.done:
                    return
            elif self._broken:
                raise Garbled("it sent something that is not JSON", self._broken)

    def _read_line(self, line: bytes, events: list[Event]) -> None:
        if line[:5] == b"data:":
            first = len(events)
            self._read_data(line[5:], events)
            if self._lessons and len(events) == first + 1:
                self._learn(line, events[first][1])
        elif line[:1] != b":" and line.split(b":", 1)[0] not in _FIELDS:
            self._read_stranger(line)

    def _learn(self, line: bytes, data: dict[str, Any]) -> None:
        """Take a chunk that has nothing but a text as the template of the next ones."""
        if len(data) != 1 or "text" not in data:
            return
        if self._template is None or self._template.hits < _WORTHWHILE_HITS:
            self._lessons -= 1
        self._template = learn(line, data["text"])

    def _read_data(self, text: bytes, events: list[Event]) -> None:
        if len(text) < 20 and text.strip() == b"[DONE]":
            self.done = True
            return
        if self._broken:
            text = self._broken + b"\n" + text
        try:
            chunk = read_json(text)
        except ValueError:
            self._broken = text.strip() and text
            return
        self._broken = b""
        try:
            self._read_chunk(chunk, events)
        except (AttributeError, TypeError, KeyError) as error:
            raise Garbled("it sent something that is not a completion chunk", text) from error

    def _read_stranger(self, line: bytes) -> None:
        """A line that is no field of the standard: an error without its frame, or another thing."""
        try:
            value = read_json(line.removeprefix(b"error:"))
        except ValueError:
            value = None
        if isinstance(value, dict) and (value.get("error") or line.startswith(b"error:")):
            raise ErrorItem(value.get("error") or value)
        raise Garbled("it sent something that is not an event stream", line)

    def _read_chunk(self, chunk: dict[str, Any], events: list[Event]) -> None:
        if chunk.get("error"):
            raise ErrorItem(chunk["error"])
        choices = chunk.get("choices")
        if not self._has_meta and choices is not None:
            events.append(("meta", self._meta(chunk)))
        for choice in choices or ():
            self._read_choice(choice, events)
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            events.append(("usage", usage))

    def _meta(self, chunk: dict[str, Any]) -> dict[str, Any]:
        self._has_meta = True
        meta = {
            "id": chunk.get("id") or f"chatcmpl-{uuid.uuid4().hex}",
            "created": chunk.get("created") or int(time.time()),
            "model": chunk.get("model") or self._model,
        }
        if chunk.get("system_fingerprint"):
            meta["system_fingerprint"] = chunk["system_fingerprint"]
        return meta

    def _read_choice(self, choice: dict[str, Any], events: list[Event]) -> None:
        index = choice.get("index") or 0
        first = len(events)
        extra = _read_delta(choice.get("delta") or choice.get("message") or {}, events)
        reason = choice.get("finish_reason")
        self._choices.add(index)
        if reason:
            self._ended.add(index)
            events.append(("delta", {"finish_reason": reason}))
        if self._ended:
            self.may_end = self._choices <= self._ended
        if choice.get("logprobs"):
            extra["logprobs"] = choice["logprobs"]
        if extra or index:
            _mark(events, first, index, extra)


class WholeReader(ChunkReader):
    """Reads a server that was asked for a stream and gives a completion in one piece."""

    def __init__(self, model: str = "") -> None:
        super().__init__(model)
        self._parts: list[bytes] = []

    def feed(self, piece: bytes) -> list[Event]:
        """Keep a piece: nothing can be told before the end."""
        self._parts.append(piece)
        if sum(map(len, self._parts)) > MAX_LINE:
            raise Garbled(f"the answer is longer than {MAX_LINE} bytes")
        return []

    def finish(self) -> list[Event]:
        """Read it.

        Raises:
            Garbled: It is not a completion.
            ErrorItem: It is an error.
        """
        events: list[Event] = []
        content = b"".join(self._parts)
        self._read_data(content, events)
        if not events:
            raise Garbled("its answer is not a chat completion", content)
        return events


def events_of(completion: dict[str, Any]) -> list[Event]:
    """Take a whole completion apart into the events of a stream.

    Raises:
        Garbled: It is none.
    """
    events: list[Event] = []
    try:
        WholeReader()._read_chunk(completion, events)
    except (AttributeError, TypeError, KeyError) as error:
        raise Garbled("its answer is not a chat completion") from error
    return events


def _read_delta(delta: dict[str, Any], events: list[Event]) -> dict[str, Any]:
    """Add the events of a delta; what has no event of its own is given back."""
    extra: dict[str, Any] = {}
    for key, value in delta.items():
        if value is None or value == "" or key == "role":
            continue
        if key in _TEXT_KEYS:
            _read_text(_TEXT_KEYS[key], value, events)
        elif key == "reasoning":
            if not delta.get("reasoning_content"):  # some send it under both names
                _read_text("reasoning", value, events)
        elif key == "tool_calls":
            events.append(("delta", {"tool_calls": [_call(call) for call in value]}))
        else:
            extra[key] = value
    return extra


def _call(call: dict[str, Any]) -> dict[str, Any]:
    """Check a delta of a tool call: those who gather them count and join what stands in it.

    Raises:
        TypeError, AttributeError: It is something else.
    """
    given = {key: value for key, value in call.items() if value is not None}
    index = given.get("index", 0)
    if type(index) is not int or not 0 <= index < _MOST_CALLS:
        raise TypeError("a tool call has no place")
    function = {**(given.get("function") or {})}
    if isinstance(function.get("arguments"), dict):  # some servers do not write them as text
        function["arguments"] = orjson.dumps(function["arguments"]).decode()
    if not all(isinstance(function.get(name) or "", str) for name in ("name", "arguments")):
        raise TypeError("a tool call is not made of texts")
    return {**given, "function": function} if function else given


def _read_text(kind: str, value: Any, events: list[Event]) -> None:
    """Add a text; some servers send it as a list of parts, thoughts among them (Mistral)."""
    if isinstance(value, str):
        events.append(("delta", {kind: value}))
        return
    for part in value if isinstance(value, list) else ():
        if not isinstance(part, dict):
            continue
        inner = part.get("thinking")
        if inner:
            _read_text("reasoning", inner, events)
        elif part.get("text"):
            _read_text(kind, part["text"], events)


def _mark(events: list[Event], first: int, index: int, extra: dict[str, Any]) -> None:
    """Put the choice's number on its events, and what has no event of its own on the first."""
    if extra and len(events) == first:
        events.append(("delta", {}))
    if extra:
        events[first][1]["extra"] = extra
    if index:
        for _, data in events[first:]:
            data["index"] = index
