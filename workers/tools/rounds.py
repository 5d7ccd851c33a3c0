"""Rounds of a model that asks for calls itself: what it asks for is held back, made, and answered.

Source: OpenAI API reference, "Function calling"; contract, chat-flow §9 (bound of the rounds).
"""

from collections.abc import Callable, Sequence
from typing import Any

from shared.ids import new_id
from shared.services.answers import Answer
from workers.tools.base import Spec
from workers.tools.calls import Call, Made

MOST_ROUNDS = 10

Data = dict[str, Any]
Run = Callable[[Sequence[Call], Sequence[Data], Callable[[Made], None]], list[Made]]


class Rounds:
    """Stands between a provider's deltas and their reader.

    Args:
        run: Makes calls; see `box.Toolbox.run`.
        show: Told of each call, when it begins and when it has ended: data of a `tool_call` event.
    """

    def __init__(self, run: Run, show: Callable[[Data], None]) -> None:
        self._run, self._show = run, show
        self._is_open = False
        self._theirs: set[str] = set()
        self._known_ids: set[str] = set()
        self._count = 0
        self._said = Answer()
        self._finish: Data | None = None

    def offered(self, body: Data, specs: list[Spec]) -> Data:
        """Add functions to a request; those that its client brings itself come first."""
        self._is_open = True
        own = body.get("tools") or []
        self._theirs = {str((tool.get("function") or {}).get("name")) for tool in own}
        ours = [
            {"type": "function", "function": spec}
            for spec in specs
            if spec["name"] not in self._theirs
        ]
        return {**body, "tools": [*own, *ours]} if ours else body

    @property
    def has_begun(self) -> bool:
        """Whether anything of the present round has come."""
        return not self._said.is_empty

    def take(self, data: Data) -> Data | None:
        """Take a delta; give what of it is for the reader now: without functions all of it."""
        if data.get("index"):
            return data
        self._said.add(data)
        if not self._is_open:
            return data
        if data.get("finish_reason"):
            self._finish = {"finish_reason": data["finish_reason"]}
        shown = {n: v for n, v in data.items() if n not in ("tool_calls", "finish_reason")}
        return shown or None

    def next_request(self, body: Data) -> Data | None:
        """Make the calls that the round has asked for, and write the next round's request.

        Returns:
            None when there is nothing to call here: then the answer is done, but for `rest`.

        Raises:
            Stopped: The job has to end.
        """
        asks = bool(self._said.tool_calls) and not self._is_for_reader
        if not self._is_open or not asks or self._count >= MOST_ROUNDS:
            return None
        self._count += 1
        calls = [self._call(asked) for asked in self._said.tool_calls]
        messages = [*(body.get("messages") or []), _asked(self._said.text, calls)]
        messages += [_answered(made) for made in self._made(calls, body.get("messages") or [])]
        self._said, self._finish = Answer(), None
        following = {**body, "messages": messages}
        following.pop("tool_choice", None)
        if self._count == MOST_ROUNDS:
            following["tool_choice"] = "none"  # it has to come to an end
        return following

    def rest(self) -> list[Data]:
        """Give what was held back of the last round."""
        if not self._is_open:
            return []
        calls = self._said.tool_calls
        if self._is_for_reader:
            asked: Data = {"tool_calls": [{"index": n, **one} for n, one in enumerate(calls)]}
            return [asked, *([self._finish] if self._finish else [])]
        if calls:
            return [{"finish_reason": "stop"}]
        return [self._finish] if self._finish else []

    @property
    def _is_for_reader(self) -> bool:
        """Whether one of the calls of this round is the client's to make."""
        return any(call["function"]["name"] in self._theirs for call in self._said.tool_calls)

    def _call(self, asked: Data) -> Call:
        """Read what the model asks for. Some servers begin to count their ids anew each round."""
        call_id = asked["id"] if asked["id"] not in self._known_ids | {""} else new_id()
        self._known_ids.add(call_id)
        function = asked["function"]
        return Call(call_id, function["name"], function["arguments"] or "{}")

    def _made(self, calls: list[Call], messages: list[Data]) -> list[Made]:
        for call in calls:
            self._show(_as_event(call))
        return self._run(calls, messages, lambda made: self._show(_as_event(made)))


def _as_event(one: Call | Made) -> Data:
    """Write a call, or what came of it, as the data of a `tool_call` event."""
    call = one.call if isinstance(one, Made) else one
    data = {"id": call.id, "name": call.name, "arguments": call.arguments}
    if not isinstance(one, Made):
        return {**data, "done": False}
    return {**data, "done": True, "result": one.result, "files": one.files}


def _asked(text: str, calls: list[Call]) -> Data:
    return {
        "role": "assistant",
        "content": text or None,
        "tool_calls": [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in calls
        ],
    }


def _answered(made: Made) -> Data:
    return {
        "role": "tool",
        "tool_call_id": made.call.id,
        "name": made.call.name,
        "content": made.result,
    }
