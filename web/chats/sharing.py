"""Routes that share chats as snapshots, and copy chats."""

from typing import Any

from flask import Blueprint, Response

from shared import db
from shared.config.settings import get_settings
from shared.errors import Invalid, NotFound
from shared.services import chat_rules, chats, live_answers, shared_chats
from shared.services.accounts import ADMIN
from web.api import endpoint
from web.auth import current_user
from web.chats.loading import HIDDEN, Loaded, form, loaded, own, shown
from web.chats.schemas import ChatResponse, CloneForm, ForkForm
from web.errors import Status

bp = Blueprint("chat_sharing", __name__)

_NOT_SHARED = {401: "No such snapshot"}


@bp.get("/share/<share_id>")
@endpoint(response=ChatResponse, transaction=None, errors=_NOT_SHARED)
def show_shared(share_id: str) -> Response | dict[str, Any]:
    """Show a snapshot to any member; admins may name a chat instead, if they may read it."""
    with db.reading():
        snapshot = shared_chats.find(share_id)
    if snapshot is None:
        return shown(_as_admin(share_id))
    return shared_chats.as_json(snapshot)


@bp.post("/<chat_id>/share")
@endpoint(response=ChatResponse, transaction=None, errors=HIDDEN)
def share(chat_id: str) -> dict[str, Any]:
    """Share a chat as it is now, or renew its snapshot; answers with the snapshot."""
    with db.reading():
        found = loaded(own(chat_id, "write"))
    body = form(*found)["chat"]
    with db.transaction():
        snapshot = shared_chats.share(own(chat_id, "write"), body)
    return shared_chats.as_json(snapshot)


@bp.delete("/<chat_id>/share")
@endpoint(response=bool, errors=HIDDEN)
def unshare(chat_id: str) -> bool:
    """Delete a chat's snapshot; false if there is none."""
    return shared_chats.unshare(own(chat_id, "write"))


@bp.delete("/share/all")
@endpoint(response=bool)
def unshare_all() -> bool:
    """Delete the snapshots of all one's chats."""
    shared_chats.unshare_all(current_user().id)
    return True


@bp.post("/<chat_id>/fork")
@endpoint(
    body=ForkForm,
    response=ChatResponse,
    transaction=None,
    errors={**HIDDEN, 400: "The chat has no messages", 404: "No such message"},
)
def fork(chat_id: str, body: ForkForm) -> Response:
    """Copy a chat up to one of its messages; the copy lies beside it."""
    chat_rules.require_storing(current_user())
    with db.transaction():
        chat, rows = loaded(own(chat_id, "write"))
        last = body.message_id or chat.current_id
        if last is None:
            raise Invalid("The chat has no messages.")
        found = loaded(chats.fork(chat, rows, last))
    return shown(found)


@bp.post("/<chat_id>/clone")
@endpoint(body=CloneForm, response=ChatResponse, transaction=None, errors=HIDDEN)
def clone(chat_id: str, body: CloneForm) -> Response:
    """Copy a chat with its messages; the copy is one's own."""
    chat_rules.require_storing(current_user())
    with db.reading():
        found = loaded(own(chat_id, "read"))
    return shown(_copied(found, body.title))


@bp.post("/<chat_id>/clone/shared")
@endpoint(response=ChatResponse, transaction=None, errors=_NOT_SHARED)
def clone_shared(chat_id: str) -> Response:
    """Copy a snapshot into a chat of one's own; admins may name a chat instead."""
    chat_rules.require_storing(current_user())
    with db.reading():
        snapshot = shared_chats.find(chat_id)
    if snapshot is None:
        return shown(_copied(_as_admin(chat_id), None))
    with db.transaction():
        found = loaded(chats.create(current_user().id, shared_chats.as_new(snapshot)))
    return shown(found)


def _as_admin(chat_id: str) -> Loaded:
    """Load a chat for an admin who may read the chats of others."""
    if current_user().role != ADMIN or not get_settings().enable_admin_chat_access:
        raise Status(401, NotFound().message)
    with db.reading():
        return loaded(own(chat_id, "read"))


def _copied(found: Loaded, title: str | None) -> Loaded:
    chat, rows = found
    running = live_answers.of_messages(rows)
    with db.transaction():
        return loaded(chats.clone(chat, current_user().id, title, running))
