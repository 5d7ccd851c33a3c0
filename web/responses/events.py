"""A job's events as the typed, numbered events of a streamed response.

The numbers follow from the log alone, so that any process gives the same ones to whoever comes back
with `starting_after`.

Source: OpenAI API reference, "Streaming events".
"""

from typing import Any

import orjson

from shared.ids import now_s
from shared.services.answers import Answer
from shared.services.responses import shape
from web.completions.beyond import Beyond
from web.stream import sse

_REASONING, _TEXT = "reasoning", "text"


class ResponseEvents:
    """Turns events into a response's, one response each.

    Args:
        job_id: Its job.
        response: As it was accepted.
        after: Number of the last event that the client has; -1 for none.
    """

    keep_alive = sse.KEEP_ALIVE

    def __init__(self, job_id: str, response: dict[str, Any], after: int = -1) -> None:
        self._job_id, self._response, self._after = job_id, response, after
        self._number = 0
        self._beyond = Beyond()
        self._answer = Answer()
        self._usage: dict[str, Any] | None = None
        # Kinds of the items that were begun, in order; the last one may be open.
        self._items: list[str] = []
        self._open = False

    def begin(self) -> bytes:
        """Write that the response was accepted."""
        queued = {**self._response, "status": "queued", "completed_at": None}
        return self._event("response.created", response=queued)

    def write(self, event: bytes) -> bytes:
        """Write what one event means to the client."""
        parsed = orjson.loads(event)
        writer = _WRITERS.get(parsed["type"])
        return writer(self, parsed["data"]) if writer else b""

    def _event(self, kind: str, **more: Any) -> bytes:
        number = self._number
        self._number += 1
        if number <= self._after:
            return b""
        body = {"type": kind, "sequence_number": number, **more}
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps(body))

    def _started(self, _data: dict[str, Any]) -> bytes:
        running = {**self._response, "status": "in_progress", "completed_at": None}
        return self._event("response.in_progress", response=running)

    def _restarted(self, _data: dict[str, Any]) -> bytes:
        self._beyond.restart()
        return b""

    def _note_usage(self, data: dict[str, Any]) -> bytes:
        self._usage = data
        return b""

    def _delta(self, data: dict[str, Any]) -> bytes:
        if data.get("index"):
            return b""
        thought = self._beyond.of_reasoning(0, data.get("reasoning") or "")
        said = self._beyond.of_text(0, data.get("text") or "")
        calls = self._beyond.of_calls(0, data.get("tool_calls") or [])
        fresh = {"reasoning": thought, "text": said, "tool_calls": calls}
        self._answer.add({**fresh, "finish_reason": data.get("finish_reason")})
        parts = [self._thought(thought)] if thought else []
        parts += [self._said(said)] if said else []
        return b"".join(parts + [self._called(call) for call in calls])

    def _thought(self, piece: str) -> bytes:
        opening = self._enter(_REASONING)
        return opening + self._event(
            "response.reasoning_summary_text.delta", **self._summary(), delta=piece
        )

    def _summary(self) -> dict[str, Any]:
        index = self._items.index(_REASONING)
        return {"item_id": f"rs_{self._job_id}", "output_index": index, "summary_index": 0}

    def _said(self, piece: str) -> bytes:
        opening = self._enter(_TEXT)
        return opening + self._event(
            "response.output_text.delta", **self._place(), delta=piece, logprobs=[]
        )

    def _called(self, call: dict[str, Any]) -> bytes:
        number = call.get("index", 0)
        opening = self._enter(f"call {number}")
        piece = (call.get("function") or {}).get("arguments")
        if not piece:
            return opening
        place = {
            "item_id": f"fc_{number}_{self._job_id}",
            "output_index": self._items.index(f"call {number}"),
        }
        return opening + self._event("response.function_call_arguments.delta", **place, delta=piece)

    def _place(self) -> dict[str, Any]:
        index = self._items.index(_TEXT)
        return {"item_id": f"msg_{self._job_id}", "output_index": index, "content_index": 0}

    def _enter(self, kind: str) -> bytes:
        """Begin an item unless it has been begun; the one before is done."""
        if kind in self._items:
            return b""
        closing = self._leave()
        self._items.append(kind)
        self._open = True
        index = len(self._items) - 1
        added = self._event(
            "response.output_item.added", output_index=index, item=self._item(kind, False)
        )
        if kind == _TEXT:
            added += self._event(
                "response.content_part.added", **self._place(), part=shape.text_part("")
            )
        elif kind == _REASONING:
            part = shape.summary_part("")
            added += self._event(
                "response.reasoning_summary_part.added", **self._summary(), part=part
            )
        return closing + added

    def _leave(self) -> bytes:
        """Say that the last item is done."""
        if not self._open:
            return b""
        self._open = False
        kind, index = self._items[-1], len(self._items) - 1
        item = self._item(kind, True)
        ending = b""
        if kind == _TEXT:
            text = self._answer.text
            ending = self._event(
                "response.output_text.done", **self._place(), text=text, logprobs=[]
            )
            ending += self._event(
                "response.content_part.done", **self._place(), part=shape.text_part(text)
            )
        elif kind == _REASONING:
            thought = self._answer.reasoning
            ending = self._event(
                "response.reasoning_summary_text.done", **self._summary(), text=thought
            )
            part = shape.summary_part(thought)
            ending += self._event(
                "response.reasoning_summary_part.done", **self._summary(), part=part
            )
        else:
            ending = self._event(
                "response.function_call_arguments.done",
                item_id=item["id"],
                output_index=index,
                arguments=item["arguments"],
            )
        return ending + self._event("response.output_item.done", output_index=index, item=item)

    def _item(self, kind: str, is_done: bool) -> dict[str, Any]:
        if kind == _REASONING:
            return shape.reasoning_item(self._job_id, self._answer.reasoning if is_done else "")
        if kind == _TEXT:
            return shape.message_item(self._job_id, self._answer.text, is_done)
        place = int(kind.removeprefix("call "))
        return shape.call_item(self._job_id, place, self._answer.tool_calls[place], is_done)

    def _ended(self, kind: str, data: dict[str, Any]) -> bytes:
        closing = b""
        if "text" in data:  # the log has expired, so the end tells all
            closing = self._said(data["text"]) if data["text"] and not self._answer.text else b""
            self._answer.add({"text": data["text"]} if not self._answer.text else {})
            self._number = max(self._number, self._after + 1)
        closing += self._leave()
        told = {"finish_reason": self._answer.finish_reason, **data}
        told |= {"text": self._answer.text, "message": self._answer.as_message()}
        told["usage"] = self._usage or data.get("usage")
        at = self._response["completed_at"] or now_s()
        last = {**self._response, **shape.ended(kind, told, self._job_id, at)}
        name = last["status"] if last["status"] in ("incomplete", "failed") else "completed"
        return closing + self._event(f"response.{name}", response=last)


_WRITERS: dict[str, Any] = {
    "started": ResponseEvents._started,
    "restarted": ResponseEvents._restarted,
    "delta": ResponseEvents._delta,
    "usage": ResponseEvents._note_usage,
    "completed": lambda self, data: self._ended("completed", data),
    "failed": lambda self, data: self._ended("failed", data),
    "cancelled": lambda self, data: self._ended("cancelled", data),
}
