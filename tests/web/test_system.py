"""The system itself: health, version, and what a page is told before and after the sign-in."""

import pytest
from sqlalchemy import create_engine, text

from shared import db, revisions
from shared.config.options import get_options
from shared.kinds.base import QUEUES
from shared.metrics import reports
from shared.version import API_VERSION, VERSION
from web.system.changelog import newest

STRANGERS = {"status", "name", "version", "default_locale", "oauth", "features"}
FEATURES_FOR_STRANGERS = {
    "auth", "auth_trusted_header", "enable_ldap", "enable_api_key", "enable_signup",
    "enable_login_form", "enable_websocket",
}  # fmt: skip
FEATURES_FOR_MEMBERS = {
    f"enable_{name}"
    for name in (
        "direct_connections", "channels", "web_search", "code_execution", "code_interpreter",
        "image_generation", "autocomplete_generation", "community_sharing", "message_rating",
        "user_webhooks", "admin_export", "admin_chat_access", "google_drive_integration",
        "onedrive_integration",
    )
}  # fmt: skip
MEMBERS = {
    "default_models", "default_prompt_suggestions", "user_count", "code", "audio", "file",
    "permissions", "google_drive", "onedrive", "license_metadata",
}  # fmt: skip


# Health and version


def test_health_needs_neither_account_nor_database(stranger, monkeypatch):
    monkeypatch.setattr(db, "transaction", None)
    monkeypatch.setattr(db, "reading", None)

    answer = stranger.get("/health")

    assert (answer.status_code, answer.json) == (200, {"status": True})


def test_health_of_the_database_is_that_of_the_database(each_database, stranger):
    assert stranger.get("/health/db").json == {"status": True}


def test_a_database_that_is_away_is_told(stranger, tmp_path):
    db.get_engine().dispose()
    engine = db.get_engine()
    away = engine.url.set(database=str(tmp_path / "nowhere" / "x.db"))
    db.forget_engine()
    db.bind(db.create_engine(away))

    answer = stranger.get("/health/db")

    assert (answer.status_code, list(answer.json)) == (500, ["detail"])


def test_the_version_is_that_of_the_surface_with_ours_beside(stranger):
    version = stranger.get("/api/version").json

    assert (version["version"], version["switchyard"]) == (API_VERSION, VERSION)


def test_the_newest_version_is_the_running_one(member, stranger):
    assert member.get("/api/version/updates").json == {
        "current": API_VERSION,
        "latest": API_VERSION,
    }
    assert stranger.get("/api/version/updates").status_code == 403


# What a page is told


def test_before_the_first_account_the_page_is_told_to_begin(each_database, stranger):
    config = stranger.get("/api/config").json

    assert config["onboarding"] is True
    assert set(config) == STRANGERS | {"onboarding"}


def test_strangers_are_told_little(each_database, stranger, member):
    config = stranger.get("/api/config").json

    assert set(config) == STRANGERS
    assert set(config["features"]) == FEATURES_FOR_STRANGERS
    assert (config["status"], config["version"]) == (True, API_VERSION)
    assert config["oauth"] == {"providers": {}}


def test_members_are_told_what_they_may_do(each_database, member, other):
    config = member.get("/api/config").json

    assert set(config) == STRANGERS | MEMBERS
    assert set(config["features"]) == FEATURES_FOR_STRANGERS | FEATURES_FOR_MEMBERS
    assert config["user_count"] == 2
    assert config["permissions"]["chat"]["delete"] is True
    assert set(config["audio"]) == {"tts", "stt"}
    assert config["file"] == {"max_size": None, "max_count": None}
    assert all(len(s["title"]) == 2 for s in config["default_prompt_suggestions"])


def test_admins_are_told_one_thing_more(admin):
    assert set(admin.get("/api/config").json) == STRANGERS | MEMBERS | {"active_entries"}


def test_the_cookie_counts_as_well_as_the_bearer(member, stranger):
    answer = stranger.get("/api/config", headers={"Cookie": f"token={member.token}"})

    assert "permissions" in answer.json


def test_an_account_that_waits_counts_as_signed_in(new_caller):
    assert "permissions" in new_caller("pending").get("/api/config").json


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "sk-unknown"])
def test_a_bad_token_makes_a_stranger_and_no_error(member, stranger, token):
    answer = stranger.with_token(token).get("/api/config")

    assert answer.status_code == 200
    assert set(answer.json) == STRANGERS


def test_a_key_where_keys_are_off_makes_a_stranger_and_no_error(member):
    clear = member.post("/api/v1/auths/api_key").json["api_key"]
    get_options().set({"ENABLE_API_KEY": False})

    answer = member.with_token(clear).get("/api/config")

    assert set(answer.json) == STRANGERS
    assert answer.json["features"]["enable_api_key"] is False


def test_what_an_admin_decides_is_told(member, configure):
    get_options().set({"ENABLE_SIGNUP": False, "ENABLE_CHANNELS": True, "DEFAULT_MODELS": "a,b"})

    config = member.get("/api/config").json

    assert config["features"]["enable_signup"] is False
    assert config["features"]["enable_channels"] is True
    assert config["default_models"] == "a,b"


def test_the_operators_settings_are_told(stranger, configure):
    configure(webui_name="Yard", enable_websocket_support="false")

    config = stranger.get("/api/config").json

    assert (config["name"], config["features"]["enable_websocket"]) == ("Yard", False)


# What is new


def test_the_changelog_is_told_in_the_pages_form(stranger):
    releases = stranger.get("/api/changelog").json

    assert next(iter(releases)) == VERSION
    for release in releases.values():
        items = [item for section in release.values() if section != release["date"]
                 for item in section]  # fmt: skip
        assert all(set(item) == {"title", "content", "raw"} for item in items)


CHANGES = """# Changelog

## [Unreleased]

### Added

- Chats: with `code` <b>
  on two lines.
- Without a colon

## [1.1.0] - 2026-01-02

### Fixed

- One.

## 1.0.0

### Changed

- Old.
"""


def test_the_newest_releases_are_read_with_their_sections():
    releases = newest(CHANGES, 2, "1.2.0")

    assert list(releases) == ["1.2.0", "1.1.0"]
    assert releases["1.1.0"]["date"] == "2026-01-02"
    assert releases["1.1.0"]["fixed"][0]["content"] == "One."
    assert releases["1.2.0"]["date"] == "not released yet"


def test_an_items_words_are_escaped_where_they_are_html():
    first, second = newest(CHANGES, 1, "1.2.0")["1.2.0"]["added"]

    assert (first["title"], first["content"]) == ("Chats", "with code <b> on two lines.")
    assert first["raw"] == "<li>Chats: with code &lt;b&gt; on two lines.</li>"
    assert (second["title"], second["content"]) == ("", "Without a colon")


def test_no_changelog_is_no_release():
    assert newest("", 5, "1.0.0") == {}


# Readiness


@pytest.fixture
def serving(monkeypatch):
    """Pretend that this process takes the jobs of some queues."""

    def serve(*queues):
        monkeypatch.setattr(reports, "_me", reports._Me("inference", queues))
        reports.tell()

    return serve


def test_all_is_ready_when_every_queue_has_a_worker(each_database, stranger, serving):
    serving(*QUEUES)

    answer = stranger.get("/health/ready")

    assert (answer.status_code, answer.json) == (200, {"status": True, "missing": []})


def test_it_is_told_which_queue_has_no_worker(stranger, serving):
    serving("interactive", "default", "batch", "quick")

    answer = stranger.get("/health/ready")

    assert (answer.status_code, answer.json["missing"]) == (503, ["workers of compute"])


def test_only_the_queues_that_are_named_have_to_be_served(stranger, serving):
    serving("interactive")

    assert stranger.get("/health/ready?queues=interactive").status_code == 200
    assert stranger.get("/health/ready?queues=").status_code == 200
    assert stranger.get("/health/ready?queues=other").status_code == 422


def test_a_database_of_another_version_is_not_ready(each_database, stranger):
    with db.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))

    answer = stranger.get("/health/ready?queues=")
    with db.transaction() as session:  # the next test finds it as it was
        newest = {"newest": revisions.read()[1].pop()}
        session.execute(text("UPDATE alembic_version SET version_num = :newest"), newest)

    assert (answer.status_code, answer.json["missing"]) == (503, ["migrations"])


def test_a_database_without_tables_is_not_ready(stranger, tmp_path):
    db.bind(create_engine(f"sqlite:///{tmp_path}/empty.db"))

    assert stranger.get("/health/ready?queues=").json["missing"] == ["migrations"]


def test_a_database_that_does_not_answer_is_told_at_once(stranger):
    db.bind(create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"))

    assert stranger.get("/health/ready?queues=").json["missing"] == ["database"]


def test_a_redis_that_does_not_answer_is_told(mortal_valkey, stranger):
    mortal_valkey.kill()

    answer = stranger.get("/health/ready")

    assert (answer.status_code, answer.json["missing"]) == (503, ["redis"])
