"""The `openai` library hears of failures in its own exceptions."""

from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.clients.openai_library import Connect, asking, in_async
from tests.fakes.openai_server import FakeOpenAI, answer_for
from tests.services.client import Account

PROVIDER_KEY = "sk-secret-of-the-provider"


@pytest.fixture(scope="module")
def options() -> dict[str, Any]:
    """A stack that loses its patience with providers soon."""
    return {
        "env": {
            "OPENAI_API_KEY": PROVIDER_KEY,
            "UPSTREAM_TRIES": "1",
            "UPSTREAM_FIRST_BYTE_TIMEOUT_S": "1",
            "UPSTREAM_TOTAL_TIMEOUT_S": "3",
        }
    }


def test_an_unknown_model_is_not_found(connect: Connect):
    with pytest.raises(openai.NotFoundError, match="no-such-model") as caught:
        connect("/v1").chat.completions.create(**{**asking("Hello?"), "model": "no-such-model"})

    assert (caught.value.code, caught.value.type) == ("model_not_found", "invalid_request_error")
    with pytest.raises(openai.BadRequestError, match="Model not found"):
        connect("/api").chat.completions.create(**{**asking("Hello?"), "model": "no-such-model"})


@pytest.mark.parametrize("key", ["sk-0123456789abcdef", "no.good.token"])
def test_a_wrong_key_is_refused(connect: Connect, key: str):
    with pytest.raises(openai.AuthenticationError) as caught:
        connect(api_key=key).chat.completions.create(**asking("Hello?"))

    assert caught.value.code == "invalid_api_key"
    with pytest.raises(openai.AuthenticationError):
        connect(api_key=key).models.list()


def test_no_key_at_all_is_refused(connect: Connect):
    with pytest.raises(openai.AuthenticationError):
        connect().models.list(extra_headers={"Authorization": openai.Omit()})


def test_a_body_that_does_not_fit_names_the_place(connect: Connect):
    with pytest.raises(openai.BadRequestError, match="messages: ") as caught:
        connect().chat.completions.create(model="fake-alpha", messages=[])

    assert (caught.value.type, caught.value.param) == ("invalid_request_error", "messages")


@pytest.mark.parametrize("is_stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize(
    ("habit", "status", "kind", "code"),
    [
        ("fail=400", 400, openai.BadRequestError, "bad_request"),
        ("fail=404", 400, openai.BadRequestError, "bad_request"),
        ("fail=401", 502, openai.InternalServerError, "misconfigured"),
        ("fail=403", 502, openai.InternalServerError, "misconfigured"),
        ("fail=429", 429, openai.RateLimitError, "rate_limited"),
        ("fail=500", 502, openai.InternalServerError, "unavailable"),
        ("fail=503", 502, openai.InternalServerError, "unavailable"),
        ("drop=1", 502, openai.InternalServerError, "unavailable"),
        ("html=1", 502, openai.InternalServerError, "unavailable"),
        ("hang_head=1", 504, openai.InternalServerError, "timeout"),
    ],
)
def test_a_failing_provider_is_told_by_its_kind(
    connect: Connect, habit, status, kind, code, is_stream
):
    with pytest.raises(kind) as caught:
        connect().chat.completions.create(**asking(f"Well? {habit}", stream=is_stream))

    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert "127.0.0.1" in caught.value.body["message"]
    assert PROVIDER_KEY not in caught.value.response.text


@pytest.mark.parametrize("habit", ["fail=401", "fail=429", "fail=500"])
def test_the_contracts_door_answers_400_to_all_of_them(connect: Connect, habit: str):
    with pytest.raises(openai.BadRequestError, match="made to fail") as caught:
        connect("/api").chat.completions.create(**asking(f"Well? {habit}", stream=True))

    assert PROVIDER_KEY not in caught.value.response.text


def test_a_provider_that_nobody_reaches_is_unavailable(connect: Connect, provider: FakeOpenAI):
    provider.stop()

    try:
        with pytest.raises(openai.InternalServerError) as caught:
            connect().chat.completions.create(**asking("Anybody there?"))
    finally:
        provider.start()

    assert (caught.value.status_code, caught.value.code) == (502, "unavailable")


def test_the_providers_patience_is_passed_on(connect: Connect):
    with pytest.raises(openai.RateLimitError, match="made to fail with 429") as caught:
        connect().chat.completions.create(**asking("Slowly. fail=429 retry=17"))

    assert caught.value.response.headers["retry-after"] == "17"


def test_the_library_asks_again_when_told_to_wait(connect: Connect, provider: FakeOpenAI):
    question = "Once more. fail=429 retry=1 times=1 tokens=2"

    completion = connect(max_retries=2).chat.completions.create(**asking(question))

    assert completion.choices[0].message.content == answer_for(question)
    assert provider.asked(question) == 2


def test_the_library_does_not_ask_again_where_that_is_of_no_use(
    connect: Connect, provider: FakeOpenAI
):
    with pytest.raises(openai.InternalServerError):
        connect(max_retries=2).chat.completions.create(**asking("Never. fail=401"))

    assert provider.asked("Never. fail=401") == 1


def test_an_answer_that_breaks_off_keeps_its_text_and_raises_the_providers_words(client: OpenAI):
    pieces = []

    with (
        client.chat.completions.create(
            **asking("Somewhere. tokens=20 delay=5 error=10", stream=True)
        ) as stream,
        pytest.raises(openai.APIError, match="The engine is overloaded") as caught,
    ):
        for chunk in stream:
            pieces.append(chunk.choices[0].delta.content or "")

    assert "w009" in "".join(pieces)
    assert caught.value.code == "unavailable"


def test_the_asynchronous_client_gets_the_same_errors(alice: Account):
    async def use(client: AsyncOpenAI) -> None:
        await client.chat.completions.create(**asking("Well? fail=429 retry=3"))

    with pytest.raises(openai.RateLimitError) as caught:
        in_async(alice, "/v1", use)

    assert caught.value.response.headers["retry-after"] == "3"
