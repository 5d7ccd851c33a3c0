"""What a plugin tells over its pipe, in whatever form it has it."""

import pytest

from tests.services.plugging import Hearing, plug
from workers.plugins.base import PluginFailed

pytestmark = pytest.mark.usefixtures("plugins_end")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("'a\\ud800b'", "a?b"),
        ("float('nan')", None),
        ("{'a': [float('inf'), 1.5], 'b': {1}}", {"a": [None, 1.5], "b": [1]}),
        ("b'ab'", "ab"),
        ("'a\\x00é漢🙂'", "a\x00é漢🙂"),
        ("Answer(b'<p>', 'text/html')", "<p>"),
        ("Answer(b'{\"a\": 1}', 'application/json')", {"a": 1}),
    ],
)
def test_what_json_has_no_form_for_is_told_as_well_as_it_can_be(given, told):
    source = f"""
        class Answer:
            status_code = 200

            def __init__(self, body, media_type):
                self.body, self.media_type = body, media_type

        class Tools:
            def odd(self):
                return {given}
    """

    assert plug(source).call("odd", {}) == told


DEEP = """
    def deep():
        made = {}
        for _ in range(300):
            made = {"in": made}
        return made

    class Tools:
        async def emit(self, __event_emitter__):
            await __event_emitter__({"type": "status", "data": deep()})

        def give(self):
            return deep()

        def stream(self):
            yield "a"
            yield deep()
"""


@pytest.mark.parametrize("name", ["emit", "give", "stream"])
def test_what_is_too_deep_to_be_stored_ends_the_call_and_the_next_is_made(name):
    plugin, listener = plug(DEEP), Hearing()

    with pytest.raises(PluginFailed, match="deeper than 100 levels"):
        list(plugin.stream(name, {}, listener=listener))

    assert listener.events == []
    with pytest.raises(PluginFailed, match="deeper than 100 levels"):
        plugin.call(name, {})
