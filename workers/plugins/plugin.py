"""A plugin, ready to be called: its source, its valves, and for whom."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from shared.config.settings import get_settings
from shared.models.tool import Tool
from shared.services import sources, valves
from shared.services.valves import Thing
from workers.plugins.base import Code, Listener, PluginFailed, Silence, Values
from workers.plugins.pool import pool
from workers.plugins.runner import Patience
from workers.providers.errors import Aborted
from workers.providers.line import Cut

Results = list[Any] | PluginFailed


@dataclass(frozen=True)
class Group:
    """Values for which a function is called on behalf of one person.

    Attributes:
        extras: As of `Plugin.call`.
    """

    values: list[Any]
    extras: Values
    user_valves: Values


def of_row(row: Thing, user_id: str | None = None) -> "Plugin":
    """Make a plugin of a tool's or a function's row; to be called in a transaction.

    Args:
        user_id: For whom it will be called: whose valves it gets.

    Raises:
        NotFound: The account is gone.
    """
    noun = "tool" if isinstance(row, Tool) else "function"
    of_user = valves.of_user(user_id, row) if user_id else None
    code = _code(noun, row.id, row.content, row.meta.get("manifest"))
    return Plugin(code, valves.clear(row.valves), valves.clear(of_user))


def of_source(noun: str, thing_id: str, content: str) -> "Plugin":
    """Make a plugin of a source that is not stored yet.

    Args:
        noun: "tool" or "function".

    Raises:
        Invalid: It is no Python.
    """
    return Plugin(_code(noun, thing_id, content, sources.parse(content).head), {}, {})


def _code(noun: str, thing_id: str, content: str, head: Values | None) -> Code:
    wanted = str((head or {}).get("requirements") or "")
    requirements = tuple(filter(None, map(str.strip, wanted.split(","))))
    return Code(f"{noun}_{thing_id}", content, requirements)


@dataclass(frozen=True)
class Plugin:
    """A plugin, detached from its row.

    Every method may be called from any greenlet and waits; `cut.set()` ends the waiting at once, so
    in a job: `with job.abortable(cut.set): plugin.call(…, cut=cut)`. Each call has a process of its
    own for as long as it lasts. All of them raise

        PluginFailed: The plugin has failed, cannot be loaded, went on for too long, was killed, or
            this server has no jail for it; the message may be shown.
        Busy: All processes for plugins are in use.
        Aborted: `cut` was set.
    """

    code: Code
    valves: Values
    user_valves: Values

    def describe(self, cut: Cut | None = None) -> dict[str, Any]:
        """Load it and tell what it is.

        Returns:
            "kind" (tool, pipe, filter, action); "specs", its functions as models are told of them;
            "valves" and "user_valves", JSON schemas or None; "methods", those of pipe, pipes,
            inlet, outlet, stream, action that it has; "attributes", those of type, name, id,
            icon_url, citation, file_handler, actions, toggle that it has.
        """
        with pool.runner(self.code, cut or Cut()) as runner:
            return runner.description

    def specs(self, cut: Cut | None = None) -> list[dict[str, Any]]:
        """Describe its functions as models are told of them: name, description, parameters."""
        found: list[dict[str, Any]] = self.describe(cut)["specs"]
        return found

    def call(
        self,
        name: str,
        arguments: Values,
        extras: Values | None = None,
        listener: Listener | None = None,
        cut: Cut | None = None,
    ) -> Any:
        """Call one of its functions.

        Args:
            name: Of a method of its class that is no private one.
            arguments: By the names of its parameters.
            extras: What it may ask for by parameters like `__user__`, `__metadata__`, `__files__`,
                `__tools__` (name → what is known of it; using one comes to the listener); those
                that it does not ask for are left out. `__event_emitter__`, `__event_call__` and
                `__request__` are made by themselves. `__user__` gets the user's valves.
            listener: Hears its events; nobody by default.

        Returns:
            What it returns, as JSON; what it yields, as a list.
        """
        total = get_settings().plugins_timeout_s
        told = {**self._told(name, extras), "arguments": arguments}
        return _last(self._exchange(told, listener, Patience(total, total), cut))

    def stream(
        self,
        name: str,
        arguments: Values,
        extras: Values | None = None,
        listener: Listener | None = None,
        cut: Cut | None = None,
    ) -> Generator[Any, None, Any]:
        """Call one of its functions and give what it yields as it comes.

        Returns:
            By `return`, what it returned if it is none that yields.
        """
        settings = get_settings()
        patience = Patience(settings.upstream_total_timeout_s, settings.plugins_timeout_s)
        told = {**self._told(name, extras), "arguments": arguments, "stream": True}
        return self._exchange(told, listener, patience, cut)

    def call_each(
        self,
        name: str,
        argument: str,
        groups: list[Group],
        listener: Listener | None = None,
        patience_s: float | None = None,
    ) -> list[Results]:
        """Call one of its functions once for each of several values of several groups, in one
        exchange.

        Args:
            argument: Name of the parameter that the values are for.
            listener: Hears events as {"group": its number, "event": …}.
            patience_s: How long all of it may take, if that is not PLUGINS_TIMEOUT_S.

        Returns:
            For each group what its calls returned, or why they failed.
        """
        total = patience_s or get_settings().plugins_timeout_s
        packed = [vars(group) for group in groups]
        told = {**self._told(name, None), "each": argument, "groups": packed}
        results = _last(self._exchange(told, listener, Patience(total, total), None))
        if not isinstance(results, list) or len(results) != len(groups):
            raise self._garbled()
        return [self._results(one, group) for one, group in zip(results, groups, strict=True)]

    def _results(self, told: Any, group: Group) -> Results:
        found = told if isinstance(told, dict) else {}
        values, error = found.get("values"), found.get("error")
        if isinstance(error, str):
            return PluginFailed(f"{self.code.name}: {error}", words=error)
        if not isinstance(values, list) or len(values) != len(group.values):
            raise self._garbled()
        return values

    def _garbled(self) -> PluginFailed:
        return PluginFailed(f"{self.code.name} wrote what nobody understands.")

    def _told(self, name: str, extras: Values | None) -> dict[str, Any]:
        return {
            "name": name,
            "extras": extras or {},
            "valves": self.valves,
            "user_valves": self.user_valves,
        }

    def _exchange(
        self, told: dict[str, Any], listener: Listener | None, patience: Patience, cut: Cut | None
    ) -> Generator[Any, None, Any]:
        cut = cut or Cut()
        try:
            with (
                pool.runner(self.code, cut) as runner,
                closing(runner.exchange(told, listener or Silence(), patience)) as exchange,
            ):
                result = yield from exchange
                if cut.is_set:
                    raise Aborted
                return result
        except PluginFailed:
            if cut.is_set:
                raise Aborted from None
            raise


def _last(exchange: Generator[Any, None, Any]) -> Any:
    """Go through an exchange in which nothing is streamed, and give its result."""
    pieces = iter(exchange)
    try:
        while True:
            next(pieces)
    except StopIteration as end:
        return end.value
