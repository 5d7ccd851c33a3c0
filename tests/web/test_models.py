"""The list of models over HTTP: for whom, in which form, and that it costs nobody a wait."""

import pytest
from sqlalchemy import func, select

from shared import db
from shared.config.options import get_options
from shared.models.job import Job
from shared.services import models
from tests.services.things import describe, offer
from tests.services.waiting import free_port


@pytest.fixture(autouse=True)
def _without_arena(request, world):
    if "each_database" in request.fixturenames:
        request.getfixturevalue("each_database")
    get_options().set({"ENABLE_EVALUATION_ARENA_MODELS": False})


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [model["id"] for model in answer.json["data"]]


def say(*rows):
    with db.transaction() as session:
        for row in rows:
            session.merge(row)
    models.forget_catalogue()


@pytest.mark.parametrize("path", ["/api/models", "/api/models/", "/api/v1/models"])
def test_models_are_listed_in_the_contracts_form(each_database, member, path):
    offer("alpha")

    (model,) = member.get(path).json["data"]

    assert {"id", "name", "object", "created", "owned_by", "urlIdx", "tags", "actions"} <= set(
        model
    )
    assert (model["id"], model["object"], model["info"]["id"]) == ("alpha", "model", "alpha")
    assert "connection" not in model


def test_each_user_sees_the_own_models(admin, member, other):
    offer("alpha", "beta", public=False)
    say(describe("alpha"), describe("beta", access_control={}, user_id=member.id))

    assert ids(admin.get("/api/models")) == ["alpha", "beta"]
    assert ids(member.get("/api/models")) == ["alpha", "beta"]
    assert ids(other.get("/api/models")) == ["alpha"]


def test_all_models_may_be_open_to_everybody(configure, member):
    offer("alpha", public=False)
    configure(bypass_model_access_control="true")

    assert ids(member.get("/api/models")) == ["alpha"]


def test_presets_stand_behind_what_they_are_made_of(member):
    offer("alpha")
    say(describe("mine", base_model_id="alpha", name="Mine"))

    alpha, mine = member.get("/api/models").json["data"]

    assert (alpha["id"], mine["id"], mine["name"], mine["preset"]) == (
        "alpha",
        "mine",
        "Mine",
        True,
    )


def test_the_admins_order_counts(member):
    offer("a", "b", "c")
    get_options().set({"MODEL_ORDER_LIST": ["c", "a"]})
    models.forget_catalogue()

    assert ids(member.get("/api/models")) == ["c", "a", "b"]


def test_base_models_are_what_the_connections_offer_by_themselves(admin, member):
    offer("alpha")
    say(describe("alpha", name="Renamed"), describe("mine", base_model_id="alpha"))

    (model,) = admin.get("/api/models/base").json["data"]

    assert (model["id"], model["name"], "info" in model) == ("alpha", "alpha", False)
    assert member.get("/api/models/base").status_code == 401


def test_models_are_for_active_accounts(stranger, new_caller):
    assert stranger.get("/api/models").status_code == 403
    assert new_caller("pending").get("/api/models").status_code == 401


# Gathering


@pytest.fixture
def set_up(openai_server):
    """One connection that works, and one at which nobody answers."""
    dead = f"http://127.0.0.1:{free_port()}/v1"
    get_options().set(
        {"OPENAI_API_BASE_URLS": [dead, openai_server.url], "ENABLE_OLLAMA_API": False}
    )


def test_the_first_list_is_asked_for_and_waited_for(admin, set_up, worker, openai_server):
    assert ids(admin.get("/api/models")) == ["fake-alpha", "fake-beta"]
    assert len(openai_server.log()) == 1


def test_later_lists_ask_nobody(admin, set_up, worker, openai_server):
    admin.get("/api/models")

    for _ in range(5):
        admin.get("/api/models")
        models.forget_catalogue()

    assert len(openai_server.log()) == 1


def test_a_client_may_insist_on_a_new_list(admin, set_up, worker, openai_server):
    for _ in range(2):
        assert ids(admin.get("/api/models?refresh=true")) == ["fake-alpha", "fake-beta"]

    assert len(openai_server.log()) == 2


def count_jobs():
    with db.reading() as session:
        return session.scalar(select(func.count(Job.id)))


def test_a_dead_connection_takes_no_time_from_those_who_ask(admin, set_up, worker, openai_server):
    admin.get("/api/models")
    openai_server.stop()
    jobs = count_jobs()

    for _ in range(20):
        models.forget_catalogue()
        assert ids(admin.get("/api/models")) == ["fake-alpha", "fake-beta"]

    assert count_jobs() == jobs  # nobody was asked, or waited for
    openai_server.start()


def test_a_connection_that_dies_keeps_what_it_offered(admin, set_up, worker, openai_server):
    admin.get("/api/models")
    openai_server.control(key="another")

    answer = admin.get("/api/models?refresh=true")

    assert ids(answer) == ["fake-alpha", "fake-beta"]


def test_without_any_worker_the_first_list_is_an_error_in_words(admin, monkeypatch):
    monkeypatch.setattr("web.models.routes._PATIENCE_S", 1.0)

    answer = admin.get("/api/models")

    assert (answer.status_code, list(answer.json)) == (503, ["detail"])
    assert int(answer.headers["Retry-After"]) >= 1
