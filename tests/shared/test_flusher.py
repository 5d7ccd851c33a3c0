"""The flusher: all events of all jobs, each once and in order, in few round trips."""

import threading

import pytest

from shared import flusher as module
from shared import relay
from shared.redis import get_redis
from tests.services.things import events_of, told
from tests.services.waiting import wait_until


def ignore(_reason):
    """Take no note of a refusal."""


def texts(job_id):
    return "".join(data.get("text") or "" for _, data in told(job_id))


def is_ended(job_id):
    return bool(events_of(job_id)) and events_of(job_id)[-1]["type"] in relay.ENDINGS


def calls_of_the_script():
    calls = get_redis().info("commandstats").get("cmdstat_evalsha", {})
    return int(calls.get("calls", 0))


def test_a_lone_text_is_written(flusher):
    flusher.writer("j", 1, ignore).text("hello")

    wait_until(lambda: told("j") == [("delta", {"text": "hello"})], 5, "the text in the log")


def test_order_is_kept_between_texts_and_other_events(flusher):
    writer = flusher.writer("j", 1, ignore)
    writer.emit("started", {})
    writer.text("a")
    writer.emit("usage", {"total_tokens": 1})
    writer.text("b")
    writer.emit("completed", {"x": 1})

    wait_until(lambda: is_ended("j"), 5, "the end")

    kinds = [kind for kind, _ in told("j")]
    assert kinds == ["started", "delta", "usage", "delta", "completed"]


def test_what_nobody_waits_for_leaves_with_the_next_event(flusher):
    flusher.writer("warm", 1, ignore).text("up")
    flusher.drain(5)
    before = calls_of_the_script()
    writer = flusher.writer("j", 1, ignore)
    writer.emit_with_next("started", {})
    writer.text("a")
    flusher.drain(5)

    assert told("j") == [("started", {}), ("delta", {"text": "a"})]
    assert calls_of_the_script() - before == 1


def test_what_nobody_waits_for_leaves_by_itself_when_nothing_follows(flusher):
    flusher.writer("j", 1, ignore).emit_with_next("started", {})

    wait_until(lambda: told("j") == [("started", {})], 5, "the event in the log")


def test_draining_sends_also_what_nobody_waits_for(flusher, monkeypatch):
    monkeypatch.setattr(module, "_LATEST_S", 60)
    flusher.writer("j", 1, ignore).emit_with_next("started", {})

    assert flusher.drain(5)
    assert told("j") == [("started", {})]


def test_what_all_jobs_write_during_a_round_trip_leaves_together(flusher):
    writers = [flusher.writer(f"job-{n}", 1, ignore) for n in range(10)]
    for writer in writers:
        writer.emit("started", {})
    flusher.drain(5)
    before = calls_of_the_script()
    get_redis().client_pause(300)
    writers[0].text("first ")
    wait_until(lambda: flusher._is_sending, 5, "a round trip to be under way")
    for _ in range(100):
        for writer in writers:
            writer.text("x")
    flusher.drain(5)

    assert calls_of_the_script() - before == 1 + len(writers)
    assert told("job-9") == [("started", {}), ("delta", {"text": "x" * 100})]


def test_many_jobs_at_once_get_all_their_events_in_order(flusher):
    jobs = [f"job-{n}" for n in range(40)]

    def write(job_id):
        writer = flusher.writer(job_id, 1, ignore)
        for n in range(200):
            writer.text(f"{n} ")
        writer.emit("completed", {})

    threads = [threading.Thread(target=write, args=(job_id,)) for job_id in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    flusher.drain(10)

    whole = "".join(f"{n} " for n in range(200))
    assert {texts(job_id) == whole and is_ended(job_id) for job_id in jobs} == {True}


def test_a_batch_longer_than_one_call_may_be_arrives_whole_and_once(flusher):
    writer = flusher.writer("j", 1, ignore)
    count = module._MAX_EVENTS_PER_CALL * 2 + 7
    writer._waiting.extend(relay.encode("progress", 1, {"done": n}) for n in range(count))
    writer.emit("completed", {})

    assert flusher.drain(10)
    done = [data.get("done") for _, data in told("j")]
    assert done == [*range(count), None]


def test_a_writer_hears_that_a_newer_attempt_writes(flusher):
    reasons = []
    old = flusher.writer("j", 1, reasons.append)
    old.emit("started", {})
    flusher.drain(5)
    flusher.writer("j", 2, ignore).emit("restarted", {})
    flusher.drain(5)

    old.text("late")
    flusher.drain(5)

    assert reasons == [relay.FENCED]
    assert [kind for kind, _ in told("j")] == ["started", "restarted"]


def test_one_writers_refusal_does_not_touch_the_others(flusher):
    flusher.writer("j", 2, ignore).emit("started", {})
    flusher.drain(5)
    fenced, fine = flusher.writer("j", 1, ignore), flusher.writer("k", 1, ignore)

    fenced.text("late")
    fine.text("hello")
    flusher.drain(5)

    assert texts("k") == "hello"


def test_a_full_log_refuses_texts_and_takes_the_end_all_the_same(flusher, configure):
    configure(job_log_max_events=101)
    reasons = []
    writer = flusher.writer("j", 1, reasons.append)
    for n in range(101):
        writer.emit("progress", {"done": n})
        flusher.drain(5)

    writer.text("too much")
    flusher.drain(5)
    writer.emit("failed", {"error": "too long"})
    flusher.drain(5)

    assert reasons == [relay.FULL]
    assert told("j")[-1] == ("failed", {"error": "too long"})


def test_an_attempt_that_writes_too_many_bytes_is_refused_and_may_still_end(flusher, configure):
    configure(job_log_max_bytes=10_000)
    reasons = []
    writer = flusher.writer("j", 1, reasons.append)
    for _ in range(3):
        writer.text("x" * 4000)
        flusher.drain(5)

    writer.text("more")
    writer.emit("failed", {"error": "too long"})
    flusher.drain(5)

    assert reasons == [relay.FULL]
    assert [kind for kind, _ in told("j")] == ["delta", "delta", "failed"]


def test_a_script_that_valkey_has_forgotten_is_loaded_again(flusher):
    writer = flusher.writer("j", 1, ignore)
    writer.text("a")
    flusher.drain(5)
    get_redis().script_flush()

    writer.text("b")
    flusher.drain(5)

    assert texts("j") == "ab"


def test_a_connection_that_is_cut_loses_and_doubles_nothing(flusher):
    writer = flusher.writer("j", 1, ignore)
    done = threading.Event()

    def cut():
        while not done.wait(0.02):
            get_redis().execute_command("CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "YES")

    cutter = threading.Thread(target=cut, daemon=True)
    cutter.start()
    whole = "".join(f"{n} " for n in range(3000))
    for n in range(3000):
        writer.text(f"{n} ")
        if n % 50 == 0:
            flusher.drain(0.05)
    done.set()
    cutter.join()
    writer.emit("completed", {})

    assert flusher.drain(10)
    assert texts("j") == whole


def test_a_valkey_that_dies_and_returns_loses_and_doubles_nothing(flusher, mortal_valkey):
    writers = [flusher.writer(f"job-{n}", 1, ignore) for n in range(5)]
    for n in range(100):
        for writer in writers:
            writer.text(f"{n} ")
    assert flusher.drain(10)
    wait_until(_is_on_disk, 5, "the append-only file to be synced")

    mortal_valkey.kill()
    for n in range(100, 200):
        for writer in writers:
            writer.text(f"{n} ")
    mortal_valkey.restart()
    for writer in writers:
        writer.emit("completed", {})

    assert flusher.drain(10)
    whole = "".join(f"{n} " for n in range(200))
    assert [texts(w.job_id) for w in writers] == [whole] * 5


def _is_on_disk():
    return bool(get_redis().execute_command("WAITAOF", 1, 0, 1000)[0])


def test_a_job_far_ahead_of_a_dead_valkey_waits_until_there_is_room(flusher, mortal_valkey):
    writer = flusher.writer("j", 1, ignore)
    writer.text("x")
    flusher.drain(5)
    mortal_valkey.kill()
    piece, pieces = "y" * 500_000, 20
    written = []

    def write():
        for _ in range(pieces):
            writer.text(piece)
            written.append(1)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    wait_until(lambda: flusher._sent._waiters, 5, "the writer to be held")
    stuck_at = len(written)
    mortal_valkey.restart()
    thread.join(20)

    assert stuck_at < pieces
    assert len(written) == pieces


def test_drain_says_that_it_was_not_in_time(flusher, mortal_valkey):
    writer = flusher.writer("j", 1, ignore)
    mortal_valkey.kill()
    writer.text("x")

    was_in_time = flusher.drain(0.05)
    mortal_valkey.restart()

    assert (was_in_time, flusher.drain(10)) == (False, True)


@pytest.mark.parametrize("text", ["", "é漢🙂", 'a"b\\c\n\u0000\u2028', "x" * 2_000_000])
def test_any_text_comes_back_as_it_was(flusher, text):
    flusher.writer("j", 1, ignore).text(text)
    flusher.drain(10)

    assert told("j") == [("delta", {"text": text})]
