"""Options: saved, else environment, else default; every process sees a change."""

import json

import pytest
from sqlalchemy import select

from shared import db
from shared.config.options import (
    OPTIONS,
    Options,
    follow_options,
    get_options,
    option,
    parse_bool,
    store,
)
from shared.config.settings import BadSetting
from shared.models.option import OptionRow
from shared.redis import get_redis
from tests.services.waiting import wait_until

ARENA = {"id": "a", "name": "A", "meta": {"model_ids": ["x"]}}

PAST_S = 1_700_000_000

pytestmark = pytest.mark.usefixtures("world")


def stored():
    with db.reading() as session:
        return {row.key: row.value for row in session.scalars(select(OptionRow))}


def save_in_the_past(key, value):
    with db.transaction() as session:
        session.add(OptionRow(key=key, value=value, updated_at=PAST_S))


def test_an_unsaved_option_has_its_default():
    assert option("DEFAULT_USER_ROLE") == "pending"
    assert option("OPENAI_API_BASE_URLS") == ["https://api.openai.com/v1"]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("ENABLE_SIGNUP", "False", False),
        ("OPENAI_API_BASE_URLS", "http://a/v1/; http://b/v1", ["http://a/v1", "http://b/v1"]),
        ("OPENAI_API_KEYS", "k1;;k3", ["k1", "", "k3"]),
        ("EVALUATION_ARENA_MODELS", json.dumps([ARENA]), [ARENA]),
        ("OAUTH_ALLOWED_ROLES", "user, staff", ["user", "staff"]),
        ("RAG_RELEVANCE_THRESHOLD", "0.25", 0.25),
        ("RAG_FILE_MAX_SIZE", "7", 7),
        ("WEBUI_URL", "https://chat.example", "https://chat.example"),
    ],
)
def test_the_environment_counts_before_the_default(monkeypatch, name, text, value):
    monkeypatch.setenv(name, text)

    assert Options().get(name) == value


@pytest.mark.parametrize(
    ("variable", "name", "text", "value"),
    [
        ("OLLAMA_BASE_URL", "OLLAMA_BASE_URLS", "http://o.example/", ["http://o.example"]),
        ("OLLAMA_API_BASE_URL", "OLLAMA_BASE_URLS", "http://o.example/api", ["http://o.example"]),
        ("OAUTH_GROUP_CLAIM", "OAUTH_GROUPS_CLAIM", "teams", "teams"),
        ("LDAP_SEARCH_FILTER", "LDAP_SEARCH_FILTERS", "(a=b)", "(a=b)"),
        ("RAG_EMBEDDING_OPENAI_BATCH_SIZE", "RAG_EMBEDDING_BATCH_SIZE", "8", 8),
        ("CODE_EXECUTION_JUPYTER_TIMEOUT", "CODE_INTERPRETER_JUPYTER_TIMEOUT", "9", 9),
        ("GEMINI_API_KEY", "IMAGES_GEMINI_API_KEY", "g", "g"),
    ],
)
def test_an_option_may_have_several_names(monkeypatch, variable, name, text, value):
    monkeypatch.setenv(variable, text)

    assert Options().get(name) == value


@pytest.mark.parametrize(
    "name",
    ["RAG_OPENAI_API_KEY", "IMAGES_OPENAI_API_KEY"]
    + [f"AUDIO_{kind}_OPENAI_API_KEY" for kind in ("STT", "TTS")],
)
def test_openais_other_services_take_the_key_of_its_connection(name):
    get_options().set(
        {
            "OPENAI_API_BASE_URLS": ["http://other/v1", "https://api.openai.com/v1"],
            "OPENAI_API_KEYS": ["k-other", "k-openai"],
        }
    )
    followed = option(name)

    get_options().set({name: "k-own"})

    assert (followed, option(name)) == ("k-openai", "k-own")


def test_openais_key_is_no_default_for_another_address():
    get_options().set({"OPENAI_API_KEYS": ["k-openai"], "RAG_OPENAI_API_BASE_URL": "http://other"})

    assert option("RAG_OPENAI_API_KEY") == ""
    assert option("AUDIO_TTS_OPENAI_API_KEY") == "k-openai"


def test_embedding_by_ollama_takes_its_first_server():
    get_options().set({"OLLAMA_BASE_URLS": ["http://one:11434", "http://two:11434"]})

    assert option("RAG_OLLAMA_BASE_URL") == "http://one:11434"


@pytest.mark.parametrize(
    ("variable", "group", "name"),
    [
        ("USER_PERMISSIONS_WORKSPACE_MODELS_ACCESS", "workspace", "models"),
        ("USER_PERMISSIONS_WORKSPACE_TOOLS_ALLOW_PUBLIC_SHARING", "sharing", "public_tools"),
        ("USER_PERMISSIONS_CHAT_TEMPORARY_ENFORCED", "chat", "temporary_enforced"),
        ("USER_PERMISSIONS_FEATURES_WEB_SEARCH", "features", "web_search"),
    ],
)
def test_each_permission_has_a_variable(monkeypatch, variable, group, name):
    default = Options().get("USER_PERMISSIONS")
    monkeypatch.setenv(variable, str(not default[group][name]))

    changed = Options().get("USER_PERMISSIONS")

    assert changed == {**default, group: {**default[group], name: not default[group][name]}}


def test_the_first_of_several_names_counts(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "one")
    monkeypatch.setenv("OPENAI_API_KEYS", "many")

    assert Options().get("OPENAI_API_KEYS") == ["many"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ENABLE_SIGNUP", "perhaps"),
        ("WEBUI_BANNERS", "[{"),
        ("WEBUI_BANNERS", '[{"id": 1}]'),
        ("RAG_FILE_MAX_COUNT", "many"),
        ("CHUNK_SIZE", "0"),
        ("WEB_SEARCH_ENGINE", "altavista"),
        ("USER_PERMISSIONS_CHAT_EDIT", "perhaps"),
    ],
)
def test_an_environment_that_cannot_be_used_stops_the_start(monkeypatch, name, text):
    monkeypatch.setenv(name, text)

    with pytest.raises(BadSetting, match=name):
        Options()


def test_all_variables_that_cannot_be_used_are_named_at_once(monkeypatch):
    for name in ("CHUNK_SIZE", "LDAP_SERVER_PORT", "USER_PERMISSIONS_CHAT_EDIT"):
        monkeypatch.setenv(name, "secret words")

    with pytest.raises(BadSetting) as stop:
        Options()

    lines = str(stop.value).splitlines()
    assert [line.split()[3] for line in lines] == [
        "LDAP_SERVER_PORT", "USER_PERMISSIONS_CHAT_EDIT", "CHUNK_SIZE"
    ]  # fmt: skip
    assert "secret words" not in str(stop.value)


def test_a_saved_option_counts_before_the_environment(each_database, monkeypatch):
    monkeypatch.setenv("DEFAULT_USER_ROLE", "user")
    options = Options()
    before = options.get("DEFAULT_USER_ROLE")

    options.set({"DEFAULT_USER_ROLE": "admin"})

    assert (before, options.get("DEFAULT_USER_ROLE")) == ("user", "admin")
    assert stored() == {"ui.default_user_role": "admin"}


def test_a_saved_option_is_ignored_where_the_environment_is_to_count(configure):
    save_in_the_past("ui.default_user_role", "admin")

    configure(enable_persistent_config="false", default_user_role="user")

    assert option("DEFAULT_USER_ROLE") == "user"


def test_what_is_saved_then_counts_for_all_processes_of_this_start(configure):
    configure(enable_persistent_config="false", default_user_role="user")
    other = Options()

    get_options().set({"DEFAULT_USER_ROLE": "admin"})

    assert option("DEFAULT_USER_ROLE") == "admin"
    wait_until(lambda: other.get("DEFAULT_USER_ROLE") == "admin", 2, "the change to be seen")


def test_a_process_hears_at_once_of_what_another_one_saves(monkeypatch):
    monkeypatch.setattr(store, "_FRESH_S", 3600)
    another = Options()
    assert option("DEFAULT_USER_ROLE") == "pending"
    follow_options()

    another.set({"DEFAULT_USER_ROLE": "admin"})

    wait_until(lambda: option("DEFAULT_USER_ROLE") == "admin", 5, "the change to be heard of")


def test_a_process_that_starts_again_knows_what_was_saved_since_the_first_start(configure):
    save_in_the_past("ui.default_user_role", "admin")

    configure(enable_persistent_config="false", options_since=PAST_S - 1)

    assert option("DEFAULT_USER_ROLE") == "admin"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RAG_FILE_MAX_SIZE", None),
        ("OPENAI_API_KEYS", []),
        ("OPENAI_API_CONFIGS", {}),
        ("ENABLE_SIGNUP", False),
        ("WEBUI_URL", ""),
        ("CHUNK_OVERLAP", 0),
        ("COMFYUI_WORKFLOW_NODES", [{"é": ["漢"]}]),
    ],
)
def test_any_value_comes_back_as_it_was_saved(each_database, name, value):
    get_options().set({name: value})

    assert Options().get(name) == value


def test_a_saved_value_without_the_options_form_is_passed_over(each_database, caplog):
    with db.transaction() as session:
        session.add(OptionRow(key="rag.chunk_size", value="many", updated_at=1))
        session.add(OptionRow(key="rag.top_k", value=9, updated_at=1))

    assert (option("CHUNK_SIZE"), option("RAG_TOP_K")) == (1000, 9)
    assert "CHUNK_SIZE" in caplog.text


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
    monkeypatch.setattr(store, "_FRESH_S", -1.0)
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
    configs = {"0": {"key": "sk-ollama-0123", "prefix_id": "x"}, "1": {"enable": False}}

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


def test_every_default_has_the_form_of_its_option():
    assert {o.name: o.checked(o.default) for o in OPTIONS.values()} == {
        o.name: o.default for o in OPTIONS.values()
    }


def test_no_key_lies_inside_another():
    keys = [one.key for one in OPTIONS.values()]

    assert not [(a, b) for a in keys for b in keys if b.startswith(f"{a}.")]


def test_whatever_is_named_like_a_secret_is_kept_as_one():
    words = ("_KEY", "_KEYS", "_SECRET", "_PASSWORD", "_TOKEN", "_SK", "_API_AUTH")
    switches = {"ENABLE_API_KEY"}

    named = {name for name in OPTIONS if name.endswith(words)} - switches

    assert {name for name in named if not OPTIONS[name].is_secret} == set()
