"""Work that takes long lets others go first, and goes on where it was."""

import pytest

from shared import db
from shared.flusher import flusher
from shared.kinds.speech import TRANSCRIBE, Transcribe
from shared.models.job import COMPLETED, QUEUED
from shared.queue import Subject
from shared.services import jobs
from tests.services.indexing import LINES, TEXT, accepted
from tests.services.searching import texts_in
from tests.services.speaking import recording
from tests.services.things import new_user, row_of, told
from tests.services.uploading import new_file
from workers import base
from workers.speech import transcribing
from workers.speech.base import Heard

pytestmark = pytest.mark.usefixtures("world", "uploads", "engine")


@pytest.fixture(autouse=True)
def _impatient(configure):
    """A turn lasts for one piece of work."""
    configure(job_turn_s=0)


class Ear:
    """Hears a word in each second."""

    longest_s = 1.0

    def __init__(self):
        self.heard = 0

    def hear(self, sound, _manner):
        self.heard += 1
        return Heard([{"start": sound.start_s, "end": sound.end_s, "text": f"w{self.heard}"}])


def test_indexing_gives_way_and_embeds_nothing_twice(engine, configure):
    long, short = new_file(new_user(), TEXT.encode()), new_file(new_user(), b"one line")
    first, second = accepted(long), accepted(short)

    assert base.run(first) == QUEUED
    assert engine.texts == LINES[:32]
    configure(job_turn_s=60)
    assert [base.run(second), base.run(first)] == [COMPLETED, COMPLETED]

    assert engine.texts == [*LINES[:32], "one line", *LINES[32:]]
    assert texts_in(f"file-{long.id}") == LINES


def test_nobody_gives_way_to_himself(engine):
    owner = new_user()
    first = accepted(new_file(owner, TEXT.encode()))
    accepted(new_file(owner, b"one line"))

    assert base.run(first) == COMPLETED


def to_be_heard(owner):
    file = new_file(owner, recording(4, "wav"), "a.wav")
    with db.transaction():
        return jobs.accept(TRANSCRIBE, Transcribe(file_id=file.id), Subject(owner.id))


def test_a_transcription_gives_way_and_hears_nothing_twice(monkeypatch, configure):
    ear = Ear()
    monkeypatch.setattr(transcribing, "get_listener", lambda: ear)
    first, second = to_be_heard(new_user()), to_be_heard(new_user())

    assert base.run(first) == QUEUED
    heard_at_first = ear.heard
    configure(job_turn_s=60)
    assert [base.run(second), base.run(first)] == [COMPLETED, COMPLETED]

    segments = row_of(first).result["segments"]
    assert heard_at_first == 1
    assert len(segments) == ear.heard / 2 >= 4
    assert segments[0]["text"] == "w1"
    assert flusher.drain(5)
    events = told(first)
    again = [kind for kind, _ in events].index("restarted")
    said = "".join(data["text"] for kind, data in events[again:] if kind == "delta")
    assert said == row_of(first).result["text"]
