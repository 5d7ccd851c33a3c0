"""Routes of knowledge bases."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint

from shared import db
from shared.config.settings import get_settings
from shared.errors import Invalid, NotFound
from shared.ids import new_id
from shared.models.file import PENDING, File
from shared.models.knowledge import Knowledge
from shared.services import access, accounts, directories, files, indexing, knowledge, sharing
from web.api import endpoint
from web.auth import current_user
from web.errors import Status
from web.files import schemas as file_schemas
from web.files.schemas import FileResponse
from web.knowledge.schemas import (
    FileForm,
    FilePage,
    FilesForm,
    FilesQuery,
    GrantsForm,
    KnowledgeFilesResponse,
    KnowledgeForm,
    KnowledgePage,
    KnowledgeResponse,
    ListedKnowledge,
    ListQuery,
    RemoveQuery,
    SearchQuery,
    listed,
    shown,
)
from web.stream.waiting import wait_for

bp = Blueprint("knowledge", __name__)

_HIDDEN = {401: "No such knowledge base, or not yours to read"}
_CLOSED = {400: "No such knowledge base or file, or not yours to change; or the file has no text"}
_NO_NAME = {400: "No such knowledge base, not yours to change, or no name"}


def _own(knowledge_id: str) -> Knowledge:
    """Find one that the user may change; the contract answers 400 else."""
    try:
        return knowledge.find(current_user(), knowledge_id, "write")
    except NotFound as error:
        raise Invalid(error.message) from None


def _file(file_id: str, action: str = "write") -> File:
    try:
        return files.find_all(current_user(), [file_id], action)[0]
    except NotFound as error:
        raise Invalid(error.message) from None


def _shown(one: Knowledge) -> dict[str, Any]:
    may_write = access.can(current_user(), "write", one)
    return {**shown(one, knowledge.files_of([one.id])[one.id]), "write_access": may_write}


def _listed(found: Sequence[Knowledge]) -> list[dict[str, Any]]:
    user = current_user()
    inside = knowledge.files_of([one.id for one in found])
    owners = accounts.by_ids({one.user_id for one in found})
    return [
        {
            **listed(one, inside[one.id], owners.get(one.user_id)),
            "write_access": access.can(user, "write", one),
        }
        for one in found
    ]


def _page(found: list[Any], page: int) -> list[Any]:
    start = (page - 1) * knowledge.PAGE_SIZE
    return found[start : start + knowledge.PAGE_SIZE]


@bp.get("/")
@endpoint(query=ListQuery, response=list[ListedKnowledge] | KnowledgePage)
def list_knowledge(query: ListQuery) -> Any:
    """List the knowledge bases that one may search, newest change first."""
    found = knowledge.listed(current_user(), "read")
    if query.page is None:
        return _listed(found)
    return {"items": _listed(_page(found, query.page)), "total": len(found)}


@bp.get("/list")
@endpoint(response=list[ListedKnowledge])
def list_own_knowledge() -> list[dict[str, Any]]:
    """List the knowledge bases that one may change, newest change first."""
    return _listed(knowledge.listed(current_user(), "write"))


@bp.get("/search")
@endpoint(query=SearchQuery, response=KnowledgePage)
def search_knowledge(query: SearchQuery) -> dict[str, Any]:
    """Find knowledge bases by their names and descriptions."""
    found = knowledge.named(current_user(), query.query, query.view_option)
    return {"items": _listed(_page(found, query.page)), "total": len(found)}


@bp.get("/search/files")
@endpoint(query=SearchQuery, response=FilePage)
def search_knowledge_files(query: SearchQuery) -> dict[str, Any]:
    """Find files in knowledge bases by their names."""
    inside = knowledge.files_of([one.id for one in knowledge.listed(current_user(), "read")])
    unique = {file.id: file for held in inside.values() for file in held}
    found = _fitting(list(unique.values()), query.query)
    items = [file_schemas.shown(file) for file in _page(found, query.page)]
    return {"items": items, "total": len(found)}


def _fitting(found: list[File], words: str) -> list[File]:
    return [file for file in found if words.casefold() in file.filename.casefold()]


@bp.post("/create")
@endpoint(body=KnowledgeForm, response=KnowledgeResponse, errors={400: "It has no name"})
def create_knowledge(body: KnowledgeForm) -> dict[str, Any]:
    """Make a knowledge base."""
    return _shown(knowledge.create(current_user(), body.about))


@bp.post("/reindex")
@endpoint(response=bool, who="admin")
def reindex() -> bool:
    """Make all files and memories searchable anew, by a job of the admin who asks for it; see
    `GET /api/v1/jobs`.
    """
    indexing.reindex(current_user().id)
    return True


@bp.get("/<knowledge_id>")
@endpoint(response=KnowledgeFilesResponse, errors=_HIDDEN)
def show_knowledge(knowledge_id: str) -> dict[str, Any]:
    """Show a knowledge base with its files."""
    return _shown(_readable(knowledge_id))


def _readable(knowledge_id: str) -> Knowledge:
    try:
        return knowledge.find(current_user(), knowledge_id)
    except NotFound as error:
        raise Status(401, error.message) from None


@bp.get("/<knowledge_id>/files")
@endpoint(query=FilesQuery, response=FilePage, errors=_HIDDEN)
def list_knowledge_files(knowledge_id: str, query: FilesQuery) -> dict[str, Any]:
    """List the files of a knowledge base, with the directories beside them."""
    one = _readable(knowledge_id)
    found = _fitting(knowledge.files_of([one.id])[one.id], query.query)
    if query.directory_id is not None:
        places = directories.place_of(one)
        found = [file for file in found if places[file.id] == query.directory_id]
    items = found if query.page is None else _page(found, query.page)
    beside = [d for d in directories.of(one) if d.parent_id == query.directory_id]
    return {
        "items": [file_schemas.shown(file) for file in items],
        "directories": beside,
        "breadcrumbs": directories.trail(one, query.directory_id),
        "total": len(found),
    }


@bp.get("/<knowledge_id>/files/pending")
@endpoint(response=list[FileResponse], errors=_HIDDEN)
def list_pending_files(knowledge_id: str) -> list[dict[str, Any]]:
    """List the files of a knowledge base that cannot be searched yet."""
    found = knowledge.files_of([_readable(knowledge_id).id])[knowledge_id]
    return [file_schemas.shown(file) for file in found if file.status == PENDING]


@bp.post("/<knowledge_id>/access/update")
@endpoint(body=GrantsForm, response=KnowledgeFilesResponse, errors=_CLOSED)
def share_knowledge(knowledge_id: str, body: GrantsForm) -> dict[str, Any]:
    """Say anew whom a knowledge base lets in, as newer clients do."""
    wanted = sharing.from_grants(grant.model_dump() for grant in body.access_grants)
    return _shown(knowledge.share(current_user(), _own(knowledge_id), wanted))


@bp.post("/<knowledge_id>/update")
@endpoint(body=KnowledgeForm, response=KnowledgeFilesResponse, errors=_NO_NAME)
def change_knowledge(knowledge_id: str, body: KnowledgeForm) -> dict[str, Any]:
    """Describe a knowledge base anew; its files stay."""
    return _shown(knowledge.change(current_user(), _own(knowledge_id), body.about))


@bp.post("/<knowledge_id>/file/add")
@endpoint(body=FileForm, response=KnowledgeFilesResponse, transaction=None, errors=_CLOSED)
def add_file(knowledge_id: str, body: FileForm) -> dict[str, Any]:
    """Put a file into a knowledge base; the answer waits until it can be searched there, as long as
    UPLOAD_WAIT_S says.
    """
    return _add(knowledge_id, [body.file_id])


@bp.post("/<knowledge_id>/files/batch/add")
@endpoint(body=FilesForm, response=KnowledgeFilesResponse, transaction=None, errors=_CLOSED)
def add_files(knowledge_id: str, body: FilesForm) -> dict[str, Any]:
    """Put several files into a knowledge base: all of them or none. Waits as for one."""
    return _add(knowledge_id, [form.file_id for form in body.root])


def _add(knowledge_id: str, file_ids: Sequence[str]) -> dict[str, Any]:
    with db.reading():
        _own(knowledge_id)
        chosen = [_file(file_id) for file_id in file_ids]
    _wait_until_processed(chosen)
    job_id = new_id()
    with db.transaction():
        one = _own(knowledge_id)
        added = [_file(file_id) for file_id in file_ids]
        knowledge.put_in(one, added)
        indexing.fill(one, added, current_user().id, job_id)
    _settle(knowledge_id, file_ids, job_id)
    with db.reading():
        return _shown(_own(knowledge_id))


def _wait_until_processed(chosen: Sequence[File]) -> None:
    for file in chosen:
        if file.status == PENDING and file.job_id:
            wait_for(file.job_id, get_settings().upload_wait_s)


def _settle(knowledge_id: str, file_ids: Sequence[str], job_id: str) -> None:
    """Wait for the files to be searchable; take them out again if they cannot be.

    Raises:
        Invalid: They cannot be; the message is the job's.
    """
    ending = wait_for(job_id, get_settings().upload_wait_s)
    if ending is None or ending[0] == "completed":
        return
    with db.transaction():
        knowledge.take_out(_own(knowledge_id), [_file(file_id) for file_id in file_ids])
    raise Invalid(ending[1].get("error") or "It was cancelled.")


@bp.post("/<knowledge_id>/file/update")
@endpoint(body=FileForm, response=KnowledgeFilesResponse, transaction=None, errors=_CLOSED)
def renew_file(knowledge_id: str, body: FileForm) -> dict[str, Any]:
    """Search a file of a knowledge base by the text that it has now; waits as for a new one."""
    job_id = new_id()
    with db.transaction():
        one, file = _own(knowledge_id), _file(body.file_id)
        knowledge.require_held(one, file)
        indexing.fill(one, [file], current_user().id, job_id)
    wait_for(job_id, get_settings().upload_wait_s)
    with db.reading():
        return _shown(_own(knowledge_id))


@bp.post("/<knowledge_id>/file/remove")
@endpoint(body=FileForm, query=RemoveQuery, response=KnowledgeFilesResponse, errors=_CLOSED)
def remove_file(knowledge_id: str, body: FileForm, query: RemoveQuery) -> dict[str, Any]:
    """Take a file out of a knowledge base; deletes the file when no other one has it."""
    one, file = _own(knowledge_id), _file(body.file_id, "read")
    knowledge.require_held(one, file)
    knowledge.drop(current_user(), one, file, query.delete_file)
    return _shown(one)


@bp.post("/<knowledge_id>/reset")
@endpoint(response=KnowledgeResponse, errors=_CLOSED)
def empty_knowledge(knowledge_id: str) -> dict[str, Any]:
    """Take all files out of a knowledge base; the files stay."""
    return _shown(knowledge.empty(_own(knowledge_id)))


@bp.delete("/<knowledge_id>/delete")
@endpoint(response=bool, errors=_CLOSED)
def delete_knowledge(knowledge_id: str) -> bool:
    """Delete a knowledge base; its files stay, and models forget it."""
    knowledge.remove(_own(knowledge_id))
    return True
