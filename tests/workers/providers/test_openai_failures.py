"""The OpenAI provider when its server fails or hangs, and when nobody waits for it any more."""

import pytest

from tests.fakes.web_server import FakeWeb
from tests.services.waiting import free_port, wait_until
from tests.workers.providers.asking import KEY, Reading, chat, seconds, text, told
from workers.providers.base import Timeouts
from workers.providers.errors import Aborted, Refused, Unavailable


@pytest.fixture
def server(openai_server):
    return openai_server


@pytest.fixture
def provider(openai_at, server):
    return openai_at(server.url)


# Failures.


@pytest.mark.parametrize(
    ("habit", "kind", "words"),
    [
        ("fail=429", Unavailable, "answered 429: made to fail with 429"),
        ("fail=500", Unavailable, "answered 500: made to fail with 500"),
        ("fail=503", Unavailable, "answered 503"),
        ("fail=400", Refused, "answered 400: made to fail with 400"),
        ("fail=404", Refused, "answered 404"),
        ("fail=302", Refused, "moved to http://127.0.0.1:1/elsewhere"),
        ("drop=1", Unavailable, "closed without an answer"),
        ("noise=1", Refused, "did not answer in HTTP"),
        ("html=1", Refused, "a web page: Sign in to the hotel"),
        ("empty=1", Unavailable, "ended its answer before it was complete"),
        ("badjson=0", Refused, "not JSON: {not json at all"),
    ],
)
def test_a_failure_before_the_first_word_is_told(provider, server, habit, kind, words):
    with pytest.raises(kind) as caught:
        told(provider, f"tell me {habit}")

    assert words in str(caught.value)
    assert f"127.0.0.1:{server.port}" in str(caught.value)


@pytest.mark.parametrize(
    ("habit", "kind"),
    [
        ("cut=3", Unavailable),
        ("cut=3 close=1", Unavailable),
        ("reset=3", Unavailable),
        ("error=3", Unavailable),
        ("badjson=3", Refused),
        ("badchunk=4", (Refused, Unavailable)),
        ("tokens=3 longline=17000000", Refused),
    ],
)
def test_what_came_before_a_failure_is_kept(provider, habit, kind):
    reading = Reading(provider.stream(chat(f"tell me {habit}"))).join(20)

    assert isinstance(reading.error, kind)
    assert text(reading.events).startswith("ECHO-")


@pytest.mark.parametrize("levels", [300, 3000])
def test_a_whole_answer_that_is_too_deep_to_be_stored_is_refused(openai_at, levels):
    usage = b"[" * levels + b"]" * levels
    with FakeWeb() as web:
        web.put("/chat/completions", b'{"choices": [], "usage": %b}' % usage, "application/json")

        with pytest.raises(Refused, match=r"deeper than 100 levels|not answer in JSON"):
            openai_at(web.url).complete(chat("hello"))


def test_a_refusal_carries_its_status_and_when_to_come_back(provider):
    with pytest.raises(Unavailable) as caught:
        told(provider, "fail=429 retry=7")

    assert (caught.value.upstream_status, caught.value.retry_after_s) == (429, 7)


def test_a_server_that_fails_once_answers_the_second_time(provider):
    with pytest.raises(Unavailable):
        told(provider, "tokens=1 fail=500 times=1")

    assert text(told(provider, "tokens=1 fail=500 times=1"))


def test_an_echoed_key_is_not_repeated(provider, server):
    server.control(key="another")

    with pytest.raises(Refused) as caught:
        told(provider, "tell me")

    assert str(caught.value).endswith("answered 401: Incorrect API key provided: Bearer ***")
    assert KEY not in repr(vars(provider))


def test_a_port_where_nobody_listens_is_unavailable(openai_at):
    with pytest.raises(Unavailable, match="cannot be reached: Connection refused"):
        told(openai_at(f"http://127.0.0.1:{free_port()}/v1"), "tell me")


def test_a_name_that_nobody_has_is_unavailable(openai_at):
    with pytest.raises(Unavailable, match=r"nowhere\.invalid cannot be reached"):
        told(openai_at("http://nowhere.invalid/v1"), "tell me")


@pytest.mark.parametrize("url", ["", "ftp://host", "host:80", "http://"])
def test_an_address_that_is_none_is_refused(openai_at, url):
    with pytest.raises(Refused, match="address"):
        openai_at(url)


@pytest.mark.parametrize("key", ["sk-line\r\nX-Evil: 1", "sk-\u00e9\u4e2d", " sk-space", "sk-\x00"])
def test_a_key_that_cannot_be_sent_is_refused_without_quoting_it(openai_at, server, key):
    with pytest.raises(Refused) as caught:
        openai_at(server.url, key=key)

    assert "sk-" not in str(caught.value)


def test_a_request_that_is_not_json_is_refused(provider):
    with pytest.raises(Refused):
        told(provider, "tell me", oddity=object())


# Deadlines.


@pytest.mark.parametrize("habit", ["hang_head=1", "hang=0", "hang=3"])
def test_a_server_that_hangs_is_given_up(openai_at, server, habit):
    quick = Timeouts(connect_s=5, first_byte_s=0.1, idle_s=0.1, total_s=30)
    provider = openai_at(server.url, timeouts=quick)

    with pytest.raises(Unavailable, match="stopped answering"):
        told(provider, f"tell me {habit}")

    wait_until(lambda: server.open_streams == 0, 2, "the connection to be closed")


def test_the_first_byte_may_take_longer_than_the_next(openai_at, server):
    patient = Timeouts(connect_s=5, first_byte_s=10, idle_s=0.1, total_s=30)
    provider = openai_at(server.url, timeouts=patient)

    took = seconds(lambda: Reading(provider.stream(chat("tell me hang=2"))).join())

    assert 0.05 < took < 8


@pytest.mark.parametrize("habit", ["endless=1", "endless=1 delay=5", "hang=3", "hang_head=1"])
def test_an_answer_that_never_ends_is_ended(openai_at, server, habit):
    provider = openai_at(server.url, timeouts=Timeouts(5, 10, 10, total_s=0.2))

    reading = Reading(provider.stream(chat(f"tell me {habit}"))).join()

    assert isinstance(reading.error, Unavailable)
    wait_until(lambda: server.open_streams == 0, 2, "the connection to be closed")


# Ends from outside.


@pytest.mark.parametrize("habit", ["hang_head=1", "hang=0", "hang=2", "endless=1", "delay=20"])
def test_an_abort_from_another_thread_ends_the_answer_at_once(provider, server, habit):
    stream = provider.stream(chat(f"tell me tokens=1000 {habit}"))
    reading = Reading(stream)
    wait_until(lambda: server.open_streams == 1, 5, "the answer to begin")

    took = seconds(lambda: (stream.abort(), reading.join()))

    assert isinstance(reading.error, Aborted)
    assert took < 5
    wait_until(lambda: server.open_streams == 0, 1, "the connection to be closed")


def test_an_abort_before_the_start_asks_nobody(provider, server):
    stream = provider.stream(chat("tell me"))
    stream.abort()

    with pytest.raises(Aborted):
        next(stream)

    assert server.log() == []


def test_an_abort_between_two_events_is_seen_by_the_next(provider):
    stream = provider.stream(chat("tell me burst=1"))
    next(stream)
    stream.abort()
    stream.abort()

    with pytest.raises(Aborted):
        next(stream)


def test_an_abort_after_the_end_harms_nobody(provider, server):
    stream = provider.stream(chat("tokens=1 burst=1"))
    list(stream)
    stream.abort()

    assert text(told(provider, "tokens=1"))
    assert server.stats()["connections"] == 1


def test_closing_an_answer_closes_its_connection(provider, server):
    stream = provider.stream(chat("tell me delay=20"))
    next(stream)
    stream.close()

    wait_until(lambda: server.stats()["aborted"] == 1, 1, "the server to notice")


def test_closing_while_another_thread_reads_ends_that(provider, server):
    stream = provider.stream(chat("tell me hang=2"))
    reading = Reading(stream)
    wait_until(lambda: text(reading.events), 5, "the answer to begin")

    stream.close()

    assert isinstance(reading.join().error, Aborted)
