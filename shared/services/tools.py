"""Tools of the workspace: source that a model may let run. Here it is read and never run."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import defer

from shared import db
from shared.errors import Conflict, Invalid
from shared.ids import now_s
from shared.models.tool import Tool
from shared.services import access, descriptions, permissions, sharing, sources, tool_servers
from shared.services.accounts import Principal
from shared.services.descriptions import Description
from shared.services.sharing import Control
from shared.services.sources.specs import tool_specs
from shared.services.tool_servers import ToolServer

_NOUN = "tools"


@dataclass(frozen=True)
class Draft:
    """What somebody writes of a tool.

    Attributes:
        known: What was found out by loading it; None when that is still to be done.
    """

    name: str
    content: str
    meta: dict[str, Any]
    access_control: Control
    known: Description | None = None


def readable_by(user: Principal) -> list[Tool]:
    """List the tools that a user may use, newest change first."""
    return listed(user, "read")


def listed(user: Principal, action: str) -> list[Tool]:
    """List the tools that a user may "read" or "write", newest change first; their source is read
    from the database only when it is looked at.
    """
    query = select(Tool).options(defer(Tool.content)).order_by(Tool.updated_at.desc(), Tool.id)
    rows = db.session().scalars(query)
    return [row for row in rows if access.can(user, action, row)]


def servers_for(user: Principal) -> list[ToolServer]:
    """List the servers of tools that a user may use."""
    return [server for server in tool_servers.listed() if access.can(user, "read", server)]


def may_use(user: Principal, tool_id: str) -> bool:
    """Whether there is a tool, or a server of tools, of this id that a user may use."""
    if tool_id.startswith(tool_servers.PREFIX):
        server = tool_servers.find(tool_id)
        return server is not None and access.can(user, "read", server)
    row = db.session().get(Tool, tool_id)
    return row is not None and access.can(user, "read", row)


def every() -> list[Tool]:
    """List all tools."""
    return list(db.session().scalars(select(Tool).order_by(Tool.id)))


def find(user: Principal, tool_id: str, action: str = "read") -> Tool:
    """Give a tool to those who may have it.

    Raises:
        NotFound: There is none, or not for this user to see.
        Forbidden: The user may not do this.
    """
    return sharing.given(user, action, db.session().get(Tool, tool_id))


def checked_id(wanted: str) -> str:
    """Give the id of a tool or a function as it is stored.

    Raises:
        Invalid: It is no name in Python.
    """
    if not wanted.isidentifier() or not wanted.isascii():
        raise Invalid("Only alphanumeric characters and underscores are allowed in the id")
    return wanted.lower()


def free_id(user: Principal, wanted: str) -> str:
    """Give the id that a new tool of a user gets.

    Raises:
        Forbidden, Invalid, Conflict: As `create`.
    """
    permissions.require(user, "workspace", "tools")
    tool_id = checked_id(wanted)
    if db.session().get(Tool, tool_id) is not None:
        raise Conflict("This id is taken. Please choose another one.")
    return tool_id


def create(user: Principal, wanted_id: str, draft: Draft) -> Tool:
    """Write a tool.

    Raises:
        Forbidden: The user may not make tools.
        Invalid: The id is no name, or the source is none of a tool.
        Conflict: The id is taken.
    """
    db.lock_for_update("tools")
    tool_id = free_id(user, wanted_id)
    row = Tool(id=tool_id, user_id=user.id, created_at=now_s())
    _fill(row, draft, sharing.permitted(user, _NOUN, draft.access_control))
    db.session().add(row)
    descriptions.settle(row, user.id, draft.known)
    return row


def change(user: Principal, tool_id: str, draft: Draft) -> Tool:
    """Write a tool anew.

    Raises:
        NotFound, Forbidden: As `find`.
        Invalid: The source is none of a tool.
    """
    row = find(user, tool_id, "write")
    wanted, before = draft.access_control, row.access_control
    _fill(row, draft, sharing.permitted(user, _NOUN, wanted, before))
    descriptions.settle(row, user.id, draft.known)
    return row


def share(user: Principal, tool_id: str, wanted: Control) -> Tool:
    """Change whom a tool lets in.

    Raises:
        NotFound, Forbidden: As `find`.
    """
    row = find(user, tool_id, "write")
    row.access_control = sharing.permitted(user, _NOUN, wanted, row.access_control)
    row.updated_at = now_s()
    return row


def remove(user: Principal, tool_id: str) -> None:
    """Delete a tool.

    Raises:
        NotFound, Forbidden: As `find`.
    """
    db.session().delete(find(user, tool_id, "write"))


def _fill(row: Tool, draft: Draft, control: Control) -> None:
    source = sources.parse(draft.content)
    row.specs = tool_specs(source)
    row.name, row.content = draft.name, draft.content
    row.meta = {**draft.meta, "manifest": source.head}
    row.access_control, row.updated_at = control, now_s()
