"""Routes of chats: lists, reading, writing, deleting, and where a chat lies."""

from flask import Blueprint, Response

from shared import db
from shared.config.settings import get_settings
from shared.errors import Forbidden, NotFound
from shared.services import chat_rules, chat_search, chats, folders, live_answers, permissions
from shared.services.chats import Title, Titles
from web.api import endpoint
from web.auth import current_user
from web.chats.loading import HIDDEN, NO_FOLDER, NO_TREE, loaded, own, shown, shown_all
from web.chats.schemas import (
    ChatForm,
    ChatResponse,
    ChatTitleResponse,
    FolderForm,
    FoundQuery,
    ListQuery,
    PageQuery,
    PortionQuery,
    SearchQuery,
)
from web.chats.stopping import delete_all

bp = Blueprint("chats", __name__)

_MAY_NOT_DELETE = {401: "No such chat, not yours, or you may not delete chats"}


@bp.get("/")
@bp.get("/list")
@endpoint(query=ListQuery, response=list[ChatTitleResponse])
def list_chats(query: ListQuery) -> list[Title]:
    """List one's chats for the sidebar, newest change first, 60 a page."""
    return chats.listed(current_user().id, query.page, query.before, query.elsewhere)


@bp.delete("/")
@endpoint(response=bool, transaction=None, errors=_MAY_NOT_DELETE)
def delete_chats() -> bool:
    """Delete all of one's chats."""
    user = current_user()
    permissions.require(user, "chat", "delete")
    with db.reading():
        ids = [chat.id for chat in chats.all_of(user.id)]
    delete_all(user.id, ids)
    return True


@bp.get("/list/user/<user_id>")
@endpoint(
    query=PortionQuery,
    response=list[ChatTitleResponse],
    errors={401: "Admins may not read the chats of others here"},
    who="admin",
)
def list_chats_of_user(user_id: str, query: PortionQuery) -> list[Title]:
    """List all chats of a user, wherever they lie, newest change first."""
    if not get_settings().enable_admin_chat_access:
        raise Forbidden
    found = _found(user_id, chats.titles(user_id), query)
    if query.page is not None:
        return chats.page_of(found, query.page)
    return chats.portion_of(found, query.skip, query.limit)


@bp.post("/new")
@endpoint(body=ChatForm, response=ChatResponse, transaction=None, errors={**NO_TREE, **NO_FOLDER})
def create_chat(body: ChatForm) -> Response:
    """Store a new chat; the server chooses its id."""
    chat_rules.require_storing(current_user())
    with db.transaction():
        if body.folder_id is not None:
            folders.find(current_user(), body.folder_id, "write")
        found = loaded(chats.create(current_user().id, body.chat, body.folder_id))
    return shown(found)


@bp.get("/search")
@endpoint(query=SearchQuery, response=list[ChatTitleResponse])
def search(query: SearchQuery) -> list[Title]:
    """Find one's chats by a piece of their text and by words such as `tag:work`, 60 a page."""
    return chat_search.find(current_user().id, query.text, query.page)


@bp.get("/pinned")
@endpoint(response=list[ChatResponse], transaction=None)
def list_pinned() -> Response:
    """List one's pinned chats."""
    with db.reading():
        found = chats.pinned(current_user().id)
    return shown_all([chat.id for chat in found])


@bp.get("/archived")
@endpoint(query=FoundQuery, response=list[ChatTitleResponse])
def list_archived(query: FoundQuery) -> list[Title]:
    """List one's archived chats."""
    user_id = current_user().id
    return chats.page_of(_found(user_id, chats.archived(user_id), query), query.page)


@bp.get("/archived/count")
@endpoint(response=int)
def count_archived() -> int:
    """Count one's archived chats."""
    return chats.count(chats.archived(current_user().id))


@bp.post("/archive/all")
@endpoint(response=bool)
def archive_all() -> bool:
    """Archive all of one's chats."""
    chats.archive_all(current_user().id)
    return True


@bp.post("/unarchive/all")
@endpoint(response=bool)
def unarchive_all() -> bool:
    """Bring all of one's chats back from the archive."""
    chats.archive_all(current_user().id, is_archived=False)
    return True


@bp.get("/folder/<folder_id>")
@endpoint(response=list[ChatResponse], transaction=None, errors=NO_FOLDER)
def list_chats_of_folder(folder_id: str) -> Response:
    """Show the chats in a folder and in those below it, without pinned and archived ones."""
    with db.reading():
        folder = folders.find(current_user(), folder_id)
        found = chats.page_of(chats.neither_pinned_nor_archived(folders.chats_below(folder)), None)
    return shown_all([chat.id for chat in found])


@bp.get("/folder/<folder_id>/list")
@endpoint(query=PageQuery, response=list[ChatTitleResponse], errors=NO_FOLDER)
def list_titles_of_folder(folder_id: str, query: PageQuery) -> list[Title]:
    """List the chats in a folder and in those below it, without their messages."""
    folder = folders.find(current_user(), folder_id)
    found = chats.neither_pinned_nor_archived(folders.chats_below(folder))
    return chats.page_of(found, query.page or 1)


@bp.get("/<chat_id>")
@endpoint(response=ChatResponse, transaction=None, errors=HIDDEN)
def show_chat(chat_id: str) -> Response:
    """Show a chat with its messages; an answer that is being written is shown as far as it has
    come.
    """
    with db.reading():
        found = loaded(own(chat_id, "read"))
    answer = shown(found)
    live_answers.tell_pages(*found)
    return answer


@bp.post("/<chat_id>")
@endpoint(body=ChatForm, response=ChatResponse, transaction=None, errors={**HIDDEN, **NO_TREE})
def update_chat(chat_id: str, body: ChatForm) -> Response:
    """Lay a client's copy over the stored chat; running answers stay their job's own."""
    with db.transaction():
        chat = own(chat_id, "write")
        rows = chats.merge(chat, body.chat)
    return shown((chat, rows))


@bp.delete("/<chat_id>")
@endpoint(response=bool, transaction=None, errors=_MAY_NOT_DELETE)
def delete_chat(chat_id: str) -> bool:
    """Delete a chat with its messages; answers that are being written are stopped."""
    with db.reading():
        chat = own(chat_id, "delete")
    permissions.require(current_user(), "chat", "delete")
    delete_all(chat.user_id, [chat.id])
    return True


@bp.get("/<chat_id>/pinned")
@endpoint(response=bool, errors=HIDDEN)
def is_pinned(chat_id: str) -> bool:
    """Tell whether a chat is pinned."""
    return own(chat_id, "read").pinned


@bp.post("/<chat_id>/pin")
@endpoint(response=ChatResponse, transaction=None, errors=HIDDEN)
def toggle_pin(chat_id: str) -> Response:
    """Pin a chat, or take the pin out."""
    with db.transaction():
        found = loaded(chats.toggle_pin(own(chat_id, "write")))
    return shown(found)


@bp.post("/<chat_id>/archive")
@endpoint(response=ChatResponse, transaction=None, errors=HIDDEN)
def toggle_archive(chat_id: str) -> Response:
    """Archive a chat, or bring it back."""
    with db.transaction():
        found = loaded(chats.toggle_archive(own(chat_id, "write")))
    return shown(found)


@bp.post("/<chat_id>/folder")
@endpoint(body=FolderForm, response=ChatResponse, transaction=None, errors={**HIDDEN, **NO_FOLDER})
def move_chat(chat_id: str, body: FolderForm) -> Response:
    """Put a chat into a folder, or take it out; its pin goes."""
    with db.transaction():
        chat = own(chat_id, "write")
        if body.folder_id is not None:
            folder = folders.find(current_user(), body.folder_id, "write")
            if folder.user_id != chat.user_id:
                raise NotFound  # an admin has somebody else's chat in hand
        chats.move(chat, body.folder_id)
        found = loaded(chat)
    return shown(found)


def _found(user_id: str, found: Titles, query: FoundQuery) -> Titles:
    """Narrow a list down to a text, and put it in order."""
    narrowed = chat_search.with_text(found, user_id, query.query or "")
    return chats.in_order(narrowed, query.order_by, query.direction == "desc")
