"""Models that the user's own page asks, from its browser."""

import json

import pytest

from shared.config.options import get_options
from shared.models.job import CANCELLED, COMPLETED, FAILED
from tests.services.open_page import SILENT, OpenPage
from tests.services.things import message, new_chat, offer, row_of, stored_message
from tests.services.waiting import wait_until
from workers import page_calls

ITEM = {"id": "mine", "name": "Mine", "direct": True, "urlIdx": 2, "key": "sk-secret"}

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture(autouse=True)
def _served(world, openai_server):
    offer("fake-alpha", url=openai_server.url)


def ask(caller, **more):
    body = {
        "model": "mine",
        "model_item": ITEM,
        "messages": [{"role": "user", "content": "Hello?"}],
        "session_id": OpenPage.sid,
        **more,
    }
    return caller.post("/api/chat/completions", body)


def chunk(text, reason=None):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
    return f"data: {json.dumps({'choices': [choice]})}"


def streaming(*lines):
    """Make a page that passes lines on, as the page of Open WebUI does."""

    def answer(page, kind, data):
        assert kind == "request:chat:completion"
        for line in lines:
            page.send(data["channel"], line)
        page.send(data["channel"], {"done": True})
        return {"status": True}

    return answer


def whole(text):
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    return {"id": "x", "object": "chat.completion", "choices": [choice]}


def ended(job_id):
    wait_until(lambda: row_of(job_id).status in (COMPLETED, FAILED, CANCELLED), 10, "the end")
    return row_of(job_id)


def test_a_page_streams_an_answer_into_its_chat(each_database, member, open_page):
    lines = [chunk("one "), "", chunk("answer"), chunk("", "stop"), "data: [DONE]"]
    page = open_page(member.id, streaming(*lines))
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant"))

    job = ended(ask(member, stream=True, chat_id=chat.id, id="a").json["task_id"])

    assert (job.status, stored_message(chat.id, "a").content) == (COMPLETED, "one answer")
    asked = page.asked[0]["data"]["data"]
    assert asked["form_data"]["model"] == "mine"
    assert asked["form_data"]["messages"] == [{"role": "user", "content": "Hello?"}]
    assert asked["form_data"]["stream"] is True
    assert asked["model"] == {"id": "mine", "name": "Mine", "direct": True, "urlIdx": 2}
    assert asked["channel"].startswith(f"{member.id}:{page.sid}:")
    assert asked["session_id"] == page.sid


def test_an_answer_in_one_piece_is_the_pages_acknowledgement(member, open_page):
    page = open_page(member.id, lambda *_: whole("all of it"))

    answer = ask(member, stream=False)

    assert answer.json["choices"][0]["message"]["content"] == "all of it"
    assert page.asked[0]["data"]["data"]["form_data"]["stream"] is False


def test_a_stream_ends_where_the_page_says_so_without_a_last_line(member, open_page):
    open_page(member.id, streaming(chunk("text"), chunk("", "stop")))

    job = ended(ask(member, stream=True, background=True).json["job"])

    assert (job.status, job.result["text"]) == (COMPLETED, "text")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"error": {"message": "no credit"}}, "no credit"),
        ({"detail": "Not here"}, "Not here"),
        ({}, "its server cannot be reached"),
        (None, "its server cannot be reached"),
        ("nonsense", "nonsense"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
def test_what_the_page_could_not_do_is_a_clear_error(member, open_page, said, words, stream):
    open_page(member.id, lambda *_: said)

    job = ended(ask(member, stream=stream, background=True).json["job"])

    assert job.status == FAILED
    assert words in job.error


def test_a_page_that_closes_in_the_middle_is_a_clear_error_and_the_text_is_kept(member, open_page):
    def leave(page, _kind, data):
        page.send(data["channel"], chunk("half "))
        page.send(data["channel"], "")
        page.send(data["channel"], chunk("lost"))
        page.close()
        return SILENT

    open_page(member.id, leave)
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant"))

    job = ended(ask(member, stream=True, chat_id=chat.id, id="a").json["task_id"])

    assert job.status == FAILED
    assert "was closed or has lost its connection" in job.error
    stored = stored_message(chat.id, "a")
    assert (stored.content, stored.data["error"]["content"]) == ("half ", job.error)


def test_a_stream_without_an_end_is_said_to_be_cut(member, open_page):
    open_page(member.id, streaming(chunk("half")))

    job = ended(ask(member, stream=True, background=True).json["job"])

    assert (job.status, job.error) == (FAILED, "The page ended the answer before it was complete.")


def test_a_page_that_is_not_there_is_said_so(member, monkeypatch):
    monkeypatch.setattr(page_calls, "_FOUND_WITHIN_S", 0.2)

    job = ended(ask(member, stream=True, background=True).json["job"])

    assert job.status == FAILED
    assert "was closed" in job.error


def test_the_page_of_another_is_not_asked(member, other, open_page, monkeypatch):
    monkeypatch.setattr(page_calls, "_FOUND_WITHIN_S", 0.2)
    page = open_page(other.id, lambda *_: whole("stolen"))

    job = ended(ask(member, background=True).json["job"])

    assert (job.status, page.asked) == (FAILED, [])


def test_such_an_answer_can_be_stopped(member, open_page):
    open_page(member.id, lambda page, _, data: page.send(data["channel"], chunk("x")) or SILENT)
    job_id = ask(member, stream=True, background=True).json["job"]
    wait_until(lambda: row_of(job_id).status == "running", 5, "the job to run")

    member.post(f"/api/tasks/stop/{job_id}")

    assert ended(job_id).status == CANCELLED


def test_where_they_are_switched_off_none_is_asked(member, open_page):
    get_options().set({"ENABLE_DIRECT_CONNECTIONS": False})
    page = open_page(member.id, lambda *_: whole("x"))

    answer = ask(member)

    assert answer.status_code == 401
    assert "switched off" in answer.json["detail"]
    assert page.asked == []


def test_without_a_page_or_with_another_model_it_is_refused(member):
    assert ask(member, session_id=None).status_code == 400
    assert ask(member, model="fake-alpha").status_code == 400


def test_an_ordinary_model_item_changes_nothing(member):
    answer = ask(member, model="fake-alpha", model_item={"id": "fake-alpha"})

    assert answer.status_code == 200


# What follows


def test_title_and_tags_are_asked_of_the_page_where_no_task_model_is_named(member, open_page):
    def answer(page, kind, data):
        if data["form_data"]["stream"]:
            return streaming(chunk("Hi."), chunk("", "stop"), "data: [DONE]")(page, kind, data)
        return whole('{"title": "By the page", "tags": ["page"]}')

    open_page(member.id, answer)
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant"), title="New Chat")
    tasks = {"title_generation": True, "tags_generation": True}

    ask(member, stream=True, chat_id=chat.id, id="a", background_tasks=tasks)

    def names():
        shown = member.get(f"/api/v1/chats/{chat.id}").json
        return shown["title"], shown["meta"].get("tags")

    wait_until(lambda: names() == ("By the page", ["page"]), 10, "title and tags")


def test_a_task_model_of_the_server_is_asked_instead(member, open_page, openai_server):
    get_options().set({"TASK_MODEL_EXTERNAL": "fake-alpha"})
    lines = [chunk("Hi."), chunk("", "stop"), "data: [DONE]"]
    page = open_page(member.id, streaming(*lines))
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant"), title="New Chat")

    ask(member, stream=True, chat_id=chat.id, id="a", background_tasks={"title_generation": True})

    wait_until(openai_server.log, 10, "the task model to be asked")
    assert len(page.asked) == 1
