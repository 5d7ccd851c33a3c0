"""Plugins that ask models of this server themselves, with the user's rights, at the user's cost."""

import json

import pytest

from shared.services import models
from tests.services.things import offer, row_of
from tests.services.waiting import wait_until

URL = "/api/v1/functions"
HEAD = """
from open_webui.utils.chat import generate_chat_completion

def form(text, model="fake-alpha", **more):
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}

def said(answer):
    return answer["choices"][0]["message"]["content"]
"""
PIPE = """
class Pipe:
    async def pipe(self, body, __request__, __user__, __task__):
        text = body["messages"][-1]["content"]
        inner = form(text, stream=body["stream"], metadata=body.get("metadata"), chat_id="c")
        answer = await generate_chat_completion(__request__, inner, user=__user__)
        return answer
"""
TOOL = '''
class Tools:
    async def think(self, text: str, __request__, __user__) -> str:
        """Think."""
        answer = await generate_chat_completion(__request__, form("say=deep"), __user__)
        return "thought: " + said(answer)
'''
FILTER = """
class Filter:
    async def inlet(self, body, __user__):
        answer = await generate_chat_completion(None, form("say=kindly", stream=False), __user__)
        body["messages"][-1]["content"] += " say=" + said(answer)
        return body
"""
ACTION = """
class Action:
    async def action(self, body, __request__, __user__):
        return said(await generate_chat_completion(__request__, form("say=done"), __user__))
"""


@pytest.fixture(autouse=True)
def served(world, worker, plugins_end, openai_server):
    offer("fake-alpha", url=openai_server.url)


def make(admin, code, function_id="asks", is_global=False):
    form = {"id": function_id, "name": "Asks", "content": HEAD + code, "meta": {}}
    answer = admin.post(f"{URL}/create", form)
    assert answer.status_code == 200, answer.text
    admin.post(f"{URL}/id/{function_id}/toggle")
    if is_global:
        admin.post(f"{URL}/id/{function_id}/toggle/global")
    admin.get("/api/models")


def open_to_all(admin, model_id):
    form = {"id": model_id, "name": model_id, "meta": {}, "params": {}, "access_control": None}
    assert admin.post("/api/v1/models/create", {**form, "base_model_id": None}).status_code == 200
    models.forget_catalogue()


def close(admin, model_id):
    form = {"id": model_id, "name": model_id, "meta": {}, "params": {}, "access_control": {}}
    at = f"/api/v1/models/model/update?id={model_id}"
    assert admin.post(at, {**form, "base_model_id": None}).status_code == 200
    models.forget_catalogue()


def ask(caller, text="tell me tokens=4", model="asks", **more):
    asked = [{"role": "user", "content": text}]
    return caller.post("/api/chat/completions", {"model": model, "messages": asked, **more})


def content(answer):
    assert answer.status_code == 200, answer.text
    return answer.json["choices"][0]["message"]["content"]


def used(caller):
    rows = caller.get("/api/v1/usage?by=model").json["items"]
    return {row["model"]: row for row in rows}


def test_a_pipe_gives_another_models_answer_streaming_and_not(admin, member, openai_server):
    make(admin, PIPE)
    open_to_all(admin, "asks")

    whole, stream = ask(member, "say=hello"), ask(member, "say=hello+there", stream=True)

    assert content(whole) == "hello"
    chunks = [json.loads(line[6:]) for line in stream.text.split("\n\n") if line[6:7] == "{"]
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"]) == (
        "hello there"
    )
    asked = [one["json"] for one in openai_server.log() if one["path"].endswith("completions")]
    assert all(one["model"] == "fake-alpha" for one in asked)
    assert not {"metadata", "chat_id"} & set(asked[0])


def test_what_a_pipe_asks_is_used_up_once_and_of_the_model_that_answers(admin, member):
    make(admin, PIPE)
    open_to_all(admin, "asks")

    content(ask(member))

    found = used(member)
    assert found["fake-alpha"]["total_tokens"] > 0
    assert found["asks"]["total_tokens"] == 0


def test_a_model_that_is_not_the_users_is_not_asked(admin, member):
    make(admin, PIPE)
    open_to_all(admin, "asks")
    close(admin, "fake-alpha")

    answer = ask(member)

    assert answer.status_code == 400
    assert "fake-alpha" in answer.text
    assert content(ask(admin, "say=mine")) == "mine"


def test_a_quota_counts_for_what_plugins_ask(admin, member):
    make(admin, PIPE)
    open_to_all(admin, "asks")
    quota = {"scope": "model", "subject": "fake-alpha", "measure": "requests", "amount": 1}
    assert admin.post("/api/v1/quotas/", {**quota, "window_s": 86_400}).status_code == 201

    first, second = ask(member, "say=one"), ask(member, "say=two")

    assert content(first) == "one"
    assert second.status_code == 400
    assert "quota" in second.text


def test_a_pipe_that_asks_itself_comes_to_an_end(admin):
    make(admin, PIPE.replace("form(text,", "form(text, 'asks',"))

    answer = ask(admin)

    assert answer.status_code == 400
    assert "without end" in answer.text


def test_a_title_by_a_pipe_is_that_of_the_model_behind_it(admin):
    make(admin, PIPE)

    asked = [{"role": "user", "content": "tell me"}]
    answer = admin.post("/api/v1/tasks/title/completions", {"model": "asks", "messages": asked})

    assert "title" in content(answer)
    assert set(used(admin)) == {"asks", "fake-alpha"}


def test_a_tool_asks_a_model(admin, member):
    form = {"id": "thinker", "name": "T", "content": HEAD + TOOL, "meta": {}}
    made = admin.post("/api/v1/tools/create", {**form, "access_control": None})
    assert made.status_code == 200, made.text
    question = "rounds=think(text:x) recite=1"

    answer = ask(
        member, question, "fake-alpha", tool_ids=["thinker"], params={"function_calling": "native"}
    )

    assert "thought: deep" in content(answer)
    assert used(member)["fake-alpha"]["requests"] == 2


def test_a_filter_asks_a_model(admin, member):
    make(admin, FILTER, is_global=True)

    assert content(ask(member, "be nice:", "fake-alpha")) == "kindly"


def test_an_action_asks_a_model(admin, member):
    make(admin, ACTION, is_global=True)
    body = {"model": "fake-alpha", "messages": [], "chat_id": "local", "session_id": "", "id": "a"}

    answer = member.post("/api/chat/actions/asks", body)

    assert (answer.status_code, answer.json) == (200, "done")


def test_a_cancelled_pipe_cuts_off_the_model_that_it_has_asked(admin, openai_server):
    make(admin, PIPE)
    job = ask(admin, "tell me endless=1 delay=5", stream=True, background=True).json["job"]
    wait_until(lambda: openai_server.open_streams == 1, 10, "the model's answer")

    admin.post(f"/api/v1/jobs/{job}/cancel")

    wait_until(lambda: openai_server.open_streams == 0, 3, "its end")
    wait_until(lambda: row_of(job).status == "cancelled", 5, "the job's end")
