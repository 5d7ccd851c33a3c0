"""Fixtures for the provider tests: connections to fake servers, a certificate authority."""

from collections.abc import Callable, Iterator

import pytest

from shared.services.connections import Connection
from tests.fakes.tls import Authority
from tests.workers.providers.asking import KEY, PATIENT
from workers.providers import line
from workers.providers.base import Provider, Timeouts
from workers.providers.ollama import OllamaProvider
from workers.providers.openai import OpenAIProvider
from workers.providers.transport import Transport

MakeProvider = Callable[..., Provider]


@pytest.fixture
def openai_at() -> Iterator[MakeProvider]:
    """Make OpenAI providers for addresses; their connections are closed with the test."""
    yield from _maker(OpenAIProvider, "openai")


@pytest.fixture
def ollama_at() -> Iterator[MakeProvider]:
    """Make Ollama providers for addresses."""
    yield from _maker(OllamaProvider, "ollama")


def _maker(adapter: type, kind: str) -> Iterator[MakeProvider]:
    made = []

    def make(url: str, key: str = KEY, timeouts: Timeouts = PATIENT) -> Provider:
        made.append(adapter(Connection(kind, 0, url, key), timeouts))
        return made[-1]

    yield make
    for provider in made:
        provider.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority of our own."""
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """The same, and this process trusts it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    line.tls_context.cache_clear()
    yield authority
    line.tls_context.cache_clear()


@pytest.fixture
def transport() -> Iterator[Transport]:
    """The transport alone."""
    with Transport() as made:
        yield made
