"""Servers of tools: listed as tools, tried by admins, saved with what they offer."""

import pytest

from shared.services import tool_servers
from tests.services.tool_servers import connect, connection
from tests.services.waiting import wait_until

LIST, SAVE = "/api/v1/tools/", "/api/v1/configs/tool_servers"
VERIFY = f"{SAVE}/verify"


def names(caller):
    return [(tool["id"], tool["name"]) for tool in caller.get(LIST).json]


def test_a_server_is_listed_as_a_tool(each_database, worker, member, tool_server):
    connect(connection(tool_server.root))

    [tool] = member.get(LIST).json

    assert (tool["id"], tool["user_id"]) == ("server:0", "server:0")
    assert (tool["name"], tool["meta"]) == ("Weather", {"description": "Tells the weather"})
    assert tool["user"] is None


def test_its_document_is_fetched_once_for_all(worker, member, other, tool_server):
    connect(connection(tool_server.root))

    names(member)
    names(other)

    assert [record["path"] for record in tool_server.log()] == ["/openapi.json"]


def test_a_document_may_be_yaml(worker, member, tool_server):
    connect(connection(tool_server.root, path="/openapi.yaml"))

    assert names(member) == [("server:0", "Clock")]


def test_a_server_that_is_away_or_says_nothing_of_use_is_left_out(worker, member, tool_server):
    connect(
        connection("http://127.0.0.1:9"),
        connection(tool_server.root, path="none.json"),
        connection(tool_server.root, config={"enable": False}),
        connection(tool_server.root),
    )

    assert names(member) == [("server:3", "Weather")]


def test_only_those_whom_it_lets_in_see_a_server(worker, member, other, admin, tool_server):
    read = {"user_ids": [member.id], "group_ids": []}
    connect(connection(tool_server.root, config={"access_control": {"read": read}}))

    assert [len(names(one)) for one in (member, other, admin)] == [1, 0, 1]


def test_what_the_admin_calls_it_counts(worker, member, tool_server):
    connect(connection(tool_server.root, info={"name": "Sky", "description": "Ours"}))

    assert names(member) == [("server:0", "Sky")]


def test_saving_asks_the_servers_anew(worker, admin, tool_server):
    row = connection(tool_server.root, key="k-123456789012")
    admin.post(SAVE, {"TOOL_SERVER_CONNECTIONS": [row]})
    before = len(tool_server.log())

    answer = admin.post(SAVE, {"TOOL_SERVER_CONNECTIONS": [row]})

    assert answer.status_code == 200
    assert answer.json["TOOL_SERVER_CONNECTIONS"][0]["key"].endswith("9012")
    assert "k-1" not in answer.text
    assert len(tool_server.log()) == before + 1
    assert tool_server.log()[-1]["bearer"] == "Bearer k-123456789012"
    assert tool_servers.kept(tool_servers.listed()[0])["title"] == "Weather"


def test_an_admin_tries_a_server(worker, admin, tool_server):
    answer = admin.post(VERIFY, connection(tool_server.root, key="k"))

    assert answer.status_code == 200
    assert set(answer.json) == {"openapi", "info", "specs"}
    assert answer.json["info"]["title"] == "Weather"
    spec = next(one for one in answer.json["specs"] if one["name"] == "convert")
    assert (spec["type"], spec["description"]) == ("function", "Convert a temperature")
    assert spec["parameters"]["required"] == ["celsius"]
    assert spec["parameters"]["properties"]["inner"] == {"type": "object"}
    assert tool_server.log()[0]["bearer"] == "Bearer k"


def test_a_mask_stands_for_the_key_at_its_own_address_only(worker, admin, tool_server):
    connect(connection(tool_server.root, key="k-123456789012"))
    shown = admin.get(SAVE).json["TOOL_SERVER_CONNECTIONS"][0]["key"]

    admin.post(VERIFY, connection(tool_server.root, key=shown))
    admin.post(VERIFY, connection(tool_server.root + "/elsewhere", key=shown))

    assert [one["bearer"] for one in tool_server.log()] == ["Bearer k-123456789012", ""]


def test_a_server_may_be_signed_in_to_as_the_user(worker, admin, tool_server):
    admin.post(VERIFY, connection(tool_server.root, auth_type="session", key=None))

    assert tool_server.log()[0]["bearer"] == f"Bearer {admin.token}"


@pytest.mark.parametrize(
    "more", [{"url": "http://127.0.0.1:9"}, {"path": "none.json"}, {"url": "ftp://x"}]
)
def test_a_server_that_cannot_be_used_is_told_in_words(worker, admin, tool_server, more):
    answer = admin.post(VERIFY, {**connection(tool_server.root), **more})

    assert answer.status_code == 400
    assert answer.json["detail"].startswith("Failed to connect to the tool server: ")


def test_only_admins_try_servers(member, stranger, tool_server):
    assert member.post(VERIFY, connection(tool_server.root)).status_code == 401
    assert stranger.post(VERIFY, connection(tool_server.root)).status_code == 403


# What is known grows old


def test_what_is_old_is_renewed_behind_the_answer(worker, member, tool_server, monkeypatch):
    connect(connection(tool_server.root))
    names(member)
    monkeypatch.setattr(tool_servers, "_FRESH_S", -1)

    assert names(member) == names(member) == [("server:0", "Weather")]

    wait_until(lambda: len(tool_server.log()) == 2, 5, "the document to be fetched anew, once")


def test_a_server_that_goes_away_stays_listed(worker, admin, tool_server):
    connect(connection(tool_server.root))
    names(admin)
    tool_servers.keep(tool_servers.listed()[0], None)

    assert names(admin) == [("server:0", "Weather")]


def test_a_server_is_found_by_its_place_and_by_its_name(world, tool_server):
    connect(connection("http://one"), connection("http://two", type="mcp", info={"id": "sums"}))

    found = [tool_servers.find(f"server:{name}") for name in ("0", "mcp:1", "mcp:sums", "9", "")]

    assert [server and server.index for server in found] == [0, 1, 1, None, None]
