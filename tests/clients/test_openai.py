"""The `openai` library, unmodified, gets its answers from `/v1` and `/api`, and leaves."""

import asyncio
import json
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.clients.openai_library import DOORS, Connect, asking, in_async, text_of
from tests.fakes.openai_server import FakeOpenAI, answer_for
from tests.services.client import Account
from tests.services.stack import Stack
from tests.services.waiting import wait_until

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def seen_by(provider: FakeOpenAI, question: str) -> dict[str, Any]:
    """What the provider was sent for a question."""
    return next(r["json"] for r in reversed(provider.log()) if r.get("question") == question)


def test_the_models_are_listed(client: OpenAI):
    listed = [model.id for model in client.models.list()]

    assert listed == ["fake-alpha", "fake-beta", "arena-model"]


def test_one_model_is_shown(connect: Connect):
    model = connect().models.retrieve("fake-beta")

    assert (model.id, model.object) == ("fake-beta", "model")
    with pytest.raises(openai.NotFoundError):
        connect().models.retrieve("nobody")


def test_an_answer_comes_in_one_piece(client: OpenAI):
    completion = client.chat.completions.create(**asking("In one piece. tokens=5"))

    choice = completion.choices[0]
    assert choice.message.content == answer_for("In one piece. tokens=5")
    assert (choice.message.role, choice.finish_reason) == ("assistant", "stop")
    assert (completion.object, completion.model) == ("chat.completion", "fake-alpha")
    assert completion.usage.completion_tokens > 0


def test_an_answer_is_streamed_in_pieces(client: OpenAI):
    question = "Piece by piece. tokens=20 delay=20"

    with client.chat.completions.create(**asking(question, stream=True)) as stream:
        chunks = list(stream)

    assert chunks[0].choices[0].delta.role == "assistant"
    assert text_of(chunks) == answer_for(question)
    assert len(chunks) > 5
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert len({chunk.id for chunk in chunks}) == 1


def test_usage_is_streamed_to_those_who_ask_for_it(client: OpenAI):
    wish = {"include_usage": True}
    question = "What does it cost? tokens=4"

    with client.chat.completions.create(
        **asking(question, stream=True, stream_options=wish)
    ) as stream:
        *chunks, last = stream

    assert last.choices == []
    assert last.usage.total_tokens == last.usage.prompt_tokens + last.usage.completion_tokens
    assert all(chunk.usage is None for chunk in chunks)


def test_usage_is_not_streamed_to_others(client: OpenAI):
    with client.chat.completions.create(**asking("tokens=4", stream=True)) as stream:
        assert all(chunk.usage is None and chunk.choices for chunk in stream)


def test_tools_are_passed_through_and_their_calls_come_back(client: OpenAI, provider: FakeOpenAI):
    question = "How is it there? tool=get_weather args=city:Oslo"
    request = asking(question, tools=[WEATHER], tool_choice="auto")

    with client.chat.completions.stream(**request) as stream:
        message = stream.get_final_completion().choices[0].message

    call = message.tool_calls[0]
    assert (call.id, call.function.name) == ("call_1", "get_weather")
    assert json.loads(call.function.arguments) == {"city": "Oslo"}
    assert seen_by(provider, question)["tools"] == [WEATHER]
    assert seen_by(provider, question)["tool_choice"] == "auto"
    whole = client.chat.completions.create(**request).choices[0]
    assert whole.finish_reason == "tool_calls"
    assert whole.message.tool_calls[0].function.name == "get_weather"


def test_the_result_of_a_tool_goes_back_to_the_provider(client: OpenAI, provider: FakeOpenAI):
    question = "And then? tool=get_weather args=city:Oslo tokens=3"
    request = asking(question, tools=[WEATHER])
    asked = client.chat.completions.create(**request).choices[0].message
    result = {"role": "tool", "tool_call_id": asked.tool_calls[0].id, "content": "rain"}
    request["messages"] += [asked, result]

    with client.chat.completions.create(**request, stream=True) as stream:
        text = text_of(stream)

    assert text == answer_for(question)
    assert seen_by(provider, question)["messages"][-1] == result


def test_reasoning_comes_beside_the_text(client: OpenAI):
    request = asking("Think about it. think=3 tokens=3", stream=True)

    with client.chat.completions.create(**request) as stream:
        deltas = [chunk.choices[0].delta for chunk in stream]

    thoughts = "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
    assert thoughts == "thought1 thought2 thought3 "
    assert "".join(delta.content or "" for delta in deltas) == answer_for(
        "Think about it. think=3 tokens=3"
    )


def test_several_choices_are_told_apart(client: OpenAI):
    with client.chat.completions.create(**asking("Both. tokens=3", n=2, stream=True)) as stream:
        texts = {0: "", 1: ""}
        for chunk in stream:
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""

    assert set(texts.values()) == {answer_for("Both. tokens=3")}


def test_parameters_reach_the_provider_also_those_that_nobody_knows(
    client: OpenAI, provider: FakeOpenAI
):
    known = {"temperature": 0.1, "seed": 7, "response_format": {"type": "json_object"}}

    client.chat.completions.create(
        **asking("With everything. tokens=2", **known), extra_body={"top_k": 3}
    )

    seen = seen_by(provider, "With everything. tokens=2")
    assert {name: seen.get(name) for name in (*known, "top_k")} == {**known, "top_k": 3}


def test_an_api_key_opens_both_doors(alice: Account, connect: Connect):
    key = alice.api("POST", "/api/v1/auths/api_key").json()["api_key"]

    answers = [
        connect(door, api_key=key).chat.completions.create(**asking("By key. tokens=2"))
        for door in DOORS
    ]

    assert {a.choices[0].message.content for a in answers} == {answer_for("By key. tokens=2")}


def test_an_answer_may_be_asked_for_in_the_background(alice: Account, connect: Connect):
    raw = connect().chat.completions.with_raw_response.create(
        **asking("Later. tokens=3"), extra_body={"background": True}
    )

    assert raw.http_response.status_code == 202
    assert alice.follow(json.loads(raw.text)["job"]).text == answer_for("Later. tokens=3")


def test_the_answer_names_its_job(alice: Account, client: OpenAI):
    raw = client.chat.completions.with_raw_response.create(**asking("Who? tokens=3"))

    assert alice.job(raw.headers["x-job-id"])["status"] == "completed"


@pytest.mark.parametrize("door", DOORS)
def test_the_asynchronous_client_streams_many_answers_side_by_side(alice: Account, door: str):
    questions = [f"Side by side {n}. tokens=10 delay=10" for n in range(8)]

    async def one(client: AsyncOpenAI, question: str) -> str:
        stream = await client.chat.completions.create(**asking(question, stream=True))
        return "".join([c.choices[0].delta.content or "" async for c in stream])

    async def use(client: AsyncOpenAI) -> list[str]:
        return await asyncio.gather(*(one(client, question) for question in questions))

    assert in_async(alice, door, use) == [answer_for(question) for question in questions]


# Leaving


def test_pieces_come_while_the_answer_is_made_and_closing_ends_it(
    alice: Account, client: OpenAI, provider: FakeOpenAI
):
    raw = client.chat.completions.with_raw_response.create(
        **asking("On and on. endless=1 delay=20", stream=True)
    )
    stream = raw.parse()
    wait_until(lambda: next(stream).choices[0].delta.content, 5, "a first word")

    stream.close()

    wait_until(lambda: provider.open_streams == 0, 2, "the provider's connection to close")
    row = wait_until(
        lambda: (found := alice.job(raw.headers["x-job-id"]))["status"] == "cancelled" and found,
        5,
        "the job to end",
    )
    assert row["result"]["text"].startswith("ECHO-")


@pytest.mark.parametrize("is_stream", [True, False], ids=["stream", "whole"])
def test_a_client_that_loses_its_patience_closes_the_providers_connection(
    connect: Connect, provider: FakeOpenAI, is_stream: bool
):
    question = f"Slow, {is_stream}. hang_head=1"

    with pytest.raises(openai.APITimeoutError):
        connect(timeout=1.5).chat.completions.create(**asking(question, stream=is_stream))

    assert provider.asked(question) == 1
    wait_until(lambda: provider.open_streams == 0, 3, "the provider's connection to close")


def test_cancelling_an_asynchronous_call_closes_the_providers_connection(
    alice: Account, provider: FakeOpenAI
):
    async def read(client: AsyncOpenAI, has_begun: asyncio.Event) -> None:
        request = asking("Without an end. endless=1 delay=20", stream=True)
        async with await client.chat.completions.create(**request) as stream:
            async for _ in stream:
                has_begun.set()

    async def use(client: AsyncOpenAI) -> None:
        has_begun = asyncio.Event()
        reading = asyncio.create_task(read(client, has_begun))
        await has_begun.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    in_async(alice, "/v1", use)

    wait_until(lambda: provider.open_streams == 0, 2, "the provider's connection to close")


# Losses


def test_a_lost_worker_is_not_seen_in_the_chunks(
    connect: Connect, stack: Stack, provider: FakeOpenAI
):
    question = "Hold on. tokens=60 delay=20"

    with connect().chat.completions.create(**asking(question, stream=True)) as stream:
        chunks = [next(stream) for _ in range(15)]
        stack.inference[0].restart()
        chunks += stream

    assert text_of(chunks) == answer_for(question)
    assert provider.asked(question) == 2
