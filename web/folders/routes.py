"""Routes of folders."""

from flask import Blueprint

from shared import db
from shared.errors import Forbidden
from shared.models.folder import Folder
from shared.services import chats, folders, permissions
from web.api import endpoint
from web.auth import current_user
from web.chats.stopping import delete_all
from web.errors import Status
from web.folders.schemas import (
    DeleteQuery,
    ExpandedForm,
    FolderForm,
    FolderResponse,
    NameForm,
    ParentForm,
)

bp = Blueprint("folders", __name__)

_UNKNOWN = {404: "No such folder, or not yours"}
_TAKEN = {400: "The name is taken at that place"}


def _own(folder_id: str) -> Folder:
    return folders.find(current_user(), folder_id, "write")


@bp.get("/")
@endpoint(response=list[FolderResponse])
def list_folders() -> list[FolderResponse]:
    """List all of one's folders, each with its chats."""
    found = folders.listed(current_user().id)
    contents = folders.contents(current_user().id, [folder.id for folder in found])
    return [
        FolderResponse.model_validate(folder).model_copy(
            update={"items": {"chats": contents[folder.id]}}
        )
        for folder in found
    ]


@bp.post("/")
@endpoint(body=FolderForm, response=FolderResponse, errors={**_UNKNOWN, **_TAKEN})
def create_folder(body: FolderForm) -> Folder:
    """Make a folder."""
    more = {"meta": body.meta, "data": body.data}
    return folders.create(current_user(), body.name, body.parent_id, more)


@bp.get("/<folder_id>")
@endpoint(response=FolderResponse, errors=_UNKNOWN)
def show_folder(folder_id: str) -> Folder:
    """Show a folder."""
    return folders.find(current_user(), folder_id)


@bp.post("/<folder_id>/update")
@endpoint(body=NameForm, response=FolderResponse, errors={**_UNKNOWN, **_TAKEN})
def rename_folder(folder_id: str, body: NameForm) -> Folder:
    """Give a folder another name."""
    return folders.rename(_own(folder_id), body.name, body.model_dump(exclude_unset=True))


@bp.post("/<folder_id>/update/parent")
@endpoint(body=ParentForm, response=FolderResponse, errors={**_UNKNOWN, **_TAKEN})
def move_folder(folder_id: str, body: ParentForm) -> Folder:
    """Put a folder into another, or to the top."""
    return folders.move(current_user(), _own(folder_id), body.parent_id)


@bp.post("/<folder_id>/update/expanded")
@endpoint(body=ExpandedForm, response=FolderResponse, errors=_UNKNOWN)
def expand_folder(folder_id: str, body: ExpandedForm) -> Folder:
    """Remember whether the sidebar shows what is inside."""
    return folders.set_expanded(_own(folder_id), body.is_expanded)


@bp.delete("/<folder_id>")
@endpoint(
    query=DeleteQuery,
    response=bool,
    transaction=None,
    errors={**_UNKNOWN, 403: "You may not delete chats"},
)
def delete_folder(folder_id: str, query: DeleteQuery) -> bool:
    """Delete a folder with those below it and all their chats, unless these are to stay; answers
    that are being written there are stopped.
    """
    if query.delete_contents and not permissions.allows(current_user(), "chat", "delete"):
        raise Status(403, Forbidden().message)
    with db.reading():
        folder = _own(folder_id)
        inside = [chat.id for chat in chats.page_of(folders.chats_below(folder), None)]
    if query.delete_contents:
        delete_all(folder.user_id, inside)
    with db.transaction():
        folders.remove(_own(folder_id))
    return True
