"""The unmodified page asks a model and calls tools itself, from a headless Chromium."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.openwebui import OpenWebUI
from tests.fakes.openai_server import FakeOpenAI, answer_for
from tests.fakes.tool_server import ToolServer
from tests.services.browser import start_browser
from tests.services.client import Account
from tests.services.openwebui_page import page_folder
from tests.services.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Route

pytestmark = pytest.mark.browser

DIRECT = "/api/v1/configs/direct_connections"


@pytest.fixture(scope="module")
def options() -> dict[str, Any]:
    return {"env": {"FRONTEND_BUILD_DIR": str(page_folder())}}


@pytest.fixture
def own_provider() -> Iterator[FakeOpenAI]:
    """A provider that only the user's browser knows of."""
    with FakeOpenAI(key="own-key") as server:
        server.control(models=["own-model"], key="own-key")
        yield server


@pytest.fixture
def own_tools() -> Iterator[ToolServer]:
    """A server of tools that only the user's browser knows of."""
    with ToolServer() as server:
        yield server


@pytest.fixture
def context() -> "Iterator[BrowserContext]":
    with start_browser() as browser:
        yield browser.new_context(viewport={"width": 1280, "height": 800})


def let_through(context: "BrowserContext", url: str) -> None:
    """Let pages of other origins ask a server, as one that is made for them would."""

    def pass_on(route: "Route") -> None:
        answer = route.fetch()
        headers = {**answer.headers, "access-control-allow-origin": "*"}
        route.fulfill(response=answer, headers=headers)

    context.route(f"{url}/**", pass_on)


def opened(context: "BrowserContext", stack: Stack, alice: Account, **ui: Any) -> OpenWebUI:
    settings = {"ui": {"version": "0.6.5", **ui}}
    alice.api("POST", "/api/v1/users/user/settings/update", settings)
    context.add_init_script(f"localStorage.token = '{alice.token}'")
    page = OpenWebUI(context, stack.base)
    page.open()
    return page


def test_the_page_asks_a_model_of_its_own_for_us(
    context, stack: Stack, alice: Account, own_provider: FakeOpenAI, provider: FakeOpenAI
):
    alice.api("POST", DIRECT, {"ENABLE_DIRECT_CONNECTIONS": True})
    let_through(context, own_provider.url)
    connection = {
        "OPENAI_API_BASE_URLS": [own_provider.url],
        "OPENAI_API_KEYS": ["own-key"],
        "OPENAI_API_CONFIGS": {"0": {"enable": True}},
    }
    question = "Hello there. tokens=20"
    page = opened(context, stack, alice, directConnections=connection, models=["own-model"])
    asked_before = len(provider.log())

    page.ask(question)
    page.wait_for("DONE")
    page.wait_idle()
    page.reload()
    page.wait_for("DONE")

    assert page.answer == answer_for(question)
    assert {one["json"]["model"] for one in own_provider.log() if one["json"]} == {"own-model"}
    assert len(provider.log()) == asked_before
    assert not page.problems


def test_the_page_calls_a_tool_of_its_own_for_us(
    context, stack: Stack, alice: Account, own_tools: ToolServer
):
    let_through(context, own_tools.root)
    server = {
        "url": own_tools.root,
        "path": "openapi.yaml",
        "auth_type": "bearer",
        "key": "tool-key",
        "config": {"enable": True},
    }
    native = {"function_calling": "native"}
    page = opened(context, stack, alice, toolServers=[server], models=["fake-alpha"], params=native)

    page.ask("rounds=now() recite=1")
    page.wait_for("RESULTS noon")
    page.wait_idle()

    calls = [one for one in own_tools.log() if one["path"] == "/now"]
    assert [one["bearer"] for one in calls] == ["Bearer tool-key"]
    assert not page.problems
