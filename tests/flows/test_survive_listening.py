"""An hour of sound under a worker that is killed: what was heard is not heard again."""

from collections.abc import Iterator

import pytest

from tests.fakes.speech_server import TEXT, FakeSpeech
from tests.services.client import api, signup
from tests.services.speaking import recording
from tests.services.waiting import wait_until

_HEARD_BEFORE = 8
_HOUR_S = 3600


@pytest.fixture
def service() -> Iterator[FakeSpeech]:
    with FakeSpeech() as server:
        server.gate = _HEARD_BEFORE
        yield server


def test_an_hour_of_sound_is_written_down_although_its_worker_is_killed(new_stack, service):
    stack = new_stack(
        compute=1,
        env={
            "AUDIO_STT_ENGINE": "openai",
            "AUDIO_STT_OPENAI_API_BASE_URL": f"{service.url}/v1",
            "AUDIO_STT_OPENAI_API_KEY": service.key,
        },
    )
    alice = signup(stack.base)
    # Frames of MP3 stand for themselves: a minute sixty times is an hour.
    hour = recording(60, "mp3") * 60

    answer = api(
        "POST",
        f"{stack.base}/v1/audio/transcriptions",
        headers=alice.headers,
        files={"file": ("hour.mp3", hour)},
        data={"background": "true"},
    )
    job = answer.json()["job"]
    reader = alice.reader(job)
    wait_until(lambda: service.heard > _HEARD_BEFORE, 60, "the first pieces")
    stack.compute[0].kill()
    service.gate = None
    service.release.set()
    stack.compute[0].start()
    reader.finish(90)

    reader.assert_unbroken()
    assert (answer.status_code, reader.end) == (202, "completed")
    assert "restarted" in reader.types
    ends = [event["data"] for event in reader.events if event["type"] == "progress"]
    assert ends[-1]["done"] == pytest.approx(_HOUR_S, rel=0.01)
    told = alice.get(f"/api/v1/audio/transcriptions/{job}")
    pieces = len(told["segments"])
    assert pieces >= _HOUR_S / 120
    assert told["text"] == reader.text == " ".join([TEXT] * pieces)
    # The piece that was under way is heard twice, no other one is.
    assert service.heard == pieces + 1
