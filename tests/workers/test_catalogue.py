"""What the log says of connections that give no models: news only."""

import logging

import pytest

from shared import db
from shared.config.options import get_options
from shared.kinds.catalogue import REFRESH_MODELS, RefreshModels
from shared.queue import Subject, enqueue
from shared.services import connections, models
from tests.services.things import NOWHERE, offer
from workers import base
from workers.catalogue import tasks
from workers.providers.errors import Unavailable

pytestmark = pytest.mark.usefixtures("world")


class Provider:
    """Gives models, or fails with these words."""

    problem = ""

    def models(self):
        if self.problem:
            raise Unavailable(self.problem)
        return [{"id": "alpha"}]


@pytest.fixture
def provider(monkeypatch):
    """The provider of every connection; nothing has been said of it yet."""
    made = Provider()
    monkeypatch.setattr(tasks, "provider_for", lambda connection: made)
    monkeypatch.setattr(tasks, "_told", {})
    return made


def only_one_connection():
    offer("alpha", url=NOWHERE)
    get_options().set({"ENABLE_OLLAMA_API": False})


@pytest.fixture
def refresh(caplog):
    """Gather the models once; gives level and text of what was logged about connections."""
    caplog.set_level("INFO")

    def run():
        caplog.clear()
        with db.transaction():
            job_id = enqueue(REFRESH_MODELS, RefreshModels(), Subject())
        base.run(job_id)
        return [(r.levelno, r.getMessage()) for r in caplog.records if "models" in r.getMessage()]

    return run


def test_a_dead_connection_is_told_once_and_its_return_too(provider, refresh):
    only_one_connection()

    provider.problem = "host cannot be reached."
    first, second = refresh(), refresh()
    provider.problem = ""
    back, then = refresh(), refresh()

    assert first == [(logging.WARNING, "a connection gives no models: host cannot be reached.")]
    assert back == [(logging.INFO, f"{NOWHERE.split('/')[2]} gives models again")]
    assert second == then == []


def test_another_problem_is_news(provider, refresh):
    only_one_connection()

    provider.problem = "host cannot be reached."
    refresh()
    provider.problem = "host answered 401."

    assert refresh() == [(logging.WARNING, "a connection gives no models: host answered 401.")]


def test_a_server_that_nobody_has_set_up_may_be_missing(provider, refresh):
    provider.problem = "localhost:11434 cannot be reached."

    ((level, text),) = refresh()

    assert level == logging.INFO
    assert "localhost:11434" in text


def test_openai_is_not_asked_without_a_key():
    before = [c.url for c in connections.enabled() if c.kind == connections.OPENAI]

    get_options().set({"OPENAI_API_KEYS": ["sk-x"]})
    after = [c.url for c in connections.enabled() if c.kind == connections.OPENAI]

    assert (before, after) == ([], ["https://api.openai.com/v1"])


class Starting(Provider):
    """Is not there yet the first times it is asked."""

    def __init__(self, missing):
        self.missing = missing

    def models(self):
        self.missing -= 1
        if self.missing >= 0:
            raise Unavailable("nobody listens yet")
        return super().models()


def test_the_local_models_are_waited_for_while_they_start(monkeypatch, configure, refresh):
    configure(local_models="1", local_models_url=NOWHERE, enable_openai_api="False")
    get_options().set({"ENABLE_OLLAMA_API": False})
    local = Starting(missing=2)
    monkeypatch.setattr(tasks, "provider_for", lambda connection: local)

    refresh()

    assert [model["id"] for model in models.offer()] == ["alpha"]


def test_nobody_waits_for_another_server_that_does_not_answer(monkeypatch, refresh):
    only_one_connection()
    remote = Starting(missing=1)
    monkeypatch.setattr(tasks, "provider_for", lambda connection: remote)

    refresh()

    assert remote.missing == 0
