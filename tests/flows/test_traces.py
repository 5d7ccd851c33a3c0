"""One trace over real processes: from a client's request through its job to the provider."""

from collections.abc import Iterator

import pytest

from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.otlp_collector import FakeCollector
from tests.services.client import api, signup
from tests.services.waiting import wait_until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
NAMES = ("POST /v1/chat/completions", "job inference.run_chat", "wait in", "POST /chat")
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    with FakeCollector() as server:
        yield server


def test_a_question_is_one_trace_from_the_client_to_the_provider(
    new_stack, provider: FakeOpenAI, collector: FakeCollector
):
    stack = new_stack(env={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})
    alice = signup(stack.base)
    body = {"model": alice.model(), "messages": [{"role": "user", "content": "private tokens=5"}]}
    headers = {**alice.headers, "traceparent": PARENT}

    answer = api("POST", f"{stack.base}/v1/chat/completions", body, headers=headers)

    assert answer.status_code == 200, answer.text
    wait_until(lambda: len(collector.of_trace(TRACE)) == len(NAMES), 15, "all spans")
    spans = collector.of_trace(TRACE)
    request, job, wait, call = (
        next(span for name, span in spans.items() if name.startswith(start)) for start in NAMES
    )
    assert request["parentSpanId"] == "00f067aa0ba902b7"
    assert job["parentSpanId"] == request["spanId"]
    assert wait["parentSpanId"] == call["parentSpanId"] == job["spanId"]
    assert job["attributes"]["switchyard.status"] == "completed"
    assert [event["name"] for event in job["events"]] == ["first piece"]
    asked = [record["headers"].get("traceparent") for record in provider.log()]
    assert f"00-{TRACE}-{call['spanId']}-01" in asked
    assert "private" not in str(collector.spans)
