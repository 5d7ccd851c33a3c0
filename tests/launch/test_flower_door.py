"""Who may enter Flower, and what they may do there."""

from base64 import b64encode

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from launch.flower.door import Door
from shared.config.settings import load


def _request(login: str = "", path: str = "/", method: str = "GET") -> HTTPServerRequest:
    given = f"Basic {b64encode(login.encode()).decode()}" if login else ""
    headers = HTTPHeaders({"Authorization": given} if given else {})
    line = RequestStartLine(method, path, "HTTP/1.0")
    return HTTPServerRequest(start_line=line, headers=headers)


def _door(**env: str) -> Door:
    return Door(load({"FLOWER_PASSWORD": "pässwörd:with colon", **env}))


LOGIN = "operator:pässwörd:with colon"


def test_the_operator_enters_with_any_letters_in_the_password():
    assert _door().refusal(_request(LOGIN)) is None


@pytest.mark.parametrize(
    "login", ["", "operator:", "operator:passw", "operator:fälsch", f"{LOGIN} ", f"x{LOGIN}"]
)
def test_nobody_else_enters(login):
    assert _door().refusal(_request(login))[0] == 401


@pytest.mark.parametrize("header", ["Basic", "Basic ???", "Basic é", "Bearer x", "basic"])
def test_a_login_that_is_none_is_refused(header):
    request = _request()
    request.headers["Authorization"] = header

    assert _door().refusal(request)[0] == 401


def test_flower_itself_is_given_a_login_that_nobody_knows():
    door, request = _door(), _request(LOGIN)

    door.refusal(request)

    inner = b64encode(door.inner_login.encode()).decode()
    assert request.headers["Authorization"] == f"Basic {inner}"
    assert door.refusal(_request(door.inner_login))[0] == 401
    assert _door().inner_login != door.inner_login


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_is_changed_unless_the_operators_want_it(method):
    request = _request(LOGIN, "/api/task/revoke/x", method)
    allowed = _request(LOGIN, "/api/task/revoke/x", method)

    assert _door().refusal(request)[0] == 403
    assert _door(FLOWER_READ_ONLY="false").refusal(allowed) is None


def test_without_the_login_nobody_learns_what_may_be_changed():
    request = _request("", "/api/task/revoke/x", "POST")

    assert _door().refusal(request)[0] == 401


def test_searching_the_tasks_is_no_change():
    assert _door().refusal(_request(LOGIN, "/tasks/datatable?x=1", "POST")) is None
    assert _door().refusal(_request(LOGIN, "/tasks/datatable/", "POST"))[0] == 403


def test_health_is_open_for_reading_only():
    assert _door().refusal(_request(path="/healthcheck")) is None
    assert _door().refusal(_request(path="/healthcheck", method="POST"))[0] == 401
