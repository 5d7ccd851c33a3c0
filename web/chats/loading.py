"""Chats on their way in and out of the routes: whose they are, and their form."""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from flask import Response

from shared import db
from shared.errors import Forbidden, NotFound
from shared.models.chat import Chat
from shared.services import access, chats, live_answers, messages
from shared.services.messages import Message
from web.api import json_response
from web.auth import current_user
from web.errors import Status

# The contract answers 401 for a chat that is missing or another's.
HIDDEN = {401: "No such chat, or not yours"}
NO_FOLDER = {404: "No such folder, or not yours"}
NO_TREE = {400: "The history is no tree of messages"}
# So many chats with their messages are in memory at once while a long list is written.
_AT_ONCE = 20

Loaded = tuple[Chat, list[Message]]


def own(chat_id: str, action: str) -> Chat:
    """Give a chat to those who may do this with it; what is missing and what is another's look the
    same.
    """
    try:
        chat = chats.find(chat_id)
        access.require(current_user(), action, chat)
    except (NotFound, Forbidden):
        raise Status(401, NotFound().message) from None
    return chat


def loaded(chat: Chat) -> Loaded:
    """Load a chat's messages, in the surrounding transaction."""
    return chat, messages.of_chat(chat.id)


def form(chat: Chat, rows: list[Message]) -> dict[str, Any]:
    """Put a chat together with its messages; what is still being written is read from Redis, so no
    transaction should be open.
    """
    return chats.as_json(chat, rows, live_answers.of_messages(rows))


def shown(found: Loaded) -> Response:
    """Answer with a chat. Written here: a form that checks every message again costs ten times as
    much.
    """
    return json_response(orjson.dumps(form(*found)))


def shown_all(ids: Sequence[str]) -> Response:
    """Answer with a list of whole chats, however long: it is sent while it is being read."""
    return Response(_array(ids), content_type="application/json")


def _array(ids: Sequence[str]) -> Iterator[bytes]:
    yield b"["
    for number, chat in enumerate(_read(ids)):
        yield (b"," if number else b"") + orjson.dumps(chat)
    yield b"]"


def _read(ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    for first in range(0, len(ids), _AT_ONCE):
        with db.reading():
            found = chats.whole(ids[first : first + _AT_ONCE])
        for chat, rows in found:
            yield form(chat, rows)
