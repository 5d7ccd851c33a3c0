"""What a plugin's caller is told, what it may be asked, and what can go wrong."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from shared.errors import Reason, SwitchyardError
from workers.providers.line import Cut

Values = dict[str, Any]
Tell = Callable[[Any], None]


class PluginFailed(SwitchyardError):
    """A plugin did not do what it was called for.

    Args:
        message: Which one, and what happened, in its own words where it has some.
        reason: One of `Reason`.
        words: Its own words alone; empty when it has none.
    """

    def __init__(self, message: str, reason: str = Reason.BAD_REQUEST, words: str = "") -> None:
        super().__init__(message)
        self.reason, self.words = reason, words


class Listener(Protocol):
    """Hears what a plugin tells while it works, and answers what it asks. Events are told by the
    greenlet that waits for the plugin, and what is raised there ends the call. Questions are
    answered by greenlets of their own, several side by side; what is raised there is told to the
    plugin.
    """

    def event(self, event: dict[str, Any]) -> None:
        """Hear an event (`__event_emitter__`): {"type": …, "data": …}."""

    def ask(self, event: dict[str, Any]) -> Any:
        """Answer an event (`__event_call__`), such as {"type": "confirmation", …}."""

    def use_tool(self, name: str, arguments: dict[str, Any]) -> Any:
        """Let one of the tools of `__tools__` be used."""

    def serve(self, what: str, given: Values, tell: Tell, cut: Cut) -> Any:
        """Do what a plugin asks of this server for its user; see `workers.plugins.desk`.

        Args:
            tell: Takes the pieces of an answer that comes in several.
            cut: Set when the plugin wants no answer any more.
        """


class Silence:
    """Hears nothing and answers nothing: for plugins that nobody listens to."""

    def event(self, event: dict[str, Any]) -> None:
        """Let it pass."""

    def ask(self, event: dict[str, Any]) -> Any:  # noqa: ARG002 -- the protocol's signature
        """Tell that there is nobody.

        Raises:
            PluginFailed: Always.
        """
        raise PluginFailed("Nobody is there who could be asked.")

    def use_tool(self, name: str, arguments: dict[str, Any]) -> Any:  # noqa: ARG002 -- as above
        """Tell that there are none.

        Raises:
            PluginFailed: Always.
        """
        raise PluginFailed(f"There is no tool {name}.")

    def serve(self, what: str, given: Values, tell: Tell, cut: Cut) -> Any:  # noqa: ARG002 -- as above
        """Tell that nothing can be asked for here.

        Raises:
            PluginFailed: Always.
        """
        raise PluginFailed("This server cannot be asked for anything here.")


@dataclass(frozen=True)
class Code:
    """A version of a plugin's source.

    Attributes:
        name: Of its module, such as `tool_weather`.
        requirements: Packages that its head names.
    """

    name: str
    source: str
    requirements: tuple[str, ...] = ()

    @cached_property
    def version(self) -> str:
        """Tell it from others: the same for the same source only."""
        whole = "\0".join((self.name, *self.requirements, self.source))
        return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()
