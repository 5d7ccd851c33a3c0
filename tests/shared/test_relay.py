"""The event log: appended by one script, numbered, fenced, and read from any cursor."""

import pytest

from shared import relay
from shared.redis import get_redis, job_key
from tests.services.things import events_of, told

JOB = "job-1"
pytestmark = pytest.mark.usefixtures("world")


def append(attempt, expected, *events, ends=False):
    values = relay.append_values(attempt, expected, ends, list(events))
    return int(get_redis().eval(relay.APPEND, *relay.append_keys(JOB), *values))


def delta(text, attempt=1):
    return relay.encode("delta", attempt, {"text": text})


def texts():
    return [event["data"].get("text") for event in events_of(JOB)]


def test_events_are_numbered_from_one_without_a_gap():
    append(1, relay.OPENING, delta("a"), delta("b"))
    append(1, 2, delta("c"))

    assert [(e["seq"], e["data"]["text"]) for e in events_of(JOB)] == [(1, "a"), (2, "b"), (3, "c")]


def test_numbers_go_on_across_attempts():
    append(1, relay.OPENING, delta("a"))
    append(2, relay.OPENING, delta("b", 2))

    assert [(e["seq"], e["attempt"]) for e in events_of(JOB)] == [(1, 1), (2, 2)]


def test_an_older_attempt_writes_nothing():
    append(1, relay.OPENING, delta("a"))
    append(2, relay.OPENING, delta("b", 2))

    answer = append(1, 1, delta("late"))

    assert (answer, texts()) == (relay.FENCED, ["a", "b"])


def test_an_older_attempt_cannot_end_a_log():
    append(2, relay.OPENING, delta("b", 2))

    answer = append(1, 0, relay.encode("completed", 1, {}), ends=True)

    assert (answer, texts()) == (relay.FENCED, ["b"])


def test_nothing_is_written_after_the_end():
    append(1, relay.OPENING, delta("a"))
    append(1, 1, relay.encode("completed", 1, {}), ends=True)

    answers = [append(1, 2, delta("late")), append(2, relay.OPENING, delta("later", 2))]

    assert answers == [relay.FENCED, relay.FENCED]
    assert [kind for kind, _ in told(JOB)] == ["delta", "completed"]


def test_a_repeated_opening_is_written_once():
    append(1, relay.OPENING, delta("a"), delta("b"))

    answer = append(1, relay.OPENING, delta("a"), delta("b"))

    assert (answer, texts()) == (2, ["a", "b"])


def test_a_repeated_append_is_written_once():
    append(1, relay.OPENING, delta("a"))
    append(1, 1, delta("b"), delta("c"))

    answer = append(1, 1, delta("b"), delta("c"))

    assert (answer, texts()) == (3, ["a", "b", "c"])


def test_a_repeated_append_adds_only_what_is_missing():
    append(1, relay.OPENING, delta("a"))
    append(1, 1, delta("b"))

    answer = append(1, 1, delta("b"), delta("c"))

    assert (answer, texts()) == (3, ["a", "b", "c"])


def test_a_repeated_end_is_written_once_and_refused_like_any_late_event():
    append(1, relay.OPENING, delta("a"))
    append(1, 1, relay.encode("completed", 1, {}), ends=True)

    answer = append(1, 1, relay.encode("completed", 1, {}), ends=True)

    assert (answer, len(told(JOB))) == (relay.FENCED, 2)


def test_a_log_that_has_lost_events_takes_no_more_from_its_attempt():
    append(1, relay.OPENING, delta("a"), delta("b"))
    get_redis().rpop(job_key(JOB, "log"))

    answer = append(1, 2, delta("c"))

    assert (answer, texts()) == (relay.LOST, ["a"])


def test_a_full_log_takes_no_more(configure):
    configure(job_log_max_events=101)
    append(1, relay.OPENING, *[delta("x")] * 101)

    assert append(1, 101, delta("more")) == relay.FULL


def test_a_full_log_still_takes_its_end(configure):
    configure(job_log_max_events=101)
    append(1, relay.OPENING, *[delta("x")] * 101)

    append(1, 101, relay.encode("failed", 1, {"error": "too long"}), ends=True)

    assert told(JOB)[-1] == ("failed", {"error": "too long"})


def test_a_full_log_takes_the_end_of_an_attempt_that_could_not_open_it(configure):
    configure(job_log_max_events=101)
    append(1, relay.OPENING, *[delta("x")] * 101)
    assert append(2, relay.OPENING, relay.encode("restarted", 2, {})) == relay.FULL

    append(2, relay.OPENING, relay.encode("failed", 2, {"error": "too long"}), ends=True)

    assert told(JOB)[-1] == ("failed", {"error": "too long"})


def test_readers_get_what_is_appended_in_one_frame_with_its_first_number():
    listener = get_redis().pubsub(ignore_subscribe_messages=True)
    listener.subscribe(relay.channel(JOB))
    listener.get_message(timeout=5)
    append(1, relay.OPENING, delta("a"))
    append(1, 1, delta("b"), delta("c"))

    frames = [relay.parse_frame(listener.get_message(timeout=5)["data"]) for _ in range(2)]
    listener.close()

    assert frames == [(1, [delta("a")]), (2, [delta("b"), delta("c")])]


def test_a_log_outlives_its_job_by_the_time_of_the_settings(configure):
    configure(job_log_ttl_s=77)
    append(1, relay.OPENING, delta("a"))
    before = get_redis().ttl(job_key(JOB, "log"))

    append(1, 1, relay.encode("completed", 1, {}), ends=True)

    assert before > 80_000
    assert get_redis().ttl(job_key(JOB, "log")) == 77
    assert get_redis().ttl(job_key(JOB, "fence")) == 77


def test_replay_begins_behind_the_cursor_and_stops_at_the_limit():
    append(1, relay.OPENING, *[delta(str(n)) for n in range(1, 8)])

    assert relay.replay(JOB, 3, 2) == [delta("4"), delta("5")]


def test_replay_of_an_unknown_job_is_empty():
    assert relay.replay("nobody's", 0) == []


def test_an_event_from_outside_is_added_wherever_the_log_stands():
    append(1, relay.OPENING, delta("a"))

    was_taken = relay.append(JOB, 1, "queued", {"position": 3})

    assert was_taken
    assert told(JOB)[-1] == ("queued", {"position": 3})


def test_an_event_from_outside_is_refused_after_the_end():
    relay.append(JOB, 0, "cancelled", {})

    assert not relay.append(JOB, 0, "queued", {"position": 1})


@pytest.mark.parametrize("kind", relay.ENDINGS)
def test_an_ending_is_known_by_its_first_bytes(kind):
    assert relay.is_ending(relay.encode(kind, 1, {"text": "x"}))


@pytest.mark.parametrize(
    "event",
    [
        relay.encode("delta", 1, {"text": '{"type":"completed"'}),
        relay.encode("completed_not", 1, {}),
    ],
)
def test_a_text_that_looks_like_an_ending_is_none(event):
    assert not relay.is_ending(event)


def test_a_line_feed_in_a_text_does_not_cut_a_frame():
    listener = get_redis().pubsub(ignore_subscribe_messages=True)
    listener.subscribe(relay.channel(JOB))
    listener.get_message(timeout=5)
    append(1, relay.OPENING, delta("one\ntwo\r\n\u2028"))

    _, events = relay.parse_frame(listener.get_message(timeout=5)["data"])
    listener.close()

    assert events == [delta("one\ntwo\r\n\u2028")]


def test_an_event_from_outside_costs_the_attempt_under_way_none_of_its_own():
    length = append(1, relay.OPENING, delta("a"))

    relay.append(JOB, 1, "queued", {"position": 3})
    length = append(1, length, delta("b"))
    append(1, length, delta("c"))

    assert [data.get("text") for _, data in told(JOB)] == ["a", None, "b", "c"]


def test_a_repeated_call_behind_an_event_from_outside_appends_nothing_twice():
    length = append(1, relay.OPENING, delta("a"))
    relay.append(JOB, 1, "queued", {"position": 3})

    for _ in range(2):
        append(1, length, delta("b"), delta("c"))

    assert [data.get("text") for _, data in told(JOB)] == ["a", None, "b", "c"]
