"""Ollama connections: configuration with masked keys, tests, versions."""

import pytest

from shared.config.options import get_options, option
from shared.config.secrets import mask
from shared.services import models
from tests.fakes.ollama_server import VERSION
from tests.services.things import offer
from tests.services.waiting import free_port

ONE, TWO = "http://one.example:11434", "http://two.example:11434"
K1, K2 = "sk-one-0123456789", "sk-two-0123456789ab"


def save(caller, urls, configs, **more):
    body = {"OLLAMA_BASE_URLS": urls, "OLLAMA_API_CONFIGS": configs, **more}
    return caller.post("/ollama/config/update", body)


def keys():
    return {place: c.get("key") for place, c in option("OLLAMA_API_CONFIGS").items()}


@pytest.fixture
def two(admin):
    """Two connections with a key each, as they are shown."""
    return save(admin, [ONE, TWO], {"0": {"key": K1}, "1": {"key": K2, "enable": True}}).json


def test_the_root_answers_like_a_server(stranger):
    assert stranger.get("/ollama/").json == {"status": True}
    head = stranger.send("HEAD", "/ollama/")
    assert (head.status_code, head.data) == (200, b"")


def test_what_is_saved_is_shown_with_masked_keys(each_database, admin):
    configs = {"0": {"key": K1, "prefix_id": "one"}, "1": {"enable": False, "x": 1}}

    answer = save(admin, [ONE, TWO], configs, ENABLE_OLLAMA_API=False)

    assert answer.status_code == 200
    assert answer.json == {
        "ENABLE_OLLAMA_API": False,
        "OLLAMA_BASE_URLS": [ONE, TWO],
        "OLLAMA_API_CONFIGS": {**configs, "0": {"key": mask(K1), "prefix_id": "one"}},
    }
    assert admin.get("/ollama/config").json == answer.json
    assert keys() == {"0": K1, "1": None}


def test_masked_keys_are_kept_on_save(admin, two):
    save(admin, two["OLLAMA_BASE_URLS"], two["OLLAMA_API_CONFIGS"])

    assert keys() == {"0": K1, "1": K2}


def test_a_key_moves_with_its_address(admin, two):
    save(admin, [TWO], {"0": {"key": mask(K2)}})

    assert keys() == {"0": K2}


def test_no_key_follows_to_another_address(admin, two):
    save(admin, ["http://evil.example", TWO], {"0": {"key": mask(K1)}, "1": {"key": mask(K2)}})

    assert keys() == {"0": "", "1": K2}


def test_configs_of_connections_that_are_gone_are_dropped(admin):
    answer = save(admin, [ONE], {"0": {}, "1": {}, "x": {}, ONE: {}})

    assert answer.json["OLLAMA_API_CONFIGS"] == {"0": {}}


def test_a_save_makes_the_list_of_models_anew(admin):
    offer("llama:latest", kind="ollama")

    save(admin, [ONE], {})

    assert models.is_outdated()


@pytest.mark.parametrize(
    ("urls", "configs"),
    [("text", {}), ([ONE], []), ([ONE], {"0": "text"}), ([ONE], {"0": {"key": {"no": "text"}}})],
)
def test_what_is_no_configuration_is_refused(admin, urls, configs):
    assert save(admin, urls, configs).status_code == 422
    assert admin.get("/ollama/config").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/ollama/config"), ("POST", "/ollama/config/update"), ("POST", "/ollama/verify")],
)
def test_connections_are_the_admins_business(member, method, path):
    assert member.send(method, path, {}).status_code == 401


# Verify


def verify(caller, url, key=None):
    return caller.post("/ollama/verify", {"url": url, "key": key})


def test_a_connection_is_tried_by_its_version(admin, worker, ollama_server):
    answer = verify(admin, ollama_server.url, K1)

    assert (answer.status_code, answer.json) == (200, {"version": VERSION})
    assert ollama_server.log()[-1]["headers"]["authorization"] == f"Bearer {K1}"


def test_a_masked_key_is_tried_as_the_one_that_the_address_has(admin, worker, ollama_server):
    save(admin, [ONE, ollama_server.url], {"1": {"key": K2}})

    verify(admin, ollama_server.url, mask(K2))

    assert ollama_server.log()[-1]["headers"]["authorization"] == f"Bearer {K2}"


def test_a_server_that_is_not_there_is_told(admin, worker):
    answer = verify(admin, f"http://127.0.0.1:{free_port()}")

    assert (answer.status_code, list(answer.json)) == (500, ["detail"])


# Version


def test_the_version_is_that_of_the_servers_that_answer(admin, member, worker, ollama_server):
    save(admin, [f"http://127.0.0.1:{free_port()}", ollama_server.url], {})

    assert member.get("/ollama/api/version").json == {"version": VERSION}


@pytest.mark.parametrize(
    ("is_on", "configs"), [(False, {}), (True, {"0": {"enable": False}})], ids=["off", "disabled"]
)
def test_where_no_server_is_asked_there_is_no_version(admin, member, is_on, configs):
    save(admin, [ONE], configs, ENABLE_OLLAMA_API=is_on)

    assert member.get("/ollama/api/version").json == {"version": False}


def test_where_no_server_answers_there_is_no_version(member, worker):
    get_options().set({"OLLAMA_BASE_URLS": [f"http://127.0.0.1:{free_port()}"]})

    assert member.get("/ollama/api/version").json == {"version": False}
