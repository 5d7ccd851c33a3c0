"""Pipes: functions that are models, over HTTP, a real worker and real child processes."""

import json

import pytest

from shared.services import models
from tests.services.things import message, new_chat, row_of, stored_message, told
from tests.services.tool_servers import connect, connection
from tests.services.waiting import wait_until

URL = "/api/v1/functions"
HEAD = '''
"""
title: Echo
"""
import asyncio
from pydantic import BaseModel

class Said(BaseModel):
    choices: list

def chunk(text):
    return {"choices": [{"index": 0, "delta": {"content": text}}]}

def whole(text):
    return {"choices": [{"message": {"role": "assistant", "content": text}}]}

LINE = 'data: {"choices": [{"delta": {"content": "tell me"}}]}\\n\\n'
STATUS = {"type": "status", "data": {"description": "looking", "done": True}}
SOURCE = {"type": "source", "data": {"source": {"name": "S"}, "document": [], "metadata": []}}

def last(body):
    return body["messages"][-1]["content"]

class Streaming:
    def __init__(self, body):
        self.body_iterator = body

class Pipe:
    class Valves(BaseModel):
        mark: str = "!"

    def __init__(self):
        self.valves = self.Valves()
'''
# What the function does, and what is answered for "tell me".
FORMS = {
    "text": ("def pipe(self, body): return last(body) + self.valves.mark", "tell me!"),
    "async text": ("async def pipe(self, body): return last(body)", "tell me"),
    "generator": ("def pipe(self, body):\n        yield 'tell '\n        yield 'me'", "tell me"),
    "async generator": ("async def pipe(self, body):\n        yield chunk('tell me')", "tell me"),
    "lines": ("def pipe(self, body): return iter([LINE, b'data: [DONE]'])", "tell me"),
    "model": ("def pipe(self, body): return Said(**chunk('tell me'))", "tell me"),
    "whole": ("def pipe(self, body): return whole('tell me')", "tell me"),
    "response": (
        "def pipe(self, body): return Streaming(iter([LINE[:20].encode(), LINE[20:].encode()]))",
        "tell me",
    ),
    "task": ("def pipe(self, body, __task__, __task_body__): return str(__task__)", "None"),
    "user": (
        "def pipe(self, body, __user__, __metadata__): return __user__['role']",
        "user",
    ),
}

pytestmark = pytest.mark.usefixtures("world", "worker", "plugins_end")


def make(admin, code, function_id="echo"):
    """Write a pipe, switch it on, and let everybody use it."""
    form = {"id": function_id, "name": "Echo", "content": f"{HEAD}\n    {code}\n", "meta": {}}
    assert admin.post(f"{URL}/create", form).status_code == 200
    assert admin.post(f"{URL}/id/{function_id}/toggle").json["is_active"]
    return [model["id"] for model in pipes_of(admin)]


def pipes_of(caller):
    """The pipes among the models that somebody may use."""
    return [one for one in caller.get("/api/models").json["data"] if "pipe" in one]


def open_to_all(admin, model_id):
    form = {"id": model_id, "name": model_id, "meta": {}, "params": {}, "access_control": None}
    answer = admin.post("/api/v1/models/create", {**form, "base_model_id": None})
    assert answer.status_code == 200, answer.text
    models.forget_catalogue()


def ask(caller, model="echo", **more):
    asked = [{"role": "user", "content": "tell me"}]
    return caller.post("/api/chat/completions", {"model": model, "messages": asked, **more})


def text_of(stream):
    lines = [line for line in stream.text.split("\n\n") if line.startswith("data: {")]
    found = [json.loads(line.removeprefix("data: ")) for line in lines]
    choices = [one["choices"][0] for one in found if one.get("choices")]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_it_answers_in_every_form_streaming_and_not(admin, member, form):
    code, expected = FORMS[form]
    make(admin, code)
    open_to_all(admin, "echo")

    whole, stream = ask(member), ask(member, stream=True)

    assert whole.status_code == 200, whole.text
    assert whole.json["choices"][0]["message"]["content"] == expected
    assert text_of(stream) == expected
    assert stream.text.endswith("data: [DONE]\n\n")


def test_a_pipe_is_a_model_of_its_name_while_it_is_on(admin):
    make(admin, "def pipe(self, body): return 'x'")
    shown = pipes_of(admin)[0]

    admin.post(f"{URL}/id/echo/toggle")

    assert (shown["id"], shown["name"], shown["owned_by"]) == ("echo", "Echo", "openai")
    assert shown["pipe"] == {"type": "pipe"}
    assert pipes_of(admin) == []
    assert ask(admin).status_code == 400


def test_a_manifold_is_as_many_models_as_it_names(admin):
    ids = make(
        admin,
        "name = 'Echo: '\n"
        "    async def pipes(self): return [{'id': 'a', 'name': 'A'}, {'id': 'b.c', 'name': 'B'}]\n"
        "    def pipe(self, body): return body['model']",
    )
    names = {model["id"]: model["name"] for model in pipes_of(admin)}

    assert ids == ["echo.a", "echo.b.c"]
    assert names == {"echo.a": "Echo: A", "echo.b.c": "Echo: B"}
    assert ask(admin, "echo.b.c").json["choices"][0]["message"]["content"] == "echo.b.c"


def test_others_do_not_see_a_pipe_that_nobody_has_opened_to_them(admin, member):
    make(admin, "def pipe(self, body): return 'x'")

    assert pipes_of(member) == []
    assert ask(member).status_code == 400


@pytest.mark.parametrize(
    "code",
    [
        "def pipe(self, body): raise ValueError('no key')",
        "def pipe(self, body): return {'error': {'detail': 'no key'}}",
        "async def pipe(self, body):\n        raise Exception('no key')\n        yield",
        "def pipe(self, body):\n        yield {'error': 'no key'}",
    ],
)
def test_its_errors_are_told_in_its_words(admin, code):
    make(admin, code)

    answer, stream = ask(admin), ask(admin, stream=True)

    assert answer.status_code == 400
    assert "no key" in answer.text
    assert "no key" in stream.text


def test_its_events_and_text_end_in_the_message(admin):
    make(
        admin,
        "async def pipe(self, body, __event_emitter__, __chat_id__, __message_id__):\n"
        "        await __event_emitter__(STATUS)\n"
        "        yield {'event': SOURCE}\n"
        "        yield f'{__chat_id__} {__message_id__}'",
    )
    chat = new_chat(admin.user, message("q", content="tell me"), message("a", "q", "assistant"))
    answer = ask(admin, stream=True, session_id="s", chat_id=chat.id, id="a")
    job = answer.json["task_id"]
    wait_until(lambda: row_of(job).status == "completed", 10, "the answer")

    stored = stored_message(chat.id, "a")
    assert stored.content == f"{chat.id} a"
    status = {"description": "looking", "done": True}
    assert stored.data["statusHistory"] == [status]
    assert stored.data["sources"][0]["source"] == {"name": "S"}
    assert ("event", {"type": "status", "data": status}) in told(job)


def test_a_pipe_that_is_stopped_ends_and_keeps_its_text(admin):
    make(
        admin,
        "async def pipe(self, body):\n        yield 'half'\n        await asyncio.sleep(600)",
    )
    job = ask(admin, background=True, stream=True).json["job"]
    wait_until(lambda: ("delta", {"text": "half"}) in told(job), 10, "its first piece")

    admin.post(f"/api/v1/jobs/{job}/cancel")

    wait_until(lambda: row_of(job).status == "cancelled", 10, "its end")
    assert row_of(job).result["text"] == "half"


def test_a_pipe_calls_the_tools_of_its_request_itself(admin, tool_server):
    connect(connection(tool_server.root))
    make(
        admin,
        "async def pipe(self, body, __tools__):\n"
        "        tool = __tools__['get_weather']\n"
        "        found = await tool['callable'](city='Rome')\n"
        "        return tool['tool_id'] + ' ' + found['sky']",
    )
    params = {"function_calling": "native"}

    answer = ask(admin, tool_ids=["server:0"], params=params)

    assert answer.json["choices"][0]["message"]["content"] == "server:0 blue"


def test_a_tool_that_fails_fails_in_the_pipe(admin, tool_server):
    connect(connection(tool_server.root))
    make(
        admin,
        "async def pipe(self, body, __tools__):\n"
        "        try:\n"
        "            await __tools__['fails']['callable']()\n"
        "        except Exception as error:\n"
        "            return str(error)",
    )

    answer = ask(admin, tool_ids=["server:0"], params={"function_calling": "native"})

    said = answer.json["choices"][0]["message"]["content"]
    assert said == "HTTP error 503: the sensor is broken"


def test_a_pipe_that_is_asked_for_a_title_is_told_so(admin):
    make(admin, "def pipe(self, body, __task__): return '{\"title\": \"' + str(__task__) + '\"}'")

    asked = [{"role": "user", "content": "tell me"}]
    answer = admin.post("/api/v1/tasks/title/completions", {"model": "echo", "messages": asked})

    assert "title_generation" in answer.json["choices"][0]["message"]["content"]
