"""Routes of what newer clients do inside a knowledge base: directories, and keeping it like a
folder of theirs.
"""

from dataclasses import asdict
from typing import Any

from flask import Blueprint
from pydantic import Field

from shared.models.knowledge import Directory, Knowledge
from shared.schema import Schema
from shared.services import directories, knowledge, syncing
from shared.services.syncing import Entry
from web.api import endpoint
from web.auth import current_user
from web.knowledge.schemas import DirectoryResponse

bp = Blueprint("knowledge_directories", __name__)

_UNKNOWN = {404: "No such knowledge base or directory, or not yours to change"}
_BAD_NAME = {**_UNKNOWN, 400: "The name is none, or taken at that place"}
_MOST_FILES = 20_000
# Today's clients send it for a place that stays.
_UNSET = "__unset__"


class DirectoryForm(Schema):
    """A new directory; at the top unless a parent is named."""

    name: str = Field(max_length=300)
    parent_id: str | None = None


class DirectoryChangeForm(Schema):
    """What is new about a directory; the top is the parent null."""

    name: str | None = Field(None, max_length=300)
    parent_id: str | None = _UNSET


class RemoveQuery(Schema):
    """What becomes of the files in a directory."""

    move_files: bool = Field(True, description="Whether they go to the directory above it.")


class MoveForm(Schema):
    """Where a file goes; the top when null."""

    file_id: str
    directory_id: str | None = None


class ManifestEntry(Schema):
    """A file of the client's folder; `checksum` is SHA-256 of its bytes."""

    filename: str = Field(max_length=500)
    path: str = Field("", max_length=2000)
    checksum: str = Field(max_length=100)


class ManifestForm(Schema):
    """The client's folder."""

    manifest: list[ManifestEntry] = Field(max_length=_MOST_FILES)


class ClearForm(Schema):
    """What the client's folder has no more."""

    file_ids: list[str] = Field(max_length=_MOST_FILES)
    dir_ids: list[str] = Field([], max_length=_MOST_FILES)


def _own(knowledge_id: str) -> Knowledge:
    return knowledge.find(current_user(), knowledge_id, "write")


@bp.post("/<knowledge_id>/dirs/create")
@endpoint(body=DirectoryForm, response=DirectoryResponse, errors=_BAD_NAME)
def create_directory(knowledge_id: str, body: DirectoryForm) -> Directory:
    """Make a directory."""
    return directories.create(current_user(), _own(knowledge_id), body.name, body.parent_id)


@bp.post("/<knowledge_id>/dirs/<directory_id>/update")
@endpoint(body=DirectoryChangeForm, response=DirectoryResponse, errors=_BAD_NAME)
def change_directory(knowledge_id: str, directory_id: str, body: DirectoryChangeForm) -> Directory:
    """Give a directory another name, another place, or both."""
    one = _own(knowledge_id)
    directory = directories.find(one, directory_id)
    parent_id = directory.parent_id if body.parent_id == _UNSET else body.parent_id
    return directories.change(one, directory, body.name or directory.name, parent_id)


@bp.delete("/<knowledge_id>/dirs/<directory_id>/delete")
@endpoint(query=RemoveQuery, response=bool, errors=_UNKNOWN)
def delete_directory(knowledge_id: str, directory_id: str, query: RemoveQuery) -> bool:
    """Delete a directory with those inside it."""
    one = _own(knowledge_id)
    directory = directories.find(one, directory_id)
    directories.remove(current_user(), one, directory, query.move_files)
    return True


@bp.post("/<knowledge_id>/file/move")
@endpoint(body=MoveForm, response=bool, errors={**_UNKNOWN, 400: "The file is not in it"})
def move_file(knowledge_id: str, body: MoveForm) -> bool:
    """Put a file into a directory."""
    directories.put(_own(knowledge_id), body.file_id, body.directory_id)
    return True


@bp.post("/<knowledge_id>/sync/diff")
@endpoint(body=ManifestForm, response=dict[str, Any], transaction="read", errors=_UNKNOWN)
def compare(knowledge_id: str, body: ManifestForm) -> dict[str, Any]:
    """Tell in what a knowledge base differs from a folder of the client's: files to upload, to
    upload anew and to take out, directories to make and to delete, and the ids of those there are.
    """
    entries = [Entry(one.filename, one.path, one.checksum) for one in body.manifest]
    return asdict(syncing.compare(_own(knowledge_id), entries))


@bp.post("/<knowledge_id>/sync/cleanup")
@endpoint(body=ClearForm, response=bool, errors=_UNKNOWN)
def clear_up(knowledge_id: str, body: ClearForm) -> bool:
    """Take out what the client's folder has no more."""
    syncing.clear_up(current_user(), _own(knowledge_id), body.file_ids, body.dir_ids)
    return True
