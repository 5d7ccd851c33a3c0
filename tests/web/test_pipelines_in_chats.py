"""Pipelines servers in chats: pipes as models, filters around answers and small tasks."""

import pytest

from shared import db
from shared.config.options import get_options
from shared.models.job import CANCELLED
from shared.services import models
from shared.services.connections import OPENAI, Connection
from tests.fakes.pipelines_server import Pipeline, Refusal
from tests.services.things import describe, message, new_chat, row_of, stored_message
from tests.services.waiting import free_port, wait_until


@pytest.fixture
def server(pipelines_server):
    return pipelines_server


def ask(caller, model="fake-alpha", **more):
    asked = [{"role": "user", "content": "Hello say=one+two"}]
    return caller.post("/api/chat/completions", {"model": model, "messages": asked, **more})


def allow(*names):
    with db.transaction() as session:
        for name in names:
            session.merge(describe(name))
    models.forget_catalogue()


def append(word):
    def change(body, _user):
        body["messages"][-1]["content"] += f" {word}"
        return body

    return change


def test_filters_are_no_models_and_pipes_are(admin, server):
    server.pipelines["chatty"] = Pipeline("pipe")

    found = [m["id"] for m in admin.get("/api/models").json["data"]]

    assert "chatty" in found
    assert "guard" not in found


def test_a_pipe_answers_and_is_told_who_asks(member, server):
    server.pipelines = {"chatty": Pipeline("pipe", says="from the pipe")}
    allow("chatty")

    answer = ask(member, "chatty")

    assert answer.json["choices"][0]["message"]["content"] == "from the pipe"
    (sent,) = server.asked_at("/chat/completions")
    assert (sent["user"]["id"], sent["user"]["role"]) == (member.id, "user")


def test_inlets_change_a_request_in_the_order_of_their_priority(member, server, openai_server):
    server.pipelines = {
        "late": Pipeline(priority=2, inlet=append("late")),
        "early": Pipeline(priority=1, inlet=append("early"), targets=["fake-alpha"]),
        "elsewhere": Pipeline(inlet=append("elsewhere"), targets=["fake-beta"]),
    }
    allow("fake-alpha")

    answer = ask(member)

    assert answer.status_code == 200
    (sent,) = [r["json"] for r in openai_server.log() if r["path"].endswith("/completions")]
    assert sent["messages"][-1]["content"] == "Hello say=one+two early late"
    assert "metadata" not in sent
    assert "user" not in sent
    seen = server.asked_at("/early/filter/inlet")[0]
    assert seen["user"]["email"] == member.user.email
    assert seen["body"]["metadata"]["user_id"] == member.id


def test_a_filter_that_refuses_ends_the_turn_with_its_words(member, server, openai_server):
    def refuse(_body, _user):
        raise Refusal("Not today")

    server.pipelines = {"guard": Pipeline(inlet=refuse)}
    allow("fake-alpha")

    answer = ask(member)

    assert (answer.status_code, answer.json["detail"]) == (400, "Error: Not today")
    assert not [r for r in openai_server.log() if r["path"].endswith("/completions")]


@pytest.mark.parametrize("made", [["no object"], {"messages": "none"}, {"model": 1}, None])
def test_a_filter_that_gives_nonsense_ends_its_turn(member, server, made):
    server.pipelines = {"guard": Pipeline(inlet=lambda _body, _user: made)}
    allow("fake-alpha")

    answer = ask(member)

    assert answer.status_code == 400
    assert "gave back" in answer.json["detail"]


def test_a_filter_that_is_away_lets_nothing_through(member, server, openai_server):
    allow("fake-alpha")
    ask(member)
    gone = [openai_server.url, f"http://127.0.0.1:{free_port()}"]
    get_options().set({"OPENAI_API_BASE_URLS": gone})
    offer = [
        {**m, "mark": Connection(OPENAI, 1, gone[1]).mark} if m["id"] == "guard" else m
        for m in models.offer()
    ]
    models.save_offer(offer)

    answer = ask(member)

    assert answer.status_code == 400
    assert "cannot be reached" in answer.json["detail"]


def test_a_filter_may_send_a_request_to_another_model_of_the_user(member, server, openai_server):
    server.pipelines = {
        "router": Pipeline(inlet=lambda body, _user: {**body, "model": "fake-beta"})
    }
    allow("fake-alpha")

    refused = ask(member)
    allow("fake-beta")
    answer = ask(member)

    assert refused.status_code == 400
    assert answer.status_code == 200
    assert openai_server.log()[-1]["json"]["model"] == "fake-beta"


# Outlets


def shout(body, _user):
    body["messages"][-1]["content"] = body["messages"][-1]["content"].upper()
    return body


@pytest.fixture
def shouting(server):
    """A server whose filter puts every answer into capitals."""
    server.pipelines = {"shout": Pipeline(outlet=shout)}
    allow("fake-alpha")
    return server


def completed(caller, chat_id, content="one two", message_id="a"):
    sent = [{"id": "q", "role": "user", "content": "Hello"}]
    sent.append({"id": message_id, "role": "assistant", "content": content})
    body = {"model": "fake-alpha", "messages": sent, "chat_id": chat_id, "session_id": "s"}
    return caller.post("/api/chat/completed", {**body, "id": message_id})


def test_an_outlet_changes_what_is_stored(member, shouting):
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant", content=""))

    ask(member, chat_id=chat.id, id="a", session_id="s")

    assert stored_message(chat.id, "a").content == "ONE TWO"
    (seen,) = shouting.asked_at("/shout/filter/outlet")
    assert [m["role"] for m in seen["body"]["messages"]] == ["user", "assistant"]
    assert (seen["body"]["chat_id"], seen["body"]["id"]) == (chat.id, "a")


def test_what_an_outlet_makes_of_older_messages_is_stored_too(member, server):
    def whisper(body, _user):
        body["messages"][0]["content"] = "(hidden)"
        return body

    server.pipelines = {"whisper": Pipeline(outlet=whisper)}
    allow("fake-alpha")
    question = message("q", content="a secret")
    chat = new_chat(member.user, question, message("a", "q", "assistant", content=""))

    ask(member, chat_id=chat.id, id="a", session_id="s")

    row = stored_message(chat.id, "q")
    assert (row.content, row.data["originalContent"]) == ("(hidden)", "a secret")
    assert stored_message(chat.id, "a").content == "one two"


def test_an_outlet_sees_an_answer_once_though_the_page_asks_again(member, shouting):
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant", content=""))
    ask(member, chat_id=chat.id, id="a", session_id="s")

    answer = completed(member, chat.id)

    assert answer.json["messages"][-1]["content"] == "ONE TWO"
    assert len(shouting.asked_at("/shout/filter/outlet")) == 1


def test_an_answer_that_nobody_stored_is_seen_when_the_page_tells_of_it(member, shouting):
    answer = completed(member, "local")

    assert answer.status_code == 200
    assert answer.json["messages"][-1]["content"] == "ONE TWO"


def test_nobody_sends_the_chat_of_another_through_filters(member, other, shouting):
    chat = new_chat(other.user, message("q"))

    assert completed(member, chat.id).status_code == 401
    assert shouting.asked_at("/shout/filter/outlet") == []


def test_an_outlet_that_fails_leaves_the_answer_and_says_why(member, server):
    def refuse(_body, _user):
        raise Refusal("Not like this")

    server.pipelines = {"guard": Pipeline(outlet=refuse)}
    allow("fake-alpha")
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant", content=""))

    answer = ask(member, chat_id=chat.id, id="a", session_id="s")
    again = completed(member, "local")

    row = stored_message(chat.id, "a")
    assert (answer.status_code, again.status_code) == (400, 400)
    assert again.json["detail"] == "Error: Not like this"
    assert (row.content, row.data["error"]) == ("one two", {"content": "Error: Not like this"})


def test_a_turn_is_cancelled_while_a_filter_hangs(member, server):
    allow("fake-alpha")
    server.hangs = True
    turn = ask(member, background=True).json["job"]
    wait_until(lambda: server.asked_at("/guard/filter/inlet"), 10, "the filter's question")

    member.post(f"/api/v1/jobs/{turn}/cancel")

    wait_until(lambda: row_of(turn).status == CANCELLED, 5, "the end of the turn")


# Small tasks


TITLE = "/api/v1/tasks/title/completions"
TALK = [{"role": "user", "content": "Hello"}]


def test_a_small_task_passes_the_pipelines_of_its_model(member, server, openai_server):
    server.pipelines = {"guard": Pipeline(inlet=append("guarded"))}
    allow("fake-alpha")

    answer = member.post(TITLE, {"model": "fake-alpha", "messages": TALK, "chat_id": "c"})

    assert answer.status_code == 200
    (sent,) = [r["json"] for r in openai_server.log() if r["path"].endswith("/completions")]
    assert sent["messages"][-1]["content"].endswith(" guarded")
    assert "metadata" not in sent
    (seen,) = server.asked_at("/guard/filter/inlet")
    assert (seen["user"]["id"], seen["body"]["model"]) == (member.id, "fake-alpha")
    assert seen["body"]["metadata"]["task"] == "title_generation"
    assert seen["body"]["metadata"]["task_body"]["messages"] == TALK


def test_what_a_pipeline_refuses_is_asked_of_no_task_model(member, server, openai_server):
    def refuse(_body, _user):
        raise Refusal("Not today")

    server.pipelines = {"guard": Pipeline(inlet=refuse)}
    allow("fake-alpha")

    answer = member.post(TITLE, {"model": "fake-alpha", "messages": TALK})

    assert (answer.status_code, answer.json["detail"]) == (400, "Error: Not today")
    assert not [r for r in openai_server.log() if r["path"].endswith("/completions")]


def test_a_pipeline_sends_a_task_only_to_a_model_of_the_user(member, server, openai_server):
    server.pipelines = {
        "router": Pipeline(inlet=lambda body, _user: {**body, "model": "fake-beta"})
    }
    allow("fake-alpha")

    refused = member.post(TITLE, {"model": "fake-alpha", "messages": TALK})
    allow("fake-beta")
    answer = member.post(TITLE, {"model": "fake-alpha", "messages": TALK})

    assert (refused.status_code, answer.status_code) == (400, 200)
    assert openai_server.log()[-1]["json"]["model"] == "fake-beta"


def test_titles_after_an_answer_pass_the_pipelines_too(member, server):
    server.pipelines = {"guard": Pipeline()}
    allow("fake-alpha")
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant", content=""))

    ask(
        member,
        chat_id=chat.id,
        id="a",
        session_id="s",
        background_tasks={"title_generation": True},
    )

    def tasks():
        asked = server.asked_at("/guard/filter/inlet")
        return [one["body"]["metadata"].get("task") for one in asked]

    wait_until(lambda: "title_generation" in tasks(), 10, "the title to pass the pipeline")
    assert tasks() == [None, "title_generation"]
