"""The editors of retrieval: what null and newer fields mean, and what has to work first."""

import pytest
from sqlalchemy import select

from shared import db
from shared.config.options import get_options, option
from shared.models.option import OptionRow
from tests.services.cross_encoder import make_cross_encoder

pytestmark = pytest.mark.usefixtures("hurry")
RETRIEVAL = "/api/v1/retrieval/config"
EMBEDDING, RERANKING = "/api/v1/retrieval/embedding", "/api/v1/retrieval/reranking"


def test_what_a_body_about_retrieval_does_not_name_stays(admin):
    get_options().set({"CHUNK_SIZE": 77, "WEB_SEARCH_ENGINE": "bing", "RAG_FILE_MAX_SIZE": 5})

    admin.post(f"{RETRIEVAL}/update", {"TOP_K": 9, "web": {"ENABLE_WEB_SEARCH": True}})

    names = ("RAG_TOP_K", "ENABLE_WEB_SEARCH", "CHUNK_SIZE", "WEB_SEARCH_ENGINE")
    assert [option(name) for name in names] == [9, True, 77, "bing"]
    assert option("RAG_FILE_MAX_SIZE") == 5


def test_null_lifts_a_limit_and_leaves_the_rest(admin):
    get_options().set({"CHUNK_SIZE": 77, "RAG_FILE_MAX_SIZE": 5})

    answer = admin.post(f"{RETRIEVAL}/update", {"CHUNK_SIZE": None, "FILE_MAX_SIZE": None})

    assert (answer.json["CHUNK_SIZE"], answer.json["FILE_MAX_SIZE"]) == (77, None)


def test_null_about_the_web_lets_the_default_count_again(admin):
    get_options().set({"WEB_SEARCH_RESULT_COUNT": 9})

    answer = admin.post(f"{RETRIEVAL}/update", {"web": {"WEB_SEARCH_RESULT_COUNT": None}})

    assert answer.json["web"]["WEB_SEARCH_RESULT_COUNT"] == 3
    with db.reading() as session:
        assert session.scalars(select(OptionRow)).all() == []


def test_our_own_embedding_leaves_the_other_servers_alone(admin):
    get_options().set({"RAG_OPENAI_API_BASE_URL": "http://kept/v1"})
    body = {
        "embedding_engine": "",
        "embedding_model": "tiny",
        "openai_config": {"url": "", "key": ""},
    }

    answer = admin.post(f"{EMBEDDING}/update", body)

    assert answer.json["embedding_model"] == answer.json["RAG_EMBEDDING_MODEL"] == "tiny"
    assert answer.json["openai_config"]["url"] == "http://kept/v1"


@pytest.mark.parametrize("engine", ["openai", "ollama"])
def test_newer_names_of_fields_are_understood(admin, engine):
    body = {"RAG_EMBEDDING_ENGINE": engine, "RAG_EMBEDDING_MODEL": "m"}

    answer = admin.post(f"{EMBEDDING}/update", {**body, "RAG_EMBEDDING_BATCH_SIZE": 4})

    assert answer.status_code == 200
    assert (answer.json["embedding_engine"], answer.json["embedding_batch_size"]) == (engine, 4)


def test_a_newer_name_counts_where_it_says_something_new(admin):
    shown = admin.get(EMBEDDING).json

    by_newer = admin.post(f"{EMBEDDING}/update", {**shown, "RAG_EMBEDDING_MODEL": "newer"}).json
    by_older = admin.post(f"{EMBEDDING}/update", {**by_newer, "embedding_model": "older"}).json

    assert (by_newer["embedding_model"], by_older["embedding_model"]) == ("newer", "older")


@pytest.fixture
def models(configure, tmp_path):
    configure(data_dir=tmp_path)
    return tmp_path / "models"


@pytest.mark.usefixtures("worker")
def test_a_reranking_model_is_one_of_a_server_or_one_in_a_folder(admin, models):
    make_cross_encoder(models / "cross")

    def save(**body):
        return admin.post(f"{RERANKING}/update", body)

    refused = save(reranking_model="BAAI/bge-reranker-base")
    by_a_server = save(reranking_model="m", RAG_EXTERNAL_RERANKER_URL="http://cross/rerank")
    save(reranking_model="", RAG_EXTERNAL_RERANKER_URL="")
    in_a_folder = save(reranking_model="cross")

    assert refused.status_code == 400
    assert "DATA_DIR/models/BAAI/bge-reranker-base" in refused.json["detail"]
    assert "RAG_EXTERNAL_RERANKER_URL" in refused.json["detail"]
    assert by_a_server.json["RAG_EXTERNAL_RERANKER_URL"] == "http://cross/rerank"
    assert (in_a_folder.status_code, in_a_folder.json["reranking_model"]) == (200, "cross")
    assert save(reranking_model="").json["reranking_model"] == ""


@pytest.mark.usefixtures("worker")
def test_a_reranking_model_that_cannot_be_loaded_is_refused(admin, models):
    make_cross_encoder(models / "cross")
    (models / "cross/model.onnx").write_bytes(b"no model")

    answer = admin.post(f"{RERANKING}/update", {"reranking_model": "cross"})

    assert answer.status_code == 400
    assert "cannot be loaded" in answer.json["detail"]
    assert option("RAG_RERANKING_MODEL") == ""


def test_a_reranking_model_that_stays_as_it_is_need_not_show_that_it_works(admin, models):
    get_options().set({"RAG_RERANKING_MODEL": "of-the-environment"})

    assert admin.post(f"{RERANKING}/update", admin.get(RERANKING).json).status_code == 200
