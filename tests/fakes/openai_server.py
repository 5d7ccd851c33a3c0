"""A fake OpenAI-compatible server; see `script.py` for how to steer it.

python -m tests.fakes.openai_server --port 9100

with FakeOpenAI() as server:
    ask(server.url)
"""

import json
from collections.abc import Iterator
from typing import Any

from tests.fakes.framing import Act, Item
from tests.fakes.process import FakeProcess, run
from tests.fakes.script import Plan, answer_for, digest, text_of
from tests.fakes.server import CREATED, Server

__all__ = ["FakeOpenAI", "OpenAIServer", "answer_for"]


class OpenAIServer(Server):
    """The protocol."""

    chat_path = "/chat/completions"

    def items(
        self, chosen: Plan, request: dict[str, Any], record: dict[str, Any]
    ) -> Iterator[Item]:
        """Write server-sent events."""
        for number, item in enumerate(self._events(chosen, request, record)):
            if chosen.get("comments"):
                yield b": keep-alive %d\n\n" % number
            yield _pretty(item) if chosen.get("pretty") and isinstance(item, bytes) else item

    def _events(
        self, chosen: Plan, request: dict[str, Any], record: dict[str, Any]
    ) -> Iterator[Item]:
        writer = _Writer(request)
        yield writer.event({"role": "assistant", "content": ""})
        for thought in chosen.thoughts:
            yield writer.event({"reasoning_content": thought})
        for place, tool in enumerate(chosen.tools):
            yield from writer.call(place, tool)
        if not chosen.tools:
            yield from self._texts(chosen, writer, record)
        reason = "tool_calls" if chosen.tool else "stop"
        for index in range(writer.choices):
            yield writer.event({}, index, reason)
        if (request.get("stream_options") or {}).get("include_usage"):
            yield writer.chunk({"choices": [], "usage": usage(chosen, request)})
        if not chosen.get("nodone"):
            yield b"data: [DONE]\n\n"

    def _texts(self, chosen: Plan, writer: "_Writer", record: dict[str, Any]) -> Iterator[Item]:
        mishaps = _mishaps(chosen)
        before, after = writer.around_text()
        counts = self.counts
        number = 0
        for word in chosen.stream_words():
            yield from mishaps.get(number, ())
            if writer.choices > 1:
                yield from (writer.event({"content": word}, n) for n in range(writer.choices))
            else:
                yield b"%b%b%b" % (before, json.dumps(word)[1:-1].encode(), after)
            number += 1
            counts["tokens"] += 1
            record["sent"] = number
        yield from mishaps.get(number, ())

    def whole(self, chosen: Plan, request: dict[str, Any]) -> dict[str, Any]:
        """Write a chat completion."""
        message: dict[str, Any] = {"role": "assistant", "content": chosen.text}
        if chosen.thoughts:
            message["reasoning_content"] = "".join(chosen.thoughts)
        if chosen.tools:
            calls = [
                {"id": f"call_{place}", "type": "function", "function": tool}
                for place, tool in enumerate(chosen.tools, 1)
            ]
            message.update(content=None, tool_calls=calls)
        reason = "tool_calls" if chosen.tool else "stop"
        choices = [
            {"index": index, "message": message, "logprobs": None, "finish_reason": reason}
            for index in range(request.get("n") or 1)
        ]
        head = {**_Writer(request).frame, "object": "chat.completion"}
        return {**head, "choices": choices, "usage": usage(chosen, request)}

    def other(self, method: str, path: str, request: Any) -> tuple[int, Any]:
        """List models, embed; refuse the rest."""
        entries = [
            {"id": name, "object": "model", "created": CREATED, "owned_by": "fake"}
            for name in self.models
        ]
        if method == "GET" and path.endswith("/models"):
            return 200, {"object": "list", "data": entries}
        if method == "GET" and "/models/" in path:
            found = [entry for entry in entries if entry["id"] == path.rpartition("/")[2]]
            if found:
                return 200, found[0]
        if method == "POST" and path.endswith("/embeddings"):
            return 200, _embeddings(request)
        return 404, self.error_body(f"no such path {path}", 404)

    def error_body(self, message: str, status: int) -> dict[str, Any]:
        """Write an error object."""
        kind = "server_error" if status >= 500 else "invalid_request_error"
        return {"error": {"message": message, "type": kind, "param": None, "code": None}}


class _Writer:
    """Writes the chunks of one answer."""

    def __init__(self, request: dict[str, Any]) -> None:
        name = digest(json.dumps(request.get("messages"), sort_keys=True))
        self.choices = request.get("n") or 1
        self.frame = {
            "id": f"chatcmpl-{name}",
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": str(request.get("model")),
            "system_fingerprint": "fp_fake",
        }

    def chunk(self, more: dict[str, Any]) -> bytes:
        return b"data: %b\n\n" % json.dumps({**self.frame, **more}).encode()

    def event(self, delta: dict[str, Any], index: int = 0, reason: str | None = None) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
        return self.chunk({"choices": [choice]})

    def around_text(self) -> tuple[bytes, bytes]:
        before, after = self.event({"content": "\x00"}).split(b"\\u0000")
        return before, after

    def call(self, place: int, function: dict[str, str]) -> Iterator[bytes]:
        start = {"name": function["name"], "arguments": ""}
        head = {"index": place, "id": f"call_{place + 1}", "type": "function"}
        yield self._calls({**head, "function": start})
        text = function["arguments"]
        for at in range(0, len(text), 4):
            yield self._calls({"index": place, "function": {"arguments": text[at : at + 4]}})

    def _calls(self, call: dict[str, Any]) -> bytes:
        return self.event({"tool_calls": [call]})


def _mishaps(chosen: Plan) -> dict[int, list[Item]]:
    """What happens instead of going on, by the number of words before it."""
    overload = b'data: {"error": {"message": "The engine is overloaded", "type": "overloaded"}}\n\n'
    happenings: dict[str, list[Item]] = {
        "hang": [Act.HANG],
        "cut": [Act.CUT],
        "reset": [Act.RESET],
        "error": [overload],
        "badjson": [b"data: {not json at all\x07\n\n"],
    }
    return {chosen.words[n]: acts for n, acts in happenings.items() if n in chosen.words}


def _pretty(item: bytes) -> bytes:
    """Write an event's JSON over several data lines, as the standard allows."""
    if not item.startswith(b"data: {"):
        return item
    lines = json.dumps(json.loads(item[6:]), indent=1).splitlines()
    return "".join(f"data: {line}\n" for line in lines).encode() + b"\n"


def usage(chosen: Plan, request: dict[str, Any]) -> dict[str, int]:
    """Count words."""
    asked = sum(len(text_of(m.get("content")).split()) for m in request.get("messages") or [])
    made = len(chosen.pieces) + len(chosen.thoughts)
    return {"prompt_tokens": asked, "completion_tokens": made, "total_tokens": asked + made}


def _embeddings(request: dict[str, Any]) -> dict[str, Any]:
    texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
    data = [
        {
            "object": "embedding",
            "index": n,
            "embedding": [b / 255 for b in bytes.fromhex(digest(t, 16))],
        }
        for n, t in enumerate(texts)
    ]
    return {"object": "list", "data": data, "model": request.get("model"), "usage": {}}


class FakeOpenAI(FakeProcess):
    """The server as a process of its own."""

    module = "tests.fakes.openai_server"
    path = "/v1"


if __name__ == "__main__":
    run(OpenAIServer)
