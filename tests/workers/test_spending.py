"""What is asked of models beside an answer, or for it alone, is in its user's usage."""

import pytest
from sqlalchemy import select

from shared import db
from shared.config.options import get_options
from shared.kinds.inference import RUN_TASK, WRITE_TITLE, RunTask, WriteTitle
from shared.models.quota import Usage
from shared.services import meters, quotas
from tests.services.things import message, new_chat, new_job, new_user, offer
from tests.services.tool_servers import connect, connection
from tests.workers.inference.answering import answer, run

pytestmark = pytest.mark.usefixtures("world")
ABOUT = {"messages": [{"role": "user", "content": "Where does the river Rhine begin?"}]}


@pytest.fixture
def owner(openai_server, tool_server):
    offer("fake-alpha", "fake-beta", url=openai_server.url)
    connect(connection(tool_server.url))
    return new_user()


@pytest.fixture
def task_model(owner):
    get_options().set({"TASK_MODEL_EXTERNAL": "fake-beta"})


def used(owner):
    """Requests, prompt and completion tokens by model."""
    with db.reading() as session:
        rows = session.scalars(select(Usage).where(Usage.user_id == owner.id)).all()
        return {row.model: (row.requests, row.prompt_tokens, row.completion_tokens) for row in rows}


def test_a_title_costs_what_the_task_model_tells(owner, task_model):
    chat = new_chat(owner, message("q", content="Rhine?"), message("a", "q", "assistant"))
    place = {"chat_id": chat.id, "message_id": "a"}

    run(new_job(owner, WRITE_TITLE, WriteTitle(model="fake-alpha"), **place))

    assert list(used(owner)) == ["fake-beta"]
    requests, prompt, completion = used(owner)["fake-beta"]
    assert requests == 1
    assert prompt > 10
    assert completion > 0


def test_a_small_task_for_a_client_costs_what_the_task_model_tells(owner, task_model):
    run(new_job(owner, RUN_TASK, RunTask(task="tags", model="fake-alpha", **ABOUT)))

    assert list(used(owner)) == ["fake-beta"]
    assert used(owner)["fake-beta"][1] > 10


def test_choosing_tools_costs_beside_the_answer(owner, task_model):
    answer(owner, "choose=get_weather(city:Rome) say=done", tool_ids=["server:0"])

    found = used(owner)
    assert {model: requests for model, (requests, *_) in found.items()} == {
        "fake-alpha": 1,
        "fake-beta": 1,
    }
    assert found["fake-beta"][1] > 100  # it was shown the functions


def test_every_round_with_tools_costs_also_where_no_usage_is_told(owner):
    answer(owner, "say=done", tool_ids=["server:0"], calls_natively=True)
    one_round = used(owner)["fake-alpha"]

    question = "rounds=get_weather(city:Rome)/convert(celsius:20) say=done"
    answer(owner, question, tool_ids=["server:0"], calls_natively=True)
    three_rounds = [
        now - before for now, before in zip(used(owner)["fake-alpha"], one_round, strict=True)
    ]

    assert three_rounds[0] == 1
    assert three_rounds[1] > 3 * one_round[1]
    assert three_rounds[2] >= one_round[2] + 8  # the arguments


def test_usage_is_charged_to_quotas_of_the_model_that_was_asked(owner, task_model):
    with db.transaction():
        about = {"scope": "model", "subject": "fake-beta", "measure": "tokens", "amount": 10_000}
        quota = quotas.save({**about, "window_s": 86_400, "is_each": False})
        quota_id = quota.id

    answer(owner, "choose=get_weather(city:Rome) say=done", tool_ids=["server:0"])

    meter = meters.windowed(quota_id, "fake-beta", "tokens", 10_000, 86_400)
    [left] = meters.take([meter], "x")
    assert left.amount < 10_000 - 100
