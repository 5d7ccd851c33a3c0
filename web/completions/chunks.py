"""A job's events in the form of an OpenAI server's stream.

Source: https://platform.openai.com/docs/api-reference/chat-streaming
"""

import time
from typing import Any

import orjson

from shared.services.answers import Answer, readable_code
from web.completions import problems
from web.completions.beyond import Beyond
from web.stream import sse

DONE = b"data: [DONE]\n\n"
# Stored events whose data is a piece of text and nothing else have this head behind their attempt.
_TEXT = b'"data":{"text":'


class Chunks:
    """Turns events into chunks, one answer each.

    An attempt that was lost is not repeated to the client: of the new attempt it gets what goes
    beyond the text it has already.
    """

    keep_alive = sse.KEEP_ALIVE

    def __init__(self, job_id: str, model: str, wants_usage: bool) -> None:
        self._about = job_id, int(time.time()), model
        head = orjson.dumps(self._head)[:-1]
        self._before = b"data: " + head + b',"choices":[{"index":0,"delta":{"content":'
        self._after = b'},"logprobs":null,"finish_reason":null}]}\n\n'
        self._wants_usage = wants_usage
        self._usage: dict[str, Any] | None = None
        self._has_finished = False
        self._beyond = Beyond()
        self._text = self._beyond.text
        self._has_begun = False

    @property
    def _head(self) -> dict[str, Any]:
        """What all chunks begin with. Made anew for the few that need it: a dict in each of many
        waiting streams is 0.3 KB.
        """
        job_id, created, model = self._about
        return {
            "id": f"chatcmpl-{job_id}",
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
        }

    def begin(self) -> bytes:
        """Write the chunk that opens an answer."""
        self._has_begun = True
        return self._chunk({"role": "assistant", "content": ""})

    def write(self, event: bytes) -> bytes:
        """Write what one event means to the client; may be nothing."""
        place, text = event.find(_TEXT, 24, 64), self._text
        if place > 0 and text.at == text.has:
            literal = event[place + len(_TEXT) : -2]
            text.at = text.has = text.has + len(literal) - 2
            return self._before + literal + self._after
        parsed = orjson.loads(event)
        writer = _WRITERS.get(parsed["type"])
        return writer(self, parsed["data"]) if writer else b""

    def _chunk(
        self, delta: dict[str, Any], finish: str | None = None, index: int = 0, **more: Any
    ) -> bytes:
        choice = {
            "index": index,
            "delta": delta,
            "logprobs": more.get("logprobs"),
            "finish_reason": finish,
        }
        return b"data: " + orjson.dumps({**self._head, "choices": [choice]}) + b"\n\n"

    def _delta(self, data: dict[str, Any]) -> bytes:
        choice = data.get("index", 0)
        delta = {
            "content": self._beyond.of_text(choice, data.get("text") or ""),
            "reasoning_content": self._beyond.of_reasoning(choice, data.get("reasoning") or ""),
            "tool_calls": self._beyond.of_calls(choice, data.get("tool_calls") or []),
        }
        delta = {name: value for name, value in delta.items() if value}
        extra = dict(data.get("extra") or {})
        logprobs = extra.pop("logprobs", None)
        delta |= extra
        finish = data.get("finish_reason")
        self._has_finished = self._has_finished or bool(finish)
        if not delta and not finish:
            return b""
        return self._chunk(delta, finish, choice, logprobs=logprobs)

    def _restarted(self, _data: dict[str, Any]) -> bytes:
        self._beyond.restart()
        return b""

    def _replaced(self, data: dict[str, Any]) -> bytes:
        self._beyond.restart()
        return self._delta({"text": data["content"]})

    def _code(self, data: dict[str, Any]) -> bytes:
        """Tell code that was run here as text, once there is its output."""
        return self._delta({"text": readable_code({"done": False, **data})})

    def _source(self, data: dict[str, Any]) -> bytes:
        """Tell the sources, or which model was picked, in a chunk without choices, so that OpenAI's
        clients read over it.
        """
        return b"data: " + orjson.dumps({**self._head, "choices": [], **data}) + b"\n\n"

    def _note_usage(self, data: dict[str, Any]) -> bytes:
        self._usage = data
        return b""

    def _completed(self, data: dict[str, Any]) -> bytes:
        usage = self._usage or data.get("usage")
        finish = b"" if self._has_finished else self._chunk({}, data.get("finish_reason") or "stop")
        if not self._wants_usage or usage is None:
            return finish + DONE
        return (
            finish
            + b"data: "
            + orjson.dumps({**self._head, "choices": [], "usage": usage})
            + b"\n\n"
            + DONE
        )

    def _failed(self, data: dict[str, Any]) -> bytes:
        return b"data: " + orjson.dumps({"error": problems.of_ending(data)}) + b"\n\n" + DONE

    def _cancelled(self, _data: dict[str, Any]) -> bytes:
        return self._chunk({}, "stop") + DONE


_WRITERS: dict[str, Any] = {
    "delta": Chunks._delta,
    "restarted": Chunks._restarted,
    "replace": Chunks._replaced,
    "code": Chunks._code,
    "source": Chunks._source,
    "selected": Chunks._source,
    "usage": Chunks._note_usage,
    "completed": Chunks._completed,
    "failed": Chunks._failed,
    "cancelled": Chunks._cancelled,
}


def as_completion(
    job_id: str, model: str, ending: dict[str, Any], answer: Answer
) -> dict[str, Any]:
    """Write a whole answer as OpenAI's `chat.completion` object."""
    if completion := ending.get("completion"):
        return {**completion, "model": model}
    return {
        "id": f"chatcmpl-{job_id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": answer.as_message(),
                "logprobs": None,
                "finish_reason": answer.finish_reason or "stop",
            }
        ],
        "usage": ending.get("usage"),
    }
