"""Fixtures over running processes, shared by the flow tests and those of clients."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fakes.openai_server import FakeOpenAI
from tests.services.client import Account, signup
from tests.services.stack import Stack

NewStack = Callable[..., Stack]


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeOpenAI]:
    """An OpenAI-compatible provider, steered by words in the question."""
    with FakeOpenAI() as server:
        yield server


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
