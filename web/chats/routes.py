"""Routes of chats."""

from typing import Any

from flask import Blueprint

from shared import db
from shared.errors import Forbidden, NotFound
from shared.models.chat import Chat, Tag
from shared.services import access, chats, jobs, live_answers, messages
from web.api import endpoint
from web.auth import current_user
from web.chats.schemas import ChatForm, ChatResponse, ChatTitleResponse, PageQuery, TagResponse
from web.errors import Status

bp = Blueprint("chats", __name__)

# The contract answers 401 for a chat that is missing or another's.
_HIDDEN = {401: "No such chat, or not yours"}


def _own(chat_id: str, action: str) -> Chat:
    try:
        chat = chats.find(chat_id)
        access.require(current_user(), action, chat)
    except (NotFound, Forbidden):
        raise Status(401, NotFound().message) from None
    return chat


def _shown(found: list[Chat]) -> list[dict[str, Any]]:
    """Put chats together with their messages; what is still being written is read outside of the
    transaction.
    """
    with db.reading():
        rows = [messages.of_chat(chat.id) for chat in found]
    return [
        chats.as_json(chat, of, live_answers.of_messages(of))
        for chat, of in zip(found, rows, strict=True)
    ]


@bp.get("/")
@bp.get("/list")
@endpoint(query=PageQuery, response=list[ChatTitleResponse])
def list_chats(query: PageQuery) -> list[Chat]:
    """List one's chats for the sidebar, newest change first, 60 a page."""
    return chats.listed(current_user().id, query.page)


@bp.post("/new")
@endpoint(body=ChatForm, response=ChatResponse, transaction=None)
def create_chat(body: ChatForm) -> dict[str, Any]:
    """Store a new chat; the server chooses its id."""
    with db.transaction():
        chat = chats.create(current_user().id, body.chat, body.folder_id)
    return _shown([chat])[0]


@bp.get("/pinned")
@endpoint(response=list[ChatResponse], transaction=None)
def list_pinned() -> list[dict[str, Any]]:
    """List one's pinned chats."""
    with db.reading():
        found = chats.pinned(current_user().id)
    return _shown(found)


@bp.get("/all/tags")
@endpoint(response=list[TagResponse])
def list_tags() -> list[Tag]:
    """List all of one's tags."""
    return chats.tags_of(current_user().id)


@bp.get("/<chat_id>")
@endpoint(response=ChatResponse, transaction=None, errors=_HIDDEN)
def show_chat(chat_id: str) -> dict[str, Any]:
    """Show a chat with its messages; an answer that is being written is shown as far as it has
    come.
    """
    with db.reading():
        chat = _own(chat_id, "read")
    return _shown([chat])[0]


@bp.post("/<chat_id>")
@endpoint(body=ChatForm, response=ChatResponse, transaction=None, errors=_HIDDEN)
def update_chat(chat_id: str, body: ChatForm) -> dict[str, Any]:
    """Lay a client's copy over the stored chat; running answers stay their job's own."""
    with db.transaction():
        chat = chats.merge(_own(chat_id, "write"), body.chat)
    return _shown([chat])[0]


@bp.delete("/<chat_id>")
@endpoint(response=bool, transaction=None, errors=_HIDDEN)
def delete_chat(chat_id: str) -> bool:
    """Delete a chat with its messages; answers that are being written are stopped."""
    with db.reading():
        _own(chat_id, "delete")
        running = jobs.open_of_chat(current_user(), chat_id)
    for job_id in running:
        jobs.cancel(current_user(), job_id)
    with db.transaction():
        chats.remove(_own(chat_id, "delete"))
    return True


@bp.get("/<chat_id>/tags")
@endpoint(response=list[TagResponse], errors=_HIDDEN)
def list_tags_of_chat(chat_id: str) -> list[Tag]:
    """List a chat's tags."""
    chat = _own(chat_id, "read")
    return chats.tags_of(chat.user_id, list(chat.meta.get("tags") or []))
