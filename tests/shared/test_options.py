"""Options: saved, else environment, else default; every process sees a change."""

import pytest
from sqlalchemy import select

from shared import db
from shared.config import options as module
from shared.config.options import OPTIONS, Options, get_options, option, parse_bool
from shared.config.settings import BadSetting
from shared.models.option import OptionRow
from shared.redis import get_redis
from tests.services.waiting import wait_until

pytestmark = pytest.mark.usefixtures("world")


def stored():
    with db.reading() as session:
        return {row.key: row.value for row in session.scalars(select(OptionRow))}


def test_an_unsaved_option_has_its_default():
    assert option("DEFAULT_USER_ROLE") == "pending"
    assert option("OPENAI_API_BASE_URLS") == ["https://api.openai.com/v1"]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("ENABLE_SIGNUP", "False", False),
        ("OPENAI_API_BASE_URLS", "http://a/v1/; http://b/v1", ["http://a/v1", "http://b/v1"]),
        ("OPENAI_API_KEYS", "k1;;k3", ["k1", "", "k3"]),
        ("WEBUI_BANNERS", '[{"id": "1"}]', [{"id": "1"}]),
        ("RAG_FILE_MAX_SIZE", "7", 7),
        ("WEBUI_URL", "https://chat.example", "https://chat.example"),
    ],
)
def test_the_environment_counts_before_the_default(monkeypatch, name, text, value):
    monkeypatch.setenv(name, text)

    assert Options().get(name) == value


@pytest.mark.parametrize("name", ["OLLAMA_BASE_URLS", "OLLAMA_BASE_URL", "OLLAMA_API_BASE_URL"])
def test_an_option_may_have_several_names(monkeypatch, name):
    monkeypatch.setenv(name, "http://ollama.example:11434/")

    assert Options().get("OLLAMA_BASE_URLS") == ["http://ollama.example:11434"]


def test_the_first_of_several_names_counts(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "one")
    monkeypatch.setenv("OPENAI_API_KEYS", "many")

    assert Options().get("OPENAI_API_KEYS") == ["many"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("ENABLE_SIGNUP", "perhaps"), ("WEBUI_BANNERS", "[{"), ("RAG_FILE_MAX_COUNT", "many")],
)
def test_an_environment_that_cannot_be_used_stops_the_start(monkeypatch, name, text):
    monkeypatch.setenv(name, text)

    with pytest.raises(BadSetting, match=name):
        Options()


def test_a_saved_option_counts_before_the_environment(each_database, monkeypatch):
    monkeypatch.setenv("DEFAULT_USER_ROLE", "user")
    options = Options()
    before = options.get("DEFAULT_USER_ROLE")

    options.set({"DEFAULT_USER_ROLE": "admin"})

    assert (before, options.get("DEFAULT_USER_ROLE")) == ("user", "admin")
    assert stored() == {"ui.default_user_role": "admin"}


def test_a_saved_option_is_ignored_where_the_environment_is_to_count(configure):
    get_options().set({"DEFAULT_USER_ROLE": "admin"})

    configure(enable_persistent_config="false", default_user_role="user")

    assert option("DEFAULT_USER_ROLE") == "user"


@pytest.mark.parametrize("value", [None, [], {}, False, "", 0, [{"é": ["漢"]}]])
def test_any_value_comes_back_as_it_was_saved(each_database, value):
    get_options().set({"WEBUI_BANNERS": value})

    assert Options().get("WEBUI_BANNERS") == value


def test_a_change_is_seen_at_once_by_whoever_made_it():
    for role in ("user", "admin", "pending"):
        get_options().set({"DEFAULT_USER_ROLE": role})
        assert option("DEFAULT_USER_ROLE") == role


def test_a_change_is_seen_by_other_processes_within_a_moment():
    other = Options()
    assert other.get("DEFAULT_USER_ROLE") == "pending"

    get_options().set({"DEFAULT_USER_ROLE": "admin"})

    wait_until(lambda: other.get("DEFAULT_USER_ROLE") == "admin", 2, "the change to be seen")


def test_a_change_that_is_rolled_back_is_seen_by_nobody(each_database):
    with pytest.raises(ValueError, match="no"), db.transaction():
        get_options().set({"DEFAULT_USER_ROLE": "admin"})
        raise ValueError("no")

    assert option("DEFAULT_USER_ROLE") == "pending"
    assert Options().get("DEFAULT_USER_ROLE") == "pending"


def test_a_forgotten_option_has_its_default_again(each_database):
    get_options().set({"DEFAULT_USER_ROLE": "admin", "WEBUI_URL": "x"})

    get_options().reset(["DEFAULT_USER_ROLE"])

    assert option("DEFAULT_USER_ROLE") == "pending"
    assert option("WEBUI_URL") == "x"


def test_looking_at_options_costs_almost_nothing():
    option("WEBUI_URL")
    before = get_redis().info("stats")["total_commands_processed"]

    for _ in range(200):
        option("WEBUI_URL")

    # One for this question itself, one for a look at the counter.
    assert get_redis().info("stats")["total_commands_processed"] - before <= 2


def test_without_redis_what_is_saved_counts_all_the_same(mortal_valkey, monkeypatch):
    monkeypatch.setattr(module, "_FRESH_S", -1.0)
    other = Options()
    mortal_valkey.kill()

    get_options().set({"DEFAULT_USER_ROLE": "admin"})

    assert option("DEFAULT_USER_ROLE") == "admin"
    assert other.get("DEFAULT_USER_ROLE") == "admin"


def test_secrets_are_encrypted_in_the_database(each_database):
    keys = ["sk-live-0123456789", "", "sk-other"]

    get_options().set({"OPENAI_API_KEYS": keys})

    assert Options().get("OPENAI_API_KEYS") == keys
    assert "sk-" not in str(stored())


def test_the_keys_of_ollama_servers_are_encrypted_too(each_database):
    configs = {"0": {"key": "sk-ollama-0123", "prefix_id": "x"}, "1": {"enable": False}, "2": None}

    get_options().set({"OLLAMA_API_CONFIGS": configs})

    assert Options().get("OLLAMA_API_CONFIGS") == configs
    assert "sk-ollama" not in str(stored())
    assert stored()["ollama.api_configs"]["0"]["prefix_id"] == "x"


def test_rows_of_options_that_are_gone_are_ignored():
    with db.transaction() as session:
        session.add(OptionRow(key="of.an.older.version", value=1, updated_at=1))

    assert Options().get("WEBUI_URL") == "http://localhost:8080"


def test_an_unknown_option_is_a_mistake_of_the_program():
    with pytest.raises(KeyError):
        option("NO_SUCH_OPTION")
    with pytest.raises(KeyError):
        get_options().set({"NO_SUCH_OPTION": 1})


def test_no_two_options_share_a_key():
    keys = [one.key for one in OPTIONS.values()]

    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("text", "value"),
    [("TRUE", True), ("1", True), (" yes ", True), ("on", True), ("False", False), ("0", False)],
)
def test_truth_has_several_words(text, value):
    assert parse_bool(text) is value
