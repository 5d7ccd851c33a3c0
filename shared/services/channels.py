"""Channels: rooms in which several users write."""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from shared import db, relay
from shared.errors import NotFound
from shared.ids import new_id
from shared.models.channel import Channel
from shared.services import access
from shared.services.accounts import Principal
from shared.services.sharing import Control


@dataclass(frozen=True)
class Draft:
    """What somebody writes of a channel."""

    name: str
    description: str | None
    data: dict[str, Any] | None
    meta: dict[str, Any] | None
    access_control: Control


def listed() -> list[Channel]:
    """List all channels, oldest first."""
    return list(db.session().scalars(select(Channel).order_by(Channel.created_at, Channel.id)))


def readable_by(user: Principal) -> list[Channel]:
    """List the channels that a user may read, oldest first."""
    return [channel for channel in listed() if access.can(user, "read", channel)]


def find(user: Principal, channel_id: str, action: str = "read") -> Channel:
    """Give a channel to those who may have it.

    Raises:
        NotFound: There is none.
        Forbidden: The user may not; the contract tells the two apart.
    """
    channel = db.session().get(Channel, channel_id)
    if channel is None:
        raise NotFound
    access.require(user, action, channel)
    return channel


def create(user: Principal, draft: Draft) -> Channel:
    """Open a channel; its name is written small."""
    now = time.time_ns()
    channel = Channel(
        id=new_id(), user_id=user.id, type=None, created_at=now, updated_at=now, **vars(draft)
    )
    channel.name = draft.name.lower()
    db.session().add(channel)
    db.session().flush()
    _tell_of_change(channel.id)
    return channel


def change(channel: Channel, values: dict[str, Any]) -> Channel:
    """Change a channel.

    Args:
        values: Of `Draft`, those that change.
    """
    for name, value in values.items():
        setattr(channel, name, value)
    channel.updated_at = time.time_ns()
    _tell_of_change(channel.id)
    return channel


def remove(channel: Channel) -> None:
    """Close a channel; what was written in it goes with it."""
    db.session().delete(channel)
    db.session().flush()
    _tell_of_change(channel.id)


def _tell_of_change(channel_id: str) -> None:
    """Let the web processes look again who is in the room."""
    db.after_commit(lambda: relay.tell_rooms("access", {"channel_id": channel_id}))


def as_json(channel: Channel) -> dict[str, Any]:
    """Give a channel as events carry it."""
    return {column.name: getattr(channel, column.name) for column in Channel.__table__.columns}
