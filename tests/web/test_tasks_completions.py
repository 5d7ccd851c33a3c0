"""Small tasks that a page asks for: what the task model says, as it says it."""

import json

import pytest

from shared import db
from shared.config.options import get_options
from shared.models.job import COMPLETED
from shared.services import models
from tests.services.things import describe, offer, row_of

TASKS = "/api/v1/tasks"
MESSAGES = [{"role": "user", "content": "How do vaccines work?"}]

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
def server(openai_server, member):
    offer("fake-alpha", "small", url=openai_server.url)
    return openai_server


def ask(caller, task, **more):
    body = {"model": "fake-alpha", **more}
    if "prompt" not in more:
        body.setdefault("messages", MESSAGES)
    return caller.post(f"{TASKS}/{task}/completions", body)


def said(answer):
    assert answer.status_code == 200, answer.text
    return answer.json["choices"][0]["message"]["content"]


def asked(server):
    """Give the last request that the model got, and its only message."""
    request = server.log()[-1]["json"]
    [message] = request["messages"]
    return request, message["content"]


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("title", "title"),
        ("tags", "tags"),
        ("follow_up", "follow_ups"),
        ("image_prompt", "prompt"),
    ],
)
def test_a_task_about_messages_gives_the_models_own_completion(server, member, task, name):
    answer = ask(member, task)

    assert name in json.loads(said(answer))
    assert (answer.json["model"], answer.json["object"]) == ("fake-alpha", "chat.completion")
    assert "USER: How do vaccines work?" in asked(server)[1]


@pytest.mark.parametrize("kind", ["web_search", "retrieval"])
def test_queries_are_found_for_both_kinds_of_search(server, member, kind):
    answer = ask(member, "queries", type=kind, messages=MESSAGES)

    assert json.loads(said(answer)) == {"queries": ["How do vaccines work?"]}


def test_a_text_is_completed_where_that_is_switched_on(server, member):
    get_options().set({"ENABLE_AUTOCOMPLETE_GENERATION": True})

    answer = ask(member, "auto", prompt="Once {{USER_NAME}} upon", type="search query")

    assert json.loads(said(answer)) == {"text": "and so on"}
    _, text = asked(server)
    assert "<text>Once {{USER_NAME}} upon</text>" in text
    assert '"search query"' in text


def test_a_text_may_be_too_long_to_be_completed(server, member):
    get_options().set(
        {"ENABLE_AUTOCOMPLETE_GENERATION": True, "AUTOCOMPLETE_GENERATION_INPUT_MAX_LENGTH": 5}
    )

    answer = ask(member, "auto", prompt="longer")

    assert answer.status_code == 400
    assert answer.json["detail"] == "Input prompt exceeds maximum length of 5"


def test_an_emoji_is_four_tokens_at_most(server, member):
    said(ask(member, "emoji", prompt="I am so happy say=yes"))

    request, text = asked(server)
    assert request["max_tokens"] == 4
    assert "I am so happy" in text


def test_answers_are_merged_by_the_model_that_is_named(server, member):
    get_options().set({"TASK_MODEL_EXTERNAL": "small"})

    answer = ask(member, "moa", prompt="say=merged", responses=["One {{prompt}}.", "Two."])

    assert said(answer) == "merged"
    request, text = asked(server)
    assert request["model"] == "fake-alpha"
    assert '"""One {{prompt}}."""\n\n"""Two."""' in text


def test_a_merge_may_be_streamed(server, member):
    answer = ask(member, "moa", prompt="say=one+answer", responses=["a", "b"], stream=True)

    assert answer.content_type.startswith("text/event-stream")
    lines = [line for line in answer.text.splitlines() if line.startswith("data: {")]
    deltas = [json.loads(line[6:])["choices"][0]["delta"] for line in lines]
    assert "".join(delta.get("content") or "" for delta in deltas) == "one answer"
    assert answer.text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("task", "option", "detail"),
    [
        ("title", "ENABLE_TITLE_GENERATION", "Title generation is disabled"),
        ("tags", "ENABLE_TAGS_GENERATION", "Tags generation is disabled"),
        ("follow_up", "ENABLE_FOLLOW_UP_GENERATION", "Follow-up generation is disabled"),
    ],
)
def test_a_task_that_is_switched_off_says_so(server, member, task, option, detail):
    get_options().set({option: False})

    answer = ask(member, task)

    assert (answer.status_code, answer.json) == (200, {"detail": detail})
    assert server.log() == []


@pytest.mark.parametrize(
    ("task", "option", "more", "detail"),
    [
        (
            "queries",
            "ENABLE_SEARCH_QUERY_GENERATION",
            {"type": "web_search"},
            "Search query generation is disabled",
        ),
        (
            "queries",
            "ENABLE_RETRIEVAL_QUERY_GENERATION",
            {"type": "retrieval"},
            "Query generation is disabled",
        ),
        (
            "auto",
            "ENABLE_AUTOCOMPLETE_GENERATION",
            {"prompt": "x"},
            "Autocompletion generation is disabled",
        ),
    ],
)
def test_some_that_are_switched_off_are_refused(server, member, task, option, more, detail):
    get_options().set({option: False})

    answer = ask(member, task, **more)

    assert (answer.status_code, answer.json["detail"]) == (400, detail)


@pytest.mark.parametrize(
    ("task", "more"),
    [
        ("title", {}),
        ("tags", {}),
        ("follow_up", {}),
        ("image_prompt", {}),
        ("queries", {"type": "retrieval"}),
        ("auto", {"prompt": "x"}),
        ("emoji", {"prompt": "x"}),
        ("moa", {"prompt": "x", "responses": ["y"]}),
    ],
)
@pytest.mark.parametrize("model", ["unknown", "hidden"])
def test_a_model_that_is_not_there_or_not_ones_own_is_not_found(server, member, task, more, model):
    get_options().set({"ENABLE_AUTOCOMPLETE_GENERATION": True})
    with db.transaction() as session:
        session.merge(describe("small", access_control={}))
    models.forget_catalogue()

    answer = ask(member, task, **more, model="small" if model == "hidden" else model)

    assert (answer.status_code, answer.json["detail"]) == (404, "Model not found")
    assert server.log() == []


def test_the_task_model_is_asked_where_an_admin_has_named_one(server, member):
    get_options().set({"TASK_MODEL_EXTERNAL": "small"})
    with db.transaction() as session:
        session.merge(describe("small", access_control={}))  # not the user's own
    models.forget_catalogue()

    answer = ask(member, "title")

    assert asked(server)[0]["model"] == "small"
    assert answer.json["model"] == "fake-alpha"


def test_an_admins_template_is_used(server, member):
    get_options().set({"TAGS_GENERATION_PROMPT_TEMPLATE": "Sort {{MESSAGES}} for {{USER_NAME}}"})

    said(ask(member, "tags"))

    assert asked(server)[1].startswith("Sort USER: How do vaccines work? for User ")


def test_a_task_is_a_job_of_its_user(server, member, worker):
    said(ask(member, "title"))

    [job] = [row_of(job_id) for job_id in worker.done]
    assert (job.kind, job.user_id, job.status) == ("inference.run_task", member.id, COMPLETED)


def test_a_model_that_fails_is_a_clear_400(server, member):
    answer = ask(member, "emoji", prompt="fail=500")

    assert answer.status_code == 400
    assert "127.0.0.1" in answer.json["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"messages": "text"},
        {"messages": [{"role": "user", "content": 7}]},
        {"messages": [{"role": "user", "content": ["text"]}]},
        {"model": ""},
    ],
)
def test_what_is_no_task_is_refused(server, member, body):
    answer = member.post(
        f"{TASKS}/title/completions", {"model": "fake-alpha", "messages": [], **body}
    )

    assert answer.status_code == 422
