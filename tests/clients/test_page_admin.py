"""The unmodified Open WebUI 0.6.5 page in its admin panel: settings, users, groups, channels."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.openwebui import OpenWebUI
from tests.fakes.ollama_server import FakeOllama
from tests.services.client import Account
from tests.services.openwebui_page import page_folder
from tests.services.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Response

pytestmark = pytest.mark.browser
# Web search and images want a field filled before the page lets them be saved.
SAVED = [
    "General",
    "Connections",
    "Evaluations",
    "Tools",
    "Documents",
    "Code Execution",
    "Interface",
    "Audio",
]
OTHERS = ["Models", "Web Search", "Images", "Pipelines", "Database"]


@pytest.fixture(scope="module")
def ollama() -> Iterator[FakeOllama]:
    with FakeOllama() as server:
        yield server


@pytest.fixture(scope="module")
def options(ollama: FakeOllama) -> dict[str, Any]:
    env = {"FRONTEND_BUILD_DIR": str(page_folder()), "OLLAMA_BASE_URLS": ollama.url}
    return {"compute": 1, "env": env}


def is_save(answer: "Response") -> bool:
    return answer.request.method == "POST" and answer.ok


def emails(alice: Account) -> list[str]:
    return [user["email"] for user in alice.get("/api/v1/users/")]


def test_every_settings_tab_opens_and_is_saved_as_it_is(page: OpenWebUI, alice: Account):
    before = alice.get("/api/v1/configs/export")
    page.tab.goto(page.base + "/admin/settings")
    for name in SAVED:
        page.tab.get_by_role("button", name=name, exact=True).click()
        page.settle()
        with page.tab.expect_response(is_save):
            page.tab.get_by_role("button", name="Save").click()
        page.settle()
    for name in OTHERS:
        page.tab.get_by_role("button", name=name, exact=True).click()
        page.settle()

    after = alice.get("/api/v1/configs/export")

    assert {part: after[part] for part in before if part != "ui"} == {
        part: before[part] for part in before if part != "ui"
    }


def test_a_user_is_added_given_a_role_and_deleted(page: OpenWebUI, alice: Account):
    page.tab.goto(page.base + "/admin/users")
    page.tab.locator("button:right-of([placeholder=Search])").first.click()
    page.tab.get_by_placeholder("Enter Your Full Name").fill("Bob Ü")
    page.tab.get_by_placeholder("Enter Your Email").fill("Bob@Example.com")
    page.tab.get_by_placeholder("Enter Your Password").fill("Secret-pw-1!")
    page.tab.get_by_role("button", name="Save").click()
    row = page.tab.locator("tr", has_text="bob@example.com")
    row.wait_for()
    assert "bob@example.com" in emails(alice)

    for role in ("admin", "pending"):
        with page.tab.expect_response(is_save):
            row.locator("button").first.click()
        row.get_by_text(role).wait_for()
    row.locator("button").last.click()
    page.tab.get_by_role("button", name="Confirm").click()

    wait_until(lambda: "bob@example.com" not in emails(alice), 10, "the user to go")


def test_permissions_are_saved_and_a_group_is_made(page: OpenWebUI, alice: Account):
    page.tab.goto(page.base + "/admin/users")
    page.tab.get_by_role("button", name="Groups").click()
    page.tab.get_by_text("Default permissions").first.click()
    with page.tab.expect_response(is_save):
        page.tab.get_by_role("button", name="Save").click()

    page.tab.get_by_role("button", name="Create Group").click()
    page.tab.get_by_placeholder("Group Name").fill("Crew")
    page.tab.get_by_placeholder("Group Description").fill("All")
    page.tab.get_by_role("button", name="Create", exact=True).click()

    wait_until(lambda: [g["name"] for g in alice.get("/api/v1/groups/")] == ["Crew"], 10, "it")


def test_a_channel_is_opened(page: OpenWebUI, alice: Account):
    config = alice.get("/api/v1/auths/admin/config")
    alice.api("POST", "/api/v1/auths/admin/config", {**config, "ENABLE_CHANNELS": True})
    page.open()
    page.tab.locator("#sidebar-toggle-button").click()
    page.tab.get_by_role("button", name="Channels").hover()
    page.tab.locator("button:right-of(:text('Channels'))").first.click()
    page.tab.get_by_placeholder("new-channel").fill("Grün Room")
    page.tab.get_by_role("button", name="Create", exact=True).click()
    page.tab.get_by_text("grün-room").first.click()

    page.tab.get_by_text("This is the very beginning of the grün-room channel.").wait_for()
    assert [c["name"] for c in alice.get("/api/v1/channels/")] == ["grün-room"]
