"""The audit log: who did what to which id."""

import json

import pytest

from shared import db
from shared.config.settings import BadSetting, load
from shared.services import accounts
from shared.services.passwords import hash_password
from tests.services.caller import Caller, signed_in
from tests.services.things import new_chat, new_job, new_user
from web.app import create_app
from web.audit import file, requests


@pytest.fixture
def lines(caplog):
    """Give what the audit log has so far."""
    caplog.set_level("INFO", "web.audit")

    def read():
        return [r.getMessage() for r in caplog.records if r.name == "web.audit"]

    return read


def by(caller):
    return f"user {caller.id} from 127.0.0.1"


# Lines


def test_a_sign_in_is_noted_good_or_refused(stranger, lines):
    user = new_user(password_hash=hash_password("Secret-pw-1!"))
    for password in ("wrong", "Secret-pw-1!"):
        stranger.post("/api/v1/auths/signin", {"email": user.email, "password": password})

    assert lines() == [
        "nobody from 127.0.0.1 signed in by password: refused",
        f"user {user.id} from 127.0.0.1 signed in by password",
    ]


def test_saved_options_are_noted_by_their_names(admin, lines):
    form = admin.get("/api/v1/configs/code_execution").json

    admin.post("/api/v1/configs/code_execution", form)

    [line] = lines()
    assert line.startswith(f"{by(admin)} saved the options ")
    assert "CODE_EXECUTION_ENGINE" in line


def test_a_made_and_a_voided_key_are_noted_without_it(member, admin, lines):
    key = member.post("/api/v1/auths/api_key").json["api_key"]
    member.delete("/api/v1/auths/api_key")

    assert lines() == [f"{by(member)} made an API key", f"{by(member)} voided the own API key"]
    assert key not in str(lines())


def test_a_deletion_is_noted_with_the_id(member, lines):
    chat = new_chat(member.user)

    member.delete(f"/api/v1/chats/{chat.id}")
    member.delete("/api/v1/chats/no-such-chat")

    assert lines() == [f"{by(member)} did DELETE /api/v1/chats/{chat.id}"]


def test_whatever_only_admins_may_do_is_noted(admin, lines):
    quota = {"scope": "user", "subject": "*", "measure": "requests", "amount": 5, "window_s": 60}

    made = admin.post("/api/v1/quotas/", quota)

    assert made.status_code == 201
    assert lines() == [f"{by(admin)} did POST /api/v1/quotas/"]


def test_what_members_do_all_day_is_not_noted(member, lines):
    member.post("/api/v1/chats/new", {"chat": {"title": "Mine"}})
    member.get("/api/v1/chats/")

    assert lines() == []


def test_an_admins_cancel_of_anothers_job_is_noted(admin, member, lines):
    own, others = new_job(admin.user), new_job(member.user)

    for job_id in (own, others):
        assert admin.post(f"/api/v1/jobs/{job_id}/cancel").status_code == 200

    assert lines() == [f"{by(admin)} cancelled job {others} of user {member.id}"]


def test_what_has_its_own_words_is_noted_once(admin, lines):
    user = new_user()

    admin.delete(f"/api/v1/users/{user.id}")

    assert lines() == [f"{by(admin)} deleted user {user.id}"]


# The file


@pytest.fixture
def audited(world, configure, tmp_path):
    """Make an application that writes audit.log; gives an admin of it, and the file's lines."""

    def make(**settings):
        configure(data_dir=tmp_path / "data", **settings)
        file._handler.cache_clear()
        engine = db._engine  # the world's, not one below this folder
        application = create_app()
        db._engine = engine
        return signed_in(application, accounts.ADMIN)

    make.lines = lambda: [
        json.loads(line) for line in (tmp_path / "data" / "audit.log").read_text().splitlines()
    ]
    yield make
    file._handler.cache_clear()


def test_a_request_is_written_in_open_webuis_form(audited):
    admin = audited(audit_log_level="metadata")

    admin.post("/api/v1/auths/api_key", {}, headers={"User-Agent": "tester"})

    event, line = audited.lines()
    assert event["event"].endswith("made an API key")
    assert {k: v for k, v in line.items() if k not in ("id", "timestamp")} == {
        "user": {
            "id": admin.id,
            "name": admin.user.name,
            "email": admin.user.email,
            "role": "admin",
        },
        "audit_level": "METADATA",
        "verb": "POST",
        "request_uri": "/api/v1/auths/api_key",
        "user_agent": "tester",
        "source_ip": "127.0.0.1",
        "request_object": None,
        "response_object": None,
        "response_status_code": 200,
    }


def test_bodies_are_written_without_secrets(audited):
    admin = audited(audit_log_level="REQUEST_RESPONSE")
    form = {"name": "Eve", "email": "eve@example.com", "password": "Secret-pw-1!"}

    token = admin.post("/api/v1/auths/add", form).json["token"]

    line = audited.lines()[-1]
    assert json.loads(line["request_object"]) == {**form, "password": "********"}
    assert json.loads(line["response_object"])["token"] == "********"
    assert token not in str(audited.lines())


def test_a_body_is_cut_and_its_secrets_are_masked_at_any_depth(configure):
    configure(max_body_log_size=40)

    assert requests.shown(b'{"a": [{"openai_api_keys": ["sk-1"], "max_tokens": 5}]}') == (
        '{"a":[{"openai_api_keys":"********","max'
    )
    assert requests.shown(b"\x00\x01") == "2 bytes that are no JSON"


@pytest.mark.parametrize(
    ("path", "is_written"),
    [
        ("/api/v1/chats/new", False),
        ("/api/v1/folders/", False),
        ("/v1/chat/completions", False),
        ("/api/chat/completions", False),
        ("/api/v1/memories/add", True),
        ("/api/v1/chatsandmore", True),
    ],
)
def test_excluded_paths_are_left_out(audited, path, is_written):
    admin = audited(audit_log_level="METADATA")

    admin.post(path, {})

    assert bool(file._handler.cache_info().currsize) == is_written


def test_who_only_reads_or_has_no_credential_is_left_out(audited):
    admin = audited(audit_log_level="METADATA")

    admin.get("/api/v1/chats/")
    Caller(admin.app).post("/api/v1/memories/add", {})

    assert not file._handler.cache_info().currsize


def test_without_the_setting_there_is_no_file(audited, tmp_path):
    admin = audited()

    admin.post("/api/v1/auths/api_key")

    assert not (tmp_path / "data" / "audit.log").exists()


@pytest.mark.parametrize(
    ("text", "size"), [("10MB", 10_000_000), ("500 kb", 500_000), ("1gb", 10**9), ("99B", 99)]
)
def test_the_size_of_the_file_has_a_unit(text, size):
    assert load({"AUDIT_LOG_FILE_ROTATION_SIZE": text}).audit_log_rotation_bytes == size


def test_a_size_that_is_none_stops_the_start():
    with pytest.raises(BadSetting, match="AUDIT_LOG_FILE_ROTATION_SIZE"):
        load({"AUDIT_LOG_FILE_ROTATION_SIZE": "large"})
