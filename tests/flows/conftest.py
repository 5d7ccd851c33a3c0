"""Fixtures of the flow tests: a provider, a stack for the file, stacks for single tests, users."""

from collections.abc import Callable, Iterator

import pytest

from tests.fakes.openai_server import FakeOpenAI
from tests.services.client import Account
from tests.services.postgres import Postgres
from tests.services.sockets import JobSocket
from tests.services.stack import Stack
from tests.services.standing import NewStack, alice, new_stack, provider

__all__ = ["NewStack", "alice", "new_stack", "provider"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/flows/" in str(item.path):
            item.add_marker(pytest.mark.flow)


@pytest.fixture(scope="module")
def stack(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    provider: FakeOpenAI,
) -> Iterator[Stack]:
    """The stack of a whole file, leave it as you found it; `STACK` in the file has its options."""
    options = getattr(request.module, "STACK", {})
    running = Stack(tmp_path_factory.mktemp("stack"), provider.url, **options).start()
    yield running
    running.close()


@pytest.fixture
def open_socket() -> Iterator[Callable[[Account], JobSocket]]:
    """Open sockets of users; all are closed with the test."""
    made: list[JobSocket] = []

    def make(account: Account) -> JobSocket:
        made.append(JobSocket(account))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """The address of an empty database, once for each kind that we serve; empty means SQLite."""
    if request.param == "sqlite":
        return ""
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()
