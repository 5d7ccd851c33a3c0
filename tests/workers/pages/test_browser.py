"""Pages that only a browser writes, read by a real Chromium that may fetch nothing itself."""

import json
import socket
import threading

import psutil
import pytest

from shared.config.options import get_options
from shared.errors import Invalid, Unavailable
from shared.http import Fetcher
from tests.fakes.web_server import FakeWeb
from tests.launch.conftest import command_line
from tests.services.browser_server import start_browser_server, start_debugged_browser
from tests.services.waiting import wait_until
from workers.pages import browser
from workers.pages.reading import read

pytestmark = pytest.mark.usefixtures("world")
WORDS = "Owls hoot in the night, and nobody knows why they do so."
# What a page may try to reach the network in which the browser stands.
HOSTILE = """
const to = "http://127.0.0.2:%(port)d/";
const note = text => document.getElementById("told").append(text + "; ");
fetch(to + "fetch").then(() => note("LEAKED")).catch(() => note("no fetch"));
fetch("/to?" + to + "redirect").then(() => note("LEAKED")).catch(() => note("no redirect"));
note([typeof WebSocket, typeof RTCPeerConnection, typeof Worker, typeof WebTransport].join());
new Image().src = to + "image";
navigator.sendBeacon(to + "beacon", "x");
new EventSource(to + "events");
for (const [tag, name] of [["iframe", "src"], ["script", "src"]]) {
  const made = document.createElement(tag);
  made[name] = to + tag;
  document.body.append(made);
}
const inner = document.createElement("iframe");
document.body.append(inner);
note("inner " + typeof inner.contentWindow.RTCPeerConnection);
for (const rel of ["preconnect", "prefetch", "stylesheet", "dns-prefetch"]) {
  const made = document.createElement("link");
  [made.rel, made.href] = [rel, to + rel];
  document.head.append(made);
}
"""


@pytest.fixture(scope="module", params=[start_browser_server, start_debugged_browser])
def server(request, tmp_path_factory):
    with request.param(tmp_path_factory.mktemp("browser")) as address:
        yield address


@pytest.fixture
def web(configure, server):
    configure(outbound_allowed_networks="127.0.0.1/32", data_dir="data")
    get_options().set({"WEB_LOADER_ENGINE": "playwright", "PLAYWRIGHT_WS_URL": server})
    with FakeWeb() as made:
        yield made


@pytest.fixture
def watched():
    """A listener in the private network; gives its port and who has come."""
    visits = []
    with socket.create_server(("127.0.0.2", 0)) as listener:

        def take():
            while True:
                try:
                    visitor, address = listener.accept()
                except OSError:
                    return
                visits.append(address)
                visitor.close()

        threading.Thread(target=take, daemon=True).start()
        yield listener.getsockname()[1], visits
        listener.shutdown(socket.SHUT_RDWR)


def put(web, script, path="/page"):
    web.put("/page.js", script, "text/javascript")
    html = '<title>Owls</title><body><p id="told"></p><script src="/page.js"></script></body>'
    return web.put(path, f"<!doctype html><html>{html}</html>")


def test_what_scripts_write_is_read(web):
    web.put("/words.json", json.dumps({"words": WORDS}), "application/json")
    script = "fetch('/words.json').then(a => a.json()).then(j => told.append(j.words))"

    page = read(put(web, script), Fetcher())

    assert (page.title, page.text) == ("Owls", WORDS)


def test_a_page_that_was_redirected_is_at_home_where_it_ended(web):
    where = put(web, "told.append(location.pathname + ' is where the owls of this page live.')")

    page = read(f"{web.url}/to?{where}", Fetcher())

    assert page.url == where
    assert page.text.startswith("/page is where the owls")


def test_nothing_that_a_page_tries_reaches_the_private_network(web, watched):
    port, visits = watched

    page = read(put(web, HOSTILE % {"port": port}), Fetcher())

    assert visits == []
    assert "LEAKED" not in page.text
    assert "no fetch" in page.text
    assert "no redirect" in page.text
    assert "undefined,undefined,undefined,undefined" in page.text
    assert "inner undefined" in page.text


def test_a_page_that_leads_on_by_script_into_the_private_network_is_not_followed(web, watched):
    port, visits = watched
    script = f"told.append('{WORDS}'); setTimeout(() => location = 'http://127.0.0.2:{port}/', 50)"

    page = read(put(web, script), Fetcher())

    assert visits == []
    assert page.text == WORDS


def test_what_is_no_page_is_read_without_the_browser(web):
    get_options().set({"PLAYWRIGHT_WS_URL": "ws://127.0.0.1:9/nothing"})

    assert read(web.put("/plain.txt", WORDS, "text/plain"), Fetcher()).text == WORDS


def test_a_page_that_never_rests_is_read_as_far_as_it_is(web):
    get_options().set({"PLAYWRIGHT_TIMEOUT": 2000})
    script = f"told.append('{WORDS}'); setInterval(() => fetch('/again').catch(() => 0), 100)"

    assert read(put(web, script), Fetcher()).text == WORDS


def test_a_page_that_hangs_the_browser_is_left(web, monkeypatch):
    monkeypatch.setattr(browser, "_GRACE_S", 4.0)
    get_options().set({"PLAYWRIGHT_TIMEOUT": 1000})

    with pytest.raises(Unavailable, match="browser"):
        read(put(web, "setTimeout(() => { for (;;); }, 100)"), Fetcher())


def test_a_page_is_left_at_once_when_its_reader_is_told_to_stop(web):
    fetcher = Fetcher()
    url = put(web, "fetch('/hang')")

    def stop_it():
        wait_until(lambda: any(path == "/hang" for _, path, *_ in web.asked), 20, "the page")
        fetcher.abort()

    stopping = threading.Thread(target=stop_it)
    stopping.start()

    with pytest.raises(Unavailable):
        read(url, fetcher)

    stopping.join()
    left = psutil.Process().children(recursive=True)
    assert not [one for one in left if "browser_child" in command_line(one)]


def test_without_a_browser_it_is_said_what_is_missing(web):
    get_options().set({"PLAYWRIGHT_WS_URL": ""})
    with pytest.raises(Invalid, match="PLAYWRIGHT_WS_URL"):
        read(put(web, ""), Fetcher())

    for address in ("ws://127.0.0.1:9/x?token=secret", "http://127.0.0.1:9/x?token=secret"):
        get_options().set({"PLAYWRIGHT_WS_URL": address})
        with pytest.raises(Unavailable, match="browser") as error:
            read(put(web, ""), Fetcher())
        assert "secret" not in str(error.value)
