"""Following a job from any moment on, whatever is lost, doubled or too late on the way."""

from types import SimpleNamespace

import pytest

from shared import relay
from shared.models.job import COMPLETED, FAILED, RUNNING
from shared.redis import get_redis, job_key
from tests.services.things import change_job, new_job, new_user
from tests.services.waiting import wait_until
from tests.web.following import Reader
from web.stream import hub
from web.stream.hub import Follow

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def job_id():
    """A job under way."""
    made = new_job(new_user())
    change_job(made, status=RUNNING, attempt=1)
    return made


def tell(job_id, *texts):
    for text in texts:
        relay.append(job_id, 1, "delta", {"text": text})


def end(job_id):
    change_job(job_id, status=COMPLETED)
    relay.append(job_id, 1, COMPLETED, {})


def frame(first, *texts):
    """What is published of an append."""
    events = [relay.encode("delta", 1, {"text": text}) for text in texts]
    return b"%d\n%b" % (first, b"\n".join(events))


def has(reader, count):
    wait_until(lambda: len(reader.events) >= count, 10, f"{count} events")


def finished(reader):
    reader.finish()
    return reader


# From any moment on


def test_a_reader_that_listens_before_the_job_exists_misses_nothing():
    reader = Reader("chosen", is_new=True)
    wait_until(lambda: reader.listens, 5, "the reader to listen")

    tell("chosen", "a")
    relay.append("chosen", 1, "completed", {})

    assert reader.finish() == [(1, "delta"), (2, "completed")]


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_cursor_gives_what_follows_it(job_id, after):
    tell(job_id, "a", "b", "c")
    end(job_id)

    assert finished(Reader(job_id, after)).numbers == list(range(after + 1, 5))


def test_readers_that_come_at_any_moment_all_get_everything_once(job_id):
    readers = []
    for number in range(300):
        tell(job_id, f"{number} ")
        if number % 20 == 0:
            readers.append(Reader(job_id))
    end(job_id)

    whole = "".join(f"{number} " for number in range(300))
    assert {finished(reader).text == whole for reader in readers} == {True}
    assert {tuple(reader.numbers) for reader in readers} == {tuple(range(1, 302))}


def test_a_long_log_is_read_in_several_goes(job_id, monkeypatch):
    monkeypatch.setattr(hub, "_REPLAY_FIRST", 7)
    tell(job_id, *"abcdefghijklmnopqrstuvwxyz")
    end(job_id)

    assert finished(Reader(job_id)).numbers == list(range(1, 28))


def test_a_reader_that_leaves_is_forgotten(job_id):
    with Follow(job_id) as follow:
        assert follow in hub._ticker._readers

    assert follow not in hub._ticker._readers
    assert not hub.subscriber._topics.get(relay.channel(job_id).encode())


# Gaps, doubles, lag


@pytest.fixture
def reader(job_id):
    """A reader that has seen two events."""
    tell(job_id, "a", "b")
    made = Reader(job_id)
    has(made, 2)
    return made


def test_a_frame_that_comes_twice_counts_once(job_id, reader):
    for _ in range(3):
        reader.follow._hear(frame(3, "c"))
    has(reader, 3)
    tell(job_id, "c", "d")
    end(job_id)

    assert finished(reader).numbers == [1, 2, 3, 4, 5]
    assert reader.text == "abcd"


def test_of_frames_that_overlap_the_new_part_counts(job_id, reader):
    reader.follow._hear(frame(1, "a", "b", "c"))
    reader.follow._hear(frame(2, "b", "c", "d"))
    has(reader, 4)
    tell(job_id, "c", "d")
    end(job_id)

    assert finished(reader).text == "abcd"


def write_unheard(job_id, text):
    get_redis().rpush(job_key(job_id, "log"), relay.encode("delta", 1, {"text": text}))


def test_a_gap_is_filled_from_the_log(job_id, reader):
    write_unheard(job_id, "c")

    tell(job_id, "d")
    end(job_id)

    assert finished(reader).numbers == [1, 2, 3, 4, 5]
    assert reader.text == "abcd"


def test_after_a_lost_subscription_the_log_tells_what_was_missed(job_id, reader):
    write_unheard(job_id, "c")

    reader.follow._hear(None)
    has(reader, 3)
    end(job_id)

    assert finished(reader).text == "abc"


def test_a_reader_that_lags_goes_back_to_the_log_and_holds_little(job_id):
    tell(job_id, "a")
    most = 0
    with Follow(job_id) as follow:
        batches = follow.batches(60.0)
        seen = next(batches)
        for number in range(200):
            tell(job_id, f"{number} " + "x" * 5000)
            most = max(most, follow._bytes)
        end(job_id)
        wait_until(lambda: follow._is_behind, 5, "the reader to be cut off the live feed")
        for batch in batches:
            seen += batch

    assert [number for number, _ in seen] == list(range(1, 203))
    assert most < hub._MAX_WAITING_BYTES + 100_000


def test_a_reader_that_lags_makes_nobody_wait(job_id):
    quick = Reader(job_id)
    with Follow(job_id) as slow:
        for number in range(100):
            tell(job_id, f"{number} " + "x" * 5000)
        end(job_id)

        quick.finish(5)
        assert quick.numbers == list(range(1, 102))
        assert [n for batch in slow.batches(60.0) for n, _ in batch] == list(range(1, 102))


# Silence


def test_without_a_log_the_database_tells_the_ending(job_id):
    change_job(job_id, status=FAILED, result={"text": "half"}, error="no")

    reader = finished(Reader(job_id, after=7))

    assert reader.ending == {
        "seq": 8,
        "type": "failed",
        "attempt": 1,
        "data": {"text": "half", "error": "no"},
    }


def test_silence_alone_ends_nothing(job_id, monkeypatch):
    monkeypatch.setattr(hub, "_DOUBT_AFTER_S", 0.05)
    tell(job_id, "a")
    reader = Reader(job_id, tick_s=0.05)

    wait_until(lambda: reader.empty >= 3, 10, "some silence")
    end(job_id)

    assert finished(reader).numbers == [1, 2]


def test_the_longer_the_silence_the_less_the_database_is_asked(job_id, monkeypatch):
    monkeypatch.setattr(hub, "_LONGEST_DOUBT_S", 1000.0)
    asked = []
    real = hub.jobs.last_event
    monkeypatch.setattr(hub.jobs, "last_event", lambda job: asked.append(1) or real(job))
    now = [1000.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], sleep=hub.time.sleep)
    monkeypatch.setattr(hub, "time", clock)
    follow = Follow(job_id)

    for _ in range(3000):
        follow._in_doubt()
        now[0] += 1.0

    assert 5 < len(asked) < 15


def test_a_reader_without_news_looks_around_at_every_tick(job_id):
    reader = Reader(job_id, tick_s=0.05)

    wait_until(lambda: reader.empty >= 2, 10, "two ticks")
    end(job_id)

    assert finished(reader).numbers == [1]
