"""From a completion request to an accepted job: what the provider is asked, and what is ours."""

import pytest

from shared.config.options import get_options
from shared.kinds.inference import RUN_CHAT, RunChat
from shared.models.job import QUEUED
from tests.services.inside import sent
from tests.services.things import message, new_chat, offer, row_of, stored_message

ASKED = [{"role": "user", "content": "Hello?"}]


@pytest.fixture(autouse=True)
def _offered(request, world):
    if "each_database" in request.fixturenames:
        request.getfixturevalue("each_database")
    offer("alpha")


def ask(caller, path="/api/chat/completions", **more):
    body = {"model": "alpha", "messages": ASKED, "background": True, **more}
    return caller.post(path, body)


def accepted(caller, **more):
    """Ask in the background, and give the job's row."""
    answer = ask(caller, **more)
    assert answer.status_code == 202, answer.text
    return row_of(answer.json["job"])


def requested(caller, **more):
    """Ask in the background, and give the job's request as a worker reads it."""
    return RunChat.model_validate(accepted(caller, **more).request)


def body(caller, **more):
    return accepted(caller, **more).request["body"]


def test_an_accepted_job_stands_in_the_database_and_its_worker_is_woken(each_database, member):
    job = accepted(member)

    assert (job.kind, job.status, job.user_id) == (RUN_CHAT.name, QUEUED, member.id)
    assert (job.model, job.chat_id, job.message_id) == ("alpha", None, None)
    assert sent() == [job.id]


def test_our_own_and_the_pages_keys_stay_here(member):
    ours = {
        "chat_id": "c",
        "id": "m",
        "session_id": "s",
        "files": [{}],
        "tool_ids": ["x"],
        "tool_servers": [],
        "features": {"web_search": True},
        "variables": {"{{USER_NAME}}": "Ada"},
        "model_item": {"id": "alpha"},
        "background_tasks": {"title_generation": True},
        "parent_id": "p",
        "user_message": {},
        "folder_id": None,
        "params": {},
    }

    assert body(member, **ours) == {"model": "alpha", "messages": ASKED}


def test_a_bias_that_is_an_object_already_is_left_as_it_is(member):
    assert body(member, logit_bias={"5": 1})["logit_bias"] == {"5": 1}


def test_ollama_without_parameters_is_asked_plainly(member):
    offer("llama:latest", kind="ollama")

    assert body(member, model="llama") == {"model": "llama", "messages": ASKED}


@pytest.mark.parametrize(("stream", "is_stream"), [(True, True), (False, False), (None, True)])
def test_a_job_in_the_background_streams_unless_told_not_to(member, stream, is_stream):
    assert requested(member, stream=stream).is_stream is is_stream


# Chats


def test_an_answer_goes_into_the_message_of_a_chat(each_database, member):
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant", content="old"))

    job = accepted(member, chat_id=chat.id, id="a", session_id="s")

    row = stored_message(chat.id, "a")
    assert (job.chat_id, job.message_id) == (chat.id, "a")
    assert (row.is_running, row.job_id, row.content, row.model) == (True, job.id, "", "alpha")


def test_a_message_that_the_client_has_not_stored_is_made(each_database, member):
    chat = new_chat(member.user, message("q"))

    accepted(member, chat_id=chat.id, id="a", session_id="s")

    assert stored_message(chat.id, "a").parent_id == "q"


def test_a_question_is_not_overwritten_by_its_answer(member):
    chat = new_chat(member.user, message("q"))

    answer = ask(member, chat_id=chat.id, id="q")

    assert answer.status_code == 400
    assert stored_message(chat.id, "q").content == "text of q"


def test_an_answer_may_go_on_with_what_the_message_has(member):
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant", content="It was "))
    asked = [*ASKED, {"role": "assistant", "content": "It was "}]

    accepted(member, messages=asked, chat_id=chat.id, id="a")

    assert stored_message(chat.id, "a").content == "It was "


@pytest.mark.parametrize("chat_id", ["local", "local:s1", "unknown"])
def test_a_chat_that_is_not_stored_is_answered_without_being_stored(member, chat_id):
    job = accepted(member, chat_id=chat_id, id="a", session_id="s")

    assert (job.chat_id, job.message_id) == (None, None)


def test_a_chat_without_a_message_is_answered_like_any_other(member):
    chat = new_chat(member.user, message("q"))

    assert accepted(member, chat_id=chat.id).chat_id is None


def test_nobody_writes_into_the_chat_of_another(each_database, member, other):
    chat = new_chat(other.user, message("q"))

    answer = ask(member, chat_id=chat.id, id="a")

    assert (answer.status_code, sent()) == (401, [])
    assert stored_message(chat.id, "a") is None


@pytest.mark.parametrize(
    ("wanted", "is_on", "title", "tags"),
    [
        ({"title_generation": True, "tags_generation": True}, True, True, True),
        ({"title_generation": True, "tags_generation": False}, True, True, False),
        ({"title_generation": True, "tags_generation": True}, False, False, False),
        (None, True, False, False),
    ],
)
def test_title_and_tags_follow_where_they_are_wanted_and_on(member, wanted, is_on, title, tags):
    get_options().set({"ENABLE_TITLE_GENERATION": is_on, "ENABLE_TAGS_GENERATION": is_on})

    request = requested(member, background_tasks=wanted)

    assert (request.wants_title, request.wants_tags) == (title, tags)


# What is refused


def test_an_unknown_and_a_forbidden_model_are_not_told_apart(member):
    offer("alpha", "beta", public=False)

    answers = [ask(member, model=name) for name in ("beta", "gone", "a\x00b")]

    assert [(a.status_code, a.json["detail"]) for a in answers] == [(400, "Model not found")] * 3
    assert sent() == []


def test_beyond_a_users_queue_a_question_is_refused_at_once(configure, member, other):
    configure(job_max_queued_per_user=1)
    accepted(member)

    for path in ("/api/chat/completions", "/v1/chat/completions"):
        answer = ask(member, path)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) >= 1
    assert accepted(other).status == QUEUED


def test_a_refused_question_leaves_the_chat_as_it_was(configure, member):
    configure(job_max_queued_per_user=1)
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant", content="old"))
    accepted(member)

    assert ask(member, chat_id=chat.id, id="a").status_code == 429
    assert (stored_message(chat.id, "a").content, sent()[1:]) == ("old", [])


@pytest.mark.parametrize(
    "more",
    [
        {"model": ""},
        {"model": None},
        {"model": ["alpha"]},
        {"messages": []},
        {"messages": "Hello?"},
        {"messages": ["Hello?"]},
        {"messages": None},
        {"stream": "perhaps"},
        {"chat_id": 7},
        {"id": "x" * 129},
        {"id": "a\x00b"},
        {"chat_id": "a\x00b"},
    ],
)
def test_what_is_no_question_is_refused_before_anything_is_stored(each_database, member, more):
    answer = ask(member, **more)

    assert answer.status_code == 422
    assert answer.json["detail"][0]["loc"][0] == "body"
    assert sent() == []


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"[" * 5000])
def test_garbage_is_no_question(member, raw):
    assert member.post("/v1/chat/completions", raw).status_code == 400


def test_questions_are_for_active_accounts(stranger, new_caller):
    assert ask(stranger).status_code == 403
    assert ask(new_caller("pending")).status_code == 401
    assert ask(stranger, "/v1/chat/completions").status_code == 401


def test_skills_that_are_missing_or_anothers_are_left_out(each_database, admin, member):
    for name, grants in (
        ("open", [{"principal_type": "anyone", "permission": "read"}]),
        ("shut", []),
    ):
        form = {"id": name, "name": name, "content": "x", "access_grants": grants}
        assert admin.post("/api/v1/skills/create", form).status_code == 200

    wanted = ["shut", "open", "gone", 5, "a\x00b"]

    assert requested(member, skill_ids=wanted).skill_ids == ["open"]
    assert requested(admin, skill_ids=wanted).skill_ids == ["shut", "open"]
    assert "skill_ids" not in accepted(member).request
