"""The tools that a completion names: whose they may be, and what of them goes into the job."""

import pytest

from shared.config.options import get_options
from shared.config.secrets import unseal
from shared.kinds.inference import RunChat
from tests.services.inside import sent
from tests.services.things import offer, row_of
from tests.services.tool_servers import connect, connection

URL = "/api/chat/completions"
SOURCE = "class Tools:\n    def f(self, x: str) -> str:\n        return x\n"
BROWSER = {"url": "http://localhost:1", "key": "k", "openapi": {"paths": {}}, "specs": []}


@pytest.fixture(autouse=True)
def _offered(member):
    offer("alpha")


def request_of(caller, **more):
    """Ask, and give the request of the job that was accepted."""
    body = {"model": "alpha", "messages": [{"role": "user", "content": "?"}], "background": True}
    answer = caller.post(URL, {**body, **more})
    assert answer.status_code == 202, answer.text
    assert sent()
    return RunChat.model_validate(row_of(answer.json["job"]).request).model_dump()


def make_tool(admin, tool_id, control):
    form = {"id": tool_id, "name": tool_id, "content": SOURCE, "meta": {}}
    answer = admin.post("/api/v1/tools/create", {**form, "access_control": control})
    assert answer.status_code == 200, answer.text


def test_tools_that_are_missing_or_anothers_are_left_out(each_database, admin, member):
    make_tool(admin, "open_tool", None)
    make_tool(admin, "shut_tool", {})
    connect(connection("http://one"), connection("http://two", config={"access_control": {}}))
    wanted = ["open_tool", "shut_tool", "none", "server:0", "server:1", "server:9", 5, "a\x00"]

    assert request_of(member, tool_ids=wanted)["tool_ids"] == ["open_tool", "server:0"]


def test_an_admin_may_use_them_all(admin):
    make_tool(admin, "shut_tool", {})
    connect(connection("http://two", config={"access_control": {}}))

    assert len(request_of(admin, tool_ids=["shut_tool", "server:0"])["tool_ids"]) == 2


def test_what_the_user_has_signed_in_with_is_kept_sealed_and_only_where_it_is_wanted(member):
    connect(connection("http://one"), connection("http://two", auth_type="session"))

    plain = request_of(member, tool_ids=["server:0"])
    signed = request_of(member, tool_ids=["server:1"])

    assert plain["sealed"] == ""
    assert member.token not in str(signed)
    assert unseal(signed["sealed"]) == member.token


def test_servers_of_the_page_need_a_permission(admin, member):
    assert request_of(member, tool_servers=[BROWSER])["tool_servers"] == []
    get_options().set({"USER_PERMISSIONS": {"features": {"direct_tool_servers": True}}})

    assert request_of(member, tool_servers=[BROWSER, 3, {"url": 1}])["tool_servers"] == [
        {"url": "http://localhost:1", "specs": []}
    ]


def test_native_calls_are_a_parameter_of_the_page(member):
    assert request_of(member)["calls_natively"] is False
    assert request_of(member, params={"function_calling": "native"})["calls_natively"] is True
