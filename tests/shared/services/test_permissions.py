"""Permissions in the form that pages expect."""

import pytest

from shared.config.options import get_options
from shared.services import permissions
from tests.services.things import new_group, new_user

pytestmark = pytest.mark.usefixtures("world")


def test_everybody_has_the_contracts_defaults():
    found = permissions.of_user("anybody")

    granted = {f"{part}.{name}" for part, names in found.items() for name in names if names[name]}
    assert granted == {
        *(f"chat.{name}" for name in ("controls", "file_upload", "delete", "edit", "stt", "tts")),
        *(f"chat.{name}" for name in ("call", "multiple_models", "temporary")),
        *(f"features.{name}" for name in ("web_search", "image_generation", "code_interpreter")),
    }


def test_what_is_not_granted_is_named_all_the_same():
    found = permissions.of_user("anybody")

    assert found["chat"]["temporary_enforced"] is False
    assert found["features"]["direct_tool_servers"] is False
    assert set(found["workspace"]) == {"models", "knowledge", "prompts", "tools", "skills"}
    assert {name.removeprefix("public_") for name in found["sharing"]} == set(found["workspace"])


def test_a_group_adds_to_what_its_members_may_do(each_database):
    user, outsider = new_user(), new_user()
    new_group([user.id], workspace={"models": True}, chat={"delete": False})
    new_group([user.id], workspace={"tools": True, "models": False})

    found = permissions.of_user(user.id)

    assert (found["workspace"]["models"], found["workspace"]["tools"]) == (True, True)
    assert found["chat"]["delete"] is True
    assert permissions.of_user(outsider.id)["workspace"]["models"] is False


def test_a_denied_permission_is_denied_unless_a_group_allows_it():
    user, favoured = new_user(), new_user()
    new_group([favoured.id], chat={"delete": True})
    get_options().set({"USER_PERMISSIONS": {"chat": {"delete": False}}})

    assert not permissions.allows(user, "chat", "delete")
    assert permissions.allows(favoured, "chat", "delete")


def test_what_another_version_left_in_a_group_grants_nothing():
    user = new_user()
    new_group([user.id], workspace="all", chat={"temporary_enforced": "yes"}, notes={"x": True})

    assert permissions.of_user(user.id) == permissions.default()
