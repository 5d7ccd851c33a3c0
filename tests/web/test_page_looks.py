"""Our own page of first steps, looked at in a browser."""

import threading

import pytest
from werkzeug.serving import make_server

from tests.services.browser import start_browser

pytestmark = pytest.mark.browser


@pytest.fixture
def address(app, world):
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("width", [1100, 360])
def test_first_steps_fit_any_screen_and_nothing_goes_wrong(address, width, tmp_path):
    problems: list[str] = []
    with start_browser() as browser:
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.on("console", lambda message: problems.append(message.text))
        page.on("requestfailed", lambda request: problems.append(request.url))
        page.on("pageerror", lambda error: problems.append(str(error)))

        page.goto(address)

        page.wait_for_function("document.querySelector('img').naturalWidth > 0")
        wide = page.evaluate("document.documentElement.scrollWidth")
        page.screenshot(path=tmp_path / "page.png", full_page=True)
        assert page.locator("ul.parts li").all_inner_texts() == [
            "web answers",
            "event log answers",
            "database answers",
        ]
    assert wide <= width
    assert not problems
