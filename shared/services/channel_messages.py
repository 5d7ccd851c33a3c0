"""Messages in channels: pages, threads, reactions, and what the members hear of them."""

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select

from shared import db, queue, relay
from shared.config.options import option
from shared.errors import Invalid, NotFound
from shared.ids import new_id
from shared.kinds.channels import TELL_ABSENT, TellAbsent
from shared.models.channel import Channel, ChannelMessage, ChannelReaction
from shared.models.user import User
from shared.queue import Subject
from shared.services import access, channels
from shared.services.accounts import Principal

Shown = dict[str, Any]
_NO_REPLY = (0, None)


def page(channel: Channel, skip: int, limit: int) -> list[Shown]:
    """Show messages that are no replies, newest first."""
    return _shown(_newest(channel, None).offset(skip).limit(limit))


def thread(channel: Channel, parent: ChannelMessage, skip: int, limit: int) -> list[Shown]:
    """Show the replies to a message, newest first, and the message itself behind the last one."""
    replies = _shown(_newest(channel, parent.id).offset(skip).limit(limit))
    return replies if len(replies) == limit else [*replies, show(parent)]


def _newest(channel: Channel, parent_id: str | None) -> Select[ChannelMessage]:
    return (
        select(ChannelMessage)
        .where(ChannelMessage.channel_id == channel.id, ChannelMessage.parent_id == parent_id)
        .order_by(ChannelMessage.created_at.desc(), ChannelMessage.id.desc())
    )


def find(channel: Channel, message_id: str) -> ChannelMessage:
    """Give a message of a channel.

    Raises:
        NotFound: There is none.
    """
    message = db.session().get(ChannelMessage, message_id)
    if message is None or message.channel_id != channel.id:
        raise NotFound
    return message


def post(user: Principal, channel: Channel, content: str, **more: Any) -> ChannelMessage:
    """Write a message; those in the room hear of it.

    Args:
        more: `parent_id` of the message that it replies to, `data`, `meta`.

    Raises:
        Invalid: The parent is not in this channel, or is a reply itself.
    """
    parent = _parent(channel, more.get("parent_id"))
    now = time.time_ns()
    message = ChannelMessage(
        id=new_id(),
        channel_id=channel.id,
        user_id=user.id,
        content=content,
        created_at=now,
        updated_at=now,
        **more,
    )
    db.session().add(message)
    db.session().flush()
    _tell(user, channel, message, "message")
    if option("ENABLE_USER_WEBHOOKS"):
        # Nobody's job: it must not count among those that its author waits for.
        queue.enqueue(TELL_ABSENT, TellAbsent(message_id=message.id), Subject())
    if parent is not None:
        _tell(user, channel, parent, "message:reply")
    return message


def _parent(channel: Channel, parent_id: str | None) -> ChannelMessage | None:
    if parent_id is None:
        return None
    parent = db.session().get(ChannelMessage, parent_id)
    if parent is None or parent.channel_id != channel.id or parent.parent_id is not None:
        raise Invalid("There is no such message to reply to in this channel.")
    return parent


def edit(user: Principal, channel: Channel, message: ChannelMessage, **values: Any) -> None:
    """Change what one has written.

    Args:
        values: `content`, and `data` and `meta` where they change.

    Raises:
        Forbidden: Somebody else has written it.
    """
    access.require(user, "write", message)
    for name, value in values.items():
        setattr(message, name, value)
    message.updated_at = time.time_ns()
    db.session().flush()
    _tell(user, channel, message, "message:update")


def remove(user: Principal, channel: Channel, message: ChannelMessage) -> None:
    """Delete a message with the replies to it.

    Raises:
        Forbidden: Somebody else has written it, and the user does not look after the channel.
    """
    access.require(user, "delete", message)
    parent = _parent(channel, message.parent_id)
    _tell(user, channel, message, "message:delete")
    db.session().delete(message)
    db.session().flush()
    if parent is not None:
        _tell(user, channel, parent, "message:reply")


def react(user: Principal, channel: Channel, message: ChannelMessage, name: str) -> None:
    """React to a message; doing it again changes nothing."""
    if db.session().get(ChannelReaction, (message.id, name, user.id)) is None:
        now = time.time_ns()
        row = ChannelReaction(message_id=message.id, name=name, user_id=user.id, created_at=now)
        db.session().add(row)
        db.session().flush()
        _tell(user, channel, message, "message:reaction:add", name=name)


def take_back(user: Principal, channel: Channel, message: ChannelMessage, name: str) -> None:
    """Take a reaction back; nothing happens when there is none."""
    row = db.session().get(ChannelReaction, (message.id, name, user.id))
    if row is not None:
        db.session().delete(row)
        db.session().flush()
        _tell(user, channel, message, "message:reaction:remove", name=name)


def show(message: ChannelMessage) -> Shown:
    """Show one message with its author, its reactions, and how many replies it has."""
    return _shown(select(ChannelMessage).where(ChannelMessage.id == message.id))[0]


def _shown(query: Select[ChannelMessage]) -> list[Shown]:
    rows = list(db.session().scalars(query))
    ids = [row.id for row in rows]
    names = [column.name for column in ChannelMessage.__table__.columns]
    replies, reactions, authors = _replies(ids), _reactions(ids), _authors(rows)
    return [
        {
            **{name: getattr(row, name) for name in names},
            "reply_count": replies.get(row.id, _NO_REPLY)[0],
            "latest_reply_at": replies.get(row.id, _NO_REPLY)[1],
            "reactions": reactions.get(row.id, []),
            "user": authors[row.user_id],
        }
        for row in rows
    ]


def _replies(ids: Sequence[str]) -> dict[str, tuple[int, int | None]]:
    query = (
        select(ChannelMessage.parent_id, func.count(), func.max(ChannelMessage.created_at))
        .where(ChannelMessage.parent_id.in_(ids))
        .group_by(ChannelMessage.parent_id)
    )
    return {str(key): (count, latest) for key, count, latest in db.session().execute(query)}


def _reactions(ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Gather reactions: message id → one entry a name, the first that was given first."""
    query = (
        select(ChannelReaction.message_id, ChannelReaction.name, User.id, User.name)
        .join(User, User.id == ChannelReaction.user_id)
        .where(ChannelReaction.message_id.in_(ids))
        .order_by(ChannelReaction.created_at, ChannelReaction.user_id)
    )
    found: dict[str, dict[str, list[dict[str, str]]]] = {}
    for message_id, emoji, user_id, name in db.session().execute(query):
        users = found.setdefault(message_id, {}).setdefault(emoji, [])
        users.append({"id": user_id, "name": name})
    return {
        message_id: [_reaction(emoji, users) for emoji, users in emojis.items()]
        for message_id, emojis in found.items()
    }


def _reaction(emoji: str, users: list[dict[str, str]]) -> dict[str, Any]:
    ids = [user["id"] for user in users]
    return {"name": emoji, "user_ids": ids, "count": len(ids), "users": users}


def _authors(rows: Sequence[ChannelMessage]) -> dict[str, dict[str, Any]]:
    query = select(User.id, User.name, User.role, User.profile_image_url)
    found = db.session().execute(query.where(User.id.in_({row.user_id for row in rows})))
    return {row["id"]: dict(row) for row in found.mappings()}


def as_author(user: Principal) -> dict[str, Any]:
    """Give what others see of a user who writes."""
    shown = ("id", "name", "role", "profile_image_url")
    return {name: getattr(user, name) for name in shown}


def _tell(
    user: Principal, channel: Channel, message: ChannelMessage, kind: str, **more: Any
) -> None:
    """Let those in the room know, once it is stored."""
    told = {
        "channel_id": channel.id,
        "message_id": message.id,
        "data": {"type": kind, "data": {**show(message), **more}},
        "user": as_author(user),
        "channel": channels.as_json(channel),
    }
    db.after_commit(lambda: relay.tell_rooms("event", told))
