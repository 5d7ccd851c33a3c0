"""Routes of files."""

from collections.abc import Iterator
from typing import Any

import orjson
from flask import Blueprint, Response

from shared import db
from shared.config.settings import get_settings
from shared.errors import NotFound
from shared.models.file import PENDING, File
from shared.services import directories, files, indexing, knowledge, permissions
from shared.services.accounts import Principal
from web.api import endpoint
from web.auth import Permit, current_user
from web.files.delivery import deliver
from web.files.receiving import received
from web.files.schemas import (
    ContentQuery,
    FilePage,
    FileResponse,
    ListQuery,
    MessageResponse,
    NameForm,
    SearchQuery,
    StatusQuery,
    StatusResponse,
    TextForm,
    UploadQuery,
    UploadResponse,
    shown,
    status_of,
)
from web.stream import sse
from web.stream.hub import Follow
from web.stream.waiting import wait_for

bp = Blueprint("files", __name__)

_UNKNOWN = {404: "No such file, or not yours"}
_DELETED = "The file was deleted before it could be searched."
_BROKEN = {400: "Not a form with one file, or metadata that is no JSON object"}


@bp.post("/")
@endpoint(
    query=UploadQuery,
    response=UploadResponse,
    transaction=None,
    form=("file", "metadata"),
    errors={
        **_BROKEN,
        404: "No such knowledge base, or not yours to change",
        413: "Larger than RAG_FILE_MAX_SIZE",
        429: "Too many of your jobs wait",
    },
)
def upload_file(query: UploadQuery) -> dict[str, Any]:
    """Upload a file. Unless told otherwise its text is found and made searchable, by a job; the
    answer waits for that as long as UPLOAD_WAIT_S says.
    """
    user = current_user()
    with db.reading():
        permissions.require(user, "chat", "file_upload")
    with received() as stored, db.transaction():
        file = files.add(user.id, stored)
        job_id = indexing.index(file) if query.process else None
        _put_in_knowledge(user, file)
    if job_id is not None and not query.process_in_background:
        wait_for(job_id, get_settings().upload_wait_s)
    return _as_it_is_now(user, file)


def _as_it_is_now(user: Principal, file: File) -> dict[str, Any]:
    """Show an upload that was accepted a while ago; also when somebody has deleted it meanwhile,
    since the upload itself has done what it should.
    """
    with db.reading():
        try:
            now = files.find(user, file.id)
        except NotFound:
            return {**shown(file, None), "error": _DELETED}
        return {**_shown(now), "error": now.error}


def _put_in_knowledge(user: Principal, file: File) -> None:
    """Put an upload into the knowledge base, and the directory in it, that its metadata name, as
    newer clients expect.
    """
    knowledge_id, directory_id = file.meta.get("knowledge_id"), file.meta.get("directory_id")
    if isinstance(knowledge_id, str):
        one = knowledge.find(user, knowledge_id, "write")
        knowledge.put_in(one, [file])
        if isinstance(directory_id, str):
            directories.put(one, file.id, directory_id)


def _shown(file: File) -> dict[str, Any]:
    return shown(file, files.content_of(file))


@bp.get("/")
@endpoint(query=ListQuery, response=list[FileResponse] | FilePage)
def list_files(query: ListQuery) -> Any:
    """List one's files, newest first; admins see everybody's."""
    user = current_user()
    items = [_listed(f, query.content) for f in files.listed(user, query.content, query.page)]
    return items if query.page is None else {"items": items, "total": files.count(user)}


def _listed(file: File, with_content: bool) -> dict[str, Any]:
    return shown(file, file.content if with_content else None)


@bp.get("/search")
@endpoint(
    query=SearchQuery, response=list[FileResponse], errors={404: "No file's name fits the pattern"}
)
def search_files(query: SearchQuery) -> list[dict[str, Any]]:
    """Find files by their names."""
    found = files.named(current_user(), query.filename, query.content)
    if not found:
        raise NotFound("No files found matching the pattern.")
    return [_listed(file, query.content) for file in found]


@bp.get("/count")
@endpoint(response=int)
def count_files() -> int:
    """Count one's files; admins count everybody's."""
    return files.count(current_user())


@bp.delete("/all")
@endpoint(response=MessageResponse, who="admin")
def delete_files() -> MessageResponse:
    """Delete all files of everybody."""
    files.remove_all()
    return MessageResponse(message="All files deleted successfully")


@bp.get("/<file_id>")
@endpoint(response=FileResponse, errors=_UNKNOWN)
def show_file(file_id: str) -> dict[str, Any]:
    """Show a file with its text."""
    return _shown(files.find(current_user(), file_id))


@bp.delete("/<file_id>")
@endpoint(response=MessageResponse, errors=_UNKNOWN)
def delete_file(file_id: str) -> MessageResponse:
    """Delete a file, and whatever can be found by it."""
    files.remove([files.find(current_user(), file_id, "write")])
    return MessageResponse(message="File deleted successfully")


@bp.post("/<file_id>/rename")
@endpoint(body=NameForm, response=FileResponse, errors=_UNKNOWN)
def rename_file(file_id: str, body: NameForm) -> dict[str, Any]:
    """Give a file another name; what searches show keeps the old one until it is processed anew."""
    return _shown(files.rename(files.find(current_user(), file_id, "write"), body.filename))


@bp.get("/<file_id>/data/content")
@endpoint(response=TextForm, errors=_UNKNOWN)
def show_text(file_id: str) -> TextForm:
    """Show the text of a file; empty as long as there is none."""
    return TextForm(content=files.content_of(files.find(current_user(), file_id)) or "")


@bp.post("/<file_id>/data/content/update")
@endpoint(body=TextForm, response=TextForm, transaction=None, errors=_UNKNOWN)
def change_text(file_id: str, body: TextForm) -> TextForm:
    """Give a file another text; the answer waits until it is searched instead of the old one, as
    long as UPLOAD_WAIT_S says.
    """
    with db.transaction():
        job_id = files.set_content(files.find(current_user(), file_id, "write"), body.content)
    wait_for(job_id, get_settings().upload_wait_s)
    return body


@bp.get("/<file_id>/process/status")
@endpoint(
    query=StatusQuery,
    response=StatusResponse,
    transaction=None,
    errors=_UNKNOWN,
    media_type="application/json, text/event-stream",
)
def show_status(file_id: str, query: StatusQuery) -> StatusResponse | Response:
    """Tell whether a file can be searched yet."""
    user = current_user()
    with db.reading():
        file = files.find(user, file_id)
    if not query.stream:
        return status_of(file)
    return sse.response(_statuses(file, Permit()))


def _statuses(file: File, permit: Permit) -> Iterator[bytes]:
    """Tell the status now, while it is the same, and when it has changed."""
    yield _status_event(file)
    if file.status != PENDING or file.job_id is None:
        return
    with Follow(file.job_id) as follow:
        for _ in follow.batches(sse.KEEP_ALIVE_S):
            if not permit.holds():
                return
            yield sse.KEEP_ALIVE
    with db.reading() as session:
        if (now := session.get(File, file.id)) is not None:
            yield _status_event(now)


def _status_event(file: File) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(status_of(file).model_dump(exclude_none=True))


@bp.get("/<file_id>/content")
@bp.get("/<file_id>/content/html")
@endpoint(query=ContentQuery, transaction=None, errors=_UNKNOWN, media_type="*/*")
def download(file_id: str, query: ContentQuery) -> Response:
    """Give out the bytes of a file, or a range of them. What a browser could run is to be saved,
    never shown.
    """
    with db.reading():
        file = files.find(current_user(), file_id)
    return deliver(file, query.attachment)


@bp.get("/<file_id>/content/<file_name>")
@endpoint(transaction=None, errors=_UNKNOWN, media_type="*/*")
def download_named(file_id: str, file_name: str) -> Response:  # noqa: ARG001 -- for the reader of the address
    """Give out the bytes of a file to be saved; the name in the address means nothing."""
    with db.reading():
        file = files.find(current_user(), file_id)
    return deliver(file, as_attachment=True)
