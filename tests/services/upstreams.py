"""Fixtures: fake model servers, one of each kind for the whole session."""

from collections.abc import Iterator

import pytest

from tests.fakes.ollama_server import FakeOllama
from tests.fakes.openai_server import FakeOpenAI


@pytest.fixture(scope="session")
def _openai() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(delay=0) as server:
        yield server


@pytest.fixture(scope="session")
def _ollama() -> Iterator[FakeOllama]:
    with FakeOllama(delay=0) as server:
        yield server


@pytest.fixture
def openai_server(_openai: FakeOpenAI) -> FakeOpenAI:
    """A fake OpenAI server that remembers nothing of earlier tests."""
    _openai.reset()
    return _openai


@pytest.fixture
def ollama_server(_ollama: FakeOllama) -> FakeOllama:
    """A fake Ollama server that remembers nothing of earlier tests."""
    _ollama.reset()
    return _ollama
