"""The Open WebUI 0.6.5 page in a browser, used as a person uses it."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.services.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response

    from tests.services.client import Account

# What the page itself writes to its console whatever the server does.
_PAGE_NOISE = re.compile(r"tiptap warn")
_REMEMBER_TEXTS = """
() => {
  window.texts = [];
  const look = () => {
    const found = document.querySelectorAll('.chat-assistant #response-content-container');
    const text = found.length ? found[found.length - 1].innerText.trim() : '';
    if (text && text !== window.texts.at(-1)) window.texts.push(text);
  };
  new MutationObserver(look).observe(
    document.body, {subtree: true, childList: true, characterData: true}
  );
}
"""


class OpenWebUI:
    """One tab.

    Args:
        context: The browser profile; tabs of one profile share their session.
        base: Address of a web process that serves the page.
    """

    def __init__(self, context: "BrowserContext", base: str):
        self.base = base
        self.tab = context.new_page()
        self.tab.set_default_timeout(60_000)
        self.problems: list[str] = []
        self.tab.on("console", self._note_console)
        self.tab.on("pageerror", lambda error: self.problems.append(f"page: {error}"))
        self.tab.on("response", self._note_response)
        self._open_requests: set[Request] = set()
        self._quiet_looks = 0
        self.tab.on("request", self._note_request)
        self.tab.on("requestfinished", self._note_end)
        self.tab.on("requestfailed", self._note_end)

    def _note_console(self, message: "ConsoleMessage") -> None:
        if message.type in ("error", "warning") and not _PAGE_NOISE.search(message.text):
            self.problems.append(f"console: {message.text}")

    def _note_response(self, answer: "Response") -> None:
        if answer.status >= 400:
            self.problems.append(f"{answer.status} {answer.request.method} {answer.url}")

    def _note_request(self, request: "Request") -> None:
        self._open_requests.add(request)

    def _note_end(self, request: "Request") -> None:
        self._open_requests.discard(request)

    def open(self, path: str = "/") -> None:
        """Go to an address and wait for the input to be there."""
        self.tab.goto(self.base + path)
        self.tab.wait_for_selector("#chat-input")

    def reload(self) -> None:
        """Load the same address again, once the page has said all that it had to say: a request
        that a reload cuts off is stored by the page as an error of the answer.
        """
        self.settle()
        self.tab.reload()
        self.tab.wait_for_selector("#chat-input")

    def settle(self) -> None:
        """Wait until the page has asked all that it has to ask."""
        self._quiet_looks = 0
        wait_until(self._is_quiet, 10, "the page's requests to end", every_s=0.05)

    def _is_quiet(self) -> bool:
        self.tab.evaluate("0")  # the library hears of requests while it is asked something
        self._quiet_looks = 0 if self._open_requests else self._quiet_looks + 1
        return self._quiet_looks > 3

    def sign_up(self, name: str, email: str, password: str) -> None:
        """Walk through the welcome of an empty instance and open its first account."""
        self.tab.goto(self.base)
        self.tab.locator("button.rounded-full").first.click()
        self.tab.locator("input[autocomplete=name]").fill(name)
        self._fill(email, password)
        self.close_news()

    def sign_in(self, account: "Account") -> None:
        """Sign in with address and password."""
        self.tab.goto(self.base + "/auth")
        self._fill(account.email, account.password)
        self.close_news()

    def _fill(self, email: str, password: str) -> None:
        self.tab.locator("input[type=email]").fill(email)
        self.tab.locator("input[type=password]").fill(password)
        self.tab.locator("button[type=submit]").click()

    def close_news(self) -> None:
        """Close the dialog of what is new, which an account sees once."""
        self.tab.get_by_role("button", name="Okay, Let's Go!").click()
        self.tab.wait_for_selector("#chat-input")

    def models(self) -> list[str]:
        """Open the list of models and read it."""
        self.tab.locator("#model-selector-0-button").click()
        items = self.tab.locator("[aria-label=model-item]")
        items.first.wait_for()
        found = [item.inner_text().strip() for item in items.all()]
        self.tab.keyboard.press("Escape")
        items.first.wait_for(state="detached")
        return found

    def ask(self, question: str) -> None:
        """Type a message and send it."""
        self.tab.evaluate(_REMEMBER_TEXTS)
        self.tab.locator("#chat-input").click()
        self.tab.keyboard.type(question)
        self.tab.wait_for_function(
            "text => document.querySelector('#chat-input').innerText.includes(text)", arg=question
        )
        self.tab.keyboard.press("Enter")

    @property
    def texts(self) -> list[str]:
        """Every state in which the last answer was seen since the question was sent."""
        return list(self.tab.evaluate("window.texts"))

    @property
    def answer(self) -> str:
        """The last answer as it is shown now."""
        shown = self.tab.locator(".chat-assistant #response-content-container")
        return shown.last.inner_text().strip() if shown.count() else ""

    def wait_for(self, text: str, timeout_s: float = 60) -> None:
        """Wait until a text is shown anywhere on the page."""
        self.tab.wait_for_function(
            "text => document.body.innerText.includes(text)", arg=text, timeout=timeout_s * 1000
        )

    def wait_idle(self) -> None:
        """Wait until the page no longer offers to stop an answer."""
        self.tab.locator("[aria-label=Stop]").wait_for(state="detached")

    def stop(self) -> None:
        """Press the stop button."""
        self.tab.locator("[aria-label=Stop] button").click()

    def open_sidebar(self) -> None:
        """Show the list of chats."""
        if not self.tab.locator("#sidebar-new-chat-button").is_visible():
            self.tab.locator("#sidebar-toggle-button").click()

    def press(self, action: str) -> None:
        """Press a button below the last answer, by its tip."""
        self.tab.locator(f"[aria-label='{action}'] button").last.click()

    @property
    def path(self) -> str:
        """Where the tab is."""
        return str(self.tab.url).removeprefix(self.base)

    def shoot(self, path: Path) -> None:
        """Take a screenshot."""
        self.tab.screenshot(path=str(path))
