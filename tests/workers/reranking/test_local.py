"""Ordering what was found again, by a model in a folder of the operator's."""

import math

import pytest

from shared.config.options import Options, get_options
from shared.errors import Unavailable
from tests.services.cross_encoder import make_cross_encoder
from workers import reranking
from workers.reranking import get_reranker, local, reranked
from workers.vectors.base import Match

pytestmark = pytest.mark.usefixtures("world")
TEXTS = ["the blue cat", "a dog", "the red dog a red dog"]


@pytest.fixture
def models(configure, tmp_path):
    configure(data_dir=tmp_path)
    local._loaded.cache_clear()
    yield tmp_path / "models"
    local._loaded.cache_clear()


def choose(name):
    get_options().set({"RAG_RERANKING_MODEL": name})
    return get_reranker()


@pytest.mark.parametrize("folder", ["cross", "BAAI/cross"])
def test_a_model_in_its_folder_scores_question_and_text_together(models, folder):
    make_cross_encoder(models / folder)

    scores = choose("BAAI/cross").score("red dog", TEXTS)

    assert scores == pytest.approx([1 / (1 + math.exp(-words)) for words in (0, 1, 4)])


def test_of_two_outputs_the_second_is_for_a_match(models):
    make_cross_encoder(models / "cross", outputs=2)

    scores = choose("cross").score("red dog", TEXTS)

    assert scores == pytest.approx([1 / (1 + math.exp(-words)) for words in (0, 1, 4)])


def test_more_texts_than_are_read_at_once_keep_their_places(models):
    make_cross_encoder(models / "cross")
    texts = ["a " * (n % 7 + 1) + ("dog" if n == 33 else "cat") for n in range(50)]

    scores = choose("cross").score("dog", texts)

    assert scores.index(max(scores)) == 33


def test_what_was_found_is_put_into_the_models_order(models):
    make_cross_encoder(models / "cross")
    found = [Match(str(n), text, {}, 0.9) for n, text in enumerate(TEXTS)]

    again = reranked(choose("cross"), "red dog", found)

    assert [match.id for match in again] == ["2", "1", "0"]
    assert 0 < again[-1].score < again[0].score < 1


def test_the_environment_alone_chooses_a_model(models, monkeypatch):
    make_cross_encoder(models / "cross")
    monkeypatch.setenv("RAG_RERANKING_MODEL", "cross")
    monkeypatch.setattr(local, "option", Options().get)
    monkeypatch.setattr(reranking, "option", Options().get)

    assert get_reranker().score("dog", ["a dog"]) == pytest.approx([1 / (1 + math.exp(-1))])


@pytest.mark.parametrize("name", ["nothing", "../cross", "/etc", ".", ""])
def test_no_other_folder_is_opened(models, tmp_path, name):
    make_cross_encoder(tmp_path / "cross")
    models.mkdir()

    with pytest.raises(Unavailable, match="not on this server"):
        local.of(name)


def test_a_folder_that_lacks_something_is_said_to_do_so(models):
    make_cross_encoder(models / "cross")
    (models / "cross/tokenizer.json").unlink()

    with pytest.raises(Unavailable, match=r"needs a model.onnx and a tokenizer.json"):
        choose("cross")


@pytest.mark.parametrize("broken", ["tokenizer.json", "model.onnx"])
def test_a_broken_model_is_said_to_be_so(models, broken):
    make_cross_encoder(models / "cross")
    (models / "cross" / broken).write_bytes(b"{}")

    with pytest.raises(Unavailable, match="cannot be loaded"):
        choose("cross")


def test_another_kind_of_model_is_said_to_be_none(models):
    make_cross_encoder(models / "cross", outputs=5)

    with pytest.raises(Unavailable, match="no cross-encoder"):
        choose("cross").score("red dog", TEXTS)
