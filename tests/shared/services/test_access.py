"""Who may do what."""

import pytest

from shared.errors import Forbidden
from shared.models.channel import Channel
from shared.models.chat import Chat
from shared.models.folder import Folder
from shared.models.job import Job
from shared.models.tool import Tool
from shared.services import access
from shared.services.accounts import Principal


def user(role="user", user_id="u", groups=()):
    return Principal(user_id, "Ada", "ada@example.com", role, "", group_ids=groups)


OWNER, OTHER, ADMIN = user(), user(user_id="other"), user("admin", "boss")
ACTIONS = ("read", "write", "cancel", "delete", "use")


def model(**info):
    return {"id": "alpha", "info": {"user_id": "u", "access_control": {}, **info}}


THINGS = {
    "job": Job(user_id="u"),
    "chat": Chat(user_id="u"),
    "folder": Folder(user_id="u"),
    "tool": Tool(user_id="u", access_control={}),
    "channel": Channel(user_id="u", access_control={}),
    "model": model(),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("thing", THINGS)
def test_an_owner_may_do_everything_and_another_nothing(thing, action):
    assert access.can(OWNER, action, THINGS[thing])
    assert not access.can(OTHER, action, THINGS[thing])


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("thing", [*THINGS, "admin"])
def test_a_waiting_account_may_do_nothing_not_even_with_its_own(thing, action):
    assert not access.can(user("pending"), action, THINGS.get(thing, thing))


@pytest.mark.parametrize("role", ["", "emperor", "Admin", "USER"])
def test_a_role_that_does_not_exist_may_do_nothing(role):
    assert not access.can(user(role), "read", THINGS["chat"])


@pytest.mark.parametrize(
    ("thing", "may"),
    [
        ("job", True),
        ("chat", True),
        ("folder", False),  # whose sidebar it is, arranges it
        ("tool", True),
        ("channel", True),
        ("model", True),
    ],
)
def test_what_an_admin_may_do_with_the_things_of_others(thing, may):
    assert [access.can(ADMIN, action, THINGS[thing]) for action in ACTIONS] == [may] * 5


def test_an_admin_may_be_kept_out_of_chats_but_for_deleting_them(configure):
    configure(enable_admin_chat_access="false")

    assert [action for action in ACTIONS if access.can(ADMIN, action, THINGS["chat"])] == ["delete"]


def test_the_admin_area_is_for_admins():
    assert access.can(ADMIN, "use", "admin")
    assert not access.can(OWNER, "use", "admin")
    assert access.can(OWNER, "use", "members")


def test_a_job_that_nobody_owns_is_the_admins_business():
    nobodys = Job(user_id=None)

    assert access.can(ADMIN, "read", nobodys)
    assert not access.can(OWNER, "read", nobodys)


@pytest.mark.parametrize("thing", [None, 7, object(), ["chat"]])
def test_what_no_rule_speaks_of_is_forbidden_to_everybody(thing):
    assert not access.can(ADMIN, "read", thing)


def test_require_lets_pass_or_raises():
    access.require(OWNER, "read", THINGS["chat"])

    with pytest.raises(Forbidden):
        access.require(OTHER, "read", THINGS["chat"])


READERS = {"read": {"user_ids": ["other"], "group_ids": ["g"]}}


@pytest.mark.parametrize(
    ("control", "reader", "action", "may"),
    [
        (None, OTHER, "read", True),
        (None, OTHER, "write", False),
        ({}, OTHER, "read", False),
        (READERS, OTHER, "read", True),
        (READERS, OTHER, "write", False),
        (READERS, user(user_id="x"), "read", False),
        (READERS, user(user_id="x", groups=("g",)), "read", True),
        ({"read": {"group_ids": []}}, user(user_id="x", groups=("g",)), "read", False),
        ({"write": READERS["read"]}, OTHER, "read", False),
        ({"write": READERS["read"]}, OTHER, "write", True),
        ({"read": None}, OTHER, "read", False),
        ({"read": {"user_ids": None, "group_ids": None}}, OTHER, "read", False),
    ],
)
def test_access_control_names_who_may_read_and_write(control, reader, action, may):
    shared = (
        Tool(user_id="u", access_control=control),
        Channel(user_id="u", access_control=control),
        model(access_control=control),
    )

    assert [access.can(reader, action, thing) for thing in shared] == [may] * 3


def test_a_model_of_which_no_admin_has_said_anything_is_for_admins():
    bare = {"id": "alpha"}

    assert access.can(ADMIN, "read", bare)
    assert not access.can(OWNER, "read", bare)


def test_all_models_may_be_opened_to_everybody_for_reading(configure):
    configure(bypass_model_access_control="true")

    assert access.can(OTHER, "read", {"id": "alpha"})
    assert not access.can(OTHER, "write", model())
    assert not access.can(user("pending"), "read", model())
