"""What a plugin asks the server while it is called: side by side, in pieces, given up."""

import threading

import pytest

from tests.services.plugging import Hearing, plug
from tests.services.waiting import wait_until
from workers.plugins.base import PluginFailed
from workers.providers.errors import Aborted
from workers.providers.line import Cut

pytestmark = pytest.mark.usefixtures("plugins_end")

SOURCE = """
    import asyncio
    from open_webui.main import generate_chat_completions
    from open_webui.utils.chat import generate_chat_completion

    def form(text, **more):
        return {"model": "m", "messages": [{"role": "user", "content": text}], **more}

    class Pipe:
        async def both(self, __request__, __user__):
            asked = [generate_chat_completion(__request__, form(n), user=__user__) for n in "ab"]
            return await asyncio.gather(*asked)

        def at_once(self, __request__):
            return asyncio.run(generate_chat_completions(form("a"), user=None))

        async def pipe(self, body, __request__):
            answer = await generate_chat_completion(__request__, form("s", stream=True))
            async for line in answer.body_iterator:
                assert line.startswith("data: ") and line.decode("utf-8") == line
                yield line

        async def passes_on(self, body):
            return await generate_chat_completion(None, form("s", stream=True))

        async def first_only(self, __request__):
            answer = await generate_chat_completion(__request__, form("s", stream=True))
            async for line in answer.body_iterator:
                break
            await answer.body_iterator.aclose()
            return line

        async def many(self):
            asked = [generate_chat_completion(None, form("wait")) for _ in range(17)]
            return [str(one) for one in await asyncio.gather(*asked, return_exceptions=True)]

        async def catches(self, stream: bool):
            try:
                await generate_chat_completion(None, form("fail", stream=stream))
            except Exception as error:
                return str(error)

        async def nonsense(self):
            return await generate_chat_completion("request", "form")
"""


class Model(Hearing):
    """Answers completions as a test wants.

    Args:
        holds_s: So long after the first question come the answers to those that wait.
    """

    def __init__(self, holds_s=None):
        super().__init__()
        self._holds_s = holds_s
        self.is_held = threading.Event()
        self.may_go_on = threading.Event()
        self.cuts = []

    def serve(self, what, given, tell, cut):
        assert what == "complete"
        body = given["body"]
        text = body["messages"][0]["content"]
        self.cuts.append(cut)
        if text == "fail":
            raise PluginFailed("no such model")
        if text == "wait":
            if self._holds_s is not None and not self.is_held.is_set():
                threading.Timer(self._holds_s, self.may_go_on.set).start()
            self.is_held.set()
            cut.hold(self.may_go_on.set)
            self.may_go_on.wait(20)
        if not body.get("stream"):
            return {"said": text}
        for number in range(3):
            tell({"number": number})
        return None


@pytest.fixture
def plugin():
    return plug(SOURCE, name="function_asks")


def test_several_answers_are_asked_for_side_by_side(plugin):
    assert plugin.call("both", {}, {"__user__": {"id": "u"}}, Model()) == [
        {"said": "a"},
        {"said": "b"},
    ]


def test_code_that_cannot_await_asks_in_a_loop_of_its_own(plugin):
    assert plugin.call("at_once", {}, {}, Model()) == {"said": "a"}


@pytest.mark.parametrize("name", ["pipe", "passes_on"])
def test_an_answer_in_pieces_is_a_stream_of_lines(plugin, name):
    lines = list(plugin.stream(name, {"body": {}}, {}, Model()))

    expected = [f'data: {{"number":{number}}}' for number in range(3)] + ["data: [DONE]"]
    assert [line.strip() for line in lines] == expected


def test_pieces_of_a_stream_leave_while_more_of_the_answer_is_to_come(plugin):
    class Slow(Model):
        def serve(self, what, given, tell, cut):
            tell({"number": 0})
            self.may_go_on.wait(20)
            tell({"number": 1})

    listener = Slow()
    pieces = plugin.stream("pipe", {"body": {}}, {}, listener)

    assert "0" in next(pieces)
    listener.may_go_on.set()
    assert "1" in next(pieces)
    pieces.close()


def test_a_stream_that_nobody_reads_any_more_is_given_up(plugin):
    class Endless(Model):
        def serve(self, what, given, tell, cut):
            self.cuts.append(cut)
            while not cut.is_set:
                tell({"number": 0})

    listener = Endless()

    assert "0" in plugin.call("first_only", {}, {}, listener)
    assert listener.cuts[0].is_set


def test_what_cannot_be_answered_is_told_where_it_is_asked(plugin):
    assert plugin.call("catches", {"stream": False}, {}, Model()) == "no such model"
    assert plugin.call("catches", {"stream": True}, {}, Model()) == "no such model"


def test_a_plugin_asks_no_more_than_so_much_at_a_time(plugin):
    said = plugin.call("many", {}, {}, Model(holds_s=1))

    assert said.count("A plugin may ask 16 questions at a time.") == 1


def test_what_is_no_form_is_refused(plugin):
    with pytest.raises(PluginFailed, match="a form with a model and messages"):
        plugin.call("nonsense", {}, {}, Model())


def test_nobody_answers_where_nobody_is_asked_for(plugin):
    assert plugin.call("catches", {"stream": False}) == (
        "This server cannot be asked for anything here."
    )


def test_time_with_an_answer_of_the_server_is_not_the_plugins(plugin, configure):
    configure(plugins_timeout_s=3)

    said = plugin.call("many", {}, {}, Model(holds_s=4))

    assert "{'said': 'wait'}" in said


def test_a_call_that_is_stopped_gives_its_questions_up_at_once(plugin):
    listener, cut, ended = Model(), Cut(), threading.Event()

    def call():
        with pytest.raises(Aborted):
            plugin.call("many", {}, {}, listener, cut)
        ended.set()

    threading.Thread(target=call).start()
    assert listener.is_held.wait(10)
    cut.set()

    assert listener.may_go_on.wait(10)
    wait_until(ended.is_set, 5, "the end of the call")
