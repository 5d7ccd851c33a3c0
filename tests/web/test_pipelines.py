"""Pipelines servers: their programs and valves, through the admin's connections."""

import io

import pytest
from sqlalchemy import select

from shared import db
from shared.config.options import get_options
from shared.models.job import CANCELLED, Job
from shared.services import models
from shared.services.connections import OPENAI, Connection
from tests.fakes.pipelines_server import FakePipelines, Pipeline, Refusal
from tests.services.things import describe, message, new_chat, row_of, stored_message
from tests.services.waiting import free_port, wait_until

AREA = "/api/v1/pipelines"
FIRST_SECRET = "first-secret-value"


@pytest.fixture(scope="module")
def _server():
    with FakePipelines() as server:
        yield server


@pytest.fixture
def server(_server, world, worker, openai_server):
    """A pipelines server at place 1, beside a server that is none."""
    _server.pipelines, _server.hangs = (
        {"guard": Pipeline(valves={"secret_key": FIRST_SECRET})},
        False,
    )
    _server.asked.clear()
    get_options().set(
        {
            "OPENAI_API_BASE_URLS": [openai_server.url, _server.url],
            "OPENAI_API_KEYS": ["", _server.key],
            "ENABLE_OLLAMA_API": False,
        }
    )
    models.outdate_offer()
    return _server


def upload(admin, name, content=b"class Pipeline: pass", place="1"):
    form = {"urlIdx": place, "file": (io.BytesIO(content), name)}
    headers = {"Authorization": f"Bearer {admin.token}"}
    client = admin.app.test_client(use_cookies=False)
    return client.post(f"{AREA}/upload", data=form, headers=headers)


def test_servers_are_known_by_their_list_of_models(admin, server):
    assert admin.get(f"{AREA}/list").json == {"data": [{"url": server.url, "idx": 1}]}


def test_the_list_of_a_connections_models_says_that_it_is_one(admin, server):
    assert admin.get("/openai/models/1").json["pipelines"] is True
    assert "pipelines" not in admin.get("/openai/models/0").json


def test_pipelines_are_listed_as_the_server_tells_them(admin, server):
    answer = admin.get(f"{AREA}/?urlIdx=1")

    guard = {"id": "guard", "name": "guard", "type": "filter", "valves": True}
    assert (answer.status_code, answer.json) == (200, {"data": [guard]})


def test_a_source_is_sent_as_a_form(admin, server):
    answer = upload(admin, "mine.py")

    (sent,) = server.asked_at("/pipelines/upload")
    assert answer.json["status"] is True
    assert 'name="file"; filename="mine.py"' in sent
    assert "class Pipeline: pass" in sent
    assert "mine" in server.pipelines


@pytest.mark.parametrize(
    ("name", "content", "status", "words"),
    [
        ("mine.txt", b"x", 400, "Only Python (.py) files are allowed."),
        ("mine.py", b"\xff\xfe", 400, "UTF-8"),
        ("mine.py", b"#" * (1024 * 1024 + 1), 413, "1 MB"),
    ],
)
def test_what_is_no_source_is_not_sent(admin, server, name, content, status, words):
    answer = upload(admin, name, content)

    assert (answer.status_code, server.asked_at("/pipelines/upload")) == (status, [])
    assert words in answer.json["detail"]


def test_an_upload_to_a_server_that_is_away_is_told_in_the_contracts_words(admin, server):
    get_options().set({"OPENAI_API_BASE_URLS": ["", f"http://127.0.0.1:{free_port()}"]})

    answer = upload(admin, "mine.py")

    told = {"detail": "Open WebUI: Server Connection Error"}
    assert (answer.status_code, answer.json) == (500, told)


def test_a_pipeline_is_added_and_deleted_and_the_models_are_asked_anew(admin, server):
    admin.get("/api/models")

    added = admin.post(f"{AREA}/add", {"url": "https://example.com/p.py", "urlIdx": 1})
    is_outdated = models.is_outdated()
    deleted = admin.delete(f"{AREA}/delete", {"id": "guard", "urlIdx": 1})

    assert (added.status_code, deleted.status_code, is_outdated) == (200, 200, True)
    assert server.asked_at("/pipelines/add") == [{"url": "https://example.com/p.py"}]
    assert server.pipelines == {}


def test_valves_are_shown_described_and_set(admin, server):
    path = f"{AREA}/guard/valves"

    shown = admin.get(f"{path}?urlIdx=1").json
    spec = admin.get(f"{path}/spec?urlIdx=1").json
    changed = admin.post(f"{path}/update?urlIdx=1", {"limit": 3})

    assert (shown, spec["title"]) == ({"secret_key": FIRST_SECRET}, "Valves")
    assert (changed.status_code, changed.json) == (200, {"secret_key": FIRST_SECRET, "limit": 3})


def test_secrets_of_valves_stand_in_no_job(admin, server):
    admin.get(f"{AREA}/guard/valves?urlIdx=1")
    admin.post(f"{AREA}/guard/valves/update?urlIdx=1", {"secret_key": "very-secret-value"})

    with db.reading() as session:
        rows = [f"{job.request} {job.result}" for job in session.scalars(select(Job))]
    assert rows
    assert not any("very-secret-value" in row or FIRST_SECRET in row for row in rows)


def test_refusals_come_with_the_servers_status_and_words(admin, server):
    unknown = admin.delete(f"{AREA}/delete", {"id": "nobody", "urlIdx": 1})
    broken = admin.post(f"{AREA}/add", {"url": "https://example.com/broken", "urlIdx": 1})

    assert (unknown.status_code, unknown.json) == (404, {"detail": "Pipeline nobody not found"})
    assert (broken.status_code, broken.json) == (500, {"detail": "Failed to download"})


@pytest.mark.parametrize("place", ["7", "0"])
def test_where_there_is_no_such_server_there_are_no_pipelines(admin, server, place):
    answer = admin.get(f"{AREA}/?urlIdx={place}")

    assert answer.status_code == 404


def test_a_path_leads_nowhere_else(admin, server):
    answer = admin.get(f"{AREA}/..%2Fpipelines%3Fx/valves?urlIdx=1")

    assert answer.status_code == 404
    assert "/pipelines" not in [path for _, path, _ in server.asked]


def test_members_have_nothing_to_do_there(member, server):
    assert member.get(f"{AREA}/list").status_code == 401
    assert member.get(f"{AREA}/guard/valves?urlIdx=1").status_code == 401
    assert upload(member, "mine.py").status_code == 401


# In chats


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
