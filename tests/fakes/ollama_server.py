"""A fake Ollama server with its native protocol; see `script.py` for how to steer it.

python -m tests.fakes.ollama_server --port 9200
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.fakes.framing import Act, Item
from tests.fakes.process import FakeProcess, run
from tests.fakes.script import Plan, answer_for, digest
from tests.fakes.server import Server

__all__ = ["FakeOllama", "OllamaServer", "answer_for"]

VERSION = "0.12.4"
_BLOBS = "/api/blobs/"
_CREATED_AT = "2026-11-01T12:00:00.000000Z"
_MS = 1_000_000


class OllamaServer(Server):
    """The protocol: lines of JSON, also where the answer is one."""

    chat_path = "/api/chat"
    stream_kind = b"application/x-ndjson"

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self.blobs: set[str] = set()

    def took(self, method: str, path: str, body: bytes) -> int | None:
        """Take files under the names of their digests."""
        if not path.startswith(_BLOBS):
            return None
        digest = path.removeprefix(_BLOBS)
        if method == "HEAD":
            return 200 if digest in self.blobs else 404
        if digest != f"sha256:{hashlib.sha256(body).hexdigest()}" or self.words.get("noblobs"):
            return 400
        self.blobs.add(digest)
        return 201

    def is_stream(self, request: dict[str, Any]) -> bool:
        """Whether the answer is to come in pieces: unless the request says no."""
        return request.get("stream") is not False

    def items(
        self, chosen: Plan, request: dict[str, Any], record: dict[str, Any]
    ) -> Iterator[Item]:
        """Write lines of JSON."""
        for thought in chosen.thoughts:
            yield _line(request, {"role": "assistant", "content": "", "thinking": thought})
        if chosen.tool:
            yield _line(request, {"role": "assistant", "content": "", "tool_calls": _calls(chosen)})
        else:
            yield from self._texts(chosen, request, record)
        if not chosen.get("nodone"):
            yield _line(request, {"role": "assistant", "content": ""}, _ending(chosen))

    def _texts(
        self, chosen: Plan, request: dict[str, Any], record: dict[str, Any]
    ) -> Iterator[Item]:
        mishaps = _mishaps(chosen)
        before, after = _line(request, {"role": "assistant", "content": "\x00"}).split(b"\\u0000")
        number = 0
        for word in chosen.stream_words():
            yield from mishaps.get(number, ())
            yield b"%b%b%b" % (before, json.dumps(word)[1:-1].encode(), after)
            number += 1
            self.counts["tokens"] += 1
            record["sent"] = number
        yield from mishaps.get(number, ())

    def whole(self, chosen: Plan, request: dict[str, Any]) -> dict[str, Any]:
        """Write an answer in one piece."""
        message: dict[str, Any] = {"role": "assistant", "content": chosen.text}
        if chosen.thoughts:
            message["thinking"] = "".join(chosen.thoughts)
        if chosen.tool:
            message.update(content="", tool_calls=_calls(chosen))
        return _item(request, message, _ending(chosen))

    def other(self, method: str, path: str, request: Any) -> tuple[int, Any]:
        """Tell version and models, embed; refuse the rest."""
        told = {
            "/api/version": {"version": VERSION},
            "/api/tags": {"models": [_model(name) for name in self.models]},
            "/api/ps": {"models": [_model(name) for name in self.models[:1]]},
        }
        if method == "GET" and path in told:
            return 200, told[path]
        if (method, path) == ("POST", "/api/create"):
            return self._create(request)
        answer = _ANSWERS.get((method, path))
        if answer is None:
            return 404, self.error_body(f"no such path {path}", 404)
        name = str(request.get("model") or request.get("source") or "").removesuffix(":latest")
        if name not in self.models:
            return 404, self.error_body(f"model '{name}' not found", 404)
        return 200, answer(self, name, request)

    def _create(self, request: dict[str, Any]) -> tuple[int, Any]:
        if not set(request["files"].values()) <= self.blobs:
            return 400, self.error_body("a file is not there", 400)
        self.models.append(request["model"])
        return 200, {"status": "success"}

    def other_items(self, method: str, path: str, request: Any) -> Iterator[Item] | None:
        """Stream what Ollama streams besides chats."""
        if method != "POST" or not isinstance(request, dict) or request.get("stream") is False:
            return None
        made = _STREAMS.get(path)
        return None if made is None else made(self, request)

    def error_body(self, message: str, status: int) -> dict[str, Any]:
        """Write an error."""
        return {"error": message}


def _embed(_server: OllamaServer, name: str, request: dict[str, Any]) -> dict[str, Any]:
    texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
    return {"model": name, "embeddings": [_vector(text) for text in texts], "total_duration": _MS}


def _vector(text: str) -> list[float]:
    return [byte / 255 for byte in bytes.fromhex(digest(text, 16))]


def _embedding(_server: OllamaServer, _name: str, request: dict[str, Any]) -> dict[str, Any]:
    return {"embedding": _vector(request["prompt"])}


def _show(_server: OllamaServer, name: str, _request: dict[str, Any]) -> dict[str, Any]:
    return {
        "license": "none",
        "modelfile": f"FROM {name}",
        "template": "{{ .Prompt }}",
        "details": _model(name)["details"],
        "model_info": {"general.architecture": "fake"},
    }


def _copy(server: OllamaServer, _name: str, request: dict[str, Any]) -> None:
    server.models.append(request["destination"])


def _delete(server: OllamaServer, name: str, _request: dict[str, Any]) -> None:
    server.models.remove(name)


def _completed(_server: OllamaServer, _name: str, request: dict[str, Any]) -> dict[str, Any]:
    choice = {"index": 0, "text": answer_for(request["prompt"]), "finish_reason": "stop"}
    return {"id": "cmpl-1", "object": "text_completion", "choices": [choice]}


def _generated(_server: OllamaServer, _name: str, request: dict[str, Any]) -> dict[str, Any]:
    head = {"model": request["model"], "created_at": _CREATED_AT}
    return {**head, "response": answer_for(request["prompt"]), "done": True, "done_reason": "stop"}


_ANSWERS: dict[tuple[str, str], Callable[[OllamaServer, str, dict[str, Any]], Any]] = {
    ("POST", "/api/embed"): _embed,
    ("POST", "/api/embeddings"): _embedding,
    ("POST", "/api/show"): _show,
    ("POST", "/api/copy"): _copy,
    ("DELETE", "/api/delete"): _delete,
    ("POST", "/api/generate"): _generated,
    ("POST", "/v1/completions"): _completed,
}


def _transfer(server: OllamaServer, request: dict[str, Any]) -> Iterator[Item]:
    """Fetch or publish a model, a tenth at a time; one that is called broken cannot be had."""
    name, total = str(request.get("model")), 1_000_000
    yield b'{"status": "pulling manifest"}\n'
    if name == "broken":
        yield b'{"error": "pull model manifest: file does not exist"}\n'
        return
    for tenth in range(11):
        line = {"status": f"pulling {digest(name)}", "digest": f"sha256:{digest(name, 64)}"}
        yield (
            json.dumps({**line, "total": total, "completed": tenth * total // 10}).encode() + b"\n"
        )
    if name not in server.models:
        server.models.append(name)
    yield b'{"status": "success"}\n'


def _generate(_server: OllamaServer, request: dict[str, Any]) -> Iterator[Item]:
    head = {"model": request["model"], "created_at": _CREATED_AT}
    for word in answer_for(request["prompt"]).split(" "):
        yield json.dumps({**head, "response": f"{word} ", "done": False}).encode() + b"\n"
    yield json.dumps({**head, "response": "", "done": True, "done_reason": "stop"}).encode() + b"\n"


_STREAMS: dict[str, Callable[[OllamaServer, dict[str, Any]], Iterator[Item]]] = {
    "/api/pull": _transfer,
    "/api/push": _transfer,
    "/api/create": _transfer,
    "/api/generate": _generate,
}


def _item(request: dict[str, Any], message: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    head = {"model": str(request.get("model")), "created_at": _CREATED_AT, "message": message}
    return {**head, "done": False, **more}


def _line(
    request: dict[str, Any], message: dict[str, Any], more: dict[str, Any] | None = None
) -> bytes:
    return json.dumps(_item(request, message, more or {})).encode() + b"\n"


def _ending(chosen: Plan) -> dict[str, Any]:
    asked, made = len(chosen.question.split()), len(chosen.pieces)
    return {
        "done": True,
        "done_reason": "stop",
        "total_duration": 2000 * _MS,
        "load_duration": 100 * _MS,
        "prompt_eval_count": asked,
        "prompt_eval_duration": 500 * _MS,
        "eval_count": made,
        "eval_duration": 1000 * _MS,
    }


def _calls(chosen: Plan) -> list[dict[str, Any]]:
    assert chosen.tool is not None
    arguments = json.loads(chosen.tool["arguments"])
    return [{"function": {"name": chosen.tool["name"], "arguments": arguments}}]


def _mishaps(chosen: Plan) -> dict[int, list[Item]]:
    happenings: dict[str, list[Item]] = {
        "hang": [Act.HANG],
        "cut": [Act.CUT],
        "reset": [Act.RESET],
        "error": [b'{"error": "the model runner has stopped"}\n'],
        "badjson": [b"{not json at all\x07\n"],
    }
    return {chosen.words[n]: acts for n, acts in happenings.items() if n in chosen.words}


def _model(name: str) -> dict[str, Any]:
    details = {"format": "gguf", "family": "fake", "parameter_size": "1B"}
    return {
        "name": f"{name}:latest",
        "model": f"{name}:latest",
        "modified_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_700_000_000)),
        "size": 1_000_000,
        "digest": digest(name, 64),
        "details": details,
    }


class FakeOllama(FakeProcess):
    """The server as a process of its own."""

    module = "tests.fakes.ollama_server"


if __name__ == "__main__":
    run(OllamaServer)
