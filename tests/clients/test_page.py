"""The unmodified Open WebUI 0.6.5 page in a headless Chromium."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.openwebui import OpenWebUI
from tests.fakes.openai_server import FakeOpenAI, answer_for
from tests.services.browser import start_browser
from tests.services.client import Account
from tests.services.openwebui_page import page_folder
from tests.services.stack import Stack
from tests.services.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with start_browser() as running:
        yield running


@pytest.fixture(scope="module")
def options() -> dict[str, Any]:
    return {"env": {"FRONTEND_BUILD_DIR": str(page_folder())}}


@pytest.fixture
def context(browser: "Browser") -> "Iterator[BrowserContext]":
    """A browser profile without a session."""
    fresh = browser.new_context(viewport={"width": 1280, "height": 800})
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: "BrowserContext", stack: Stack, alice: Account) -> Iterator[OpenWebUI]:
    """A tab in which Alice is signed in; whatever went wrong in it fails the test."""
    tab = OpenWebUI(context, stack.base)
    alice.api("POST", "/api/v1/users/user/settings/update", {"ui": {"version": "0.6.5"}})
    context.add_init_script(f"localStorage.token = '{alice.token}'")
    tab.open()
    yield tab
    assert not tab.problems


def test_the_first_user_signs_up_chats_and_finds_the_chat_after_a_reload(
    new_stack, browser, context, provider, tmp_path
):
    stack = new_stack(env={"FRONTEND_BUILD_DIR": str(page_folder())})
    page = OpenWebUI(context, stack.base)
    question = "Hello there. tokens=60 delay=100"

    page.sign_up("Ada", "ada@example.com", "Secret-pw-1!")
    models = page.models()
    page.ask(question)
    page.wait_for("w010")
    assert "DONE" not in page.answer
    page.wait_idle()

    assert models == ["fake-alpha", "fake-beta", "Arena Model"]
    assert page.answer == answer_for(question)
    assert len(page.texts) > 30  # token by token, or nearly so
    assert all(answer_for(question).startswith(text) for text in page.texts)
    page.tab.wait_for_function("document.title.startsWith('Title ')")
    page.reload()
    page.wait_for("DONE")
    page.open_sidebar()
    assert page.answer == answer_for(question)
    assert page.tab.locator("#sidebar a[href^='/c/']").inner_text().startswith("Title ")
    assert not page.problems
    page.tab.close()


def test_a_reload_in_the_middle_shows_the_text_so_far_and_goes_on(page: OpenWebUI):
    question = "Read me something long. tokens=120 delay=120"
    page.ask(question)
    page.wait_for("w030")

    page.reload()

    page.wait_for("w030")
    assert "DONE" not in page.answer
    page.wait_idle()
    assert page.answer == answer_for(question)


def test_the_stop_button_closes_the_providers_connection_and_the_text_stays(
    page: OpenWebUI, provider: FakeOpenAI
):
    page.ask("Go on and on. endless=1 delay=30")
    page.wait_for("w020")

    page.stop()

    wait_until(lambda: provider.open_streams == 0, 2, "the provider's connection to close")
    page.wait_idle()
    wait_until(lambda: "done" in page.tab.evaluate(_LAST_EVENT), 5, "the page to hear of the end")
    kept = page.answer
    page.reload()
    page.wait_for("w020")
    assert page.answer == kept


_LAST_EVENT = "() => document.querySelector('[aria-label=Regenerate]') ? 'done' : ''"


def test_the_stop_button_works_after_a_reload_too(page: OpenWebUI, provider: FakeOpenAI):
    page.ask("Never ending. endless=1 delay=30")
    page.wait_for("w020")
    page.reload()
    page.wait_for("w020")

    page.stop()

    wait_until(lambda: provider.open_streams == 0, 2, "the provider's connection to close")
    page.wait_idle()


def test_an_upstream_error_is_shown_in_the_upstreams_words(page: OpenWebUI):
    page.ask("Please fail=400 now")

    page.wait_for("made to fail with 400")
    page.wait_idle()

    assert page.problems.pop().startswith("console: {content:")  # the page logs what it shows
    page.reload()
    page.wait_for("made to fail with 400")


def test_an_answer_that_breaks_off_keeps_its_text_and_says_why(page: OpenWebUI):
    page.ask("Stop somewhere. tokens=40 delay=10 error=20")

    page.wait_for("The engine is overloaded")
    page.wait_idle()

    assert "w019" in page.answer or "w019" in page.tab.locator("body").inner_text()
    assert page.problems.pop().startswith("console: {content:")


def test_a_second_tab_sees_the_answer_arrive_and_end(page: OpenWebUI, context: "BrowserContext"):
    question = "Both of you. tokens=120 delay=120"
    page.ask(question)
    page.wait_for("w010")
    second = OpenWebUI(context, page.base)

    second.open(page.path)

    second.wait_for("w020")
    assert "DONE" not in second.answer
    second.wait_idle()
    page.wait_idle()
    assert second.answer == page.answer == answer_for(question)
    assert not second.problems


def test_a_second_tab_hears_that_the_first_has_stopped(
    page: OpenWebUI, context: "BrowserContext", provider: FakeOpenAI
):
    page.ask("Without an end. endless=1 delay=30")
    page.wait_for("w010")
    second = OpenWebUI(context, page.base)
    second.open(page.path)
    second.wait_for("w020")

    page.stop()

    second.wait_idle()
    page.wait_idle()
    wait_until(lambda: second.answer == page.answer, 5, "both tabs to show the same")


def test_thoughts_are_folded_and_the_answer_follows(page: OpenWebUI):
    page.ask("Think first. think=8 tokens=10 delay=10")
    page.wait_idle()

    assert page.answer.startswith("Thought for")
    assert answer_for("Think first. think=8 tokens=10 delay=10") in page.answer


def test_continue_goes_on_behind_the_text_that_is_there(page: OpenWebUI):
    page.ask("Say a little. say=First+half.")
    page.wait_idle()
    assert page.answer == "First half."

    page.press("Continue Response")

    page.wait_for("First half.First half.")
    page.wait_idle()
    page.reload()
    page.wait_for("First half.First half.")


def test_regenerate_keeps_the_older_answer_beside_the_new_one(page: OpenWebUI):
    page.ask("Once more. tokens=5 delay=5")
    page.wait_idle()

    page.press("Regenerate")

    page.wait_for("2/2")
    page.wait_idle()
    page.reload()
    page.wait_for("2/2")
    assert page.answer == answer_for("Once more. tokens=5 delay=5")


def test_the_page_sees_the_end_although_the_worker_dies(page: OpenWebUI, stack: Stack):
    question = "Hold on. tokens=100 delay=40"
    page.ask(question)
    page.wait_for("w020")

    stack.inference[0].restart()

    page.wait_for("DONE", 30)
    page.wait_idle()
    assert page.answer == answer_for(question)


def test_the_page_goes_on_by_itself_when_the_web_process_comes_back(page: OpenWebUI, stack: Stack):
    question = "Stay with me. tokens=200 delay=50"
    page.ask(question)
    page.wait_for("w020")

    stack.web[0].restart()

    page.wait_for("DONE", 30)
    page.wait_idle()
    assert page.answer == answer_for(question)
    page.problems.clear()  # it could not reach the server for a moment, and says so
