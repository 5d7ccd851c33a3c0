"""The tools of one answer: which functions there are, and calling them side by side."""

import contextvars
import logging
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from shared.errors import SwitchyardError
from workers.live import Stopped
from workers.tools.base import Occasion, Spec, ToolFailed, Toolset
from workers.tools.calls import Call, Made, arguments_of, failed, made_of

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

_MOST_AT_ONCE = 8
_MOST_FUNCTIONS = 128
_ODD, _LONGEST_NAME = re.compile(r"[^a-zA-Z0-9_-]"), 64


@dataclass(frozen=True)
class _Function:
    """One function.

    Attributes:
        name: As its toolset knows it.
        spec: As a model is told of it.
    """

    toolset: Toolset
    name: str
    spec: Spec


class Toolbox:
    """The functions of all toolsets of one answer; where two have the same name the first counts.

    Attributes:
        problems: What could not be used, in words for the reader.
    """

    def __init__(self, toolsets: Sequence[Toolset], occasion: Occasion) -> None:
        self._toolsets, self._occasion = toolsets, occasion
        self._functions: dict[str, _Function] = {}
        self.problems: list[str] = []

    def open(self) -> None:
        """Find out what the toolsets offer, all at once; one that cannot be used is left out.

        Raises:
            Stopped: The job has to end.
        """
        for toolset, specs in zip(
            self._toolsets, _side_by_side(self._specs_of, self._toolsets), strict=True
        ):
            for spec in specs[: _MOST_FUNCTIONS - len(self._functions)]:
                name = _sayable(str(spec["name"]))
                told = {key: spec.get(key) for key in ("description", "parameters")}
                function = _Function(toolset, str(spec["name"]), {"name": name, **told})
                self._functions.setdefault(name, function)

    def _specs_of(self, toolset: Toolset) -> list[Spec]:
        try:
            return toolset.specs(self._occasion)
        except Stopped:
            raise
        except SwitchyardError as error:
            self.problems.append(f"The tool '{toolset.id}' cannot be used: {error.message}")
            return []

    def specs(self) -> list[Spec]:
        """Describe all functions."""
        return [function.spec for function in self._functions.values()]

    @property
    def handles_files(self) -> bool:
        """Whether one of the toolsets reads the request's files itself."""
        return any(function.toolset.handles_files for function in self._functions.values())

    def known(self) -> dict[str, dict[str, Any]]:
        """Describe all functions by their names, with the tools that they belong to."""
        return {
            name: {"tool_id": function.toolset.id, "spec": function.spec}
            for name, function in self._functions.items()
        }

    def use(self, name: str, arguments: dict[str, Any]) -> Any:
        """Call a function and give what it gives.

        Raises:
            ToolFailed: There is none, or it did not work.
            Stopped: The job has to end.
        """
        if name not in self._functions:
            raise ToolFailed(f"There is no tool {name}.")
        function = self._functions[name]
        return function.toolset.call(function.name, arguments, self._occasion)

    def __contains__(self, name: str) -> bool:
        return name in self._functions

    def toolset_of(self, name: str) -> Toolset:
        """Give what stands behind a function."""
        return self._functions[name].toolset

    def run(
        self,
        calls: Sequence[Call],
        messages: Sequence[dict[str, Any]],
        tell: Callable[[Made], None],
    ) -> list[Made]:
        """Make calls side by side; what goes wrong with one is told as its result.

        Args:
            messages: The chat up to now.
            tell: Told of each as soon as it is done.

        Returns:
            What came of them, in their order.

        Raises:
            Stopped: The job has to end.
        """
        occasion = replace(self._occasion, messages=messages)

        def make(call: Call) -> Made:
            made = self._make(call, occasion)
            tell(made)
            return made

        return _side_by_side(make, calls)

    def _make(self, call: Call, occasion: Occasion) -> Made:
        if call.name not in self._functions:
            return failed(call, f"There is no function {call.name}.")
        function = self._functions[call.name]
        try:
            arguments = arguments_of(call, function.spec)
            return made_of(call, function.toolset.call(function.name, arguments, occasion))
        except Stopped:
            raise
        except SwitchyardError as error:
            return failed(call, error.message)
        except Exception:  # border: whatever is wrong with a tool is the model's to know
            log.exception("a tool could not be called")
            return failed(call, ToolFailed().message)

    def close(self) -> None:
        """Let go of what the calls have opened."""
        for toolset in self._toolsets:
            toolset.close()


def _sayable(name: str) -> str:
    """Write a name so that every model server takes it.

    Source: OpenAI API reference, "Function calling" (the letters of names).
    """
    return _ODD.sub("_", name)[:_LONGEST_NAME]


def _side_by_side(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Do the same with several things at once, each with this thread's context."""
    if len(items) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(_MOST_AT_ONCE) as pool:
        waiting = [pool.submit(contextvars.copy_context().run, work, item) for item in items]
        return [one.result() for one in waiting]
