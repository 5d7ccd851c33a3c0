"""Every route of the contract, called as everybody: statuses and shapes are those of the file."""

import pytest

from shared import db
from shared.config.options import get_options
from shared.services import models
from shared.services.passwords import hash_password
from tests.services.caller import Caller
from tests.services.things import describe, new_user
from tests.services.walk import Walk, differences, routes
from web import trying

PASSWORD = "Secret-pw-1!"
AREAS = sorted({route.area for route in routes()})


@pytest.fixture(autouse=True)
def unloaded(monkeypatch):
    """Store tools and functions at once: hundreds are made, and none is about what is in them."""
    monkeypatch.setattr(trying, "_PATIENCE_S", 0)


@pytest.fixture
def walk(app, new_caller, worker, openai_server, ollama_server):
    """Callers of every kind, in a world with a model server of each kind."""
    urls = {"openai": openai_server.url, "ollama": ollama_server.url}
    everything = dict.fromkeys(("models", "knowledge", "prompts", "tools"), True)
    get_options().set(
        {
            "OPENAI_API_BASE_URLS": [urls["openai"]],
            "OPENAI_API_KEYS": ["k"],
            "OLLAMA_BASE_URLS": [urls["ollama"]],
            "USER_PERMISSIONS": {"workspace": everything},
        }
    )
    models.outdate_offer()
    with db.transaction() as session:
        for model in ("fake-alpha", "fake-alpha:latest"):
            session.merge(describe(model))
    models.forget_catalogue()
    hashed = hash_password(PASSWORD)
    people = {role: Caller(app, new_user(role, hashed)) for role in ("admin", "pending", "user")}
    return Walk({**people, "nobody": Caller(app), "other": Caller(app, new_user())}, urls)


@pytest.mark.parametrize("area", AREAS)
def test_every_route_answers_everybody_as_the_contract_says(walk, area):
    wrong = {
        route.name: found
        for route in routes()
        if route.area == area and (found := differences(walk, route))
    }

    assert not wrong


def test_a_path_may_end_with_a_slash_or_without(walk):
    wrong = {
        route.name: status
        for route in routes()
        if route.who != "public" and (status := walk.twin(route)) != 403
    }

    assert not wrong
