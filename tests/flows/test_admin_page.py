"""The admins' live page in a browser, beside a stack in which something of everything happens.

Screenshots in light, dark and on a phone lie in pytest's folder of the test.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.services.browser import start_browser
from tests.services.client import Account, add_user
from tests.services.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

STACK = {"env": {"JOB_MAX_RUNNING_PER_MODEL": "3"}}
SLOW = "tokens=4000 delay=50 endless=1"


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with start_browser() as running:
        yield running


@pytest.fixture
def page(browser: "Browser", stack: Stack, alice: Account) -> "Iterator[Page]":
    """The page of an admin who has signed in at its door, in which nothing may go wrong."""
    problems: list[str] = []
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.set_default_timeout(60_000)
    tab.goto(f"{stack.base}/admin/jobs")
    tab.get_by_label("Email address").fill(alice.email)
    tab.get_by_label("Password").fill(alice.password)
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("console", lambda message: problems.append(message.text))
    tab.get_by_role("button", name="Sign in").click()
    tab.locator("#state[data-state=live]").wait_for()
    yield tab
    tab.close()
    # The browser says so by itself while a web process is being replaced.
    assert not [words for words in problems if "ERR_CONNECTION_REFUSED" not in words]


def row(page: "Page", place: str, job: str):
    return page.locator(f"#{place} [data-key='{job}']")


def test_a_wrong_password_is_told_in_words(browser, stack: Stack, alice: Account):
    tab = browser.new_page()
    tab.goto(f"{stack.base}/admin/jobs")
    tab.get_by_label("Email address").fill(alice.email)
    tab.get_by_label("Password").fill("wrong")

    tab.get_by_role("button", name="Sign in").click()

    tab.get_by_text("Email address or password is wrong.").wait_for()
    tab.close()


def test_a_job_appears_shows_its_pace_and_is_cancelled_with_the_keyboard(page, alice: Account):
    page.get_by_text("Nothing runs right now.").wait_for()

    job = alice.ask(SLOW)

    shown = row(page, "running", job)
    shown.get_by_text("tokens/s").wait_for()
    shown.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert alice.follow(job).end == "cancelled"
    shown.wait_for(state="detached")
    assert page.locator("#said").inner_text() == "The job is being ended."


def test_a_failure_tells_its_reason_and_is_done_again(page, alice: Account):
    job = alice.ask("fail=400 times=1")
    assert alice.follow(job).end == "failed"
    shown = row(page, "failures", job)
    shown.get_by_text("bad_request").wait_for()

    shown.get_by_role("button", name="Retry").click()

    page.get_by_text("The job was accepted again.").wait_for(state="attached")
    assert shown.get_by_role("button").get_attribute("aria-disabled") == "true"


def test_a_button_keeps_the_focus_while_the_page_renews_itself(page, alice: Account):
    job = alice.ask(SLOW)
    button = row(page, "running", job).get_by_role("button")
    button.focus()
    before = row(page, "running", job).locator("[data-text=for]").inner_text()

    page.wait_for_function(
        "([job, before]) => document.querySelector("
        "`#running [data-key='${job}'] [data-text=for]`).textContent !== before",
        arg=[job, before],
    )

    assert button.evaluate("element => element === document.activeElement")
    alice.cancel(job)


@pytest.mark.parametrize("looks", ["light", "dark", "phone"])
def test_it_fits_any_screen(browser, page, stack: Stack, alice: Account, looks, tmp_path):
    bob = add_user(alice, "admin")
    alice.follow(alice.ask("fail=429 retry=60"))
    slow = [who.ask(f"{SLOW} {n}") for n, who in enumerate((alice, bob, alice, bob, bob))]
    page.emulate_media(color_scheme="dark" if looks == "dark" else "light")
    if looks == "phone":
        page.set_viewport_size({"width": 390, "height": 844})
    page.locator("#waiting [data-key]").nth(1).wait_for()
    row(page, "running", slow[0]).get_by_text("tokens/s").wait_for()

    page.screenshot(path=tmp_path / f"{looks}.png", full_page=True)

    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= (390 if looks == "phone" else 1280)
    for job in slow:
        alice.cancel(job)


def test_the_page_goes_on_when_its_web_process_was_replaced(page, stack: Stack, alice: Account):
    stack.web[0].restart()

    job = alice.ask(SLOW)

    row(page, "running", job).wait_for()
    assert page.locator("#state").inner_text() == "Live"
    alice.cancel(job)


def test_whoever_is_no_admin_any_more_is_shown_the_door(browser, stack: Stack, alice: Account):
    eve = add_user(alice)
    alice.api("POST", "/api/v1/users/update/role", {"id": eve.id, "role": "admin"})
    tab = browser.new_page()
    tab.context.add_cookies([{"name": "token", "value": eve.token, "url": stack.base}])
    tab.goto(f"{stack.base}/admin/jobs")
    tab.locator("#state[data-state=live]").wait_for()

    alice.api("POST", "/api/v1/users/update/role", {"id": eve.id, "role": "user"})

    tab.get_by_text("who is no admin").wait_for()
    tab.close()
