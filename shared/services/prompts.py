"""Prompts of the workspace."""

from dataclasses import dataclass

from sqlalchemy import select

from shared import db
from shared.errors import Conflict
from shared.ids import now_s
from shared.models.prompt import Prompt
from shared.services import access, permissions, sharing
from shared.services.accounts import Principal
from shared.services.sharing import Control


@dataclass(frozen=True)
class Draft:
    """What somebody writes of a prompt."""

    title: str
    content: str
    access_control: Control


def listed(user: Principal, action: str) -> list[Prompt]:
    """List the prompts that a user may "read" or "write", newest change first."""
    rows = db.session().scalars(select(Prompt).order_by(Prompt.timestamp.desc(), Prompt.command))
    return [row for row in rows if access.can(user, action, row)]


def find(user: Principal, command: str, action: str = "read") -> Prompt:
    """Give a prompt to those who may have it.

    Args:
        command: With or without its slash.

    Raises:
        NotFound: There is none, or not for this user to see.
        Forbidden: The user may not do this.
    """
    return sharing.given(user, action, db.session().get(Prompt, with_slash(command)))


def with_slash(command: str) -> str:
    """Give a command as it is stored."""
    return f"/{command.removeprefix('/')}"


def create(user: Principal, command: str, draft: Draft) -> Prompt:
    """Write a prompt.

    Raises:
        Forbidden: The user may not make prompts.
        Conflict: The command is taken.
    """
    permissions.require(user, "workspace", "prompts")
    command = with_slash(command)
    db.lock_for_update("prompts")
    if db.session().get(Prompt, command) is not None:
        raise Conflict(f"The command {command} is taken. Please choose another one.")
    row = Prompt(
        command=command,
        user_id=user.id,
        title=draft.title,
        content=draft.content,
        access_control=sharing.permitted(user, "prompts", draft.access_control),
        timestamp=now_s(),
    )
    db.session().add(row)
    return row


def change(user: Principal, command: str, draft: Draft) -> Prompt:
    """Write a prompt anew; its command stays.

    Raises:
        NotFound, Forbidden: As `find`.
    """
    row = find(user, command, "write")
    wanted, before = draft.access_control, row.access_control
    row.access_control = sharing.permitted(user, "prompts", wanted, before)
    row.title, row.content, row.timestamp = draft.title, draft.content, now_s()
    return row


def share(user: Principal, command: str, wanted: Control) -> Prompt:
    """Change whom a prompt lets in.

    Raises:
        NotFound, Forbidden: As `find`.
    """
    row = find(user, command, "write")
    row.access_control = sharing.permitted(user, "prompts", wanted, row.access_control)
    row.timestamp = now_s()
    return row


def remove(user: Principal, command: str) -> None:
    """Delete a prompt.

    Raises:
        NotFound, Forbidden: As `find`.
    """
    db.session().delete(find(user, command, "write"))
