"""Fixtures of the client tests: a provider, a stack, its first user, OpenAI clients of hers."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from openai import OpenAI

from tests.clients.openai_library import DOORS, Connect
from tests.clients.openwebui import OpenWebUI
from tests.fakes.openai_server import FakeOpenAI
from tests.services.browser import start_browser
from tests.services.client import Account
from tests.services.stack import Stack
from tests.services.standing import NewStack, alice, new_stack, provider

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

__all__ = ["NewStack", "alice", "new_stack", "provider"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/clients/" in str(item.path):
            item.add_marker(pytest.mark.flow)


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


@pytest.fixture(scope="module")
def context(stack: Stack, alice: Account) -> "Iterator[BrowserContext]":
    """The browser profile of Alice, who is signed in and has read the news."""
    alice.api("POST", "/api/v1/users/user/settings/update", {"ui": {"version": "0.6.5"}})
    with start_browser() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_init_script(f"localStorage.token = '{alice.token}'")
        # The page shows badges of another site, which no test may ask.
        context.route("**/img.shields.io/**", lambda route: route.fulfill(body=""))
        yield context
        context.close()


@pytest.fixture
def page(context: "BrowserContext", stack: Stack) -> Iterator[OpenWebUI]:
    """A tab; whatever went wrong in it fails the test."""
    opened = OpenWebUI(context, stack.base)
    yield opened
    opened.tab.close()
    assert not opened.problems


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
