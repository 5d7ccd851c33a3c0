"""Jobs of indexing: what they put where, and what is left when they fail, stop or are lost."""

import numpy as np
import pytest

from shared import db
from shared.config.options import get_options
from shared.flusher import flusher
from shared.models.job import CANCELLED, COMPLETED, FAILED
from shared.services import files, indexing, jobs, knowledge
from shared.services.knowledge import About
from tests.fakes.embedding import Gate
from tests.services.indexing import (
    LINES,
    TEXT,
    accepted,
    based,
    fail,
    finish,
    indexed,
)
from tests.services.searching import items_in, texts_in
from tests.services.things import change_job, new_user, row_of, told
from tests.services.uploading import file_row, new_file
from tests.services.waiting import wait_until
from workers import base
from workers.retrieval import listening, parts
from workers.speech.base import Heard, Sound

pytestmark = pytest.mark.usefixtures("world", "uploads", "engine")


def test_each_chunk_of_a_file_is_found_by_its_place(each_database, owner):
    file_id = indexed(owner, "first words\n\fsecond page")

    first, second = items_in(f"file-{file_id}")

    file = file_row(file_id)
    assert (first.text, second.text) == ("first words", "second page")
    assert second.meta == {
        "file_id": file_id,
        "name": "notes.txt",
        "source": "notes.txt",
        "created_by": owner.id,
        "hash": file.hash,
        "embedding_config": '{"engine":"fake","model":"words"}',
        "start_index": 13,
        "page": 1,
    }
    assert (file.status, file.error) == ("completed", None)


def test_progress_is_told(owner):
    file = new_file(owner, TEXT.encode())

    base.run(job_id := accepted(file))

    assert flusher.drain(5)
    steps = [data for kind, data in told(job_id) if kind == "progress"]
    assert {step["note"] for step in steps} == {"Reading the text", "Embedding"}
    assert [s["done"] for s in steps if s["note"] == "Embedding"] == [0, 32, 64, 96, 100]
    assert told(job_id)[-1][1] == {"file": file.id, "characters": len(TEXT), "chunks": 100}


def test_a_lost_worker_has_embedded_nothing_in_vain(owner, engine):
    file = new_file(owner, TEXT.encode())
    job_id = accepted(file)

    def die(text):
        if text == LINES[70]:
            raise KeyboardInterrupt

    engine.before = die
    with pytest.raises(KeyboardInterrupt):
        base.run(job_id)
    engine.before, engine.texts = (lambda _text: None), []
    change_job(job_id, lease_until=0.0)
    assert base.run(job_id) == COMPLETED

    assert engine.texts == LINES[64:]
    assert sorted(texts_in(f"file-{file.id}")) == LINES


def test_the_same_text_is_embedded_once_whoever_brings_it(each_database, owner, engine):
    indexed(owner, "\n".join(["the terms", "of one", "the terms"]))
    assert engine.texts == ["the terms", "of one"]

    other = indexed(new_user(), "\n".join(["of another", "the terms"]))

    assert engine.texts == ["the terms", "of one", "of another"]
    assert texts_in(f"file-{other}") == ["of another", "the terms"]
    first, again = items_in(f"file-{other}")
    assert again.vector == pytest.approx(engine.embed(["the terms"])[0])
    assert first.vector != pytest.approx(again.vector)


def test_another_model_embeds_a_text_of_its_own(owner, engine):
    indexed(owner, "the terms")

    engine.name = "fake/other"
    indexed(owner, "the terms")

    assert engine.texts == ["the terms", "the terms"]


def test_a_failure_is_told_in_the_file_and_its_text_is_kept(owner, engine):
    file = new_file(owner, TEXT.encode())
    engine.before = fail

    assert base.run(job_id := accepted(file)) == FAILED

    row = file_row(file.id)
    assert (row.status, row.error) == ("failed", "The engine is away.")
    with db.reading() as session:
        assert files.content_of(session.get_one(type(file), file.id)) == TEXT
    assert row_of(job_id).error == "The engine is away."


def test_a_failed_job_is_done_again_from_where_it_was(owner, engine, worker):
    file = new_file(owner, TEXT.encode())
    engine.before = lambda text: fail(text) if text == LINES[40] else None
    first = accepted(file)
    wait_until(lambda: row_of(first).status == FAILED, 10, "the job has failed")
    engine.before, engine.texts = (lambda _text: None), []

    with db.transaction():
        again = jobs.retry(owner, first)
    wait_until(lambda: row_of(again).status == COMPLETED, 10, "the job is done")

    assert file_row(file.id).status == "completed"
    assert engine.texts == LINES[32:]


def test_a_cancelled_job_leaves_the_engine_at_once(owner, engine, worker):
    file = new_file(owner, TEXT.encode())
    gate = Gate(LINES[40])
    engine.before = gate
    job_id = accepted(file)
    assert gate.has_come.wait(10)

    jobs.cancel(owner, job_id)

    wait_until(lambda: row_of(job_id).status == CANCELLED, 5, "the job is cancelled")
    row = file_row(file.id)
    assert (row.status, row.error) == ("failed", "It was cancelled.")
    gate.open()
    wait_until(lambda: LINES[63] in engine.texts, 5, "the engine is done with its batch")
    assert LINES[64] not in engine.texts
    assert texts_in(f"file-{file.id}") == LINES[:32]


def test_a_file_that_is_deleted_meanwhile_leaves_no_vectors(owner, engine, worker):
    file = new_file(owner, TEXT.encode())
    gate = Gate(LINES[40])
    engine.before = gate
    job_id = accepted(file)
    assert gate.has_come.wait(10)

    with db.transaction():
        files.remove([files.find(owner, file.id)])
    wait_until(lambda: texts_in(f"file-{file.id}") == [], 10, "what there was is gone")
    gate.open()
    wait_until(lambda: row_of(job_id).error == "The file was deleted.", 10, "the job has ended")

    assert LINES[64] not in engine.texts
    wait_until(lambda: texts_in(f"file-{file.id}") == [], 10, "what came after is gone")


def test_reading_is_left_at_once_when_the_job_is_cancelled(owner, worker, monkeypatch):
    file, gate = new_file(owner, TEXT.encode()), Gate("a file that takes for ever")

    class Endless:
        def extract(self, _path, _filename, _content_type):
            gate("a file that takes for ever")

    monkeypatch.setattr(parts, "get_extractor", Endless)
    job_id = accepted(file)
    assert gate.has_come.wait(10)

    jobs.cancel(owner, job_id)

    wait_until(lambda: row_of(job_id).status == CANCELLED, 5, "the job is cancelled")
    gate.open()


def test_an_older_job_stops_when_the_file_has_a_newer_one(owner, engine, worker):
    file = new_file(owner, TEXT.encode())
    gate = Gate(LINES[40])
    engine.before = gate
    older = accepted(file)
    assert gate.has_come.wait(10)

    with db.transaction():
        newer = files.set_content(files.find(owner, file.id), "new words")
    wait_until(lambda: row_of(newer).status == COMPLETED, 10, "the newer job is done")
    gate.open()
    wait_until(lambda: row_of(older).status == FAILED, 10, "the older job has stopped")

    assert "newer job" in row_of(older).error
    assert file_row(file.id).status == "completed"


def test_what_is_said_in_a_recording_is_its_text(owner, monkeypatch):
    monkeypatch.setattr(listening, "get_listener", Parrot)
    monkeypatch.setattr(listening.media, "length_s", lambda _path: 2.0)
    monkeypatch.setattr(listening.media, "samples_of", lambda _path: None)
    sounds = [Sound(np.zeros(16_000, np.int16), second) for second in (0.0, 1.0)]
    monkeypatch.setattr(listening, "cut", lambda _samples, _longest_s: iter(sounds))
    file = new_file(owner, b"ID3\x04 not really", "song.mp3")

    finish(accepted(file))

    assert texts_in(f"file-{file.id}") == ["la la"]


class Parrot:
    longest_s = 1.0

    def hear(self, _sound, _manner):
        return Heard([{"start": 0.0, "end": 1.0, "text": "la"}])


def test_a_new_text_takes_the_place_of_the_old_one_everywhere(each_database, owner):
    file_id = indexed(owner, "old words\nkept words")
    base_id = based(owner, file_id)

    with db.transaction():
        job_id = files.set_content(files.find(owner, file_id), "kept words\nnew words")
    base.run(job_id)

    assert sorted(texts_in(f"file-{file_id}")) == ["kept words", "new words"]
    assert sorted(texts_in(base_id)) == ["kept words", "new words"]


def test_a_knowledge_base_gets_copies_and_nothing_is_embedded_again(owner, engine):
    one, two = indexed(owner, "one\ntwo"), indexed(owner, "three")
    engine.texts = []

    base_id = based(owner, one, two)

    assert sorted(texts_in(base_id)) == ["one", "three", "two"]
    assert engine.texts == []


def test_what_is_taken_out_or_deleted_leaves_no_vectors(owner, worker):
    first, second = based(owner, one := indexed(owner, "one")), based(owner, one)
    with db.transaction():
        knowledge.take_out(knowledge.find(owner, first), [files.find(owner, one)])
    wait_until(lambda: texts_in(first) == [], 10, "it is out")
    assert texts_in(second) == ["one"]

    with db.transaction():
        files.remove([files.find(owner, one)])

    wait_until(lambda: not texts_in(second) + texts_in(f"file-{one}"), 10, "it is gone")


def test_a_file_that_left_a_knowledge_base_meanwhile_leaves_nothing_there(owner, worker):
    file_id = indexed(owner, "one")
    with db.transaction():
        made = knowledge.create(owner, About("Base", "", None, {}))
        added = [files.find(owner, file_id)]
        knowledge.put_in(made, added)
        knowledge.take_out(made, added)
        indexing.fill(made, added, owner.id, "a job")

    wait_until(lambda: row_of("a job").status == COMPLETED, 10, "the job is done")

    wait_until(lambda: texts_in(made.id) == [], 10, "nothing is left there")


def test_without_embedding_only_the_text_is_found(owner, engine):
    get_options().set({"BYPASS_EMBEDDING_AND_RETRIEVAL": True})

    file_id = indexed(owner, "some words")

    assert (engine.texts, texts_in(f"file-{file_id}")) == ([], [])
    assert file_row(file_id).status == "completed"
