"""What follows an answer: title and tags of the chat, and what to ask next."""

import json

import pytest

from shared import db, leases
from shared.config.options import get_options
from shared.flusher import flusher
from shared.kinds.inference import (
    WRITE_FOLLOW_UPS,
    WRITE_TAGS,
    WRITE_TITLE,
    WriteFollowUps,
    WriteTags,
    WriteTitle,
)
from shared.models.job import CANCELLED, COMPLETED, FAILED, Job
from shared.services import accounts, chat_tags, chats, models
from tests.services.things import (
    describe,
    message,
    new_chat,
    new_job,
    new_user,
    offer,
    row_of,
    stored_message,
    told,
)
from workers import base
from workers.inference import aim
from workers.providers.errors import Refused

QUESTION = "How do vaccines work?"


class Says:
    """A provider whose every answer is the same text.

    Attributes:
        asked: The requests that it got.
    """

    def __init__(self, text):
        self._text = text
        self.asked = []

    def complete(self, body, cut=None):
        self.asked.append(body)
        if isinstance(self._text, Exception):
            raise self._text
        return {"choices": [{"message": {"role": "assistant", "content": self._text}}]}


@pytest.fixture
def say(monkeypatch, request, world):
    """Let the task model say something."""
    if "each_database" in request.fixturenames:
        request.getfixturevalue("each_database")
    offer("alpha")

    def use(text):
        provider = Says(text if isinstance(text, str | Exception) else json.dumps(text))
        monkeypatch.setattr(aim, "provider_for", lambda connection: provider)
        return provider

    return use


@pytest.fixture
def chat(say):
    answer = (
        '<details type="reasoning" done="true"><summary>Thought</summary>\n> hm\n</details>\n'
        "They train."
    )
    sent = (message("q", content=QUESTION), message("a", "q", "assistant", content=answer))
    return new_chat(new_user(), *sent, title="New Chat")


def order(chat, spec=WRITE_TITLE, payload=WriteTitle, model="alpha"):
    with db.reading():
        owner = accounts.principal_of(chat.user_id)
    return new_job(owner, spec, payload(model=model), chat_id=chat.id, message_id="a")


def run(job_id):
    base.run(job_id)
    assert flusher.drain(5)
    return row_of(job_id)


def title(chat):
    with db.reading():
        return chats.find(chat.id).title


def tags(chat):
    with db.reading():
        names = [tag.name for tag in chat_tags.of_user(chat.user_id)]
        return chats.find(chat.id).meta.get("tags"), names


# Titles


def test_a_chat_gets_the_title_that_the_model_finds(each_database, say, chat):
    say({"title": "💉 How vaccines train"})

    job = run(order(chat))

    assert (job.status, title(chat)) == (COMPLETED, "💉 How vaccines train")
    assert told(job.id)[-1] == ("completed", {"title": "💉 How vaccines train"})


@pytest.mark.parametrize(
    "text",
    [
        'Here you are:\n```json\n{"title": "Found"}\n```',
        '{"title": " Found "}',
        'x {"title": "Found", "more": {"deep": 1}} y',
    ],
)
def test_a_title_is_found_among_other_words(say, chat, text):
    say(text)

    run(order(chat))

    assert title(chat) == "Found"


@pytest.mark.parametrize(
    "text", ["", "no JSON", "{", '{"title": ""}', '{"title": 7}', '["x"]', '{"other": "x"}', "}{"]
)
def test_without_a_title_the_first_question_stands_in(say, chat, text):
    say(text)

    job = run(order(chat))

    assert (job.status, title(chat)) == (COMPLETED, QUESTION)


def test_a_model_that_fails_leaves_the_first_question_as_title(say, chat):
    say(Refused("host answered 400.", 400))

    job = run(order(chat))

    assert (job.status, title(chat)) == (FAILED, QUESTION)


def test_a_title_has_a_length_and_any_letters(each_database, say, chat):
    say({"title": "x\x00" + "é" * 5000})

    run(order(chat))

    assert len(title(chat)) == 200
    assert title(chat).startswith("x\ufffdé")


def test_a_cancelled_title_changes_nothing(say, chat):
    say({"title": "Found"})
    job_id = order(chat)
    leases.claim(job_id)
    leases.cancel(job_id)
    with db.transaction() as session:
        session.get(Job, job_id).lease_until = 1

    job = run(job_id)

    assert (job.status, title(chat)) == (CANCELLED, "New Chat")


# Tags


def test_a_chat_gets_the_tags_that_the_model_finds(each_database, say, chat):
    say({"tags": ["Science", "Big Ideas"]})

    job = run(order(chat, WRITE_TAGS, WriteTags))

    assert job.result == {"tags": ["Science", "Big Ideas"]}
    assert tags(chat) == (["science", "big_ideas"], ["Big Ideas", "Science"])


@pytest.mark.parametrize(
    "said", ["no JSON", {"tags": []}, {"tags": None}, {"tags": "text"}, {"tags": [7, None, " "]}]
)
def test_without_tags_the_chat_keeps_those_it_has(say, chat, said):
    with db.transaction():
        chat_tags.add(chats.find(chat.id), "kept")
    say(said)

    job = run(order(chat, WRITE_TAGS, WriteTags))

    assert (job.status, tags(chat)[0]) == (COMPLETED, ["kept"])


def test_tags_that_no_database_holds_are_cut(each_database, say, chat):
    say({"tags": ["x" * 5000, "a\x00b", *[f"t{n}" for n in range(100)]]})

    job = run(order(chat, WRITE_TAGS, WriteTags))

    found, _ = tags(chat)
    assert job.status == COMPLETED
    assert found == ["x" * 64, "ab", *[f"t{n}" for n in range(8)]]


def test_the_chat_may_be_deleted_while_the_model_thinks(each_database, say, chat):
    provider = say({"tags": ["late"], "title": "late"})
    real = provider.complete

    def delete_and_answer(body, cut=None):
        with db.transaction():
            chats.remove(chats.find(chat.id))
        return real(body)

    provider.complete = delete_and_answer

    job = run(order(chat, WRITE_TAGS, WriteTags))

    assert job.status == COMPLETED


# What to ask next


def test_an_answer_gets_suggestions_of_what_to_ask_next(each_database, say, chat):
    say({"follow_ups": ["Why twice?", " ", 7, "And then?"]})

    job = run(order(chat, WRITE_FOLLOW_UPS, WriteFollowUps))

    assert job.result == {"follow_ups": ["Why twice?", "And then?"]}
    stored = stored_message(chat.id, "a")
    assert stored.data["followUps"] == ["Why twice?", "And then?"]
    assert "They train." in stored.content


@pytest.mark.parametrize("said", ["no JSON", {"follow_ups": "text"}, {"follow_ups": []}])
def test_without_suggestions_the_answer_stays_as_it_is(say, chat, said):
    say(said)

    job = run(order(chat, WRITE_FOLLOW_UPS, WriteFollowUps))

    assert job.status == COMPLETED
    assert "followUps" not in stored_message(chat.id, "a").data


# What is asked


def test_the_model_is_asked_in_one_message_about_the_chat(say, chat):
    provider = say({"title": "x"})

    run(order(chat))

    (body,) = provider.asked
    (asked,) = body["messages"]
    assert (body["model"], body["max_tokens"], asked["role"]) == ("alpha", 1000, "user")
    assert f"USER: {QUESTION}" in asked["content"]
    assert "ASSISTANT: They train." in asked["content"]
    assert "details" not in asked["content"]


def test_an_admins_template_is_used(say, chat):
    get_options().set({"TITLE_GENERATION_PROMPT_TEMPLATE": "Name {{prompt}} for {{USER_NAME}}"})
    provider = say({"title": "x"})

    run(order(chat))

    assert provider.asked[0]["messages"][0]["content"].startswith(f"Name {QUESTION} for User ")


def test_only_the_branch_of_the_answer_counts(say):
    offer("alpha")
    sent = (
        message("q", content=QUESTION),
        message("a", "q", "assistant", content="This."),
        message("b", "q", "assistant", content="Another answer."),
    )
    provider = say({"title": "x"})

    run(order(new_chat(new_user(), *sent)))

    assert "Another" not in provider.asked[0]["messages"][0]["content"]


@pytest.mark.parametrize(
    ("kind", "option", "asked"),
    [
        ("openai", "TASK_MODEL_EXTERNAL", "small"),
        ("openai", "TASK_MODEL", "alpha"),
        ("ollama", "TASK_MODEL", "small"),
        ("ollama", "TASK_MODEL_EXTERNAL", "alpha"),
    ],
)
def test_an_admin_may_name_a_smaller_model_for_tasks(say, chat, kind, option, asked):
    offer("alpha", "small", kind=kind)
    with db.transaction() as session:
        session.merge(describe("small", access_control={}))  # not the user's own
    models.forget_catalogue()
    get_options().set({option: "small"})
    provider = say({"title": "x"})

    run(order(chat))

    assert provider.asked[0]["model"] == asked


def test_a_task_model_that_is_gone_leaves_the_chats_own(say, chat):
    get_options().set({"TASK_MODEL_EXTERNAL": "gone"})
    provider = say({"title": "x"})

    run(order(chat))

    assert provider.asked[0]["model"] == "alpha"


# Rights, looked up again


def test_of_a_chat_that_is_gone_or_anothers_nothing_is_told_to_a_model(say, chat):
    provider = say({"title": "stolen"})
    foreign = new_job(new_user(), WRITE_TITLE, WriteTitle(model="alpha"), chat_id=chat.id)
    gone = new_job(new_user(), WRITE_TITLE, WriteTitle(model="alpha"), chat_id="gone")

    statuses = {run(job_id).status for job_id in (foreign, gone)}

    assert (statuses, provider.asked, title(chat)) == ({FAILED}, [], "New Chat")
