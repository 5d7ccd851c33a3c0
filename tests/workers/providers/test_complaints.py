"""What upstreams say when they refuse becomes one clear message, without keys."""

import email.utils
import time

import httpx
import pytest

from shared.errors import Reason
from workers.providers import complaints
from workers.providers.errors import Refused, Unavailable

KEY = "sk-0123456789abcdef"


def complaint(status: int, content: bytes = b"", headers: dict | None = None):
    response = httpx.Response(status, headers=headers or {})
    return complaints.for_status("api.example.com", response, content, (KEY,))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"error": {"message": "too long", "type": "x"}}', "too long"),
        (b'{"error": "model not found"}', "model not found"),
        (b'{"detail": "Not Found"}', "Not Found"),
        (b'{"detail": [{"loc": ["body"], "msg": "field required"}]}', "field required"),
        (b'{"message": "denied"}', "denied"),
        (b'{"object": "error", "message": "bad"}', "bad"),
        (b"Internal Server Error\n", "Internal Server Error"),
        (
            b"<!DOCTYPE html><head><title>502 Bad\nGateway</title></head>",
            "a web page: 502 Bad Gateway",
        ),
        (b"<html><body><h1>Oops</h1><script>x()</script></body>", "a web page: Oops"),
        (b"\xff\xfe\x00binary\x1b[31m", "\ufffd\ufffd binary [31m"),
    ],
)
def test_the_upstreams_own_words_are_found(content, words):
    assert complaint(400, content).message == f"api.example.com answered 400: {words}"


def test_words_that_stand_too_deep_to_be_found_are_quoted_as_they_came():
    content = b'{"error":' * 1000 + b'"x"' + b"}" * 1000

    assert complaint(400, content).message.startswith('api.example.com answered 400: {"error":{')


def test_an_answer_without_words_is_told_by_its_status():
    assert complaint(500).message == "api.example.com answered 500."


def test_long_words_are_cut():
    assert len(complaint(400, b"word " * 1000).message) < 340


@pytest.mark.parametrize("content", [f"key {KEY}.", f'{{"error": {{"message": "Bearer {KEY}"}}}}'])
def test_an_echoed_key_is_not_repeated(content):
    message = complaint(401, content.encode()).message

    assert KEY not in message
    assert "***" in message


def test_a_key_is_taken_out_before_the_text_is_cut():
    message = complaint(401, b"x" * 290 + b" " + KEY.encode()).message

    assert KEY[:6] not in message


def test_a_short_key_is_taken_out_where_it_stands_alone():
    assert complaints.clean("no nonsense: no", ("no",)) == "*** nonsense: ***"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_unavailable(status):
    error = complaint(status)

    assert isinstance(error, Unavailable)
    assert error.upstream_status == status


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422, 501, 301])
def test_what_will_not_pass_is_refused(status):
    assert isinstance(complaint(status), Refused)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (308, Reason.MISCONFIGURED),
        (400, Reason.BAD_REQUEST),
        (401, Reason.MISCONFIGURED),
        (402, Reason.MISCONFIGURED),
        (403, Reason.MISCONFIGURED),
        (404, Reason.BAD_REQUEST),
        (408, Reason.TIMEOUT),
        (413, Reason.BAD_REQUEST),
        (422, Reason.BAD_REQUEST),
        (429, Reason.RATE_LIMITED),
        (500, Reason.UNAVAILABLE),
        (501, Reason.UNAVAILABLE),
        (503, Reason.UNAVAILABLE),
        (504, Reason.TIMEOUT),
        (529, Reason.UNAVAILABLE),
    ],
)
def test_a_status_gives_its_reason(status, reason):
    assert complaint(status).reason == reason


def test_an_exhausted_quota_does_not_pass_by_itself():
    content = b'{"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}'

    assert isinstance(complaint(429, content), Refused)


def test_a_redirect_tells_where_to():
    error = complaint(308, b"", {"location": "https://api.example.com/v1"})

    assert error.message.endswith("answered 308: moved to https://api.example.com/v1")


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read(headers, wanted):
    assert complaint(429, b"", headers).retry_after_s == wanted


def test_retry_after_may_be_a_date():
    date = email.utils.formatdate(time.time() + 30, usegmt=True)

    assert 25 < complaint(503, b"", {"retry-after": date}).retry_after_s <= 30


@pytest.mark.parametrize(
    ("value", "kind", "reason"),
    [
        ({"message": "m", "code": 429}, Unavailable, Reason.RATE_LIMITED),
        ({"message": "m", "code": "503"}, Unavailable, Reason.UNAVAILABLE),
        ({"message": "m", "type": "server_error"}, Unavailable, Reason.UNAVAILABLE),
        ({"message": "m", "type": "overloaded_error"}, Unavailable, Reason.UNAVAILABLE),
        ({"message": "m", "type": "timeout_error"}, Unavailable, Reason.TIMEOUT),
        ({"message": "m", "code": "rate_limit_exceeded"}, Unavailable, Reason.RATE_LIMITED),
        ({"message": "m", "code": "insufficient_quota"}, Refused, Reason.RATE_LIMITED),
        ({"message": "m", "type": "authentication_error"}, Refused, Reason.MISCONFIGURED),
        ({"message": "m", "code": 400}, Refused, Reason.BAD_REQUEST),
        ({"message": "m", "code": "context_length_exceeded"}, Refused, Reason.BAD_REQUEST),
        ("m", Refused, Reason.UNAVAILABLE),
    ],
)
def test_an_error_in_a_stream_is_judged_by_its_code(value, kind, reason):
    error = complaints.for_item("host", value, ())

    assert (type(error), error.reason) == (kind, reason)
    assert error.message == "host reports: m"


@pytest.mark.parametrize(
    ("failure", "kind", "reason"),
    [
        (httpx.ConnectError("Connection refused"), Unavailable, Reason.UNAVAILABLE),
        (httpx.ConnectTimeout("timed out"), Unavailable, Reason.TIMEOUT),
        (httpx.ReadTimeout("timed out"), Unavailable, Reason.TIMEOUT),
        (httpx.ReadError("Connection reset by peer"), Unavailable, Reason.UNAVAILABLE),
        (
            httpx.RemoteProtocolError("the connection was closed in the head"),
            Unavailable,
            Reason.UNAVAILABLE,
        ),
        (
            httpx.RemoteProtocolError("not an HTTP answer: b'SSH'"),
            Refused,
            Reason.UNAVAILABLE,
        ),
        (httpx.DecodingError("incorrect header check"), Refused, Reason.UNAVAILABLE),
        (httpx.LocalProtocolError("a header holds a line break"), Refused, Reason.UNAVAILABLE),
    ],
)
def test_failures_on_the_way_are_told_with_the_host(failure, kind, reason):
    error = complaints.for_transport("host:8000", failure)

    assert (type(error), error.reason) == (kind, reason)
    assert error.message.startswith("host:8000 ")
