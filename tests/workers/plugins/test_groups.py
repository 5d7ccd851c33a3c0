"""Many calls in one frame, for several people."""

import pytest

from tests.services.plugging import Hearing, plug
from workers.plugins import Group
from workers.plugins.base import PluginFailed

pytestmark = pytest.mark.usefixtures("plugins_end")

SEEING = """
    class Tools:
        def stream(self, event):
            return {**event, "seen": True}
"""

GROUPED = """
    import os, time
    from pydantic import BaseModel

    class Tools:
        class UserValves(BaseModel):
            tone: str = "plain"

        async def loud(self, event, __user__=None, __event_emitter__=None):
            if event == "bad":
                raise ValueError("too bad")
            await __event_emitter__({"type": event})
            return f"{event} {__user__['valves'].tone}"

        def slow(self, event):
            time.sleep(60)
"""


def test_many_values_go_through_a_function_in_one_exchange():
    groups = [Group([{"n": n} for n in range(start, start + 50)], {}, {}) for start in (0, 50)]

    results = plug(SEEING).call_each("stream", "event", groups)

    assert results == [[{"n": n, "seen": True} for n in range(s, s + 50)] for s in (0, 50)]


def test_each_group_has_its_own_user_events_and_failure():
    groups = [
        Group(["a", "b"], {"__user__": {}}, {"tone": "loud"}),
        Group(["c", "bad"], {"__user__": {}}, {}),
        Group(["d"], {"__user__": {}}, {}),
    ]
    hearing = Hearing()

    first, failed, last = plug(GROUPED).call_each("loud", "event", groups, hearing)

    assert (first, last) == (["a loud", "b loud"], ["d plain"])
    assert "too bad" in failed.message
    assert [(e["group"], e["event"]["type"]) for e in hearing.events] == [
        (0, "a"),
        (0, "b"),
        (1, "c"),
        (2, "d"),
    ]


def test_groups_are_waited_for_as_long_as_is_said():
    with pytest.raises(PluginFailed, match="too long"):
        plug(GROUPED).call_each("slow", "event", [Group([1], {}, {})], patience_s=0.3)
