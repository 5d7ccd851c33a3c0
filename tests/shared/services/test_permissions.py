"""Permissions in the form that pages expect."""

import pytest

from shared.services import permissions

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
    assert set(found["workspace"]) == {"models", "knowledge", "prompts", "tools"}
    assert {name.removeprefix("public_") for name in found["sharing"]} == set(found["workspace"])
