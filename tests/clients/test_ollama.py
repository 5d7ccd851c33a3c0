"""The `ollama` library, unmodified, at `/ollama`: chats, texts, vectors, lists, transfers."""

from collections.abc import Iterator

import ollama
import pytest
from ollama import Client

from tests.fakes.ollama_server import FakeOllama, answer_for
from tests.services.client import Account
from tests.services.waiting import wait_until

MODEL = "fake-alpha:latest"


@pytest.fixture(scope="module")
def server() -> Iterator[FakeOllama]:
    """An Ollama server behind the stack."""
    with FakeOllama(delay=0) as running:
        yield running


@pytest.fixture(scope="module")
def options(server: FakeOllama):
    return {"env": {"OLLAMA_BASE_URLS": server.url, "ENABLE_OLLAMA_API": "True"}}


@pytest.fixture
def client(alice: Account) -> Client:
    return Client(
        host=f"{alice.base}/ollama", headers={"Authorization": f"Bearer {alice.token}"}, timeout=30
    )


def asking(question: str):
    return {"model": MODEL, "messages": [{"role": "user", "content": question}]}


def test_a_chat_is_streamed(client: Client):
    parts = list(client.chat(**asking("Stream. tokens=5"), stream=True))

    assert "".join(part.message.content for part in parts) == answer_for("Stream. tokens=5")
    assert parts[-1].done
    assert parts[-1].eval_count > 0


def test_a_chat_comes_in_one_piece(client: Client):
    answer = client.chat(**asking("Whole. tokens=5"))

    assert answer.message.content == answer_for("Whole. tokens=5")


def test_a_tool_is_called(client: Client):
    def weather(city: str) -> str:
        """Tell the weather of a city."""
        return city

    answer = client.chat(**asking("tool=weather args=city:Rome"), tools=[weather])

    (call,) = answer.message.tool_calls
    assert (call.function.name, call.function.arguments) == ("weather", {"city": "Rome"})


def test_a_text_goes_on(client: Client):
    whole = client.generate(MODEL, "Go on. say=one+two")
    streamed = client.generate(MODEL, "Go on. say=one+two", stream=True)

    assert whole.response == "one two"
    assert "".join(part.response for part in streamed).strip() == "one two"


def test_texts_become_vectors(client: Client):
    assert len(client.embed(MODEL, ["a", "b"]).embeddings) == 2
    assert list(client.embeddings(MODEL, "a").embedding)


def test_models_are_listed_and_described(client: Client):
    assert MODEL in [model.model for model in client.list().models]
    assert client.show(MODEL).details.family == "fake"
    assert [model.model for model in client.ps().models] == [MODEL]


def test_a_model_is_pulled_copied_and_deleted(client: Client):
    steps = list(client.pull("newcomer", stream=True))
    client.copy("newcomer:latest", "twin")
    client.delete("newcomer:latest")

    assert steps[-1].status == "success"
    assert [step.completed for step in steps if step.total][-1] == 1_000_000
    names = [model.model for model in client.list().models]
    assert ("twin:latest" in names, "newcomer:latest" in names) == (True, False)


def test_what_goes_wrong_is_told_in_words(client: Client):
    with pytest.raises(ollama.ResponseError, match="no-such-model"):
        client.chat(**{**asking("Hello"), "model": "no-such-model"})
    with pytest.raises(ollama.ResponseError, match="file does not exist"):
        list(client.pull("broken", stream=True))


def test_a_client_that_leaves_a_chat_ends_it(client: Client, server: FakeOllama):
    stream = client.chat(**asking("Leave. endless=1 delay=20"), stream=True)
    next(stream)

    stream.close()

    wait_until(lambda: server.stats()["open_streams"] == 0, 10, "the server to be let go")
