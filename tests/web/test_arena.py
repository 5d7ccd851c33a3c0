"""Models of the arena: who sees them, who answers behind them, and where that is told."""

import json

import pytest

from shared import db
from shared.config.options import get_options
from shared.models.job import COMPLETED
from shared.services import models
from tests.services.things import describe, message, new_chat, offer, row_of, stored_message
from tests.services.waiting import wait_until


@pytest.fixture(autouse=True)
def _served(request, world, openai_server):
    if "each_database" in request.fixturenames:
        request.getfixturevalue("each_database")
    offer("fake-alpha", "fake-beta", "hidden", url=openai_server.url)
    hide("hidden")


def hide(*ids):
    with db.transaction() as session:
        for model_id in ids:
            session.merge(describe(model_id, access_control={}))
    models.forget_catalogue()


def arena(**meta):
    """Make one arena model that everybody may use, unless the meta says otherwise."""
    about = {"access_control": None, "description": "", "profile_image_url": "", **meta}
    made = {"id": "blind", "name": "Blind", "meta": about}
    get_options().set({"EVALUATION_ARENA_MODELS": [made]})
    models.forget_catalogue()


def ask(caller, model="blind", **more):
    asked = [{"role": "user", "content": "say=hello"}]
    return caller.post("/api/chat/completions", {"model": model, "messages": asked, **more})


def ids(caller):
    return [model["id"] for model in caller.get("/api/models").json["data"]]


def picked(user, count=30):
    """Give all models to which the arena leads a user."""
    return {models.route(user, "blind").model_id for _ in range(count)}


# In the list


def test_without_a_list_there_is_one_for_admins(admin, member):
    assert "arena-model" in ids(admin)
    assert "arena-model" not in ids(member)


def test_an_arena_model_is_listed_as_the_contract_has_it(member):
    arena(model_ids=["fake-alpha"], filter_mode="include")

    found = next(m for m in member.get("/api/models").json["data"] if m["id"] == "blind")

    assert (found["owned_by"], found["arena"], found["name"]) == ("arena", True, "Blind")
    assert found["info"]["meta"]["model_ids"] == ["fake-alpha"]


def test_the_arena_can_be_closed(admin):
    get_options().set({"ENABLE_EVALUATION_ARENA_MODELS": False})
    models.forget_catalogue()

    assert "arena-model" not in ids(admin)


@pytest.mark.parametrize("control", [{}, {"read": {"group_ids": [], "user_ids": ["another"]}}])
def test_who_may_not_read_it_neither_sees_nor_uses_it(member, control):
    arena(access_control=control)

    assert "blind" not in ids(member)
    assert ask(member, background=True).status_code == 400


def test_one_without_access_control_is_the_admins(member, admin):
    arena()
    about = {"id": "blind", "name": "Blind", "meta": {"description": ""}}
    get_options().set({"EVALUATION_ARENA_MODELS": [about]})
    models.forget_catalogue()

    assert "blind" in ids(admin)
    assert "blind" not in ids(member)


def test_the_list_of_base_models_is_without_it(admin):
    assert "arena-model" not in [m["id"] for m in admin.get("/api/models/base").json["data"]]


# Who answers


def test_those_that_are_named_answer_also_to_who_has_them_only_here(member):
    arena(model_ids=["hidden"], filter_mode="include")

    assert picked(member.user) == {"hidden"}


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ({"model_ids": ["fake-alpha", "fake-beta", "gone"]}, {"fake-alpha", "fake-beta"}),
        ({"model_ids": ["fake-alpha"], "filter_mode": "exclude"}, {"fake-beta"}),
        ({"model_ids": None}, {"fake-alpha", "fake-beta"}),
        ({"model_ids": []}, {"fake-alpha", "fake-beta"}),
    ],
)
def test_any_of_them_may_be_picked_but_never_one_that_is_not_the_users(member, meta, expected):
    arena(**meta)

    assert picked(member.user) == expected


def test_where_nobody_is_left_there_is_no_such_model(member):
    arena(model_ids=["gone"], filter_mode="include")

    answer = ask(member, background=True)

    assert (answer.status_code, answer.json["detail"]) == (400, "Model not found")


def test_the_arena_leads_to_nothing_outside_of_it(member):
    arena(model_ids=["fake-alpha"], filter_mode="include")

    with pytest.raises(models.NotFound):
        models.route(member.user, "hidden", "blind")


# What is told


def test_a_stream_tells_first_who_answers(member, worker):
    arena(model_ids=["fake-beta"], filter_mode="include")

    answer = ask(member, stream=True)

    first = json.loads(answer.text.split("\n\n")[0].removeprefix("data: "))
    assert (first["selected_model_id"], first["choices"]) == ("fake-beta", [])


def test_an_answer_in_one_piece_tells_it_too(member, worker):
    arena(model_ids=["fake-beta"], filter_mode="include")

    answer = ask(member).json

    assert (answer["selected_model_id"], answer["model"]) == ("fake-beta", "blind")


def test_the_message_keeps_who_has_answered(member, worker):
    arena(model_ids=["fake-beta"], filter_mode="include")
    chat = new_chat(member.user, message("q"), message("a", "q", "assistant"))

    job_id = ask(member, background=True, chat_id=chat.id, id="a").json["job"]
    wait_until(lambda: row_of(job_id).status == COMPLETED, 10, "the answer")

    stored = stored_message(chat.id, "a")
    assert (stored.data["selectedModelId"], stored.model) == ("fake-beta", "blind")
    assert row_of(job_id).model == "fake-beta"


def test_the_end_of_such_an_answer_may_be_told_by_the_page(member):
    arena(model_ids=["fake-beta"], filter_mode="include")
    body = {"model": "blind", "messages": [], "chat_id": "c", "session_id": "s", "id": "a"}

    assert member.post("/api/chat/completed", body).status_code == 200


# What is said of it


@pytest.mark.parametrize(
    ("said", "kept"),
    [("blind", "fake-beta"), ("fake-beta", "fake-beta"), ("fake-alpha", "fake-alpha")],
)
def test_a_rating_is_that_of_the_model_that_has_answered(each_database, member, admin, said, kept):
    answer = message("a", "q", "assistant", model="blind", selectedModelId="fake-beta")
    chat = new_chat(member.user, message("q"), answer)
    rating = {"rating": 1, "model_id": said, "sibling_model_ids": ["gamma"]}

    made = member.post(
        "/api/v1/evaluations/feedback",
        {"type": "rating", "data": rating, "meta": {"chat_id": chat.id, "message_id": "a"}},
    ).json

    assert made["data"]["model_id"] == kept
    ranked = admin.get("/api/v1/evaluations/leaderboard").json["entries"]
    assert [entry["model_id"] for entry in ranked] == [kept, "gamma"]


def test_of_the_chat_of_another_nothing_is_learnt_by_rating(member, other):
    answer = message("a", "q", "assistant", model="blind", selectedModelId="fake-beta")
    chat = new_chat(other.user, message("q"), answer)
    about = {"chat_id": chat.id, "message_id": "a"}

    made = member.post(
        "/api/v1/evaluations/feedback",
        {"type": "rating", "data": {"rating": 1, "model_id": "blind"}, "meta": about},
    ).json

    assert (made["data"]["model_id"], made["meta"]) == ("blind", about)
