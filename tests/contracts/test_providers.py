"""What every provider does alike, whatever protocol its server speaks."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from shared.services.connections import Connection
from tests.fakes.ollama_server import FakeOllama
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.process import FakeProcess
from tests.fakes.script import answer_for
from tests.services.waiting import free_port, wait_until
from tests.workers.providers.asking import KEY, Reading, chat, text, told
from workers import providers
from workers.providers import KINDS, provider_for
from workers.providers.base import Provider
from workers.providers.errors import Aborted, ProviderError, Refused, Unavailable
from workers.providers.line import Cut

FAKES = {"openai": FakeOpenAI, "ollama": FakeOllama}
# Functions that answer as models: tests/web/test_pipes.py and tests/flows/test_survive_plugin.py.
WITHOUT_A_SERVER = {"pipe"}
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]


@dataclass(frozen=True)
class Pair:
    """A provider and the server that it asks."""

    kind: str
    server: FakeProcess
    provider: Provider


@pytest.fixture(scope="module", params=sorted(FAKES))
def running(request: pytest.FixtureRequest) -> Iterator[tuple[str, FakeProcess]]:
    with FAKES[request.param](delay=0) as server:
        yield request.param, server


@pytest.fixture
def pair(running: tuple[str, FakeProcess]) -> Pair:
    kind, server = running
    server.reset()
    return Pair(kind, server, provider_for(Connection(kind, 0, server.url, KEY)))


def test_every_kind_has_a_fake():
    assert set(FAKES) == set(KINDS) - WITHOUT_A_SERVER


def test_the_same_connection_gets_the_same_provider(pair: Pair):
    again = provider_for(Connection(pair.kind, 7, pair.server.url, KEY, {"enable": True}))
    other = provider_for(Connection(pair.kind, 0, pair.server.url, "another"))

    assert again is pair.provider
    assert other is not pair.provider


def test_the_number_of_providers_is_bounded(pair: Pair, monkeypatch):
    monkeypatch.setattr(providers, "_kept", {})
    monkeypatch.setattr(providers, "_MAX_KEPT", 3)
    for number in range(5):
        provider_for(Connection(pair.kind, 0, f"http://127.0.0.1:{1000 + number}", ""))

    assert [url for _, url, _ in providers._kept] == [
        f"http://127.0.0.1:{n}" for n in (1002, 1003, 1004)
    ]


def test_an_unknown_kind_is_refused():
    with pytest.raises(Refused):
        provider_for(Connection("telepathy", 0, "http://127.0.0.1", ""))


@pytest.mark.parametrize(
    "habit", ["", "slice=3 utf8=1", "split=2", "burst=1 crlf=1", "longline=100000"]
)
def test_an_answer_is_a_start_texts_an_end_and_usage(pair: Pair, habit):
    question = f"tell me tokens=9 {habit}"

    events = told(pair.provider, question, stream_options={"include_usage": True})

    (first, meta), *middle, (last, usage) = events
    assert (first, last) == ("meta", "usage")
    assert {"id", "created", "model"} <= set(meta)
    assert text(events).replace("x" * 100_000 + " ", "") == answer_for(question)
    assert middle[-1] == ("delta", {"finish_reason": "stop"})
    assert all(kind == "delta" and len(data) == 1 for kind, data in middle)
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_thoughts_are_reasoning(pair: Pair):
    events = told(pair.provider, "think=2 say=yes")

    thoughts = [data["reasoning"] for _, data in events if "reasoning" in data]
    assert "".join(thoughts) == "thought1 thought2 "
    assert text(events) == "yes"


def test_calls_are_deltas_that_can_be_joined_by_their_index(pair: Pair):
    events = told(pair.provider, "tool=weather args=city:Berlin", tools=TOOLS)

    calls = [call for _, data in events for call in data.get("tool_calls", ())]
    assert {call["index"] for call in calls} == {0}
    assert calls[0]["function"]["name"] == "weather"
    assert json.loads("".join(c["function"]["arguments"] for c in calls)) == {"city": "Berlin"}
    assert ("delta", {"finish_reason": "tool_calls"}) in events


def test_a_completion_has_openais_form(pair: Pair):
    completion = pair.provider.complete(chat("tell me tokens=2"))

    [choice] = completion["choices"]
    assert completion["object"] == "chat.completion"
    assert choice["message"] == {"role": "assistant", "content": answer_for("tell me tokens=2")}
    assert choice["finish_reason"] == "stop"
    assert completion["usage"]["total_tokens"] > 0


def test_what_the_upstream_is_asked_has_its_own_model_and_our_key(pair: Pair):
    told(pair.provider, "say=yes")

    [record] = pair.server.log()
    assert record["json"]["model"] == "fake-alpha"
    assert record["json"]["stream"] is True
    assert record["headers"]["authorization"] == f"Bearer {KEY}"


def test_models_have_names(pair: Pair):
    assert all(entry.get("id") or entry.get("model") for entry in pair.provider.models())
    assert len(pair.provider.models()) == 2


def test_the_version_is_an_object(pair: Pair):
    assert isinstance(pair.provider.version(), dict)


def test_unknown_paths_are_answered_with_their_status(pair: Pair):
    with pytest.raises(ProviderError, match="no such path") as failure:
        pair.provider.ask("POST", "/nowhere", b"{}")

    assert failure.value.upstream_status == 404


@pytest.mark.parametrize(
    ("habit", "kind", "status"),
    [
        ("fail=400", Refused, 400),
        ("fail=401", Refused, 401),
        ("fail=404", Refused, 404),
        ("fail=429 retry=3", Unavailable, 429),
        ("fail=500", Unavailable, 500),
        ("fail=503", Unavailable, 503),
        ("html=1", Refused, None),
        ("noise=1", Refused, None),
        ("badjson=0", Refused, None),
        ("drop=1", Unavailable, None),
        ("empty=1", Unavailable, None),
        ("cut=0", Unavailable, None),
        ("cut=2 close=1", Unavailable, None),
        ("reset=2", Unavailable, None),
    ],
)
def test_failures_are_of_the_same_kinds(pair: Pair, habit, kind, status):
    reading = Reading(pair.provider.stream(chat(f"tell me {habit}"))).join()

    assert type(reading.error) is kind
    assert isinstance(reading.error, ProviderError)
    assert reading.error.upstream_status == status
    assert f"127.0.0.1:{pair.server.port}" in reading.error.message
    assert KEY not in reading.error.message


def test_nobody_listening_is_unavailable(pair: Pair):
    provider = provider_for(Connection(pair.kind, 0, f"http://127.0.0.1:{free_port()}", KEY))

    for ask in (provider.models, provider.version, lambda: provider.complete(chat("a"))):
        with pytest.raises(Unavailable, match="cannot be reached"):
            ask()


def test_the_key_is_nowhere_to_be_seen(pair: Pair):
    pair.server.control(key="another")

    with pytest.raises(Refused) as caught:
        told(pair.provider, "tell me")

    assert KEY not in f"{caught.value} {caught.value!r} {pair.provider!r} {vars(pair.provider)}"


@pytest.mark.parametrize("stage", ["hang_head=1", "hang=0", "hang=2", "endless=1"])
def test_an_abort_ends_it_from_outside(pair: Pair, stage):
    stream = pair.provider.stream(chat(f"tell me {stage}"))
    reading = Reading(stream)
    wait_until(lambda: pair.server.open_streams == 1, 5, "the answer to begin")

    stream.abort()

    assert isinstance(reading.join(10).error, Aborted)
    wait_until(lambda: pair.server.open_streams == 0, 1, "the connection to be closed")


def test_closing_ends_it_from_inside(pair: Pair):
    stream = pair.provider.stream(chat("tell me hang=2"))
    next(stream)
    stream.close()

    wait_until(lambda: pair.server.open_streams == 0, 1, "the connection to be closed")


def test_a_completion_can_be_cut(pair: Pair):
    cut = Cut()
    completion = (pair.provider.complete(chat("tell me hang_head=1"), cut) for _ in range(1))
    reading = Reading(completion)
    wait_until(lambda: pair.server.open_streams == 1, 5, "the request to arrive")

    cut.set()

    assert isinstance(reading.join(10).error, Aborted)
