"""OpenAI-compatible connections: configuration with masked keys, tests, model lists."""

import pytest
from sqlalchemy import select

from shared import db
from shared.config.options import get_options, option
from shared.config.secrets import mask
from shared.models.job import Job
from shared.redis import get_redis
from shared.services import models
from tests.services.things import offer
from tests.services.waiting import free_port

ONE, TWO = "https://one.example/v1", "https://two.example/v1"
K1, K2 = "sk-one-0123456789", "sk-two-0123456789ab"


def form(urls, keys, configs=None, **more):
    return {
        "OPENAI_API_BASE_URLS": urls,
        "OPENAI_API_KEYS": keys,
        "OPENAI_API_CONFIGS": configs or {},
        **more,
    }


def save(caller, *parts, **more):
    return caller.post("/openai/config/update", form(*parts, **more))


@pytest.fixture
def two(admin):
    """Two connections with a key each, as they are shown."""
    return save(admin, [ONE, TWO], [K1, K2]).json


def test_what_is_saved_is_shown_with_masked_keys(each_database, admin):
    configs = {"0": {"enable": True, "prefix_id": "one", "model_ids": ["a"], "tags": [], "x": 1}}

    answer = save(admin, [ONE, TWO], [K1, ""], configs, ENABLE_OPENAI_API=False)

    assert answer.status_code == 200
    assert answer.json == form([ONE, TWO], [mask(K1), ""], configs, ENABLE_OPENAI_API=False)
    assert admin.get("/openai/config").json == answer.json
    assert option("OPENAI_API_KEYS") == [K1, ""]


def test_masked_keys_are_kept_on_save(admin, two):
    save(admin, two["OPENAI_API_BASE_URLS"], two["OPENAI_API_KEYS"])

    assert option("OPENAI_API_KEYS") == [K1, K2]


def test_keys_move_with_their_addresses(admin, two):
    save(admin, [TWO, ONE], [mask(K2), mask(K1)])
    after_a_move = option("OPENAI_API_KEYS")
    save(admin, [ONE], [mask(K1)])

    assert (after_a_move, option("OPENAI_API_KEYS")) == ([K2, K1], [K1])


def test_no_key_follows_to_another_address(admin, two):
    save(admin, ["https://evil.example/v1", TWO], [mask(K1), mask(K2)])

    assert option("OPENAI_API_KEYS") == ["", K2]


def test_a_new_key_replaces_the_old_one(admin, two):
    save(admin, [ONE, TWO], ["sk-new-0123456789", ""])

    assert option("OPENAI_API_KEYS") == ["sk-new-0123456789", ""]


@pytest.mark.parametrize(
    ("keys", "expected"), [([], ["", ""]), (["a", "b", "c"], ["a", "b"]), (["a"], ["a", ""])]
)
def test_keys_are_filled_and_cut_to_the_addresses(admin, keys, expected):
    save(admin, [ONE, TWO], keys)

    assert option("OPENAI_API_KEYS") == expected


def test_configs_of_connections_that_are_gone_are_dropped(admin):
    answer = save(admin, [ONE], [""], {"0": {"enable": False}, "1": {}, "-1": {}, "x": {}})

    assert answer.json["OPENAI_API_CONFIGS"] == {"0": {"enable": False}}


def test_addresses_lose_their_blanks_and_last_slash(admin):
    assert save(admin, [f" {ONE}/ "], [""]).json["OPENAI_API_BASE_URLS"] == [ONE]


def test_a_save_without_the_switch_leaves_it(admin):
    get_options().set({"ENABLE_OPENAI_API": False})

    assert save(admin, [ONE], [""]).json["ENABLE_OPENAI_API"] is False


def test_a_save_makes_the_list_of_models_anew(admin):
    offer("alpha")

    save(admin, [ONE], [""])

    assert models.is_outdated()


@pytest.mark.parametrize(
    "body",
    [
        {},
        form("text", []),
        form([ONE], [7]),
        form([ONE], [""], {"0": "text"}),
        form([ONE], [""], {"0": {"model_ids": "abc"}}),
        form([ONE], [""], {"0": {"enable": "perhaps"}}),
        form([ONE], [""], {"0": {"tags": ["x"]}}),
    ],
)
def test_what_is_no_configuration_is_refused(admin, body):
    answer = admin.post("/openai/config/update", body)

    assert answer.status_code == 422
    assert option("OPENAI_API_CONFIGS") == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/openai/config"), ("POST", "/openai/config/update"), ("POST", "/openai/verify")],
)
def test_connections_are_the_admins_business(member, method, path):
    assert member.send(method, path, {}).status_code == 401


# Verify


def verify(caller, url, key=""):
    return caller.post("/openai/verify", {"url": url, "key": key})


def test_a_connection_is_tried_with_the_key_of_the_form(admin, worker, openai_server):
    answer = verify(admin, openai_server.url, K1)

    assert answer.status_code == 200
    assert [model["id"] for model in answer.json["data"]] == ["fake-alpha", "fake-beta"]
    assert openai_server.log()[-1]["headers"]["authorization"] == f"Bearer {K1}"


def test_a_key_that_is_tried_is_stored_nowhere_in_clear(admin, worker, openai_server):
    verify(admin, openai_server.url, K1)

    with db.reading() as session:
        (job,) = session.scalars(select(Job)).all()
    in_redis = [get_redis().dump(name) or b"" for name in get_redis().scan_iter()]
    assert K1 not in f"{job.request} {job.result} {job.error}"
    assert not any(K1.encode() in packed for packed in in_redis)
    assert in_redis


def test_a_masked_key_is_tried_as_the_one_that_the_address_has(admin, worker, openai_server):
    save(admin, [openai_server.url], [K1])

    verify(admin, openai_server.url + "/", mask(K1))

    assert openai_server.log()[-1]["headers"]["authorization"] == f"Bearer {K1}"


def test_a_masked_key_of_one_address_is_not_sent_to_another(admin, worker, openai_server):
    save(admin, [ONE], [K1])

    verify(admin, openai_server.url, mask(K1))

    assert "authorization" not in openai_server.log()[-1]["headers"]


def test_a_key_that_is_not_accepted_is_told_in_the_servers_words(admin, worker, openai_server):
    openai_server.control(key="another")

    answer = verify(admin, openai_server.url, K1)

    assert (answer.status_code, list(answer.json)) == (500, ["detail"])
    assert "401" in answer.json["detail"]
    assert K1 not in answer.text


def test_a_server_that_is_not_there_is_told(admin, worker):
    answer = verify(admin, f"http://127.0.0.1:{free_port()}/v1")

    assert answer.status_code == 500
    assert "cannot be reached" in answer.json["detail"]


@pytest.mark.parametrize("url", ["", "no address", "ftp://x/", "http://", "file:///etc/passwd"])
def test_what_is_no_address_is_told(admin, worker, url):
    answer = verify(admin, url)

    assert (answer.status_code, list(answer.json)) == (400, ["detail"])


# Model lists


@pytest.fixture
def served(admin, openai_server, worker):
    """A connection whose server offers fake-alpha and fake-beta; users may use fake-alpha."""
    save(admin, [openai_server.url], [K1], {"0": {"prefix_id": "p"}})
    offer("p.fake-alpha", url=openai_server.url)
    get_options().set({"OPENAI_API_CONFIGS": {"0": {"prefix_id": "p"}}})


def test_the_models_of_all_connections_are_listed_for_whom_they_are(member, served):
    offer("other", public=False)

    assert member.get("/openai/models").json == {"data": []}


@pytest.mark.parametrize("path", ["/openai/models/0", "/openai/models?url_idx=0"])
def test_the_models_of_one_connection_come_as_the_server_gives_them(admin, member, served, path):
    to_admin, to_member = admin.get(path), member.get(path)

    assert to_admin.status_code == 200
    assert [m["id"] for m in to_admin.json["data"]] == ["fake-alpha", "fake-beta"]
    assert [m["id"] for m in to_member.json["data"]] == ["fake-alpha"]


@pytest.mark.parametrize("index", ["7", "-1", "-7"])
def test_there_are_no_models_where_there_is_no_connection(admin, served, index):
    assert admin.get(f"/openai/models/{index}").status_code == 404
    assert admin.get(f"/openai/models?url_idx={index}").status_code == 404


def test_the_list_of_openais_models_leaves_others_out(admin):
    offer("llama:latest", kind="ollama")

    assert admin.get("/openai/models").json == {"data": []}


def test_a_model_is_listed_as_its_connection_offers_it(member):
    offer("alpha")

    (model,) = member.get("/openai/models").json["data"]

    assert (model["id"], model["owned_by"], model["urlIdx"]) == ("alpha", "openai", 0)
