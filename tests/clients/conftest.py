"""Fixtures of the client tests: a provider, a stack, its first user, OpenAI clients of hers."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openai import OpenAI

from tests.clients.openai_library import DOORS, Connect
from tests.fakes.openai_server import FakeOpenAI
from tests.services.client import Account, signup
from tests.services.stack import Stack

NewStack = Callable[..., Stack]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/clients/" in str(item.path):
            item.add_marker(pytest.mark.flow)


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeOpenAI]:
    """An OpenAI-compatible provider, steered by words in the question."""
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(scope="module")
def options() -> dict[str, Any]:
    """Keywords of the file's `Stack`; a file that needs others has a fixture of its own."""
    return {}


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory, provider: FakeOpenAI, options: dict[str, Any]
) -> Iterator[Stack]:
    """The stack of a whole file; leave it as you found it."""
    running = Stack(tmp_path_factory.mktemp("stack"), provider.url, **options).start()
    yield running
    running.close()


@pytest.fixture
def new_stack(tmp_path_factory: pytest.TempPathFactory, provider: FakeOpenAI) -> Iterator[NewStack]:
    """Make stacks for a single test; takes the keywords of `Stack`."""
    made: list[Stack] = []

    def make(**options: Any) -> Stack:
        made.append(Stack(tmp_path_factory.mktemp("stack"), provider.url, **options))
        return made[-1].start()

    yield make
    for one in made:
        one.close(orderly=False)


@pytest.fixture(scope="module")
def alice(stack: Stack) -> Account:
    """The file's first user, and so its admin."""
    return signup(stack.base, "Alice")


@pytest.fixture
def connect(alice: Account) -> Iterator[Connect]:
    """Make clients of Alice's; `door` is the base path, everything else is the library's."""
    made: list[OpenAI] = []

    def make(door: str = "/v1", **more: Any) -> OpenAI:
        given = {"api_key": alice.token, "max_retries": 0, "timeout": 20, **more}
        made.append(OpenAI(base_url=alice.base + door, **given))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture(params=DOORS)
def client(request: pytest.FixtureRequest, connect: Connect) -> OpenAI:
    """The same client, once at each door."""
    return connect(request.param)
