"""An hour of sound under a worker that is killed, and beside what others want to be heard."""

from collections.abc import Iterator

import httpx
import pytest

from tests.fakes.speech_server import TEXT, FakeSpeech
from tests.services.client import Account, Reader, add_user, api
from tests.services.speaking import WORDS, recording, spoken_at, words_of
from tests.services.stack import Stack
from tests.services.waiting import wait_until

_HEARD_BEFORE = 8
_HOUR_S, _EVERY_S = 3600, 600
_MINUTES = 20
_CONFIG = "/api/v1/audio/config"


@pytest.fixture(scope="module")
def _service() -> Iterator[FakeSpeech]:
    with FakeSpeech() as server:
        yield server


@pytest.fixture(scope="module")
def stack(tmp_path_factory, provider) -> Iterator[Stack]:
    """One process for what is long, which gives way after each piece of work."""
    folder = tmp_path_factory.mktemp("stack")
    running = Stack(folder, provider.url, compute=1, env={"JOB_TURN_S": "0"}).start()
    yield running
    running.close()


@pytest.fixture
def service(_service, alice) -> FakeSpeech:
    """A service that listens, and holds back after some pieces."""
    _service.reset()
    _service.gate = _HEARD_BEFORE
    url, key = f"{_service.url}/v1", _service.key
    listen_by(alice, ENGINE="openai", OPENAI_API_BASE_URL=url, OPENAI_API_KEY=key)
    return _service


def listen_by(admin: Account, **options: str) -> None:
    """Change who listens, as an admin does on the page."""
    config = admin.get(_CONFIG)
    answer = admin.api("POST", f"{_CONFIG}/update", {**config, "stt": config["stt"] | options})
    assert answer.status_code == 200, answer.text


def listen(account: Account, sound: bytes) -> str:
    """Have a recording written down; gives the job."""
    answer = api(
        "POST",
        f"{account.base}/v1/audio/transcriptions",
        headers=account.headers,
        files={"file": ("hour.mp3", sound)},
        data={"background": "true"},
    )
    assert answer.status_code == 202, answer.text
    return answer.json()["job"]


def last_second(reader: Reader) -> float:
    """Give how far a job has told that it is."""
    return [event["data"]["done"] for event in reader.events if event["type"] == "progress"][-1]


def told(account: Account, job: str) -> dict:
    return account.get(f"/api/v1/audio/transcriptions/{job}")


def test_nothing_is_heard_twice_although_the_worker_is_killed(stack, alice, service):
    # Frames of MP3 stand for themselves: they can be put one behind the other.
    job = listen(alice, recording(60, "mp3") * _MINUTES)
    reader = alice.reader(job)
    wait_until(lambda: service.heard > _HEARD_BEFORE, 120, "the first pieces")

    stack.compute[0].kill()
    service.let_go()
    stack.compute[0].start()
    reader.finish(200)

    reader.assert_unbroken()
    assert reader.end == "completed"
    assert "restarted" in reader.types
    assert last_second(reader) == pytest.approx(60 * _MINUTES, rel=0.01)
    text, pieces = told(alice, job)["text"], len(told(alice, job)["segments"])
    assert pieces >= _MINUTES / 2
    assert text == reader.text == " ".join([TEXT] * pieces)
    # The piece that was under way is heard twice, no other one is.
    assert service.heard == pieces + 1


def test_an_hour_with_speech_in_it_is_understood_although_its_worker_is_killed(stack, alice):
    listen_by(alice, ENGINE="")
    job = listen(alice, spoken_at(_EVERY_S) * (_HOUR_S // _EVERY_S))
    reader = alice.reader(job)
    wait_until(lambda: reader.deltas, 120, "the first sentence")

    stack.compute[0].kill()
    stack.compute[0].start()
    reader.finish(200)

    reader.assert_unbroken()
    assert (reader.end, "restarted" in reader.types) == ("completed", True)
    assert last_second(reader) == pytest.approx(_HOUR_S, rel=0.01)
    segments = told(alice, job)["segments"]
    assert words_of(reader.text) == WORDS * (_HOUR_S // _EVERY_S)
    begins = [segment["start"] for segment in segments]
    assert begins == pytest.approx([number * _EVERY_S for number in range(len(begins))], abs=2)


def test_a_client_that_leaves_finds_what_was_heard(stack, alice, service):
    service.gate = 0
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{alice.base}/api/v1/audio/transcriptions",
            headers=alice.headers,
            files={"file": ("ein Gespräch.wav", recording(40, "wav"))},
            timeout=httpx.Timeout(20, read=1),
        )

    job = alice.get("/api/v1/jobs")["items"][0]["id"]
    service.let_go()
    alice.follow(job, timeout_s=120)

    assert told(alice, job)["text"] == TEXT
    assert alice.job(job)["result"]["filename"] == "ein Gespräch.wav"


def test_a_long_recording_lets_another_users_go_first(stack, alice, service):
    bob = add_user(alice)
    long = listen(alice, recording(60, "mp3") * _MINUTES)
    reader = alice.reader(long)
    wait_until(lambda: service.heard > _HEARD_BEFORE, 120, "the first pieces")
    # Long enough for the line of long ones, and heard at once.
    short = listen(bob, recording(40, "wav"))

    service.let_go()
    bob.reader(short).finish(120)
    reader.finish(200)

    assert (bob.job(short)["status"], reader.end) == ("completed", "completed")
    assert [e["data"]["reason"] for e in reader.events if e["type"] == "restarted"] == [
        "handed over"
    ]
    sizes = [len(body) for _, body, _ in service.asked]
    short_size = min(sizes)
    assert sizes.index(short_size) == _HEARD_BEFORE + 1
    # Nothing is heard twice for it: each piece of both came once.
    assert service.heard == len(told(alice, long)["segments"]) + 1
