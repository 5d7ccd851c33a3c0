"""Tools of the workspace."""

from sqlalchemy import select

from shared import db
from shared.models.tool import Tool
from shared.services import access
from shared.services.accounts import Principal


def readable_by(user: Principal) -> list[Tool]:
    """List the tools that a user may use, newest change first."""
    rows = db.session().scalars(select(Tool).order_by(Tool.updated_at.desc(), Tool.id))
    return [row for row in rows if access.can(user, "read", row)]
