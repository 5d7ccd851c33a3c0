"""The guarded client: where it goes, and how much it takes."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from shared import addresses, http
from shared.addresses import AddressRefused
from shared.errors import Forbidden, Invalid, NotFound, Unavailable
from tests.fakes.web_server import FakeWeb
from tests.services.waiting import wait_until


@pytest.fixture(scope="module")
def web() -> Iterator[FakeWeb]:
    with FakeWeb() as server:
        yield server


@pytest.fixture
def allowed(configure) -> None:
    configure(outbound_allowed_networks="127.0.0.1")


def test_a_page_is_fetched_with_its_type_and_text(web, allowed):
    url = web.put("/page", "<p>größe</p>".encode("latin-1"), "text/html; charset=latin-1")

    fetched = http.fetch(url)

    assert (fetched.status, fetched.media_type, fetched.text) == (200, "text/html", "<p>größe</p>")


def test_this_machine_is_refused_before_anything_is_sent(web):
    web.asked.clear()

    with pytest.raises(AddressRefused):
        http.fetch(web.url + "/page")

    assert not web.asked


def test_a_redirect_is_followed(web, allowed):
    url = web.put("/target", "here")

    fetched = http.fetch(f"{web.url}/to?{url}")

    assert (fetched.url, fetched.text) == (url, "here")


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://[::1]:80/"]
)
def test_a_redirect_to_the_inside_is_refused(web, allowed, target):
    with pytest.raises(AddressRefused):
        http.fetch(f"{web.url}/to?{target}")


def test_a_redirect_to_another_scheme_is_refused(web, allowed):
    with pytest.raises(Invalid):
        http.fetch(f"{web.url}/to?file:///etc/passwd")


def test_redirects_in_circles_come_to_an_end(web, allowed):
    with pytest.raises(Invalid, match="circles"):
        http.fetch(f"{web.url}/to?/to?/to")


def test_a_key_is_not_carried_to_another_origin(web, allowed):
    with FakeWeb() as second:
        second.put("/", "hello")

        http.fetch(f"{web.url}/to?{second.url}/", headers={"authorization": "Bearer secret"})

        assert "authorization" not in second.asked[-1][2]


def test_the_number_that_was_checked_is_the_one_that_is_opened(web, allowed, monkeypatch):
    url = web.put("/page", "ok").replace("127.0.0.1", "rebinding.example")
    asked = []

    def once(host, port, *_, **__):
        asked.append(host)
        if host == "rebinding.example" and asked.count(host) > 1:
            raise AssertionError("the name server was asked again")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", once)

    assert http.fetch(url).text == "ok"


def test_a_body_over_the_limit_is_refused(web, allowed):
    url = web.put("/large", b"x" * 2000)

    with pytest.raises(http.TooLarge):
        http.fetch(url, http.Limits(size_bytes=1999))


def test_a_body_without_an_end_is_cut_off(web, allowed):
    with pytest.raises(http.TooLarge):
        http.fetch(web.url + "/flood", http.Limits(size_bytes=1_000_000))


@pytest.mark.parametrize("path", ["/drip", "/hang"])
def test_no_server_holds_a_fetch_longer_than_its_time(web, allowed, path):
    started = time.monotonic()

    with pytest.raises(Unavailable):
        http.fetch(web.url + path, http.Limits(total_s=0.3))

    assert time.monotonic() - started < 5


def test_a_fetch_can_be_aborted_from_outside(web, allowed):
    web.asked.clear()
    fetcher, failures = http.Fetcher(), []

    def run():
        try:
            fetcher.fetch(web.url + "/hang")
        except Unavailable as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: web.asked, 5, "the request arrives")
    fetcher.abort()
    thread.join(5)

    assert failures


def test_a_dead_server_is_unavailable(allowed):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    with pytest.raises(Unavailable):
        http.fetch(f"http://127.0.0.1:{port}/")


def test_a_host_that_does_not_exist_is_unavailable(monkeypatch):
    def nowhere(*_, **__):
        raise socket.gaierror("no such host")

    monkeypatch.setattr(addresses.socket, "getaddrinfo", nowhere)

    with pytest.raises(Unavailable):
        http.fetch("http://nowhere.example/")


def test_a_body_is_posted(web, allowed):
    url = web.put("/form", "taken")

    http.fetch(url, method="POST", content=b'{"a": 1}', headers={"content-type": "text/json"})

    command, _, headers, body = web.asked[-1]
    assert (command, headers["content-type"], body) == ("POST", "text/json", b'{"a": 1}')


@pytest.mark.parametrize(
    ("status", "error"), [(404, NotFound), (403, Forbidden), (500, Unavailable), (418, Invalid)]
)
def test_a_bad_status_is_an_error_where_a_good_one_is_required(web, allowed, status, error):
    url = web.put(f"/status/{status}", "no", status=status)

    with pytest.raises(error):
        http.fetch(url).required()


# Servers that an admin has set up


def test_a_server_of_the_admins_may_stand_anywhere(web):
    url = web.put("/inside", "tools")
    trusted = http.Limits(trusted=http.origin_of(url))

    assert http.fetch(url, trusted).text == "tools"


def test_where_such_a_server_leads_to_is_checked_all_the_same(web):
    trusted = http.Limits(trusted=http.origin_of(web.url))

    with FakeWeb() as second, pytest.raises(AddressRefused):
        http.fetch(f"{web.url}/to?{second.put('/', 'hello')}", trusted)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://Host/x", ("host", 80)),
        ("https://host", ("host", 443)),
        ("http://host:8000/x", ("host", 8000)),
    ],
)
def test_an_origin_is_host_and_port(url, origin):
    assert http.origin_of(url) == origin
