"""The application as a whole: what every answer carries, and who may call from elsewhere."""

import pytest

from shared import db
from shared.config.settings import get_settings
from web.app import create_app

PAGE = {"Origin": "https://page.example"}


def test_every_answer_tells_the_id_of_its_request(stranger):
    own = stranger.get("/health", headers={"X-Request-Id": "abc"})
    ours = [stranger.get("/health").headers["X-Request-Id"] for _ in range(2)]

    assert own.headers["X-Request-Id"] == "abc"
    assert len(set(ours)) == 2


def test_a_long_request_id_is_cut(stranger):
    answer = stranger.get("/health", headers={"X-Request-Id": "x" * 1000})

    assert len(answer.headers["X-Request-Id"]) == 64


def test_every_answer_tells_how_long_it_took_in_whole_seconds(stranger):
    for path in ("/health", "/api/v1/auths/", "/api/nowhere"):
        assert stranger.get(path).headers["X-Process-Time"] == "0"


def test_no_browser_guesses_what_an_answer_is(stranger):
    assert stranger.get("/health").headers["X-Content-Type-Options"] == "nosniff"


def test_headers_that_are_wanted_come_with_every_answer(configure):
    settings = configure(
        xframe_options="DENY", hsts="max-age=31536000", xcontent_type="nosniff, really"
    )
    engine = db._engine
    client = create_app(settings).test_client()
    db._engine = engine

    for path in ("/health", "/api/nowhere"):
        headers = client.get(path).headers
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Strict-Transport-Security"] == "max-age=31536000"
        assert headers["X-Content-Type-Options"] == "nosniff, really"
        assert "Content-Security-Policy" not in headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/nowhere", 404), ("GET", "/api/v1/chats/x/y", 404), ("PUT", "/health", 405)],
)
def test_unknown_addresses_are_answered_in_our_form(stranger, method, path, status):
    answer = stranger.send(method, path)

    assert (answer.status_code, list(answer.json)) == (status, ["detail"])


@pytest.mark.parametrize("path", ["/api/v1/chats", "/api/v1/chats/", "/api/models", "/api/models/"])
def test_an_address_counts_with_and_without_its_last_slash(stranger, path):
    assert stranger.get(path).status_code == 403


def test_a_body_over_the_limit_is_refused_unread(member):
    answer = member.post(
        "/api/v1/chats/new", b"{}", environ_overrides={"CONTENT_LENGTH": str(10**9)}
    )

    assert (answer.status_code, list(answer.json)) == (413, ["detail"])


def test_pages_of_any_site_may_call_by_default(stranger):
    answer = stranger.get("/health", headers=PAGE)

    assert answer.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Vary"] == "Origin"
    assert "X-Job-Id" in answer.headers["Access-Control-Expose-Headers"]


def test_only_pages_of_named_sites_may_call_where_sites_are_named(stranger, configure):
    configure(cors_allow_origin="https://one.example;https://page.example")

    named = stranger.get("/health", headers=PAGE)
    foreign = stranger.get("/health", headers={"Origin": "https://page.example.evil"})

    assert named.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]
    assert "Access-Control-Allow-Origin" not in foreign.headers


def test_a_browser_may_ask_without_credentials_what_it_may_send(stranger):
    asked = {**PAGE, "Access-Control-Request-Headers": "authorization, content-type"}

    answer = stranger.send("OPTIONS", "/api/v1/chats/new", headers=asked)

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization, content-type"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(("proxies", "failures"), [(0, [400, 400, 429]), (1, [400, 400, 400])])
def test_the_clients_own_address_is_believed_of_trusted_proxies_only(
    world, configure, proxies, failures
):
    configure(signin_max_failures=2)
    engine = db._engine
    app = create_app(get_settings().model_copy(update={"trusted_proxies": proxies}))
    db._engine = engine
    client = app.test_client()

    statuses = [
        client.post(
            "/api/v1/auths/signin",
            json={"email": "ada@example.com", "password": "wrong"},
            headers={"X-Forwarded-For": f"192.0.2.{number}"},
        ).status_code
        for number in range(3)
    ]

    assert statuses == failures
