"""Routes of the tags of chats."""

from flask import Blueprint

from shared.models.chat import Chat, Tag
from shared.services import chat_tags, chats
from shared.services.chats import Title
from web.api import endpoint
from web.auth import current_user
from web.chats.loading import HIDDEN, own
from web.chats.schemas import ChatTitleResponse, TagForm, TagResponse

bp = Blueprint("chat_tags", __name__)


@bp.post("/tags")
@endpoint(body=TagForm, response=list[ChatTitleResponse])
def list_chats_with_tag(body: TagForm) -> list[Title]:
    """List one's chats that have a tag."""
    return chats.tagged(current_user().id, body.name)


@bp.get("/all/tags")
@endpoint(response=list[TagResponse])
def list_tags() -> list[Tag]:
    """List all of one's tags."""
    return chat_tags.of_user(current_user().id)


@bp.get("/<chat_id>/tags")
@endpoint(response=list[TagResponse], errors=HIDDEN)
def list_tags_of_chat(chat_id: str) -> list[Tag]:
    """List a chat's tags."""
    return _tags(own(chat_id, "read"))


@bp.post("/<chat_id>/tags")
@endpoint(body=TagForm, response=list[TagResponse], errors={**HIDDEN, 400: "No tag is named so"})
def add_tag(chat_id: str, body: TagForm) -> list[Tag]:
    """Give a chat one more tag."""
    chat = own(chat_id, "write")
    chat_tags.add(chat, body.name)
    return _tags(chat)


@bp.delete("/<chat_id>/tags")
@endpoint(body=TagForm, response=list[TagResponse], errors=HIDDEN)
def remove_tag(chat_id: str, body: TagForm) -> list[Tag]:
    """Take a tag from a chat."""
    chat = own(chat_id, "write")
    chat_tags.remove(chat, [chat_tags.tag_id(body.name)])
    return _tags(chat)


@bp.delete("/<chat_id>/tags/all")
@endpoint(response=bool, errors=HIDDEN)
def remove_all_tags(chat_id: str) -> bool:
    """Take all tags from a chat."""
    chat = own(chat_id, "write")
    chat_tags.remove(chat, chat_tags.of(chat))
    return True


def _tags(chat: Chat) -> list[Tag]:
    return chat_tags.of_user(chat.user_id, chat_tags.of(chat))
