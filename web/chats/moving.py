"""Routes that bring chats in from elsewhere, and give all of them out."""

from flask import Blueprint, Response

from shared import db
from shared.config.settings import get_settings
from shared.errors import Forbidden
from shared.models.chat import Chat
from shared.services import chat_rules, chat_tags, chats, folders
from web.api import endpoint
from web.auth import current_user
from web.chats.loading import NO_FOLDER, NO_TREE, loaded, shown, shown_all
from web.chats.schemas import ChatResponse, ImportedChat, ImportForm

bp = Blueprint("chat_moving", __name__)

# One transaction stores so many; others write in between.
_AT_ONCE = 20


@bp.post("/import")
@endpoint(
    body=ImportForm,
    response=ChatResponse | list[ChatResponse],
    transaction=None,
    errors={**NO_TREE, **NO_FOLDER},
)
def import_chats(body: ImportForm) -> Response:
    """Store a chat from an export; several under `chats` are answered with a list, and those before
    one that cannot be stored stay.
    """
    chat_rules.require_storing(current_user())
    if body.chats is None:
        with db.transaction():
            found = loaded(_import(body))
        return shown(found)
    made: list[str] = []
    for first in range(0, len(body.chats), _AT_ONCE):
        with db.transaction():
            made += [_import(form).id for form in body.chats[first : first + _AT_ONCE]]
    return shown_all(made)


@bp.get("/all")
@endpoint(response=list[ChatResponse], transaction=None)
def export_chats() -> Response:
    """Give out all of one's chats, archived ones too, newest change first."""
    with db.reading():
        found = chats.all_of(current_user().id)
    return shown_all([chat.id for chat in found])


@bp.get("/all/archived")
@endpoint(response=list[ChatResponse], transaction=None)
def export_archived() -> Response:
    """Give out one's archived chats."""
    with db.reading():
        found = chats.page_of(chats.archived(current_user().id), None)
    return shown_all([chat.id for chat in found])


@bp.get("/all/db")
@endpoint(
    response=list[ChatResponse],
    transaction=None,
    errors={401: "Admins may not take the chats of others with them here"},
    who="admin",
)
def export_everybodys() -> Response:
    """Give out the chats of all users, oldest first."""
    if not get_settings().enable_admin_export:
        raise Forbidden
    with db.reading():
        ids = chats.everybodys_ids()
    return shown_all(ids)


def _import(form: ImportForm | ImportedChat) -> Chat:
    """Store one chat; its tags become the user's own."""
    user = current_user()
    if form.folder_id is not None:
        folders.find(user, form.folder_id, "write")
    meta = dict(form.meta or {})
    tags = meta.pop("tags", None)
    past = {"created_at": form.created_at, "updated_at": form.updated_at}
    known = {name: value for name, value in past.items() if value is not None}
    columns = {"pinned": bool(form.pinned), "meta": meta, **known}
    chat = chats.create(user.id, form.chat or {}, form.folder_id, **columns)
    names = tags if isinstance(tags, list) else []
    chat_tags.replace(chat, [_name(tag) for tag in names if isinstance(tag, str)])
    return chat


def _name(tag: str) -> str:
    """Give a tag of which only the id is known a name: its words with capitals."""
    return " ".join(word.capitalize() for word in tag.split("_"))
