"""Connections: the model servers that an admin has set up."""

import pytest

from shared.config.options import get_options
from shared.config.secrets import mask
from shared.errors import NotFound
from shared.services import connections
from shared.services.connections import OLLAMA, OPENAI, Connection

pytestmark = pytest.mark.usefixtures("world")
ONE, TWO = "http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"


def set_up(**values):
    off = {"ENABLE_OLLAMA_API": False, "OPENAI_API_CONFIGS": {}, "OPENAI_API_KEYS": []}
    get_options().set({**off, "OPENAI_API_BASE_URLS": [ONE, TWO], **values})


def test_keys_belong_to_the_addresses_at_their_places():
    set_up(OPENAI_API_KEYS=["k1", "k2"])

    found = connections.of_kind(OPENAI)

    assert [(c.index, c.url, c.key) for c in found] == [(0, ONE, "k1"), (1, TWO, "k2")]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [([], ["", ""]), (["k1"], ["k1", ""]), (["k1", "k2", "k3"], ["k1", "k2"])],
)
def test_missing_keys_are_empty_and_spare_ones_are_ignored(keys, expected):
    set_up(OPENAI_API_KEYS=keys)

    assert [c.key for c in connections.of_kind(OPENAI)] == expected


def test_a_slash_at_the_end_of_an_address_does_not_count():
    set_up(OPENAI_API_BASE_URLS=[ONE + "/"])

    assert connections.find(OPENAI, 0).url == ONE


def test_each_connection_has_the_config_of_its_place():
    set_up(OPENAI_API_CONFIGS={"1": {"prefix_id": "two", "enable": False}, "7": {}})

    one, two = connections.of_kind(OPENAI)

    assert (one.prefix, one.is_enabled) == ("", True)
    assert (two.prefix, two.is_enabled) == ("two.", False)
    assert two.upstream_id("two.alpha") == "alpha"
    assert two.upstream_id("alpha.two.") == "alpha.two."


def test_configs_may_be_named_by_address_as_older_ones_are():
    set_up(OPENAI_API_CONFIGS={TWO: {"prefix_id": "two"}})

    assert [c.prefix for c in connections.of_kind(OPENAI)] == ["", "two."]


@pytest.mark.parametrize("odd", ["text", None, [], 7])
def test_a_config_that_is_none_counts_as_empty(odd):
    set_up(OPENAI_API_CONFIGS={"0": odd})

    assert connections.find(OPENAI, 0).config == {}


def test_ollamas_keys_stand_in_their_configs():
    get_options().set({"OLLAMA_BASE_URLS": [ONE, TWO], "OLLAMA_API_CONFIGS": {"1": {"key": "k"}}})

    assert [c.key for c in connections.of_kind(OLLAMA)] == ["", "k"]


def test_only_what_is_switched_on_is_asked():
    set_up(OPENAI_API_CONFIGS={"0": {"enable": False}}, OPENAI_API_BASE_URLS=[ONE, TWO, ""])
    get_options().set({"ENABLE_OLLAMA_API": True, "OLLAMA_BASE_URLS": [ONE]})

    assert [(c.kind, c.index) for c in connections.enabled()] == [(OPENAI, 1), (OLLAMA, 0)]

    get_options().set({"ENABLE_OPENAI_API": False, "ENABLE_OLLAMA_API": False})
    assert connections.enabled() == []


def test_the_local_models_come_last_and_have_a_place_of_their_own(configure):
    configure(local_models="true", local_models_url="http://127.0.0.1:3/v1/", local_models_key="k")
    set_up(OPENAI_API_BASE_URLS=[ONE])

    local = connections.enabled()[-1]

    assert (local.url, local.key, local.is_local) == ("http://127.0.0.1:3/v1", "k", True)
    assert connections.find(OPENAI, local.index) == local
    assert not connections.find(OPENAI, 0).is_local


@pytest.mark.parametrize(("kind", "index"), [(OPENAI, 2), (OPENAI, -1), (OLLAMA, 1), ("x", 7)])
def test_where_none_is_none_is_found(kind, index):
    set_up()

    with pytest.raises(NotFound):
        connections.find(kind, index)


K1, K2 = "sk-one-0123456789", "sk-two-0123456789ab"


def test_a_new_key_of_a_form_is_taken_as_it_is():
    set_up(OPENAI_API_KEYS=[K1])

    assert connections.key_of_form(OPENAI, ONE, K2) == K2
    assert connections.key_of_form(OPENAI, ONE, "") == ""


def test_a_mask_stands_for_the_key_of_its_address_wherever_it_stands():
    set_up(OPENAI_API_KEYS=[K1, K2])

    assert connections.key_of_form(OPENAI, TWO, mask(K2), place=0) == K2


def test_a_mask_at_another_address_is_no_key():
    set_up(OPENAI_API_KEYS=[K1, K2])

    assert connections.key_of_form(OPENAI, "http://evil.example/v1", mask(K1)) == ""
    assert connections.key_of_form(OPENAI, TWO, mask(K1)) == ""
    assert connections.key_of_form(OLLAMA, ONE, mask(K1)) == ""


def test_of_short_keys_at_one_address_the_place_decides():
    set_up(OPENAI_API_BASE_URLS=[ONE, ONE], OPENAI_API_KEYS=["first", "second"])

    found = [connections.key_of_form(OPENAI, ONE, mask("any"), place) for place in (0, 1, 7)]

    assert found == ["first", "second", "first"]


def test_a_connection_does_not_show_its_key():
    assert "secret" not in repr(Connection(OPENAI, 0, ONE, "secret"))
