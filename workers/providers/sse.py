"""The stream of an OpenAI-compatible server: server-sent events that hold completion chunks.

Source: HTML standard, section 9.2 (server-sent events); OpenAI API reference, "Streaming".
"""

import time
import uuid
from typing import Any

from workers.providers.base import Event
from workers.providers.lines import (
    MAX_LINE,
    CutShort,
    ErrorItem,
    Garbled,
    LineSplitter,
    Unreadable,
    parse,
)

_FIELDS = (b"event", b"id", b"retry")
# Keys of a delta that have an event of their own or say nothing.
_TEXT_KEYS = {"content": "text", "reasoning_content": "reasoning", "reasoning": "reasoning"}


class ChunkReader:
    """Turns the bytes of a stream into events.

    `done` is true once the end was announced. What was read before something unreadable came is
    given first; the error is raised by the next call.
    """

    def __init__(self, model: str = "") -> None:
        self.done = False
        self._model = model
        self._splitter = LineSplitter()
        self._broken = b""  # data lines that are not JSON yet: one item may have several
        self._failure: Exception | None = None
        self._has_meta = False
        self._start = b""
        self._choices: set[int] = set()
        self._ended: set[int] = set()

    @property
    def may_end(self) -> bool:
        """Whether every choice has told why it ended, so that only [DONE] is missing."""
        return bool(self._ended) and self._choices <= self._ended

    def feed(self, piece: bytes) -> list[Event]:
        """Read a piece of any size.

        Raises:
            Garbled: It is not such a stream.
            ErrorItem: The upstream reports an error.
        """
        events: list[Event] = []
        self._raise_failure()
        if not self._has_meta and len(self._start) < 2000:
            self._start += piece[:2000]  # to be quoted if this never was a stream
        try:
            for line in self._splitter.feed(piece):
                if line:
                    self._read_line(line, events)
                elif self._broken:
                    raise Garbled("it sent something that is not JSON", self._broken)
                if self.done:
                    break
        except Unreadable as error:
            if isinstance(error, Garbled) and not self._has_meta:
                error.words = self._start or error.words
            self._failure = error
        if not events:
            self._raise_failure()
        return events

    def finish(self) -> list[Event]:
        """Read what is left when the body has ended.

        Raises:
            CutShort: The stream ended before its answer did.
        """
        events = self.feed(b"\n\n") if not self.done else []
        self._raise_failure()
        if not self.done and not self.may_end:
            raise CutShort
        return events

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _read_line(self, line: bytes, events: list[Event]) -> None:
        if line[:5] == b"data:":
            self._read_data(line[5:], events)
        elif line[:1] != b":" and line.split(b":", 1)[0] not in _FIELDS:
            self._read_stranger(line)

    def _read_data(self, text: bytes, events: list[Event]) -> None:
        if self._broken:
            text = self._broken + b"\n" + text
        try:
            chunk = parse(text)
        except ValueError:
            self._read_no_json(text)
            return
        self._broken = b""
        try:
            self._read_chunk(chunk, events)
        except (AttributeError, TypeError, KeyError) as error:
            raise Garbled("it sent something that is not a completion chunk", text) from error

    def _read_no_json(self, text: bytes) -> None:
        if text.strip() == b"[DONE]":
            self.done = True
        elif text.strip():
            self._broken = text

    def _read_stranger(self, line: bytes) -> None:
        """A line that is no field of the standard: an error without its frame, or another thing."""
        try:
            value = parse(line.removeprefix(b"error:"))
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
        delta = choice.get("delta") or choice.get("message") or {}
        index = choice.get("index") or 0
        first = len(events)
        extra: dict[str, Any] = {}
        for key, value in delta.items():
            if value is None or value == "" or key == "role":
                continue
            if key in _TEXT_KEYS:
                if key != "reasoning" or not delta.get("reasoning_content"):  # some send both
                    _read_text(_TEXT_KEYS[key], value, events)
            elif key == "tool_calls":
                events.append(("delta", {"tool_calls": value}))
            else:
                extra[key] = value
        self._choices.add(index)
        reason = choice.get("finish_reason")
        if reason:
            self._ended.add(index)
            events.append(("delta", {"finish_reason": reason}))
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
