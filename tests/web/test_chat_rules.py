"""What is hidden from a user on the page is refused, or passed over, by the server."""

import pytest

from shared.config.options import get_options
from tests.services.things import body_of, message, new_chat, new_group, offer, row_of

ASKED = [{"role": "user", "content": "Hello?"}]
FORBIDDEN = 401


@pytest.fixture(autouse=True)
def _offered(world):
    offer("alpha")


def allow(**chat):
    """Say what users may do in chats."""
    get_options().set({"USER_PERMISSIONS": {"chat": chat}})


def ask(caller, **more):
    body = {"model": "alpha", "messages": ASKED, "background": True, **more}
    return caller.post("/api/chat/completions", body)


@pytest.mark.parametrize("chat_id", ["local", "local:socket"])
def test_a_temporary_chat_is_refused_to_whom_it_is_denied(member, admin, chat_id):
    allow(temporary=False)

    assert ask(member, chat_id=chat_id, id="a").status_code == FORBIDDEN
    assert ask(admin, chat_id=chat_id, id="a").status_code == 202
    assert ask(member).status_code == 202


def test_who_may_have_temporary_chats_only_stores_none(member, admin):
    allow(temporary_enforced=True)
    chat = new_chat(member.user, message("q"))
    form = {"chat": body_of(message("q"))}

    assert ask(member, chat_id=chat.id, id="a").status_code == FORBIDDEN
    assert ask(member, chat_id="local", id="a").status_code == 202
    for path in ("new", "import", f"{chat.id}/clone", f"{chat.id}/fork"):
        answer = member.post(f"/api/v1/chats/{path}", {**form, "message_id": "q"})
        assert answer.status_code == FORBIDDEN, path
    assert admin.post("/api/v1/chats/new", form).status_code == 200


def test_a_group_may_have_temporary_chats_only(member, other):
    new_group([member.id], chat={"temporary_enforced": True})
    form = {"chat": body_of(message("q"))}

    assert member.post("/api/v1/chats/new", form).status_code == FORBIDDEN
    assert other.post("/api/v1/chats/new", form).status_code == 200


def test_what_the_controls_set_does_not_count_for_whom_they_are_denied(member, admin):
    allow(controls=False)
    params = {"temperature": 0.1, "system": "Be rude."}

    denied, allowed = (ask(who, params=params).json["job"] for who in (member, admin))

    assert "temperature" not in row_of(denied).request["body"]
    assert row_of(allowed).request["body"]["temperature"] == 0.1


def test_several_models_are_refused_to_whom_they_are_denied(member, admin):
    allow(multiple_models=False)
    status = []
    for who, models in ((member, ["alpha", "beta"]), (member, ["alpha"]), (admin, ["alpha", "b"])):
        answer = message("a", "q", "assistant", content="")
        chat = new_chat(who.user, message("q", models=models), answer)
        status.append(ask(who, chat_id=chat.id, id="a").status_code)

    assert status == [FORBIDDEN, 202, 202]


def test_the_web_is_not_searched_for_whom_that_is_denied(member, worker):
    get_options().set(
        {"ENABLE_WEB_SEARCH": True, "USER_PERMISSIONS": {"features": {"web_search": False}}}
    )

    answer = member.post("/api/v1/retrieval/process/web/search", {"query": "Rome"})

    assert answer.status_code in (400, FORBIDDEN)
    assert answer.json["detail"] == "You may not do this."
