"""An answer as it grows: text, reasoning and tool calls, and how they become one message.

Source: the `<details>` blocks are the form of the Open WebUI 0.6.5 page (contract, chat-flow §7).
"""

import math
import time
from bisect import bisect
from typing import Any

import orjson

from shared.services import thoughts

_MOST_TIMES = 1000
# What stands for the result of a call that was given up.
_STOPPED = "Stopped before it was done."


class _Text:
    """A text that grows token by token. It is kept as UTF-8 in one piece: a token of its own takes
    ten times its letters' memory.
    """

    __slots__ = ("_size", "_times", "_written")

    def __init__(self) -> None:
        self._written = bytearray()
        self._size = 0
        # When what could be a tag came: place in the text, time.
        self._times: list[tuple[int, float]] = []

    def add(self, piece: str) -> None:
        if ("<" in piece or "|" in piece) and len(self._times) < _MOST_TIMES:
            self._times.append((self._size, time.monotonic()))
        self._size += len(piece)
        # Half a character is somebody else's fault, and nothing to lose an answer for.
        self._written += piece.encode("utf-8", "surrogatepass")

    def whole(self) -> str:
        return self._written.decode("utf-8", "surrogatepass")

    def seconds_between(self, start: int, end: int | None) -> int:
        """Tell how long it took from one place to another; None for the end until now."""
        until = time.monotonic() if end is None else self._time_at(end)
        return round(until - self._time_at(start))

    def _time_at(self, place: int) -> float:
        return self._times[max(bisect(self._times, (place, math.inf)) - 1, 0)][1]


class Answer:
    """Gathers the deltas of one answer, of its first choice."""

    def __init__(self) -> None:
        # [kind, text, started, ended]; of a call that was made here its data in place of a text.
        self._blocks: list[list[Any]] = []
        self.tool_calls: list[dict[str, Any]] = []
        # Where the calls of the pieces' indexes stand; None while there are none.
        self._places: dict[int, int] | None = None
        self.finish_reason: str | None = None

    def add(self, data: dict[str, Any]) -> None:
        """Take the data of one delta event; other choices than the first are passed over."""
        if data.get("index"):
            return
        for kind in ("reasoning", "text"):
            if piece := data.get(kind):
                self._piece(kind, piece)
        for call in data.get("tool_calls") or ():
            self._merge_call(call)
        self.finish_reason = data.get("finish_reason") or self.finish_reason

    def take(self, kind: str, data: dict[str, Any]) -> bool:
        """Take an event of a job; whether it is one that changes the answer."""
        if kind == "delta":
            self.add(data)
        elif kind == "tool_call":
            self.add_call(data)
        elif kind == "code":
            self.add_code(data)
        elif kind == "replace":
            self.replace(data["content"])
        elif kind == "restarted":
            self.__init__()  # type: ignore[misc]  # as new
        else:
            return False
        return True

    def add_text(self, piece: str) -> None:
        """Take a piece of text, the most frequent delta by far."""
        if self._blocks and self._blocks[-1][0] == "text":
            self._blocks[-1][1].add(piece)
        else:
            self._piece("text", piece)

    def replace(self, text: str) -> None:
        """Take a text in place of all that came before."""
        self.__init__()  # type: ignore[misc]  # as new
        self.add_text(text)

    def _piece(self, kind: str, piece: str) -> None:
        if not self._blocks or self._blocks[-1][0] != kind:
            self._begin(kind, _Text())
        self._blocks[-1][1].add(piece)

    def _begin(self, kind: str, held: Any) -> None:
        now = time.monotonic()
        if self._blocks:
            self._blocks[-1][3] = now
        self._blocks.append([kind, held, now, None])

    def add_call(self, data: dict[str, Any]) -> None:
        """Take the data of a `tool_call` event: a call that is made here, or what came of it."""
        for kind, call, *_ in self._blocks:
            if kind == "call" and call["id"] == data["id"]:
                call.update(data)
                return
        self._begin("call", dict(data))

    def add_code(self, data: dict[str, Any]) -> None:
        """Take the data of a `code` event: code that is run here, more of it, or its output."""
        for kind, code, *_ in self._blocks:
            if kind == "code" and code["id"] == data["id"]:
                code["code"] += data.get("piece", "")
                code.update({name: value for name, value in data.items() if name != "piece"})
                return
        self._begin("code", {"code": "", "lang": "python", "done": False, **data})

    def _merge_call(self, delta: dict[str, Any]) -> None:
        function = delta.get("function") or {}
        call = self._call_of(delta, function)
        call["id"] = delta.get("id") or call["id"]
        name, known = function.get("name") or "", call["function"]["name"]
        # Some servers repeat the name with every piece of the arguments.
        call["function"]["name"] = known if name == known else known + name
        call["function"]["arguments"] += function.get("arguments") or ""

    def _call_of(self, delta: dict[str, Any], function: dict[str, Any]) -> dict[str, Any]:
        """Find the call to which a piece belongs, or begin one: by its index, which need not count
        from 0; where there is none, what names nothing goes on with the last one. Some servers give
        all calls the same index, each with an id and a name of its own.
        """
        call_id, names_one = delta.get("id"), bool(function.get("name"))
        self._places = self._places or {}
        index = delta.get("index")
        if index is None:
            is_more = bool(self.tool_calls) and not (call_id or names_one)
            index = len(self.tool_calls) - is_more
        if index in self._places:
            found = self.tool_calls[self._places[index]]
            is_another = names_one and call_id and found["id"] and call_id != found["id"]
            if not is_another:
                return found
        self._places[index] = len(self.tool_calls)
        call = {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
        self.tool_calls.append(call)
        return call

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The calls that were made here, with what came of them."""
        return [call for kind, call, *_ in self._blocks if kind == "call"]

    @property
    def text(self) -> str:
        """The text alone."""
        return self._all("text")

    @property
    def readable(self) -> str:
        """The text, with the code that was run here as blocks of it."""
        return "".join(
            readable_code(held) if kind == "code" else held.whole()
            for kind, held, *_ in self._blocks
            if kind in ("text", "code")
        )

    @property
    def reasoning(self) -> str:
        """The reasoning alone."""
        return self._all("reasoning")

    def _all(self, kind: str) -> str:
        return "".join(text.whole() for of, text, *_ in self._blocks if of == kind)

    @property
    def is_plain(self) -> bool:
        """Whether the message is text and nothing else, so that deltas can simply be appended."""
        return not self.tool_calls and all(block[0] == "text" for block in self._blocks)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all has come."""
        return not self._blocks and not self.tool_calls

    def content(self, is_done: bool = True) -> str:
        """Write the message as the page shows it.

        Args:
            is_done: Whether the answer has ended; an open block is marked as such.
        """
        last = len(self._blocks) - 1
        parts: list[str] = []
        for place, (kind, text, started, ended) in enumerate(self._blocks):
            is_closed = is_done or place < last
            if kind == "text":
                parts += _text(text, is_closed)
            elif kind == "call":
                parts.append(_own_call(text, is_done))
            elif kind == "code":
                parts.append(_code(text, is_done))
            else:
                seconds = round((ended or time.monotonic()) - started)
                parts.append(_reasoning(text.whole(), seconds if is_closed else None))
        parts += [_tool_call(call) for call in self.tool_calls]
        return "\n".join(part for part in parts if part)

    def as_message(self) -> dict[str, Any]:
        """Write the message as an OpenAI server would in `choices[0].message`."""
        message: dict[str, Any] = {
            "role": "assistant",
            "content": self.readable or (None if self.tool_calls else ""),
        }
        if self.reasoning:
            message["reasoning_content"] = self.reasoning
        if self.tool_calls:
            message["tool_calls"] = self.tool_calls
        return message


def _text(text: _Text, is_closed: bool) -> list[str]:
    """Write a text as the page shows it: what is reasoning between tags is folded away."""
    return [
        _reasoning(
            part.text,
            text.seconds_between(part.start, part.end) if part.end or is_closed else None,
        )
        if part.is_thought
        else part.text
        for part in thoughts.parts(text.whole())
    ]


def _reasoning(text: str, seconds: int | None) -> str:
    """Write a block of reasoning.

    Args:
        seconds: How long it took; None while it goes on.
    """
    quoted = "\n".join(f"> {line}" for line in text.strip().splitlines())
    if seconds is None:
        head = '<details type="reasoning" done="false">\n<summary>Thinking…</summary>'
        return f"{head}\n{quoted}\n</details>\n"
    return (
        f'<details type="reasoning" done="true" duration="{seconds}">\n'
        f"<summary>Thought for {seconds} seconds</summary>\n{quoted}\n</details>\n"
    )


def _tool_call(call: dict[str, Any]) -> str:
    """Write a call that its reader is to make."""
    function = call["function"]
    return _call_block(call["id"], function["name"], function["arguments"])


def _own_call(call: dict[str, Any], is_done: bool) -> str:
    """Write a call that is made here; of an answer that has ended none is under way."""
    if not call["done"] and not is_done:
        return _call_block(call["id"], call["name"], call["arguments"])
    files = orjson.dumps(call["files"]).decode() if call.get("files") else ""
    more = {"result": orjson.dumps(call.get("result", _STOPPED)).decode(), "files": files}
    return _call_block(call["id"], call["name"], call["arguments"], more)


def _call_block(call_id: str, name: str, arguments: str, more: dict[str, str] | None = None) -> str:
    """Write the block of a call.

    Args:
        more: What came of it; None while it is under way.
    """
    import html  # noqa: PLC0415 -- it knows the names of 2,231 characters, half a megabyte

    attributes = {
        "type": "tool_calls",
        "done": "false" if more is None else "true",
        "id": call_id,
        "name": name,
        "arguments": orjson.dumps(arguments).decode(),
        **(more or {}),
    }
    written = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items())
    summary = "Executing..." if more is None else "Tool Executed"
    return f"<details {written}>\n<summary>{summary}</summary>\n</details>\n"


def _code(code: dict[str, Any], is_over: bool) -> str:
    """Write a block of code that is run here.

    Args:
        is_over: Whether the answer has ended, and the code with it.
    """
    import html  # noqa: PLC0415 -- as above

    written = _fenced(code["code"], code["lang"])
    if not code["done"] and not is_over:
        head = '<details type="code_interpreter" done="false">\n<summary>Analyzing...</summary>'
    else:
        output = html.escape(orjson.dumps(code.get("output") or {}).decode())
        head = (
            f'<details type="code_interpreter" done="true" output="{output}">\n'
            "<summary>Analyzed</summary>"
        )
    return f"{head}\n{written}\n</details>\n"


def readable_code(code: dict[str, Any]) -> str:
    """Write a block of code that was run here, and its output, for readers who get nothing but
    text; empty while it is under way.
    """
    if not code["done"]:
        return ""
    output = code.get("output") or {}
    said = "\n".join(str(text).strip("\n") for text in output.values() if text)
    shown = _fenced(code["code"], code.get("lang", "python"))
    return f"\n{shown}\n" + (f"\n{_fenced(said)}\n" if said else "")


def _fenced(text: str, lang: str = "") -> str:
    fence = "````" if "```" in text else "```"
    return f"{fence}{lang}\n{text.strip()}\n{fence}"
