"""Channels."""

from sqlalchemy import select

from shared import db
from shared.models.channel import Channel
from shared.services import access
from shared.services.accounts import Principal


def readable_by(user: Principal) -> list[Channel]:
    """List the channels that a user may read, oldest first."""
    rows = db.session().scalars(select(Channel).order_by(Channel.created_at, Channel.id))
    return [row for row in rows if access.can(user, "read", row)]
