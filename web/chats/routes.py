"""Routes of chats."""

from typing import Any

from flask import Blueprint

from shared import db
from shared.errors import Forbidden, NotFound
from shared.models.chat import Chat, Tag
from shared.services import access, chats, folders, live_answers, messages
from web.api import endpoint
from web.auth import current_user
from web.chats.schemas import (
    ChatForm,
    ChatResponse,
    ChatTitleResponse,
    FolderForm,
    PageQuery,
    TagForm,
    TagResponse,
)
from web.chats.stopping import stop_answers
from web.errors import Status

bp = Blueprint("chats", __name__)

# The contract answers 401 for a chat that is missing or another's.
_HIDDEN = {401: "No such chat, or not yours"}
_NO_FOLDER = {404: "No such folder, or not yours"}
_NO_TREE = {400: "The history is no tree of messages"}


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


@bp.delete("/")
@endpoint(response=bool, transaction=None)
def delete_chats() -> bool:
    """Delete all of one's chats."""
    with db.reading():
        found = [chat.id for chat in chats.all_of(current_user().id)]
    stop_answers(found)
    with db.transaction():
        for chat in chats.all_of(current_user().id):
            chats.remove(chat)
    return True


@bp.post("/new")
@endpoint(body=ChatForm, response=ChatResponse, transaction=None, errors={**_NO_TREE, **_NO_FOLDER})
def create_chat(body: ChatForm) -> dict[str, Any]:
    """Store a new chat; the server chooses its id."""
    with db.transaction():
        if body.folder_id is not None:
            folders.find(current_user(), body.folder_id, "write")
        chat = chats.create(current_user().id, body.chat, body.folder_id)
    return _shown([chat])[0]


@bp.get("/pinned")
@endpoint(response=list[ChatResponse], transaction=None)
def list_pinned() -> list[dict[str, Any]]:
    """List one's pinned chats."""
    with db.reading():
        found = chats.pinned(current_user().id)
    return _shown(found)


@bp.get("/archived")
@endpoint(response=list[ChatTitleResponse])
def list_archived() -> list[Chat]:
    """List one's archived chats."""
    return chats.archived(current_user().id)


@bp.get("/all/archived")
@endpoint(response=list[ChatResponse], transaction=None)
def show_archived() -> list[dict[str, Any]]:
    """Show one's archived chats with their messages."""
    with db.reading():
        found = chats.archived(current_user().id)
    return _shown(found)


@bp.post("/archive/all")
@endpoint(response=bool)
def archive_all() -> bool:
    """Archive all of one's chats."""
    chats.archive_all(current_user().id)
    return True


@bp.get("/folder/<folder_id>")
@endpoint(response=list[ChatResponse], transaction=None, errors=_NO_FOLDER)
def list_chats_of_folder(folder_id: str) -> list[dict[str, Any]]:
    """Show the chats in a folder and in those below it, without pinned and archived ones."""
    with db.reading():
        below = folders.chats_below(folders.find(current_user(), folder_id))
    return _shown([chat for chat in below if not (chat.archived or chat.pinned)])


@bp.post("/tags")
@endpoint(body=TagForm, response=list[ChatTitleResponse])
def list_chats_with_tag(body: TagForm) -> list[Chat]:
    """List one's chats that have a tag."""
    return chats.tagged(current_user().id, body.name)


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
        rows = messages.of_chat(chat.id)
    shown = chats.as_json(chat, rows, live_answers.of_messages(rows))
    live_answers.tell_pages(chat, rows)
    return shown


@bp.post("/<chat_id>")
@endpoint(body=ChatForm, response=ChatResponse, transaction=None, errors={**_HIDDEN, **_NO_TREE})
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
    stop_answers([chat_id])
    with db.transaction():
        chats.remove(_own(chat_id, "delete"))
    return True


@bp.get("/<chat_id>/pinned")
@endpoint(response=bool, errors=_HIDDEN)
def is_pinned(chat_id: str) -> bool:
    """Tell whether a chat is pinned."""
    return _own(chat_id, "read").pinned


@bp.post("/<chat_id>/pin")
@endpoint(response=ChatResponse, transaction=None, errors=_HIDDEN)
def toggle_pin(chat_id: str) -> dict[str, Any]:
    """Pin a chat, or take the pin out."""
    with db.transaction():
        chat = chats.toggle_pin(_own(chat_id, "write"))
    return _shown([chat])[0]


@bp.post("/<chat_id>/archive")
@endpoint(response=ChatResponse, transaction=None, errors=_HIDDEN)
def toggle_archive(chat_id: str) -> dict[str, Any]:
    """Archive a chat, or bring it back."""
    with db.transaction():
        chat = chats.toggle_archive(_own(chat_id, "write"))
    return _shown([chat])[0]


@bp.post("/<chat_id>/folder")
@endpoint(
    body=FolderForm, response=ChatResponse, transaction=None, errors={**_HIDDEN, **_NO_FOLDER}
)
def move_chat(chat_id: str, body: FolderForm) -> dict[str, Any]:
    """Put a chat into a folder, or take it out; its pin goes."""
    with db.transaction():
        chat = _own(chat_id, "write")
        if body.folder_id is not None:
            folder = folders.find(current_user(), body.folder_id, "write")
            if folder.user_id != chat.user_id:
                raise NotFound  # an admin has somebody else's chat in hand
        chats.move(chat, body.folder_id)
    return _shown([chat])[0]


@bp.get("/<chat_id>/tags")
@endpoint(response=list[TagResponse], errors=_HIDDEN)
def list_tags_of_chat(chat_id: str) -> list[Tag]:
    """List a chat's tags."""
    return _tags(_own(chat_id, "read"))


@bp.post("/<chat_id>/tags")
@endpoint(body=TagForm, response=list[TagResponse], errors={**_HIDDEN, 400: "No tag is named so"})
def add_tag(chat_id: str, body: TagForm) -> list[Tag]:
    """Give a chat one more tag."""
    chat = _own(chat_id, "write")
    chats.add_tag(chat, body.name)
    return _tags(chat)


@bp.delete("/<chat_id>/tags")
@endpoint(body=TagForm, response=list[TagResponse], errors=_HIDDEN)
def remove_tag(chat_id: str, body: TagForm) -> list[Tag]:
    """Take a tag from a chat."""
    chat = _own(chat_id, "write")
    chats.remove_tags(chat, [chats.tag_id(body.name)])
    return _tags(chat)


@bp.delete("/<chat_id>/tags/all")
@endpoint(response=bool, errors=_HIDDEN)
def remove_all_tags(chat_id: str) -> bool:
    """Take all tags from a chat."""
    chat = _own(chat_id, "write")
    chats.remove_tags(chat, list(chat.meta.get("tags") or []))
    return True


def _tags(chat: Chat) -> list[Tag]:
    return chats.tags_of(chat.user_id, list(chat.meta.get("tags") or []))
