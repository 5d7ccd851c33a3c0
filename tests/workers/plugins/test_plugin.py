"""Calling plugins: arguments, results, events, questions, streams; and what goes wrong."""

import os
import signal
import threading

import pytest

from shared.errors import Busy
from tests.services.plugging import Hearing, plug
from tests.services.waiting import wait_until
from workers.plugins.base import PluginFailed
from workers.plugins.pool import Pool, pool
from workers.providers.errors import Aborted
from workers.providers.line import Cut

pytestmark = pytest.mark.usefixtures("plugins_end")

WEATHER = '''
    """
    title: Weather
    """
    from typing import Literal, Optional
    from pydantic import BaseModel, Field

    class Place(BaseModel):
        name: str
        country: Optional[str] = None

    class Tools:
        class Valves(BaseModel):
            api_key: str = Field("none", description="of the service")
            priority: int = 0

        class UserValves(BaseModel):
            unit: str = "C"

        def __init__(self):
            self.valves = self.Valves()
            self.count = 0

        async def get_weather(self, city: str, days: int = 1, unit: Literal["C", "F"] = "C",
                              __user__: dict = {}, __event_emitter__=None) -> str:
            """
            Tell the weather.
            :param city: where
            :param days: how many
            """
            await __event_emitter__({"type": "status", "data": {"description": city}})
            said = f"{city} {days} {unit} {self.valves.api_key} {__user__['valves'].unit}"
            return f"{said} {__user__['name']}"

        def place(self, place: Place) -> str:
            """Take a place."""
            return str(place)

        def count_up(self):
            self.count += 1
            return self.count

        async def confirm(self, __event_call__):
            return {"said": await __event_call__({"type": "confirmation", "data": {"title": "?"}})}

        async def use(self, __tools__):
            return await __tools__["add"]["callable"](a=1, b=2)

        def _hidden(self):
            return "hidden"

        def fails(self):
            raise ValueError("no such city")
'''


@pytest.fixture
def weather():
    return plug(WEATHER, {"api_key": "k-1"}, {"unit": "F"})


def test_its_functions_are_described_with_types_and_notes(weather):
    specs = {spec["name"]: spec for spec in weather.specs()}

    assert list(specs) == ["get_weather", "place", "count_up", "confirm", "use", "fails"]
    assert specs["get_weather"] == {
        "name": "get_weather",
        "description": "Tell the weather.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "where"},
                "days": {"type": "integer", "default": 1, "description": "how many"},
                "unit": {"type": "string", "enum": ["C", "F"], "default": "C"},
            },
            "required": ["city"],
        },
    }
    assert set(specs["place"]["parameters"]["properties"]["place"]["properties"]) == {
        "name",
        "country",
    }


def test_its_valves_are_described(weather):
    told = weather.describe()

    assert told["valves"]["properties"]["api_key"]["description"] == "of the service"
    assert set(told["user_valves"]["properties"]) == {"unit"}


def test_a_call_gets_arguments_valves_and_what_it_asks_for(weather):
    heard = Hearing()

    said = weather.call("get_weather", {"city": "Bonn"}, {"__user__": {"name": "Ada"}}, heard)

    assert said == "Bonn 1 C k-1 F Ada"
    assert heard.events == [{"type": "status", "data": {"description": "Bonn"}}]


def test_it_may_ask_and_use_tools(weather):
    heard = Hearing(answer=True)

    assert weather.call("confirm", {}, {}, heard) == {"said": True}
    assert weather.call("use", {}, {"__tools__": {"add": {}}}, heard) is True
    assert heard.asked == [{"type": "confirmation", "data": {"title": "?"}}]
    assert heard.used == [("add", {"a": 1, "b": 2})]


def test_a_question_to_nobody_is_an_error_of_the_plugin(weather):
    with pytest.raises(PluginFailed, match="Nobody is there"):
        weather.call("confirm", {})


def test_what_it_keeps_is_there_at_the_next_call(weather):
    assert [weather.call("count_up", {}) for _ in range(3)] == [1, 2, 3]


def test_what_it_raises_is_told_in_its_words_and_costs_this_call_only(weather):
    weather.call("count_up", {})

    with pytest.raises(PluginFailed, match="no such city"):
        weather.call("fails", {})
    assert weather.call("count_up", {}) == 2


@pytest.mark.parametrize("name", ["_hidden", "__init__", "absent", "valves"])
def test_what_is_none_of_its_functions_is_not_called(weather, name):
    with pytest.raises(PluginFailed, match="no function"):
        weather.call(name, {})


STREAMS = """
    from pydantic import BaseModel

    class Said(BaseModel):
        text: str

    class Streaming:
        body_iterator = None

    class Pipe:
        def generator(self):
            yield "a"
            yield {"b": 1}

        async def of_its_own(self):
            yield Said(text="c")

        async def returned(self):
            return self.of_its_own()

        def response(self):
            answer = Streaming()
            answer.body_iterator = self.of_its_own()
            return answer

        async def plain(self):
            return "whole"

        async def breaks(self):
            yield "half"
            raise RuntimeError("lost")
"""


@pytest.fixture
def streams():
    return plug(STREAMS, name="function_streams")


@pytest.mark.parametrize(
    ("name", "pieces"),
    [
        ("generator", ["a", {"b": 1}]),
        ("of_its_own", [{"text": "c"}]),
        ("returned", [{"text": "c"}]),
        ("response", [{"text": "c"}]),
        ("plain", []),
    ],
)
def test_what_it_yields_comes_piece_by_piece(streams, name, pieces):
    assert list(streams.stream(name, {})) == pieces


def test_a_stream_that_breaks_gives_what_it_has_and_says_why(streams):
    stream = streams.stream("breaks", {})

    assert next(stream) == "half"
    with pytest.raises(PluginFailed, match="lost"):
        next(stream)


BAD = """
    import os, sys, time, threading

    class Tools:
        def fine(self):
            return os.getpid()

        def hangs(self):
            while True:
                pass

        def waits(self):
            time.sleep(600)

        def dies(self):
            os._exit(3)

        def crashes(self):
            import ctypes
            ctypes.string_at(0)

        def floods(self):
            return "x" * (40 * 1024 * 1024)

        async def tells(self, __event_emitter__):
            while True:
                await __event_emitter__({"type": "status", "data": {"description": "x" * 1000}})

        def nonsense(self):
            os.write(3, b"what is this")
            time.sleep(600)

        def lies(self):
            os.write(3, b"\\x00\\x00\\x00\\x02[]")
            time.sleep(600)

        def eats(self):
            return len(bytearray(4 * 1024 ** 3))

        def forks(self):
            while True:
                os.fork()

        def fills(self):
            with open("big", "wb") as file:
                for _ in range(300):
                    file.write(b"x" * 1024 * 1024)
"""


@pytest.fixture
def bad(configure):
    configure(plugins_memory_mb=512)
    return plug(BAD)


@pytest.mark.parametrize("name", ["hangs", "waits"])
def test_what_takes_too_long_costs_its_own_call_and_is_told(configure, bad, name):
    bad.call("fine", {})  # starts its process, for which there is more time
    configure(plugins_timeout_s=0.5)

    with pytest.raises(PluginFailed, match="took too long"):
        bad.call(name, {})
    configure(plugins_timeout_s=30)
    assert bad.call("fine", {})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dies", "ended by itself"),
        ("crashes", "crashed"),
        ("floods", "nobody understands|more than"),
        ("tells", "more events|took too long|more than"),
        ("nonsense", "nobody understands"),
        ("lies", "nobody understands"),
        ("eats", "MemoryError"),
        ("forks", "unavailable|new thread|too long|ended|killed|permitted"),
        ("fills", "No space|too large|larger"),
    ],
)
def test_what_goes_wrong_costs_its_own_call_and_is_told(bad, name, words):
    with pytest.raises(PluginFailed, match=words):
        bad.call(name, {})
    assert bad.call("fine", {})


@pytest.mark.parametrize("name", ["hangs", "waits"])
def test_a_call_ends_at_once_when_it_is_stopped(configure, name):
    plugin, cut = plug(BAD), Cut()
    threading.Timer(0.5, cut.set).start()

    with pytest.raises(Aborted):
        plugin.call(name, {}, cut=cut)


def test_calls_at_the_same_time_have_processes_of_their_own(bad):
    found: list[Exception] = []
    cut = Cut()

    def hang() -> None:
        try:
            bad.call("hangs", {}, cut=cut)
        except Aborted as aborted:
            found.append(aborted)

    thread = threading.Thread(target=hang)
    thread.start()
    assert bad.call("fine", {})
    cut.set()
    thread.join()
    assert len(found) == 1


def test_who_finds_no_process_free_is_told_to_come_back(configure):
    configure(plugins_max_runners=1)
    full, plugin = Pool(), plug(BAD)

    with full.runner(plugin.code, Cut()):
        configure(plugins_timeout_s=0.1)
        with pytest.raises(Busy), full.runner(plugin.code, Cut()):
            pass
    full.end_all()


def test_another_plugin_takes_the_place_of_one_that_waits(configure):
    configure(plugins_max_runners=1)

    assert plug(BAD).call("fine", {})
    assert plug(BAD, name="tool_other").call("fine", {})
    assert len(pool._idle) == 1


def test_the_process_of_an_idle_plugin_ends(configure, monkeypatch):
    configure(plugins_idle_s=0.1)
    monkeypatch.setattr("workers.plugins.pool._LOOK_S", 0.1)
    mine = Pool()

    with mine.runner(plug(BAD).code, Cut()) as runner:
        pid = runner._child.pid

    wait_until(lambda: not mine._idle and _is_gone(pid), 10, "its end")


def test_plugins_can_be_switched_off(configure):
    configure(plugins_sandbox="disabled")

    with pytest.raises(PluginFailed, match="switched off"):
        plug(BAD).describe()


def test_nothing_is_left_of_a_plugin_whose_keeper_was_killed(bad):
    mine = Pool()
    with mine.runner(bad.code, Cut()) as runner:
        keeper = runner._child.pid
        os.kill(keeper, signal.SIGKILL)
        wait_until(lambda: not runner._child.control.recv(1), 5, "the end of the plugin's process")
    mine.end_all()


def _is_gone(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return True
