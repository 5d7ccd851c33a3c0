"""Routes of channels and of the messages in them."""

from typing import Any

from flask import Blueprint

from shared.errors import Forbidden
from shared.models.channel import Channel, ChannelMessage
from shared.services import channel_messages, channels
from web.api import endpoint
from web.auth import current_user
from web.channels.schemas import (
    ChannelForm,
    ChannelResponse,
    MessageForm,
    MessageResponse,
    PieceQuery,
    ReactionForm,
    WholeMessageResponse,
)
from web.errors import Status

bp = Blueprint("channels", __name__)

_UNKNOWN = {404: "No such channel or message"}
_HIDDEN = {403: "The channel is not open to you", **_UNKNOWN}
_NOT_YOURS = {403: "Not open to you, or somebody else wrote it", **_UNKNOWN}
_NO_PARENT = {400: "No such message to reply to"}


def _room(channel_id: str) -> Channel:
    try:
        return channels.find(current_user(), channel_id)
    except Forbidden as error:
        raise Status(403, error.message) from None


def _message(channel_id: str, message_id: str) -> tuple[Channel, ChannelMessage]:
    channel = _room(channel_id)
    return channel, channel_messages.find(channel, message_id)


@bp.get("/")
@bp.get("/list")
@endpoint(response=list[ChannelResponse])
def list_channels() -> list[Channel]:
    """List the channels that the user may read."""
    return channels.readable_by(current_user())


@bp.post("/create")
@endpoint(body=ChannelForm, response=ChannelResponse, who="admin")
def create_channel(body: ChannelForm) -> Channel:
    """Open a channel."""
    return channels.create(current_user(), body.draft)


@bp.get("/<channel_id>")
@endpoint(response=ChannelResponse, errors=_HIDDEN)
def show_channel(channel_id: str) -> Channel:
    """Show a channel."""
    return _room(channel_id)


@bp.post("/<channel_id>/update")
@endpoint(body=ChannelForm, response=ChannelResponse, who="admin", errors=_UNKNOWN)
def update_channel(channel_id: str, body: ChannelForm) -> Channel:
    """Change a channel; what is not sent stays."""
    return channels.change(channels.find(current_user(), channel_id, "write"), body.changes)


@bp.delete("/<channel_id>/delete")
@endpoint(response=bool, who="admin", errors=_UNKNOWN)
def delete_channel(channel_id: str) -> bool:
    """Close a channel; what was written in it goes with it."""
    channels.remove(channels.find(current_user(), channel_id, "delete"))
    return True


@bp.get("/<channel_id>/messages")
@endpoint(query=PieceQuery, response=list[WholeMessageResponse], errors=_HIDDEN)
def list_messages(channel_id: str, query: PieceQuery) -> list[dict[str, Any]]:
    """Show what was written in a channel, newest first, without replies."""
    return channel_messages.page(_room(channel_id), query.skip, query.limit)


@bp.post("/<channel_id>/messages/post")
@endpoint(body=MessageForm, response=MessageResponse, errors={**_HIDDEN, **_NO_PARENT})
def post_message(channel_id: str, body: MessageForm) -> ChannelMessage:
    """Write in a channel, or reply to a message in it."""
    return channel_messages.post(current_user(), _room(channel_id), **body.model_dump())


@bp.get("/<channel_id>/messages/<message_id>")
@endpoint(response=WholeMessageResponse, errors=_HIDDEN)
def show_message(channel_id: str, message_id: str) -> dict[str, Any]:
    """Show a message."""
    return channel_messages.show(_message(channel_id, message_id)[1])


@bp.get("/<channel_id>/messages/<message_id>/thread")
@endpoint(query=PieceQuery, response=list[WholeMessageResponse], errors=_HIDDEN)
def show_thread(channel_id: str, message_id: str, query: PieceQuery) -> list[dict[str, Any]]:
    """Show the replies to a message, newest first, the message itself last."""
    channel, parent = _message(channel_id, message_id)
    return channel_messages.thread(channel, parent, query.skip, query.limit)


@bp.post("/<channel_id>/messages/<message_id>/update")
@endpoint(body=MessageForm, response=MessageResponse, errors=_NOT_YOURS)
def update_message(channel_id: str, message_id: str, body: MessageForm) -> ChannelMessage:
    """Change what one has written."""
    channel, message = _message(channel_id, message_id)
    values = body.model_dump(include={"content", "data", "meta"}, exclude_unset=True)
    try:
        channel_messages.edit(current_user(), channel, message, **values)
    except Forbidden as error:
        raise Status(403, error.message) from None
    return message


@bp.post("/<channel_id>/messages/<message_id>/reactions/add")
@endpoint(body=ReactionForm, response=bool, errors=_HIDDEN)
def add_reaction(channel_id: str, message_id: str, body: ReactionForm) -> bool:
    """React to a message."""
    channel_messages.react(current_user(), *_message(channel_id, message_id), body.name)
    return True


@bp.post("/<channel_id>/messages/<message_id>/reactions/remove")
@endpoint(body=ReactionForm, response=bool, errors=_HIDDEN)
def remove_reaction(channel_id: str, message_id: str, body: ReactionForm) -> bool:
    """Take a reaction back."""
    channel_messages.take_back(current_user(), *_message(channel_id, message_id), body.name)
    return True


@bp.delete("/<channel_id>/messages/<message_id>/delete")
@endpoint(response=bool, errors=_NOT_YOURS)
def delete_message(channel_id: str, message_id: str) -> bool:
    """Delete a message with the replies to it."""
    try:
        channel_messages.remove(current_user(), *_message(channel_id, message_id))
    except Forbidden as error:
        raise Status(403, error.message) from None
    return True
