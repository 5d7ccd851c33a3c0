"""Channels over Socket.IO: which sockets of this process are in which rooms, and what they hear.

What happens in a room comes over Redis, so that the members are reached at whatever process they
are connected to.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy.exc import DBAPIError

from shared import db, relay
from shared.errors import Unavailable
from shared.models.channel import Channel
from shared.services import access, channel_messages, channels
from shared.services.accounts import Principal

log = logging.getLogger(__name__)

_TYPING = "typing"
# Longer ids are no channels or messages of ours.
_LONGEST_ID = 64


@dataclass
class _Member:
    """A socket with the rooms that its user may be in."""

    user: Principal
    rooms: set[str] = field(default_factory=set)


class Rooms:
    """Keeps the members of rooms among the sockets of one process.

    Args:
        send: Hands a packet to a socket, by its session id.
    """

    def __init__(self, send: Callable[[str, str], None]) -> None:
        self._send = send
        self._members: dict[str, _Member] = {}

    def enter(self, sid: str, user: Principal) -> None:
        """Let a socket into all rooms that its user may read."""
        member = self._members[sid] = _Member(user)
        try:
            with db.reading():
                member.rooms = _allowed(user, channels.listed())
        except (Unavailable, DBAPIError):
            log.warning("a socket could not enter its channels; it does when it asks again")

    def leave(self, sid: str) -> None:
        """Take a socket out of all rooms."""
        self._members.pop(sid, None)

    def hear(self, kind: str, data: dict[str, Any]) -> None:
        """Take what was told over Redis; whatever takes time is done aside."""
        if kind == "event":
            self._tell(data)
        elif kind == "access":
            threading.Thread(target=self._look_again, daemon=True).start()

    def _tell(self, event: dict[str, Any]) -> None:
        """Hand an event to those in its room, under the older and the newer name."""
        sids = [sid for sid, m in self._members.items() if event["channel_id"] in m.rooms]
        for name in ("channel-events", "events:channel") if sids else ():
            packet = "2" + orjson.dumps([name, event]).decode()
            for sid in sids:
                self._send(sid, packet)

    def _look_again(self) -> None:
        """Find out anew who may be in which room: a channel has come, gone or changed."""
        users = {member.user for member in self._members.values()}
        try:
            with db.reading():
                rows = channels.listed()
                rooms = {user: _allowed(user, rows) for user in users}
        except (Unavailable, DBAPIError):
            rooms = {}  # nobody hears what may not be theirs any more
        for member in self._members.values():
            if member.user in users:
                member.rooms = rooms.get(member.user, set())

    def say(self, sid: str, sent: Any = None) -> None:
        """Pass on that somebody types; anything else from a page is left alone."""
        member = self._members.get(sid)
        typing = _typing(sent)
        if member is None or typing is None or typing["channel_id"] not in member.rooms:
            return
        relay.tell_rooms("event", {**typing, "user": channel_messages.as_author(member.user)})


def _allowed(user: Principal, rows: Iterable[Channel]) -> set[str]:
    return {channel.id for channel in rows if access.can(user, "read", channel)}


def _typing(sent: Any) -> dict[str, Any] | None:
    """Read what a page sends while its user types; None if it is something else."""
    data = sent.get("data") if isinstance(sent, dict) else None
    if not isinstance(data, dict) or data.get("type") != _TYPING:
        return None
    places = sent.get("channel_id"), sent.get("message_id")
    if not isinstance(places[0], str) or not _is_id(places[0]) or not _is_id(places[1]):
        return None
    inner = data.get("data")
    is_typing = bool(inner.get("typing")) if isinstance(inner, dict) else False
    return {
        "channel_id": places[0],
        "message_id": places[1],
        "data": {"type": _TYPING, "data": {"typing": is_typing}},
    }


def _is_id(value: Any) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= _LONGEST_ID)
