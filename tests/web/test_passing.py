"""Failures of model servers at the doors that speak for them."""

import pytest

from shared import db
from shared.config.options import get_options
from shared.services import models
from tests.services.things import describe

OPENAI, OLLAMA = "fake-alpha", "fake-beta:latest"
CHAT = [{"role": "user", "content": "Hello"}]


@pytest.fixture(autouse=True)
def served(world, worker, openai_server, ollama_server, configure):
    """Servers of both kinds, asked once."""
    configure(upstream_tries=1)
    ollama_server.control(models=["fake-beta"])
    openai_server.control(models=[OPENAI])
    get_options().set(
        {
            "OPENAI_API_BASE_URLS": [openai_server.url],
            "OPENAI_API_KEYS": ["k"],
            "OLLAMA_BASE_URLS": [ollama_server.url],
        }
    )
    with db.transaction() as session:
        for name in (OPENAI, OLLAMA):
            session.merge(describe(name))
    models.outdate_offer()


DOORS = {
    "openai": ("/openai/chat/completions", {"model": OPENAI, "messages": CHAT}),
    "openai stream": (
        "/openai/chat/completions",
        {"model": OPENAI, "messages": CHAT, "stream": True},
    ),
    "ollama": ("/ollama/api/chat", {"model": OLLAMA, "messages": CHAT}),
    "ollama whole": ("/ollama/api/chat", {"model": OLLAMA, "messages": CHAT, "stream": False}),
    "ollama as openai": ("/ollama/v1/chat/completions", {"model": OLLAMA, "messages": CHAT}),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("status", [401, 404, 418, 429, 500, 503])
def test_a_servers_refusal_comes_with_its_status(
    member, openai_server, ollama_server, door, status
):
    for server in (openai_server, ollama_server):
        server.control(fail=status)
    answer = member.post(*DOORS[door])

    assert answer.status_code == status
    assert f"made to fail with {status}" in answer.json["detail"]


@pytest.mark.parametrize("door", DOORS)
def test_a_server_that_does_not_answer_is_a_failure_of_ours(
    member, openai_server, ollama_server, door
):
    for server in (openai_server, ollama_server):
        server.control(drop=1)

    assert member.post(*DOORS[door]).status_code == 500


def test_a_moved_server_is_a_failure_of_ours(member, openai_server):
    openai_server.control(fail=302)

    assert member.post(*DOORS["openai"]).status_code == 500


def test_where_the_page_asks_a_failure_stays_a_400(member, openai_server):
    openai_server.control(fail=429)

    answer = member.post("/api/chat/completions", {"model": OPENAI, "messages": CHAT})

    assert answer.status_code == 400


def test_other_questions_to_ollama_fail_with_its_status(member, admin):
    body = {"model": OLLAMA, "source": OLLAMA, "destination": "x"}
    member.get("/api/models")
    assert admin.delete("/ollama/api/delete", body).status_code == 200

    again = admin.delete("/ollama/api/delete/0", body)

    assert (again.status_code, "not found" in again.json["detail"]) == (404, True)


def test_what_an_admin_asks_the_first_server_fails_with_its_status(admin):
    assert admin.get("/openai/no/such/path").status_code == 404
