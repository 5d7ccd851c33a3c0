"""Forms and answers of the file routes."""

from typing import Any

from pydantic import Field

from shared.models.file import FAILED, PROCESSED, File
from shared.schema import Schema
from shared.services import indexing


class UploadQuery(Schema):
    """How an upload is answered."""

    process: bool = Field(True, description="Whether its text is found and made searchable.")
    process_in_background: bool = Field(
        False, description="Answer at once, with the status `pending`, instead of waiting for that."
    )


class ListQuery(Schema):
    """Which files are listed."""

    content: bool = Field(True, description="Whether their texts come with them.")
    page: int | None = Field(
        None, ge=1, le=100_000, description="50 a page, answered as `{items, total}`."
    )


class SearchQuery(Schema):
    """Which files are looked for."""

    filename: str = Field(description="A pattern such as `*.pdf`, in any case.", max_length=500)
    content: bool = True


class ContentQuery(Schema):
    """How the bytes of a file are delivered."""

    attachment: bool = Field(False, description="Whether it is to be saved, not shown.")


class StatusQuery(Schema):
    """How the status is told."""

    stream: bool = Field(False, description="As events (SSE), until it is processed.")


class NameForm(Schema):
    """Another name for a file."""

    filename: str = Field(min_length=1, max_length=500)


class TextForm(Schema):
    """A text of a file."""

    content: str


class FileResponse(Schema):
    """A file. `data` has its text as `content`, how far it is as `status` (`pending`, `completed`,
    `failed`), what went wrong as `error`, and the `job` whose events tell more.
    """

    id: str
    user_id: str
    hash: str | None
    filename: str
    path: str
    data: dict[str, Any]
    meta: dict[str, Any]
    access_control: dict[str, Any] | None = None
    created_at: int
    updated_at: int


class UploadResponse(FileResponse):
    """An uploaded file; `error` says why it cannot be searched."""

    status: bool = True
    error: str | None = None


class FilePage(Schema):
    """One page of a list."""

    items: list[FileResponse]
    total: int


class MessageResponse(Schema):
    """What was done."""

    message: str


class StatusResponse(Schema):
    """How far a file is."""

    status: str
    error: str | None = None


def shown(file: File, content: str | None = None) -> dict[str, Any]:
    """Give a file as the API shows it.

    Args:
        content: Its text, where it is wanted.
    """
    told = {"content": content, "status": file.status, "error": file.error, "job": file.job_id}
    return {
        "id": file.id,
        "user_id": file.user_id,
        "hash": file.hash,
        "filename": file.filename,
        "path": file.key,
        "data": {name: value for name, value in told.items() if value is not None},
        "meta": _meta(file),
        "created_at": file.created_at,
        "updated_at": file.updated_at,
    }


def _meta(file: File) -> dict[str, Any]:
    meta = {
        "name": file.filename,
        "content_type": file.content_type,
        "size": file.size_bytes,
        "data": file.meta,
        "file_hash": file.digest,
    }
    is_indexed = file.status == PROCESSED
    return {**meta, "collection_name": indexing.collection_of(file.id)} if is_indexed else meta


def status_of(file: File) -> StatusResponse:
    """Say how far a file is; one that nobody wants processed is as far as it will come."""
    error = file.error if file.status == FAILED else None
    return StatusResponse(status=file.status or PROCESSED, error=error)
