"""What beat asks for now and then."""

import time

import pytest
from sqlalchemy import select

import celeryconfig
from shared import db
from shared.kinds.catalogue import REFRESH_MODELS
from shared.models.file import File
from shared.models.job import COMPLETED, Job
from shared.models.user import UserSession
from shared.services import accounts, files, purging
from shared.services.files import Stored
from tests.services.inside import sent
from tests.services.things import change_job, new_job, new_user, row_of
from workers import base
from workers.upkeep import tasks

pytestmark = pytest.mark.usefixtures("each_database")
DAY_S = 86_400


def test_the_models_are_gathered_by_a_job_that_nobody_owns():
    tasks.refresh_models()

    (job_id,) = sent()
    assert (row_of(job_id).kind, row_of(job_id).user_id) == (REFRESH_MODELS.name, None)


def test_old_jobs_and_expired_sign_ins_are_deleted(configure, monkeypatch):
    configure(job_retention_days=2)
    user = new_user()
    monkeypatch.setattr(purging, "now_s", lambda: int(time.time()) + 10 * DAY_S)
    old, fresh, running = (new_job(user) for _ in range(3))
    for job_id, days in ((old, 3), (fresh, 1)):
        change_job(job_id, status=COMPLETED, finished_at=purging.now_s() - days * DAY_S)
    with db.transaction():
        accounts.open_session(user.id, "", int(time.time()) - 10)
        kept = accounts.open_session(user.id, "", None)

    tasks.purge()

    with db.reading() as session:
        assert set(session.scalars(select(Job.id))) == {fresh, running}
        assert session.scalars(select(UserSession.id)).all() == [kept]


def test_files_whose_time_is_over_are_deleted():
    user, now = new_user(), int(time.time())
    kinds: dict[str, dict[str, object]] = {
        "over": {files.EXPIRY: now - 1},
        "later": {files.EXPIRY: now + 60},
        "odd": {files.EXPIRY: "soon"},
        "plain": {},
    }
    with db.transaction():
        for name, meta in kinds.items():
            files.add(user.id, Stored(name, name, f"key of {name}", "text/plain", 1, meta))

    tasks.purge()

    with db.reading() as session:
        assert set(session.scalars(select(File.id))) == {"later", "odd", "plain"}


def test_workers_do_what_beat_sends():
    sent = {entry["task"] for entry in celeryconfig.beat_schedule.values()}

    assert sent == set(base._ROUNDS)
