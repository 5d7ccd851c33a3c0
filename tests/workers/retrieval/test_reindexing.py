"""The job that makes everything searchable anew, and what it leaves when it fails or is stopped."""

import pytest

from shared import db, queue
from shared.flusher import flusher
from shared.kinds.retrieval import KEEP_TEXT, KeepText
from shared.models.job import CANCELLED, COMPLETED, FAILED
from shared.queue import Subject
from shared.services import collections, files, indexing, jobs, knowledge
from shared.services.reindexing import engine_of
from tests.fakes.embedding import Gate, WordEngine
from tests.services.indexing import LINES, TEXT, based, fail, indexed
from tests.services.searching import items_in, texts_in
from tests.services.things import new_user, row_of, told
from tests.services.uploading import file_row
from tests.services.waiting import wait_until
from workers import base
from workers.retrieval import parts

pytestmark = pytest.mark.usefixtures("world", "uploads", "engine")


def test_another_model_is_told_apart_and_a_reindex_puts_all_right(
    each_database, owner, worker, monkeypatch
):
    old, other = indexed(owner, "old words"), indexed(owner, "other words")
    base_id = based(owner, old, other)
    monkeypatch.setattr(parts, "get_engine", lambda: WordEngine("fake/other", dim=32))
    fresh = indexed(owner, "fresh words")
    with db.transaction():
        made, added = knowledge.find(owner, base_id), [files.find(owner, fresh)]
        knowledge.put_in(made, added)
        indexing.fill(made, added, owner.id, "a job")
    wait_until(lambda: row_of("a job").status == FAILED, 10, "the job has failed")
    assert "another model" in row_of("a job").error

    with db.transaction():
        job_id = indexing.reindex(owner.id)
    wait_until(lambda: row_of(job_id).status == COMPLETED, 20, "the job is done")

    assert sorted(texts_in(base_id)) == ["fresh words", "old words", "other words"]
    assert {item.vector.shape for item in items_in(base_id)} == {(32,)}
    assert row_of(job_id).result == {"files": 3, "failed": 0}
    assert flusher.drain(5)
    assert told(job_id)[-2][1] == {"done": 3, "total": 3, "unit": "files", "note": "Indexing"}


def test_a_reindex_renews_pages_and_texts_that_stand_nowhere_else(
    each_database, owner, worker, monkeypatch
):
    with db.transaction():
        name = collections.claim(owner, None, "a text")
        ask = KeepText(name="a", content="\n".join(LINES[:40]), collection=name)
        kept = queue.enqueue(KEEP_TEXT, ask, Subject(owner.id))
    wait_until(lambda: row_of(kept).status == COMPLETED, 10, "the text is kept")
    monkeypatch.setattr(parts, "get_engine", lambda: WordEngine("fake/other", dim=32))

    with db.transaction():
        job_id = indexing.reindex(owner.id)
    wait_until(lambda: row_of(job_id).status == COMPLETED, 20, "the job is done")

    assert texts_in(name) == LINES[:40]
    assert {item.vector.shape for item in items_in(name)} == {(32,)}
    assert {engine_of(item.meta) for item in items_in(name)} == {"fake/other"}


def test_an_engine_that_does_not_work_leaves_everything_as_it_was(
    each_database, owner, engine, worker
):
    base_id = based(owner, indexed(owner, "old words"))
    engine.before = fail

    with db.transaction():
        job_id = indexing.reindex(owner.id)
    wait_until(lambda: row_of(job_id).status == FAILED, 20, "the job has failed")

    assert row_of(job_id).error == "The engine is away."
    assert texts_in(base_id) == ["old words"]


def test_a_cancelled_reindex_takes_its_jobs_with_it(owner, engine, worker):
    file_id = indexed(owner, TEXT)
    gate = Gate(LINES[40])
    engine.before, engine.name = gate, "fake/renamed"
    with db.transaction():
        job_id = indexing.reindex(owner.id)
    assert gate.has_come.wait(10)

    child = file_row(file_id).job_id
    jobs.cancel(owner, job_id)

    # The engine has not answered yet: nobody waits for it.
    wait_until(lambda: row_of(job_id).status == CANCELLED, 10, "it is cancelled")
    wait_until(lambda: row_of(child).status == CANCELLED, 10, "its jobs are too")
    gate.open()


def test_only_an_admin_reindexes():
    somebody = new_user()
    with db.transaction():
        job_id = indexing.reindex(somebody.id)

    assert base.run(job_id) == FAILED
