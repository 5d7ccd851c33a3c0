"""A headless Chromium, driven by playwright, for tests that look at a page as a person does."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.services.require import missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Without these Chromium asks for hosts outside, and its sandbox refuses to run as root.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def chromium_path() -> str:
    """Find the browser of the system; playwright's own download is not used."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    return found or missing("Chromium", "apt-get install chromium")


@contextmanager
def start_browser() -> "Iterator[Browser]":
    """Run a browser for the time of a `with` block."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright", "pip install playwright")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()
