"""The unmodified Open WebUI 0.6.5 page against us, driven by a browser as a person would."""

import pytest

from tests.fakes.openai_server import answer_for
from tests.services.browser import start_browser
from tests.services.openwebui_page import page_folder
from tests.services.stack import Stack
from tests.services.waiting import wait_until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory, provider):
    """A stack that serves the page, and what went wrong in the browser."""
    env = {"FRONTEND_BUILD_DIR": str(page_folder())}
    stack = Stack(tmp_path_factory.mktemp("stack"), provider.url, env=env).start()
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def tab(site: Stack):
    """A browser's tab in which the first user has signed up."""
    with start_browser() as browser:
        tab = browser.new_page()
        tab.set_default_timeout(60_000)
        tab.goto(site.base)
        tab.get_by_text("Get started", exact=True).locator("xpath=..").locator("button").click()
        tab.locator("input[autocomplete=name]").fill("Ada")
        tab.locator("input[type=email]").fill("ada@example.com")
        tab.locator("input[type=password]").fill("Secret-pw-1!")
        tab.get_by_role("button", name="Create Admin Account").click()
        tab.get_by_role("button", name="Okay, Let's Go!").click()
        yield tab


@pytest.fixture
def page(tab, site):
    """The same tab with an empty chat."""
    tab.goto(site.base)
    tab.locator("#chat-input").wait_for()
    wait_until(lambda: "fake-" in model_button(tab).inner_text(), 15, "a model to be chosen")
    return tab


@pytest.fixture
def complaints(page):
    """What the page complains of during a test."""
    found: list[str] = []

    def on_error(error: object) -> None:
        found.append(str(error))

    def on_answer(answer) -> None:
        if answer.status >= 400:
            found.append(f"{answer.status} {answer.url}")

    page.on("pageerror", on_error)
    page.on("response", on_answer)
    yield found
    page.remove_listener("pageerror", on_error)
    page.remove_listener("response", on_answer)


def ask(page, question: str) -> None:
    page.locator("#chat-input").click()
    page.keyboard.type(question)
    page.keyboard.press("Enter")


def shown(page) -> str:
    answers = page.locator("#response-content-container")
    return answers.last.inner_text() if answers.count() else ""


def last_word(question: str) -> str:
    return answer_for(question).split()[-1]


def model_button(page):
    return page.locator("#model-selector-0-button")


def test_the_first_user_sees_the_models_and_chooses_one(page, complaints):
    model_button(page).click()
    entries = page.get_by_label("model-item")
    entries.first.wait_for()
    names = {name.strip() for name in entries.all_inner_texts()}
    entries.filter(has_text="fake-beta").click()

    wait_until(lambda: "fake-beta" in model_button(page).inner_text(), 5, "the choice to be shown")
    assert {"fake-alpha", "fake-beta"} <= names
    assert not complaints


def test_an_answer_streams_and_stays_over_a_reload(page, complaints):
    question = "tell me something delay=60 tokens=50"
    lengths = set()

    def is_whole() -> bool:
        text = shown(page)
        lengths.add(len(text))
        return last_word(question) in text

    # A page that leaves before it has said that it has seen the end takes that for an error.
    with page.expect_response("**/api/chat/completed", timeout=60_000):
        ask(page, question)
        wait_until(is_whole, 20, "the whole answer to be shown")
    wait_until(lambda: "Title " in page.title(), 10, "the chat to have its title")
    page.reload()
    wait_until(is_whole, 20, "the answer to be shown again")
    assert len(lengths) > 10  # it grew before our eyes
    assert shown(page).split() == answer_for(question).split()
    assert page.locator("#response-content-container").count() == 1
    assert not complaints


def test_the_stop_button_stops_and_the_partial_answer_stays(page, provider, complaints):
    ask(page, "never stop talking delay=60 tokens=2000")
    wait_until(lambda: "w010" in shown(page), 20, "the answer to grow")

    page.locator("form button").last.click()

    wait_until(lambda: provider.open_streams == 0, 5, "the provider's connection to close")
    page.reload()
    wait_until(lambda: "w010" in shown(page), 20, "the partial answer to be shown again")
    assert "w500" not in shown(page)
    assert not complaints


def test_an_answer_goes_on_while_the_tab_is_reloaded(page, complaints):
    question = "keep on talking delay=60 tokens=120"
    ask(page, question)
    wait_until(lambda: "w010" in shown(page), 20, "the answer to grow")

    page.reload()

    wait_until(lambda: "w010" in shown(page), 20, "what was said so far to be shown")
    wait_until(lambda: last_word(question) in shown(page), 20, "the rest to be shown")
    assert not complaints
