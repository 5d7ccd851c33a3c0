"""Routes that change single messages, and tell the open pages of it."""

import logging
from typing import Any

from flask import Blueprint, Response
from redis.exceptions import RedisError

from shared import db, relay
from shared.errors import Invalid
from shared.models.chat import Chat
from shared.services import message_edits, permissions
from web.api import endpoint
from web.auth import current_user
from web.chats.loading import HIDDEN, loaded, own, shown
from web.chats.schemas import ChatResponse, EventForm, TextForm

bp = Blueprint("chat_editing", __name__)

log = logging.getLogger(__name__)


@bp.post("/<chat_id>/messages/<message_id>")
@endpoint(
    body=TextForm,
    response=ChatResponse,
    transaction=None,
    errors={**HIDDEN, 400: "The message is being written"},
)
def write_message(chat_id: str, message_id: str, body: TextForm) -> Response:
    """Give a message another text, and let the chat go on from it."""
    with db.transaction():
        chat = own(chat_id, "write")
        permissions.require(current_user(), "chat", "edit")
        row = message_edits.write_one(chat, message_id, body.content)
        _tell(chat, message_id, "chat:message", {"content": row.content})
        found = loaded(chat)
    return shown(found)


@bp.post("/<chat_id>/messages/<message_id>/event")
@endpoint(body=EventForm, response=bool, transaction=None, errors=HIDDEN)
def send_event(chat_id: str, message_id: str, body: EventForm) -> bool:
    """Tell one's open pages that something happens to a message; false if it cannot be."""
    try:
        with db.transaction():
            chat = own(chat_id, "write")
            message_edits.note_event(chat, message_id, body.type, body.data)
            _tell(chat, message_id, body.type, body.data)
    except Invalid:
        return False
    return True


def _tell(chat: Chat, message_id: str, kind: str, data: dict[str, Any]) -> None:
    """Let the caller's pages know, once it is stored."""
    user_id = current_user().id
    told = {"chat_id": chat.id, "message_id": message_id, "data": {"type": kind, "data": data}}
    db.after_commit(lambda: _publish(user_id, told))


def _publish(user_id: str, told: dict[str, Any]) -> None:
    try:
        relay.tell_user(user_id, "event", told)
    except RedisError as error:
        log.warning("a page does not hear of a change, Redis is away: %s", error)
