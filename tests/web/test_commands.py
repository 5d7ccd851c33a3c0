"""What operators do by `flask --app wsgi …`."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared import db
from shared.config.options import get_options, option
from shared.models.job import CANCELLED, COMPLETED, FAILED, QUEUED, RUNNING, Job
from shared.redis import get_redis
from shared.services import accounts
from shared.services.passwords import is_password
from tests.rules.source import ROOT
from tests.services.inside import sent
from tests.services.things import change_job, new_job, new_user, row_of
from web import audit
from web.commands import config, jobs, purge, users

GROUPS = {"jobs": jobs.jobs, "users": users.users, "config": config.config, "purge": purge.purge}


@pytest.fixture
def run(app, world, request):
    """Give a command; its words and its exit status come back."""
    if "each_database" in request.fixturenames:
        request.getfixturevalue("each_database")
    runner = app.test_cli_runner()

    def give(group, *words, typed=None):
        done = runner.invoke(GROUPS[group], words, input=typed)
        assert not done.exception or isinstance(done.exception, SystemExit), done.exception
        return done.output, done.exit_code

    return give


# Jobs


def test_jobs_of_everybody_are_listed_newest_first(each_database, run):
    first, second = new_job(new_user()), new_job(new_user())

    told, status = run("jobs", "list")

    assert status == 0
    assert told.index(second) < told.index(first)
    assert "inference.run_chat" in told


def test_jobs_are_listed_by_status_and_user(each_database, run):
    alice = new_user()
    failed, _, _ = new_job(alice), new_job(alice), new_job(new_user())
    change_job(
        failed, status=FAILED, result={"reason": "timeout", "text": "half\x00"}, error="late"
    )

    told, _ = run("jobs", "list", "--user", alice.email, "--status", "failed", "--json")

    [line] = json.loads(told)
    assert (line["id"], line["user"], line["reason"]) == (failed, alice.name, "timeout")


def test_a_list_without_jobs_says_so(run):
    assert run("jobs", "list", "--queue", "batch") == ("nothing\n", 0)


def test_a_job_is_shown_without_what_was_written(each_database, run):
    job_id = new_job(new_user())
    change_job(job_id, result={"text": "private"})

    without, _ = run("jobs", "show", job_id)
    whole, _ = run("jobs", "show", job_id, "--with-texts")

    assert json.loads(without)["status"] == QUEUED
    assert "private" not in without
    assert json.loads(whole)["result"] == {"text": "private"}


def test_a_job_that_waits_is_cancelled(each_database, run):
    job_id = new_job(new_user())

    told, status = run("jobs", "cancel", job_id)

    assert (told, status) == (f"{job_id}  cancelled\n", 0)
    assert row_of(job_id).status == CANCELLED


def test_the_worker_of_a_running_job_is_told_to_end_it(run):
    job_id = new_job(new_user())
    change_job(job_id, status=RUNNING)

    told, _ = run("jobs", "cancel", job_id)

    assert told == f"{job_id}  its worker is being told\n"
    assert row_of(job_id).cancel_requested


def test_a_queued_job_is_sent_to_its_workers_again(run):
    job_id = new_job(new_user())
    get_redis().flushdb()

    told, status = run("jobs", "requeue", job_id)

    assert (told, status) == (f"{job_id}  sent again\n", 0)
    assert sent() == [job_id]


def test_a_failed_job_is_accepted_again_as_a_new_one(each_database, run):
    owner = new_user()
    job_id = new_job(owner)
    change_job(job_id, status=FAILED)

    told, status = run("jobs", "requeue", job_id)

    assert status == 0
    again = told.split()[-1]
    assert (row_of(again).user_id, row_of(again).status) == (owner.id, QUEUED)


@pytest.mark.parametrize("state", [RUNNING, COMPLETED])
def test_a_job_that_runs_or_is_done_is_not_sent_again(run, state):
    job_id = new_job(new_user())
    change_job(job_id, status=state)

    told, status = run("jobs", "requeue", job_id)

    assert status == 1
    assert told.startswith("Error: ")


@pytest.mark.parametrize("command", ["show", "cancel", "requeue"])
def test_an_unknown_job_is_an_error_in_words(run, command):
    told, status = run("jobs", command, "no-such-job")

    assert status == 1
    assert told.startswith("Error: There is no such")


def test_an_unknown_status_is_a_misuse(run):
    assert run("jobs", "list", "--status", "lost")[1] == 2


# Users


def test_accounts_are_listed(each_database, run):
    alice, bob = new_user(), new_user("admin")

    told, _ = run("users", "list")
    found, _ = run("users", "list", bob.email, "--json")

    assert alice.email in told
    assert [one["role"] for one in json.loads(found)] == ["admin"]


def test_an_account_is_opened_with_a_password_from_standard_input(each_database, run):
    words = ("add", "Eve@Example.com", "--role", "admin", "--password-stdin")

    told, status = run("users", *words, typed="Secret-pw-1!\n")

    assert status == 0, told
    with db.reading():
        user_id, stored = accounts.password_of("eve@example.com")
        assert accounts.by_id(user_id).role == "admin"
    assert is_password(stored, "Secret-pw-1!")


def test_an_address_that_is_taken_is_an_error_in_words(run):
    alice = new_user()

    told, status = run("users", "add", alice.email, "--password-stdin", typed="Secret-pw-1!\n")

    assert (told, status) == (
        "Error: There is an account with this email address already.\n",
        1,
    )


def test_a_role_is_changed_and_told_to_the_other_processes(each_database, run):
    alice = new_user()

    told, status = run("users", "role", alice.email, "admin")

    assert (told, status) == (f"{alice.email} is now admin\n", 0)
    with db.reading():
        assert accounts.by_id(alice.id).role == "admin"


def test_another_password_ends_all_sign_ins(each_database, run, member):
    told, status = run("users", "password", member.id, typed="New-pw-12!\nNew-pw-12!\n")

    assert status == 0, told
    with db.reading():
        assert accounts.sessions_of(member.id) == []
        assert is_password(accounts.password_hash_of(member.id), "New-pw-12!")


def test_nobody_is_changed_who_is_not_there(run):
    assert run("users", "role", "nobody@example.com", "user") == (
        "Error: There is no user 'nobody@example.com'.\n",
        1,
    )


# Options


def test_an_option_is_saved_as_the_environment_would_have_it(each_database, run):
    told, status = run("config", "set", "ENABLE_SIGNUP", "no")

    assert (told, status) == ("false\n", 0)
    assert option("ENABLE_SIGNUP") is False
    assert run("config", "get", "ENABLE_SIGNUP")[0] == "false\n"


def test_a_saved_option_is_forgotten(run):
    get_options().set({"CHUNK_SIZE": 77})

    told, status = run("config", "unset", "CHUNK_SIZE")

    assert status == 0
    assert json.loads(told) != 77


def test_a_wrong_value_is_refused_in_words(run):
    told, status = run("config", "set", "CHUNK_SIZE", "many")

    assert status == 1
    assert told.startswith("Error: CHUNK_SIZE cannot be saved: ")


def test_an_unknown_option_is_refused_with_similar_ones(run):
    told, status = run("config", "get", "SIGNUP")

    assert status == 1
    assert "ENABLE_SIGNUP" in told


def test_secrets_are_shown_as_masks(run):
    get_options().set({"OPENAI_API_KEYS": ["sk-0123456789"]})

    assert "0123456789"[:6] not in run("config", "get")[0]
    assert "0123456789"[:6] not in run("config", "export")[0]


def test_an_exported_tree_is_imported(run, tmp_path):
    get_options().set({"CHUNK_SIZE": 77})
    file = tmp_path / "tree.json"
    file.write_text(run("config", "export")[0])
    get_options().reset(["CHUNK_SIZE"])

    told, status = run("config", "import", str(file))

    assert (told, status, option("CHUNK_SIZE")) == ("imported\n", 0, 77)


@pytest.mark.parametrize("words", ["no json", "[]", '{"rag": {"chunk_size": "many"}}'])
def test_a_tree_that_cannot_be_read_changes_nothing(run, words):
    told, status = run("config", "import", "-", typed=words)

    assert status == 1
    assert told.startswith("Error: ")
    assert get_options().saved() == {}


# The rest


def test_jobs_that_ended_long_ago_are_deleted_now(each_database, run):
    old, running = new_job(new_user()), new_job(new_user())
    change_job(old, status=COMPLETED, finished_at=1)

    told, status = run("purge", "--days", "0")

    assert status == 0
    assert told.startswith("deleted 0 jobs")  # it was accepted just now
    with db.reading() as session:
        assert session.get(Job, running) is not None


def test_what_a_command_does_is_in_the_audit_log(run, caplog):
    alice = new_user()

    with caplog.at_level(logging.INFO, audit.__name__):
        run("users", "role", alice.id, "admin")

    assert caplog.messages == [f"the command line gave user {alice.id} the role admin"]


def test_a_part_that_is_away_is_an_error_in_words(mortal_valkey, run):
    job_id = new_job(new_user())
    mortal_valkey.kill()

    told, status = run("jobs", "requeue", job_id)

    assert status == 1
    assert told.startswith("Error: Redis does not answer")


def test_the_flask_command_knows_them(tmp_path):
    command = [Path(sys.executable).with_name("flask"), "--app", "wsgi", "--help"]
    env = {**os.environ, "DATA_DIR": str(tmp_path), "DATABASE_URL": ""}

    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)

    assert set(GROUPS) | {"db", "openapi"} <= {
        line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")
    }
