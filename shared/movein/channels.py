"""Channels, what was written in them, and reactions to it. Their times are nanoseconds."""

from typing import Any

from shared.models.channel import Channel, ChannelMessage, ChannelReaction
from shared.movein.mover import Moved, Mover, keys_of
from shared.movein.row import Broken, Row

_LONGEST_NAME = 128


class Channels(Mover):
    """Channels; those of a deleted account go to an admin."""

    noun, table, model = "channels", "channel", Channel

    def moved(self, row: Row) -> Moved:
        """See `Mover`."""
        channel = Channel(
            id=row.key(),
            user_id=self._known.owner_or_heir(row.get("user_id")),
            type=None,
            name=row.text("name"),
            description=row.word("description"),
            data=row.object("data"),
            meta=row.object("meta"),
            access_control=self._known.control(row.object("access_control")),
            **_times(row),
        )
        return Moved(channel.id, [channel])

    def keep(self, row: Row) -> None:
        """See `Mover`."""
        self._known.channels.add(row.key())


def _times(row: Row) -> dict[str, int]:
    return {name: row.nanoseconds(name) for name in ("created_at", "updated_at")}


class ChannelMessages(Mover):
    """Messages, oldest first: a reply follows what it replies to."""

    noun, table, model = "channel messages", "message", ChannelMessage
    order = "created_at"

    def moved(self, row: Row) -> Moved:
        """See `Mover`."""
        channel_id, parent_id = row.get("channel_id"), row.word("parent_id")
        if channel_id not in self._known.channels:
            raise Broken("its channel is not there")
        if parent_id is not None and parent_id not in self._known.messages:
            raise Broken("the message that it replies to is not there")
        message = ChannelMessage(
            id=row.key(),
            channel_id=channel_id,
            user_id=self._known.owner(row.get("user_id")),
            parent_id=parent_id,
            content=row.text("content"),
            data=row.object("data"),
            meta=row.object("meta"),
            **_times(row),
        )
        return Moved(message.id, [message])

    def keep(self, row: Row) -> None:
        """See `Mover`."""
        self._known.messages.add(row.key())


class Reactions(Mover):
    """Reactions; one of a kind from each user."""

    noun, table, model = "reactions", "message_reaction", ChannelReaction

    def here(self) -> set[Any]:
        """See `Mover`."""
        made = ChannelReaction
        return keys_of(made.message_id, made.name, made.user_id)

    def key(self, row: Row) -> tuple[str, str, str]:
        """See `Mover`."""
        user_id = self._known.owner(row.get("user_id"))
        return row.key("message_id"), row.key("name", _LONGEST_NAME), user_id

    def moved(self, row: Row) -> Moved:
        """See `Mover`."""
        message_id, name, user_id = key = self.key(row)
        if message_id not in self._known.messages:
            raise Broken("its message is not there")
        at = row.nanoseconds("created_at")
        made = ChannelReaction(message_id=message_id, name=name, user_id=user_id, created_at=at)
        return Moved(key, [made])
