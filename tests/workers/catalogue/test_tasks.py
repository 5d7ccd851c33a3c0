"""Gathering the models of all connections, and asking one connection one thing."""

import socket
import threading
import time

import pytest

from shared.config.options import get_options
from shared.config.secrets import seal
from shared.flusher import flusher
from shared.kinds.catalogue import CALL_CONNECTION, REFRESH_MODELS, CallConnection, RefreshModels
from shared.models.job import COMPLETED, FAILED
from shared.services import models
from tests.services.things import new_job, row_of
from tests.services.waiting import free_port
from workers import base
from workers.catalogue import tasks

pytestmark = pytest.mark.usefixtures("world")


def run(spec, payload):
    job_id = new_job(None, spec, payload)
    base.run(job_id)
    assert flusher.drain(5)
    return row_of(job_id)


def refresh():
    """Gather anew, and give the ids of all that is offered."""
    job = run(REFRESH_MODELS, RefreshModels())
    assert job.status == COMPLETED, job.error
    models.forget_catalogue()
    return [model["id"] for model in models.offer()]


def set_up(*urls, **values):
    get_options().set(
        {
            "OPENAI_API_BASE_URLS": list(urls),
            "OPENAI_API_KEYS": ["k"] * len(urls),
            "OPENAI_API_CONFIGS": {},
            "ENABLE_OLLAMA_API": False,
            **values,
        }
    )


def dead():
    return f"http://127.0.0.1:{free_port()}/v1"


def test_all_connections_are_asked(each_database, openai_server, ollama_server):
    set_up(openai_server.url, ENABLE_OLLAMA_API=True, OLLAMA_BASE_URLS=[ollama_server.url])
    get_options().set({"OPENAI_API_CONFIGS": {"0": {"prefix_id": "p"}}})

    assert refresh() == ["p.fake-alpha", "p.fake-beta", "fake-alpha:latest", "fake-beta:latest"]


def test_the_job_counts_what_it_found(openai_server):
    set_up(openai_server.url)

    assert run(REFRESH_MODELS, RefreshModels()).result == {"count": 2}


def test_a_dead_connection_takes_nothing_from_the_others(openai_server):
    set_up(dead(), openai_server.url)

    assert refresh() == ["fake-alpha", "fake-beta"]


def test_a_connection_that_dies_keeps_what_it_offered(openai_server):
    set_up(openai_server.url)
    refresh()
    openai_server.control(key="another")

    assert refresh() == ["fake-alpha", "fake-beta"]


def test_a_dead_connection_keeps_what_it_offered_when_it_is_moved(openai_server):
    set_up(openai_server.url)
    refresh()
    openai_server.control(key="another")

    set_up(dead(), openai_server.url)

    assert refresh() == ["fake-alpha", "fake-beta"]
    assert {model["urlIdx"] for model in models.offer()} == {1}


def test_a_connection_that_is_switched_off_offers_nothing(openai_server):
    set_up(openai_server.url)
    refresh()

    get_options().set({"OPENAI_API_CONFIGS": {"0": {"enable": False}}})

    assert refresh() == []


@pytest.fixture
def silent_url():
    """A server that takes a connection and never says anything."""
    server = socket.create_server(("127.0.0.1", 0))
    yield f"http://127.0.0.1:{server.getsockname()[1]}"
    server.close()


def test_slow_connections_delay_the_list_by_one_patience_only(
    openai_server, silent_url, monkeypatch
):
    monkeypatch.setattr(tasks, "_PATIENCE_S", 0.4)
    set_up(*[f"{silent_url}/{n}" for n in range(20)], openai_server.url)
    started = time.monotonic()

    offered = refresh()

    assert offered == ["fake-alpha", "fake-beta"]
    assert 0.4 <= time.monotonic() - started < 4  # one after the other they take twice as long


def test_a_model_at_two_places_is_offered_once(openai_server):
    set_up(openai_server.url, openai_server.url)

    assert refresh() == ["fake-alpha", "fake-beta"]
    assert {model["urlIdx"] for model in models.offer()} == {0}


def test_a_model_at_two_ollama_servers_names_both(ollama_server):
    urls = [ollama_server.url, ollama_server.url + "/"]
    set_up(ENABLE_OPENAI_API=False, ENABLE_OLLAMA_API=True, OLLAMA_BASE_URLS=urls)

    refresh()

    assert {tuple(model["ollama"]["urls"]) for model in models.offer()} == {(0, 1)}


# One question


def call(**values):
    return run(CALL_CONNECTION, CallConnection(**values))


def test_a_configured_connection_is_asked_by_its_place(openai_server):
    set_up(dead(), openai_server.url)

    job = call(kind="openai", question="models", index=1)

    assert [model["id"] for model in job.result["answer"]["data"]] == ["fake-alpha", "fake-beta"]


def test_a_connection_that_is_being_tried_is_asked_with_its_sealed_key(openai_server):
    openai_server.control(key="sk-right")

    good = call(kind="openai", question="version", url=openai_server.url, sealed=seal("sk-right"))
    bad = call(kind="openai", question="version", url=openai_server.url, sealed=seal("sk-wrong"))

    assert (good.status, bad.status) == (COMPLETED, FAILED)
    assert "sk-wrong" not in f"{bad.error} {bad.request}"


@pytest.mark.parametrize(
    "values",
    [
        {"question": "secrets", "index": 0},
        {"question": "models", "index": 7},
        {"question": "models", "url": "no address"},
        {"question": "models", "url": ""},
        {"kind": "telepathy", "question": "models", "url": "http://127.0.0.1:9"},
    ],
)
def test_what_cannot_be_asked_fails_in_words(values):
    set_up("http://127.0.0.1:9/v1")

    job = call(**{"kind": "openai", **values})

    assert job.status == FAILED
    assert job.error
    assert not job.error.startswith("Something went wrong")


def test_no_thread_outlives_its_question(openai_server):
    set_up(openai_server.url)
    refresh()
    before = threading.active_count()

    for _ in range(3):
        refresh()

    assert threading.active_count() <= before
