"""Sharing: what the things of the workspace have in common, their owners and whom they let in."""

from collections.abc import Iterable
from typing import Any, TypeVar

from shared.errors import NotFound
from shared.services import access, permissions
from shared.services.accounts import Principal

T = TypeVar("T")
Control = dict[str, Any] | None

_ANYBODY = ("user", "*", "read")


def given(user: Principal, action: str, row: T | None) -> T:
    """Give a row to those who may do something with it.

    Raises:
        NotFound: There is none, or not for this user to see; the two are not told apart.
        Forbidden: The user sees it, and may not do this.
    """
    if row is None or not (access.can(user, "read", row) or access.can(user, action, row)):
        raise NotFound
    access.require(user, action, row)
    return row


def permitted(user: Principal, noun: str, wanted: Control, before: Control = {}) -> Control:  # noqa: B006 -- never changed
    """Say whom a thing lets in: what its owner may not make public becomes private.

    Args:
        noun: As permissions call it: "models", "knowledge", "prompts", "tools", "skills" …
        wanted: The `access_control` of the form.
        before: That of the thing so far; what is public already may stay so.
    """
    if wanted is None and before is not None:
        return None if permissions.allows(user, "sharing", f"public_{noun}") else {}
    return wanted


def to_grants(control: Control, noun: str, thing_id: str) -> list[dict[str, Any]]:
    """Write an `access_control` as the list of grants that newer clients know.

    Args:
        noun: What the thing is: "channel", "knowledge", "model", "prompt", "tool" …
        thing_id: Its id.

    Source: contract, models ("access_control", what 0.12.4 made of it).
    """
    listed = [
        (kind, one, action)
        for action in ("read", "write")
        for kind in ("group", "user")
        for one in ((control or {}).get(action) or {}).get(f"{kind}_ids") or ()
    ]
    return [
        {
            # Grants are no rows here: what tells them apart stands in their names.
            "id": ":".join((noun, thing_id, *grant)),
            "resource_type": noun,
            "resource_id": thing_id,
            **dict(zip(("principal_type", "principal_id", "permission"), grant, strict=True)),
            "created_at": 0,
        }
        for grant in ([_ANYBODY] if control is None else listed)
    ]


def from_grants(grants: Iterable[dict[str, Any]]) -> Control:
    """Read such a list."""
    control: dict[str, Any] = {}
    for grant in grants:
        kind, one, action = grant["principal_type"], grant["principal_id"], grant["permission"]
        if one == "*" or kind == "anyone":
            if action == "read":
                return None
            continue
        lists = control.setdefault(action, {"group_ids": [], "user_ids": []})
        lists[f"{kind}_ids"].append(one)
    return control
