"""Saved options before anything starts: forgotten, or imported from DATA_DIR."""

import json

import pytest
from sqlalchemy import select

from launch import options
from shared import db
from shared.config.options import get_options, option, store
from shared.models.option import OptionRow
from shared.redis import get_redis, key

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def start(configure, tmp_path):
    def prepare(**settings):
        options.prepare(configure(data_dir=tmp_path, **settings))
        store._options = None  # what starts now knows nothing of it

    return prepare


@pytest.fixture
def file(tmp_path):
    return tmp_path / "config.json"


def stored():
    with db.reading() as session:
        return {row.key: row.value for row in session.scalars(select(OptionRow))}


def test_a_tree_in_the_data_folder_is_imported_once(start, file):
    file.write_text(json.dumps({"version": 0, "rag": {"chunk_size": 77}, "of": {"others": 1}}))

    start()

    assert option("CHUNK_SIZE") == 77
    assert not file.exists()
    assert (file.parent / "old_config.json").exists()


def test_its_secrets_are_encrypted(start, file):
    file.write_text(json.dumps({"openai": {"api_keys": ["sk-0123456789"]}}))

    start()

    assert option("OPENAI_API_KEYS") == ["sk-0123456789"]
    assert "0123456789" not in str(stored())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "has to hold a JSON object"),
        ('{"rag": {"chunk_size": "many", "top_k": 0}, "webhook_url": "x"}', "CHUNK_SIZE"),
    ],
)
def test_a_tree_that_cannot_be_imported_stops_the_start(start, file, text, words):
    file.write_text(text)

    with pytest.raises(SystemExit, match=words):
        start()

    assert file.exists()
    assert stored() == {}


def test_saved_options_are_forgotten_where_that_is_wanted(start):
    get_options().set({"CHUNK_SIZE": 77})

    start(reset_config_on_start="true")

    assert option("CHUNK_SIZE") == 1000
    assert stored() == {}


def test_without_a_reason_nothing_is_touched(start):
    get_options().set({"CHUNK_SIZE": 77})

    start()

    assert option("CHUNK_SIZE") == 77


def test_a_redis_that_may_be_somebody_elses_is_not_touched(start, file):
    file.write_text(json.dumps({"rag": {"chunk_size": 77}}))
    version = get_redis().get(key("options", "version"))

    start(reset_config_on_start="true")

    assert get_redis().get(key("options", "version")) == version
