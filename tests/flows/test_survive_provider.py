"""Providers refuse, hang, babble and cut: the reader gets one clear error, or the answer."""

import pytest

from tests.fakes.openai_server import answer_for
from tests.services.client import Account, Reader

KEY = "sk-very-secret-of-the-provider"
# It loses its patience soon.
STACK = {
    "env": {
        "OPENAI_API_KEY": KEY,
        "UPSTREAM_FIRST_BYTE_TIMEOUT_S": "1.5",
        "UPSTREAM_IDLE_TIMEOUT_S": "1.5",
        "UPSTREAM_TOTAL_TIMEOUT_S": "4",
        "UPSTREAM_TRIES": "2",
    }
}


def assert_one_clear_error(alice: Account, reader: Reader) -> str:
    reader.assert_unbroken()
    ends = [
        event for event in reader.events if event["type"] in ("completed", "failed", "cancelled")
    ]
    assert [event["type"] for event in ends] == ["failed"]
    error = str(ends[0]["data"]["error"])
    assert 10 < len(error) < 500
    assert "Traceback" not in error
    assert "Error(" not in error
    assert KEY not in error
    row = alice.job(reader.job)
    assert (row["status"], row["error"]) == ("failed", error)
    return error


@pytest.mark.parametrize(
    "habit",
    [
        pytest.param("hang_head=1", id="hangs before the head"),
        pytest.param("hang=0", id="hangs before the first token"),
        pytest.param("drop=1", id="closes without a word"),
        pytest.param("noise=1", id="speaks no HTTP"),
        pytest.param("html=1", id="sends a web page"),
        pytest.param("empty=1", id="sends nothing"),
        pytest.param("fail=500", id="answers 500"),
        pytest.param("fail=503", id="answers 503"),
        pytest.param("fail=400", id="answers 400"),
        pytest.param("fail=401", id="answers 401"),
        pytest.param("fail=429", id="answers 429"),
    ],
)
def test_a_provider_that_fails_before_the_first_token_gives_one_clear_error(
    alice: Account, provider, habit
):
    reader = alice.follow(alice.ask(f"what now {habit} delay=5"), timeout_s=20)

    assert_one_clear_error(alice, reader)
    assert reader.text == ""
    assert provider.open_streams == 0


@pytest.mark.parametrize(
    "habit",
    [
        pytest.param("hang=6", id="hangs"),
        pytest.param("cut=6", id="closes"),
        pytest.param("reset=6", id="resets"),
        pytest.param("error=6", id="sends an error"),
        pytest.param("badchunk=7", id="breaks the framing"),
        pytest.param("endless=1 delay=20", id="never ends"),
    ],
)
def test_a_provider_that_fails_in_mid_stream_gives_one_clear_error_and_the_text_is_kept(
    alice: Account, provider, habit
):
    question = f"tell me {habit} delay=5 tokens=30"

    reader = alice.follow(alice.ask(question), timeout_s=20)

    assert_one_clear_error(alice, reader)
    assert reader.text.startswith(answer_for(question)[:15])
    assert "restarted" not in reader.types
    assert provider.asked(question) == 1  # after the first token nobody asks again
    assert provider.open_streams == 0


def test_the_error_has_the_providers_own_words(alice: Account):
    reader = alice.follow(alice.ask("please fail=418"))

    assert "made to fail with 418" in assert_one_clear_error(alice, reader)


def test_a_provider_that_refuses_connections_gives_one_clear_error(alice: Account, provider):
    model = alice.model()
    provider.stop()

    reader = alice.follow(alice.ask("anybody there", model), timeout_s=20)

    provider.start()
    assert_one_clear_error(alice, reader)


@pytest.mark.parametrize("habit", ["fail=500 times=1", "fail=429 retry=1 times=1"])
def test_a_fault_that_passes_before_the_first_token_is_not_seen(alice: Account, habit):
    question = f"try again {habit} delay=5"

    reader = alice.follow(alice.ask(question), timeout_s=20)

    assert reader.end == "completed"
    assert reader.text == answer_for(question)


def test_a_provider_that_asks_for_a_long_pause_is_not_asked_again(alice: Account, provider):
    question = "later fail=429 retry=3600"

    reader = alice.follow(alice.ask(question), timeout_s=40)

    assert_one_clear_error(alice, reader)
    ending = reader.events[-1]["data"]
    assert (ending["reason"], ending["retry_after_s"]) == ("rate_limited", 3600)
    assert provider.asked(question) == 1


@pytest.mark.parametrize(
    "habit",
    [
        "longline=1048576",
        "comments=1",
        "crlf=1",
        "nodone=1",
        "split=30",
        "pretty=1",
        "utf8=1 slice=7",
    ],
)
def test_odd_but_lawful_streams_arrive_whole(alice: Account, habit):
    question = f"be odd {habit} delay=2 tokens=20"

    reader = alice.follow(alice.ask(question), timeout_s=20)

    reader.assert_unbroken()
    assert reader.end == "completed"
    assert reader.text.replace("x" * 1_048_576 + " ", "") == answer_for(question)


def test_what_is_not_json_in_mid_stream_never_reaches_the_reader(alice: Account):
    reader = alice.follow(alice.ask("babble badjson=5 delay=5 tokens=20"), timeout_s=20)

    reader.assert_unbroken()
    assert reader.end in ("completed", "failed")
    assert "not json" not in reader.text


def test_a_failing_provider_harms_no_other_stream(alice: Account):
    model = alice.model()
    bad = [alice.reader(alice.ask(f"bad {i} hang=3 delay=5", model)) for i in range(10)]
    good = [f"good {i} delay=20 tokens=40" for i in range(10)]
    readers = [alice.reader(alice.ask(question, model)) for question in good]

    for reader, question in zip(readers, good, strict=True):
        assert reader.finish(10).text == answer_for(question)
    assert {reader.finish(10).end for reader in bad} == {"failed"}


def test_the_answering_door_tells_the_error_in_words(alice: Account):
    body = {
        "model": alice.model(),
        "messages": [{"role": "user", "content": "in one piece fail=500"}],
        "stream": False,
    }

    answer = alice.api("POST", "/api/chat/completions", body)

    assert answer.status_code >= 400
    assert "made to fail with 500" in answer.json()["detail"]
