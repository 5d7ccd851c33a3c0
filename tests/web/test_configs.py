"""Configuration: notices, suggestions, and all options as a tree."""

import pytest

from shared.config.options import OPTIONS, get_options, option
from shared.config.secrets import mask
from shared.services import models
from tests.services.things import offer

BANNERS = "/api/v1/configs/banners"
SUGGESTIONS = "/api/v1/configs/suggestions"
EXPORT, IMPORT = "/api/v1/configs/export", "/api/v1/configs/import"
BANNER = {
    "id": "b1",
    "type": "info",
    "title": "é漢🙂",
    "content": "**Hello**",
    "dismissible": True,
    "timestamp": 1700000000,
}


def test_there_are_no_notices_at_first(member):
    answer = member.get(BANNERS)

    assert (answer.status_code, answer.json) == (200, [])


def test_an_admin_puts_notices_up_and_takes_them_down(each_database, admin, member):
    answer = admin.post(BANNERS, {"banners": [BANNER]})

    assert (answer.status_code, answer.json) == (200, [BANNER])
    assert member.get(BANNERS).json == [BANNER]
    assert admin.post(BANNERS, {"banners": []}).json == []
    assert member.get(BANNERS).json == []


def test_a_notice_needs_no_title(admin):
    banner = {name: value for name, value in BANNER.items() if name != "title"}

    assert admin.post(BANNERS, {"banners": [banner]}).json == [{**banner, "title": None}]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"banners": "text"},
        {"banners": [{}]},
        {"banners": [{**BANNER, "timestamp": "soon"}]},
        {"banners": [{**BANNER, "dismissible": None}]},
    ],
)
def test_what_are_no_notices_is_refused(admin, body):
    assert admin.post(BANNERS, body).status_code == 422


def test_notices_are_read_by_members_and_written_by_admins(member, stranger, new_caller):
    assert member.post(BANNERS, {"banners": []}).status_code == 401
    assert stranger.get(BANNERS).status_code == 403
    assert new_caller("pending").get(BANNERS).status_code == 401


# Suggestions


def test_an_admin_chooses_what_an_empty_chat_suggests(each_database, admin, member):
    suggestions = [{"title": ["é", "漢"], "content": "Say it.", "id": "kept"}]

    answer = admin.post(SUGGESTIONS, {"suggestions": suggestions})

    assert (answer.status_code, answer.json) == (200, suggestions)
    assert member.get("/api/config").json["default_prompt_suggestions"] == suggestions


@pytest.mark.parametrize("body", [{}, {"suggestions": [{"title": "x", "content": "y"}]}])
def test_what_are_no_suggestions_is_refused(admin, member, body):
    assert admin.post(SUGGESTIONS, body).status_code == 422
    assert member.post(SUGGESTIONS, body).status_code == 401


# Export and import


def test_only_what_was_saved_is_exported(each_database, admin):
    get_options().set({"ENABLE_SIGNUP": False, "CHUNK_SIZE": 77, "WEBHOOK_URL": "http://w"})

    assert admin.get(EXPORT).json == {
        "version": 0,
        "ui": {"enable_signup": False},
        "rag": {"chunk_size": 77},
        "webhook_url": "http://w",
    }


def test_secrets_are_exported_as_masks_which_an_import_keeps(each_database, admin):
    keys = ["sk-one-0123456789", "sk-two-0123456789"]
    secrets = {
        "OPENAI_API_BASE_URLS": ["http://one/v1", "http://two/v1"],
        "OPENAI_API_KEYS": keys,
        "OLLAMA_BASE_URLS": ["http://ollama"],
        "OLLAMA_API_CONFIGS": {"0": {"key": "ollama-0123456789"}},
        "TAVILY_API_KEY": "tvly-0123456789",
    }
    get_options().set(secrets)
    exported = admin.get(EXPORT)

    answer = admin.post(IMPORT, {"config": exported.json})

    assert "0123456789" not in exported.text + answer.text
    assert exported.json["openai"]["api_keys"] == [mask(key) for key in keys]
    assert (answer.status_code, answer.json) == (200, exported.json)
    assert {name: option(name) for name in secrets} == secrets


@pytest.mark.parametrize("keys", ["the masks", "nothing"])
def test_no_key_is_imported_for_another_address(admin, keys):
    get_options().set(
        {
            "OPENAI_API_BASE_URLS": ["http://one/v1", "http://two/v1"],
            "OPENAI_API_KEYS": ["sk-one-0123456789", "sk-two-0123456789"],
            "OLLAMA_API_CONFIGS": {"0": {"key": "ollama-0123456789"}},
        }
    )
    tree = admin.get(EXPORT).json if keys == "the masks" else {"openai": {}}
    tree["openai"]["api_base_urls"] = ["http://evil/v1", "http://two/v1"]
    tree["ollama"] = {**tree.get("ollama", {}), "base_urls": ["http://evil"]}

    admin.post(IMPORT, {"config": tree})

    assert option("OPENAI_API_KEYS") == ["", "sk-two-0123456789"]
    assert option("OLLAMA_API_CONFIGS") == {"0": {"key": ""}}


def test_an_import_brings_new_values_and_leaves_the_rest(admin):
    get_options().set({"ENABLE_SIGNUP": False, "CHUNK_SIZE": 77})
    tree = {
        "version": 0,
        "ui": {"default_locale": "de", "of_another_version": [1]},
        "rag": {"chunk_size": 88, "top_k": None},
        "user": {"permissions": {"chat": {"edit": False}}},
    }

    answer = admin.post(IMPORT, {"config": tree})

    assert answer.json["ui"] == {"default_locale": "de", "enable_signup": False}
    assert (option("CHUNK_SIZE"), option("RAG_TOP_K")) == (88, 3)


def test_permissions_that_an_import_leaves_out_have_their_default(admin, member):
    admin.post(IMPORT, {"config": {"user": {"permissions": {"chat": {"edit": False}}}}})

    permissions = member.get("/api/v1/users/permissions").json
    default = OPTIONS["USER_PERMISSIONS"].default
    assert permissions == {**default, "chat": {**default["chat"], "edit": False}}


def test_a_flat_tree_of_a_newer_version_is_understood(admin):
    admin.post(IMPORT, {"config": {"rag.chunk_size": 88, "ui.default_locale": "fr"}})

    assert (option("CHUNK_SIZE"), option("DEFAULT_LOCALE")) == (88, "fr")


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        ({"rag": {"chunk_size": "many"}}, ["rag", "chunk_size"]),
        ({"ui": {"banners": [{"id": 1}]}}, ["ui", "banners"]),
        ({"openai": {"api_keys": [7]}}, ["openai", "api_keys"]),
        ({"user": {"permissions": {"chat": True}}}, ["user", "permissions"]),
    ],
)
def test_a_tree_with_a_wrong_value_is_refused_as_a_whole(admin, tree, place):
    answer = admin.post(IMPORT, {"config": {**tree, "webhook_url": "http://w"}})

    assert answer.status_code == 422
    assert answer.json["detail"][0]["loc"] == ["body", "config", *place]
    assert admin.get(EXPORT).json == {"version": 0}


def test_imported_connections_are_asked_for_their_models(admin):
    offer("alpha")

    admin.post(IMPORT, {"config": {"ollama": {"enable": False}}})

    assert models.is_outdated()


@pytest.mark.parametrize("body", [{}, {"config": []}, {"config": "text"}])
def test_what_is_no_tree_is_refused(admin, body):
    assert admin.post(IMPORT, body).status_code == 422


def test_the_tree_is_the_admins_business(member):
    assert member.get(EXPORT).status_code == 401
    assert member.post(IMPORT, {"config": {}}).status_code == 401
