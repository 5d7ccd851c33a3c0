"""Clips: what a lost worker has left is cleared away, and old ones go."""

from dataclasses import dataclass

import pytest

from shared import db, leases
from shared.kinds.speech import SPEAK, Speak
from shared.models.job import COMPLETED, FAILED
from shared.models.speech import SpeechClip
from shared.services import speech
from shared.storage import Missing, get_storage
from tests.services.inside import sent
from tests.services.things import change_job, new_job, new_user, row_of
from workers import base
from workers.speech import speaking

pytestmark = pytest.mark.usefixtures("world", "uploads")


@dataclass
class FakeSpeaker:
    """Says what it is told; breaks off where it is told to."""

    sound: tuple[bytes, ...] = (b"a" * 20_000, b"b" * 20_000)
    breaks: bool = False

    def say(self, script, guard):
        yield from self.sound
        if self.breaks:
            raise ValueError("broken")


@pytest.fixture
def speaker(monkeypatch):
    made = FakeSpeaker()
    monkeypatch.setattr(speaking, "get_speaker", lambda _name: made)
    return made


def ask():
    payload = Speak(
        text="x", engine="local", voice="", speaker="", form="mp3", speed=1, digest="d" * 64
    )
    return new_job(new_user(), SPEAK, payload)


def content(job, attempt):
    keys = (speech.object_key(job, attempt, number) for number in (1, 2))
    return b"".join(b"".join(get_storage().read(key)) for key in keys)


def clips():
    with db.reading() as session:
        return session.query(SpeechClip).all()


def test_a_finished_clip_is_kept_in_pieces(speaker):
    job = ask()

    base.run(job)

    assert row_of(job).status == COMPLETED
    assert content(job, 1) == b"".join(speaker.sound)
    assert [(clip.id, clip.pieces, clip.size_bytes) for clip in clips()] == [(job, 2, 40_000)]


def test_what_a_lost_worker_has_left_goes_when_another_one_begins(speaker):
    job = ask()
    leases.claim(job)
    left = get_storage().begin(speech.object_key(job, 1, 1))
    left.write(b"left")
    left.commit()
    change_job(job, status="queued")

    base.run(job)

    with pytest.raises(Missing):
        get_storage().size(speech.object_key(job, 1, 1))
    assert content(job, 2) == b"".join(speaker.sound)


def test_a_clip_that_was_not_finished_is_cleared_away(speaker):
    speaker.breaks = True
    job = ask()

    base.run(job)

    assert row_of(job).status == FAILED
    assert clips() == []
    [cleaning] = sent("default")
    assert len(row_of(cleaning).request["objects"]) == 2


def test_old_clips_go_with_their_objects(speaker):
    base.run(ask())
    with db.transaction() as session:
        session.query(SpeechClip).update({"created_at": 1})

    count = speech.purge_clips(older_than_s=3600)

    assert (count, clips()) == (1, [])
    [cleaning] = sent("default")
    assert len(row_of(cleaning).request["objects"]) == 2
