"""Plugins for tests: a source, and the processes that it runs in."""

import textwrap

import pytest

from workers.plugins.base import Code
from workers.plugins.plugin import Plugin
from workers.plugins.pool import pool


def plug(source: str, valves=None, user_valves=None, name: str = "tool_tried") -> Plugin:
    """Make a plugin of a source, which may be indented."""
    return Plugin(Code(name, textwrap.dedent(source)), valves or {}, user_valves or {})


class Hearing:
    """Hears everything, and answers what a test wants."""

    def __init__(self, answer=None) -> None:
        self.events: list[dict] = []
        self.asked: list[dict] = []
        self.used: list[tuple[str, dict]] = []
        self._answer = answer

    def event(self, event):
        self.events.append(event)

    def ask(self, event):
        self.asked.append(event)
        return self._answer

    def use_tool(self, name, arguments):
        self.used.append((name, arguments))
        return self._answer

    def serve(self, what, given, tell, cut):
        return self._answer


@pytest.fixture
def plugins_end():
    """Leave no process of a plugin behind."""
    yield
    pool.end_all()
