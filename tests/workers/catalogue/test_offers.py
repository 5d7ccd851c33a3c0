"""What one connection offers, in the form of the models list."""

import pytest

from shared.services.connections import OLLAMA, OPENAI, Connection
from workers.catalogue.offers import as_models

NOW = 1_700_000_000
URL = "http://127.0.0.1:9/v1"
OPENAIS = [{"id": "alpha", "object": "model", "created": 5, "owned_by": "acme", "x": 1}]
OLLAMAS = [{"name": "llama:7b", "model": "llama:7b", "size": 1, "details": {"family": "llama"}}]


def openai(raw=OPENAIS, url=URL, **config):
    return as_models(Connection(OPENAI, 2, url, config=config), raw, NOW)


def ollama(raw=OLLAMAS, **config):
    return as_models(Connection(OLLAMA, 1, URL, config=config), raw, NOW)


def test_an_openai_model_keeps_its_fields_below_ours():
    (model,) = openai()

    assert model == {
        "id": "alpha",
        "name": "alpha",
        "object": "model",
        "created": 5,
        "owned_by": "openai",
        "x": 1,
        "openai": OPENAIS[0],
        "urlIdx": 2,
        "connection": "openai",
        "mark": Connection(OPENAI, 0, URL).mark,
        "connection_type": "external",
        "tags": [],
    }


def test_an_ollama_model_names_its_servers():
    (model,) = ollama()

    assert (model["id"], model["name"], model["owned_by"]) == ("llama:7b", "llama:7b", "ollama")
    assert (model["created"], model["urlIdx"]) == (NOW, 1)
    assert model["ollama"] == {**OLLAMAS[0], "urls": [1]}


@pytest.mark.parametrize("offer", [openai, ollama])
def test_prefix_and_tags_of_a_connection_are_its_models(offer):
    (model,) = offer(prefix_id="p", tags=[{"name": "t"}])

    assert model["id"].startswith("p.")
    assert not model["name"].startswith("p.")
    assert model["tags"] == [{"name": "t"}]


def test_chosen_models_replace_the_servers_list_in_their_order():
    raw = [*OPENAIS, {"id": "beta", "created": 7}]

    found = openai(raw, model_ids=["unlisted", "beta"])

    assert [(m["id"], m["created"]) for m in found] == [("unlisted", NOW), ("beta", 7)]


@pytest.mark.parametrize("chosen", [None, []])
def test_without_a_choice_all_models_are_offered(chosen):
    assert [m["id"] for m in openai(model_ids=chosen)] == ["alpha"]


@pytest.mark.parametrize(
    "hidden", ["babbage-002", "dall-e-3", "davinci-002", "text-embedding-3", "tts-1", "whisper-1"]
)
def test_openais_own_list_leaves_out_what_cannot_chat(hidden):
    raw = [{"id": "gpt-4o"}, {"id": hidden}]

    assert [m["id"] for m in openai(raw, url="https://api.openai.com/v1")] == ["gpt-4o"]
    assert [m["id"] for m in openai(raw)] == ["gpt-4o", hidden]


@pytest.mark.parametrize("raw", [[], [{}], [{"id": ""}], [{"id": None, "name": ""}]])
def test_what_has_no_id_is_no_model(raw):
    assert openai(raw) == []


def test_the_local_models_say_that_they_are():
    (model,) = as_models(Connection(OPENAI, -1, URL), OPENAIS, NOW)

    assert (model["connection_type"], model["urlIdx"]) == ("local", -1)
