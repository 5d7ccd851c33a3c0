"""The `openai` library's responses: in the background, resumed at another process, cancelled."""

import pytest
from openai import OpenAI

from tests.clients.openai_library import Connect
from tests.fakes.openai_server import answer_for
from tests.services.client import Account
from tests.services.stack import Stack
from tests.services.waiting import wait_until

ASKED = {"model": "fake-alpha"}


@pytest.fixture(scope="module")
def options():
    return {"web": 2}


@pytest.fixture
def elsewhere(stack: Stack, alice: Account) -> OpenAI:
    """A client at the other web process."""
    return OpenAI(base_url=f"{stack.bases[1]}/v1", api_key=alice.token, max_retries=0, timeout=20)


def test_a_response_comes_whole_and_is_found_again(connect: Connect):
    made = connect().responses.create(input="Whole. tokens=5", **ASKED)

    assert made.output_text == answer_for("Whole. tokens=5")
    assert connect().responses.retrieve(made.id).output_text == made.output_text


def test_a_background_response_is_resumed_at_another_process(connect: Connect, elsewhere: OpenAI):
    question = "Resumed. tokens=40 delay=30"
    stream = connect().responses.create(input=question, background=True, stream=True, **ASKED)
    seen = []
    for event in stream:
        seen.append(event)
        if len(seen) == 8:
            break
    stream.close()

    last = seen[-1].sequence_number
    rest = list(elsewhere.responses.retrieve(seen[0].response.id, stream=True, starting_after=last))

    numbers = [event.sequence_number for event in [*seen, *rest]]
    deltas = [e.delta for e in [*seen, *rest] if e.type == "response.output_text.delta"]
    assert numbers == list(range(len(numbers)))
    assert "".join(deltas) == answer_for(question)
    assert rest[-1].type == "response.completed"


def test_a_background_response_is_cancelled_from_another_process(
    connect: Connect, elsewhere: OpenAI
):
    made = connect().responses.create(input="endless=1 delay=20", background=True, **ASKED)

    elsewhere.responses.cancel(made.id)

    wait_until(
        lambda: connect().responses.retrieve(made.id).status == "cancelled", 10, "the cancelled"
    )


def test_a_conversation_goes_on(connect: Connect):
    client = connect()
    first = client.responses.create(input="First. say=one", **ASKED)

    second = client.responses.create(
        input="Second. say=two", previous_response_id=first.id, **ASKED
    )

    assert second.output_text == "two"
    assert [item.content[0].text for item in client.responses.input_items.list(second.id)] == [
        "Second. say=two"
    ]
    client.responses.delete(first.id)
