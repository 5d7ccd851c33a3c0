"""Editors: every pair of routes by which admins see and save options."""

from typing import Any

import pytest
from sqlalchemy import select

from shared import db
from shared.config.options import OPTIONS, Options, get_options, option
from shared.config.secrets import is_mask, mask
from shared.models.option import OptionRow
from tests.services.tool_servers import connection
from tests.services.waiting import wait_until

pytestmark = pytest.mark.usefixtures("hurry")
ACCOUNTS = "/api/v1/auths/admin/config"
LDAP, DIRECTORY = f"{ACCOUNTS}/ldap", f"{ACCOUNTS}/ldap/server"
OAUTH = f"{ACCOUNTS}/oauth"
CODE, MODELS = "/api/v1/configs/code_execution", "/api/v1/configs/models"
DIRECT, TOOLS = "/api/v1/configs/direct_connections", "/api/v1/configs/tool_servers"
WEBHOOK, ARENA = "/api/webhook", "/api/v1/evaluations/config"
PERMISSIONS = "/api/v1/users/default/permissions"
TASKS, AUDIO = "/api/v1/tasks/config", "/api/v1/audio/config"
IMAGES, IMAGE = "/api/v1/images/config", "/api/v1/images/image/config"
EMBEDDING, RERANKING = "/api/v1/retrieval/embedding", "/api/v1/retrieval/reranking"
RETRIEVAL = "/api/v1/retrieval/config"
SAVED_AT_THE_SAME_PLACE = {
    ACCOUNTS, LDAP, DIRECTORY, OAUTH, CODE, MODELS, DIRECT, TOOLS, WEBHOOK, ARENA, PERMISSIONS,
}  # fmt: skip
SAVED_BELOW = {TASKS, AUDIO, IMAGES, IMAGE, EMBEDDING, RERANKING, RETRIEVAL}
EDITORS = sorted(SAVED_AT_THE_SAME_PLACE | SAVED_BELOW)

# Another value for what takes only some, or has no value yet.
OTHERS = {
    "AUTOMATIC1111_CFG_SCALE": 7.5,
    "AUTOMATIC1111_SAMPLER": "Euler",
    "AUTOMATIC1111_SCHEDULER": "Karras",
    "CODE_EXECUTION_ENGINE": "jupyter",
    "CODE_EXECUTION_JUPYTER_AUTH": "token",
    "CODE_INTERPRETER_ENGINE": "jupyter",
    "CODE_INTERPRETER_JUPYTER_AUTH": "password",
    "COMFYUI_WORKFLOW_NODES": [{"type": "prompt", "key": "text", "node_ids": ["6"]}],
    "CONTENT_EXTRACTION_ENGINE": "tika",
    "DEFAULT_MODELS": "alpha,beta",
    "DEFAULT_USER_ROLE": "user",
    "EVALUATION_ARENA_MODELS": [{"id": "a", "name": "A", "meta": {"model_ids": ["x"]}}],
    "FILE_MAX_COUNT": 3,
    "FILE_MAX_SIZE": 7,
    "IMAGES_EDIT_COMFYUI_WORKFLOW_NODES": [{"type": "image", "key": "", "node_ids": ["10"]}],
    "IMAGE_SIZE": "64x32",
    "JWT_EXPIRES_IN": "12h",
    "MODEL_ORDER_LIST": ["beta", "alpha"],
    "OAUTH_ADMIN_ROLES": "chief",
    "OAUTH_ALLOWED_DOMAINS": "example.org",
    "OAUTH_ALLOWED_ROLES": "staff,chief",
    "SPLIT_ON": "none",
    "TAVILY_EXTRACT_DEPTH": "advanced",
    "TEXT_SPLITTER": "token",
    "TOOL_SERVER_CONNECTIONS": [
        {
            "url": "http://t",
            "path": "x.json",
            "auth_type": None,
            "key": None,
            "config": None,
            "n": 1,
        }
    ],
    "WEB_LOADER_ENGINE": "firecrawl",
    "WEB_SEARCH_DOMAIN_FILTER_LIST": ["example.org"],
    "WEB_SEARCH_ENGINE": "searxng",
    "YOUTUBE_LOADER_LANGUAGE": ["de", "en"],
    "YOUTUBE_LOADER_TRANSLATION": "fr",
    "embedding_engine": "openai",
}
ENGINES = {AUDIO: "openai", IMAGES: "comfyui"}


# Newer clients' names of the same fields.
ALSO = {
    "API_KEYS_ALLOWED_ENDPOINTS": "API_KEY_ALLOWED_ENDPOINTS",
    "ENABLE_API_KEYS": "ENABLE_API_KEY",
    "ENABLE_API_KEYS_ENDPOINT_RESTRICTIONS": "ENABLE_API_KEY_ENDPOINT_RESTRICTIONS",
    "ENABLE_LDAP": "enable_ldap",
    "OAUTH_GROUP_CLAIM": "OAUTH_GROUPS_CLAIM",
    "RAG_EMBEDDING_BATCH_SIZE": "embedding_batch_size",
    "RAG_EMBEDDING_ENGINE": "embedding_engine",
    "RAG_EMBEDDING_MODEL": "embedding_model",
}


# What answers hold beside the options.
FIXED = {
    "status",
    "settings",
    "access_grants",
    "DEFAULT_GROUP_ID",
    "ENABLE_AUTOMATIONS",
    "ENABLE_CALENDAR",
    "ENABLE_FOLDERS",
    "ENABLE_MEMORIES",
    "ENABLE_MEMORY_SYSTEM_CONTEXT",
    "ENABLE_NOTES",
    "ENABLE_USER_STATUS",
}


def saved_at(path):
    return path if path in SAVED_AT_THE_SAME_PLACE else f"{path}/update"


def stored():
    with db.reading() as session:
        return {row.key: row.value for row in session.scalars(select(OptionRow))}


def other_than(name: str, value: Any, path: str) -> Any:
    """Give another value of the same form."""
    if isinstance(value, dict):
        return {inner: other_than(inner, one, path) for inner, one in value.items()}
    if name.lower() == "engine":
        return ENGINES[path]
    if name in OTHERS:
        return OTHERS[name]
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else f"{value}-{name}-é"


def changed(shown: dict[str, Any], path: str) -> dict[str, Any]:
    """Give a body with another value in every field."""
    new = {n: v if n in FIXED else other_than(n, v, path) for n, v in shown.items()}
    return new | {also: new[name] for also, name in ALSO.items() if also in new}


def as_shown(name: str, value: Any) -> Any:
    """Give a value as an answer shows it: what is named like a secret is masked."""
    if isinstance(value, dict):
        return {inner: as_shown(inner, one) for inner, one in value.items()}
    secret = name.lower().endswith(("_key", "password", "_token", "_sk", "_api_auth", "_secret"))
    is_secret = (secret or name == "key") and isinstance(value, str)
    return mask(value) if is_secret else value


@pytest.mark.parametrize("path", EDITORS)
def test_every_field_is_saved_and_shown_in_every_process(admin, path):
    elsewhere = Options()
    new = changed(admin.get(path).json, path)

    answer = admin.post(saved_at(path), new)

    assert answer.status_code == 200, answer.text
    assert answer.json == admin.get(path).json == as_shown("", new)
    saved = {name for name in OPTIONS if option(name) != OPTIONS[name].default}
    assert saved
    wait_until(lambda: all(elsewhere.get(n) == option(n) for n in saved), 2, "the change")


@pytest.mark.parametrize("path", EDITORS)
def test_saving_what_is_shown_changes_nothing(admin, path):
    admin.post(saved_at(path), changed(admin.get(path).json, path))
    values = {name: option(name) for name in OPTIONS}
    shown = admin.get(path).json

    answer = admin.post(saved_at(path), shown)

    assert (answer.status_code, answer.json) == (200, shown)
    assert {name: option(name) for name in OPTIONS} == values


@pytest.mark.parametrize("path", EDITORS)
def test_only_admins_see_and_save(member, stranger, path):
    seen = 200 if path == TASKS else 401

    assert member.get(path).status_code == seen
    assert member.post(saved_at(path), {}).status_code == 401
    assert stranger.get(path).status_code == 403
    assert stranger.post(saved_at(path), {}).status_code == 403
    assert stored() == {}


@pytest.mark.parametrize("path", EDITORS)
def test_values_of_another_form_are_refused_and_nothing_is_saved(admin, path):
    shown = admin.get(path).json
    name = next(n for n in shown if n not in FIXED)

    answer = admin.post(saved_at(path), {**shown, name: [{"no": "form"}]})

    assert answer.status_code == 422
    assert answer.json["detail"][0]["loc"][:2] == ["body", name]
    assert stored() == {}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (ACCOUNTS, "WEBUI_URL"),
        (DIRECTORY, "label"),
        (CODE, "CODE_EXECUTION_JUPYTER_URL"),
        (MODELS, "DEFAULT_MODELS"),
        (TOOLS, "TOOL_SERVER_CONNECTIONS"),
        (WEBHOOK, "url"),
        (TASKS, "TASK_MODEL"),
        (AUDIO, "tts"),
        (IMAGES, "gemini"),
        (IMAGE, "MODEL"),
        (EMBEDDING, "embedding_model"),
        (RERANKING, "reranking_model"),
        (PERMISSIONS, "sharing"),
    ],
)
def test_a_field_that_has_to_be_there_is_missed(admin, path, name):
    shown = admin.get(path).json
    body = {n: v for n, v in shown.items() if n != name and ALSO.get(n) != name}

    answer = admin.post(saved_at(path), body)

    assert answer.status_code == 422
    assert answer.json["detail"][0]["loc"] == ["body", name]
    assert answer.json["detail"][0]["type"] == "missing"


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (RETRIEVAL, {"CONTENT_EXTRACTION_ENGINE": "magic"}),
        (RETRIEVAL, {"CHUNK_SIZE": 0}),
        (RETRIEVAL, {"TOP_K": -1}),
        (RETRIEVAL, {"FILE_MAX_SIZE": "large"}),
        (RETRIEVAL, {"web": {"WEB_SEARCH_ENGINE": "altavista"}}),
        (RETRIEVAL, {"web": {"WEB_SEARCH_DOMAIN_FILTER_LIST": "example.org"}}),
        (ARENA, {"EVALUATION_ARENA_MODELS": [{"id": "a"}]}),
    ],
)
def test_what_an_option_does_not_take_is_refused(admin, path, change):
    assert admin.post(saved_at(path), change).status_code == 422
    assert stored() == {}


# Secrets


def test_secrets_are_neither_shown_nor_stored_in_clear(each_database, admin):
    secret = "tvly-0123456789abcdef"

    answer = admin.post(saved_at(RETRIEVAL), {"web": {"TAVILY_API_KEY": secret}})

    assert answer.json["web"]["TAVILY_API_KEY"] == mask(secret)
    assert secret not in answer.text + str(stored())
    assert option("TAVILY_API_KEY") == secret


def test_an_empty_text_forgets_a_secret(admin):
    get_options().set({"TAVILY_API_KEY": "tvly-0123456789abcdef"})

    admin.post(saved_at(RETRIEVAL), {"web": {"TAVILY_API_KEY": ""}})

    assert option("TAVILY_API_KEY") == ""


def test_the_mask_of_a_key_that_is_followed_saves_no_copy_of_it(admin):
    get_options().set({"OPENAI_API_KEYS": ["sk-one-0123456789"]})
    shown = admin.get(AUDIO).json

    admin.post(saved_at(AUDIO), shown)
    get_options().set({"OPENAI_API_KEYS": ["sk-two-0123456789"]})

    assert is_mask(shown["tts"]["OPENAI_API_KEY"])
    assert option("AUDIO_TTS_OPENAI_API_KEY") == "sk-two-0123456789"


def test_keys_of_tool_servers_stay_with_their_addresses(admin):
    one, two = "tool-one-0123456789", "tool-two-0123456789"
    sent = [connection("http://one", key=one), connection("http://two", key=two)]
    shown = admin.post(TOOLS, {"TOOL_SERVER_CONNECTIONS": sent}).json["TOOL_SERVER_CONNECTIONS"]

    moved = [shown[1], {**shown[0], "url": "http://evil"}]
    admin.post(TOOLS, {"TOOL_SERVER_CONNECTIONS": moved})

    assert [server["key"] for server in shown] == [mask(one), mask(two)]
    kept = [(one["url"], one["key"]) for one in option("TOOL_SERVER_CONNECTIONS")]
    assert kept == [("http://two", two), ("http://evil", "")]


# What null and missing fields mean


def test_no_task_model_may_be_said_by_null(admin):
    get_options().set({"TASK_MODEL": "alpha"})

    answer = admin.post(saved_at(TASKS), {**admin.get(TASKS).json, "TASK_MODEL": None})

    assert answer.json["TASK_MODEL"] == ""


def test_models_may_have_no_default_and_no_order(admin):
    get_options().set({"DEFAULT_MODELS": "alpha", "MODEL_ORDER_LIST": ["beta"]})

    answer = admin.post(MODELS, {"DEFAULT_MODELS": None, "MODEL_ORDER_LIST": None})

    assert answer.json == {"DEFAULT_MODELS": None, "MODEL_ORDER_LIST": []}


# Single editors


@pytest.mark.parametrize("sent", ["staff, chief,", ["staff", "chief"]])
def test_roles_of_providers_are_shown_as_one_text_and_taken_as_text_or_list(admin, sent):
    answer = admin.post(OAUTH, {"OAUTH_ALLOWED_ROLES": sent})

    assert answer.json["OAUTH_ALLOWED_ROLES"] == "staff,chief"
    assert option("OAUTH_ALLOWED_ROLES") == ["staff", "chief"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"IMAGE_SIZE": "large"}, "512x512"),
        ({"IMAGE_SIZE": "512x"}, "512x512"),
        ({"IMAGE_STEPS": -1}, "50"),
    ],
)
def test_an_impossible_image_is_refused_in_words(admin, change, words):
    answer = admin.post(saved_at(IMAGE), {**admin.get(IMAGE).json, **change})

    assert answer.status_code == 400
    assert words in answer.json["detail"]


@pytest.mark.parametrize("name", ["label", "host", "app_dn", "app_dn_password", "search_base"])
def test_a_directory_needs_all_that_finds_people_in_it(admin, name):
    full = dict.fromkeys(("label", "host", "app_dn", "app_dn_password", "search_base"), "x")

    answer = admin.post(DIRECTORY, {**full, name: " "})

    assert answer.status_code == 400
    assert answer.json["detail"] == f"Required field {name} is empty"


def test_a_directory_is_described_by_few_fields(admin):
    full = dict.fromkeys(("label", "host", "app_dn", "app_dn_password", "search_base"), "x")

    answer = admin.post(DIRECTORY, full)

    assert (answer.json["port"], answer.json["attribute_for_mail"]) == (389, "mail")


def test_a_saved_permission_is_what_users_are_told(admin, member):
    body = admin.get(PERMISSIONS).json
    body["chat"]["edit"] = False

    admin.post(PERMISSIONS, body)

    wanted = {group: names for group, names in body.items() if group not in FIXED}
    assert member.get("/api/v1/users/permissions").json == wanted
    assert member.get("/api/config").json["permissions"]["chat"]["edit"] is False


def test_where_the_environment_counts_a_save_does_so_for_the_time_being(configure, admin):
    configure(enable_persistent_config="false", chunk_size="55")
    before = admin.get(RETRIEVAL).json["CHUNK_SIZE"]

    after = admin.post(saved_at(RETRIEVAL), {"CHUNK_SIZE": 66}).json["CHUNK_SIZE"]

    assert (before, after) == (55, 66)
