"""Forms and answers of the knowledge routes."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import ConfigDict, Field, RootModel

from shared.models.file import File
from shared.models.knowledge import Knowledge
from shared.models.user import User
from shared.schema import Schema
from shared.services.knowledge import About
from web.files import schemas as file_schemas
from web.files.schemas import FileResponse
from web.sharing import Grant, Owner, SharedForm, SharedResponse


class KnowledgeForm(SharedForm):
    """A knowledge base. Its files are not told here: they are added and removed one by one."""

    name: str = Field(min_length=1, max_length=300)
    description: str = Field(max_length=20_000)
    data: dict[str, Any] | None = None

    @property
    def about(self) -> About:
        """What of it is stored."""
        return About(self.name, self.description, self.data, self.control)


class GrantsForm(Schema):
    """Whom a knowledge base lets in, as newer clients write it."""

    access_grants: list[Grant]


class SearchQuery(Schema):
    """Which knowledge bases, or files in them, are looked for."""

    query: str = Field("", max_length=500, description="A part of the name or description.")
    view_option: Literal["", "created", "shared"] = Field(
        "", description="Only one's own, or only others'."
    )
    page: int = Field(1, ge=1, le=100_000)


class FilesQuery(Schema):
    """Which files of a knowledge base are listed."""

    query: str = Field("", max_length=500, description="A part of the name.")
    directory_id: str | None = Field(None, description="Only what lies in this directory.")
    page: int | None = Field(None, ge=1, le=100_000, description="30 a page; all without it.")


class ListQuery(Schema):
    """Which knowledge bases are listed."""

    page: int | None = Field(
        None, ge=1, le=100_000, description="30 a page, answered as `{items, total}`."
    )


class FileForm(Schema):
    """A file that is meant."""

    file_id: str


class FilesForm(RootModel[list[FileForm]]):
    """Several files."""


class RemoveQuery(Schema):
    """What becomes of a file that is taken out."""

    delete_file: bool = Field(
        True, description="Whether it is deleted when no other knowledge base has it."
    )


class FileMeta(Schema):
    """A file in short."""

    id: str
    meta: dict[str, Any]
    created_at: int
    updated_at: int


class DirectoryResponse(Schema):
    """A directory."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    knowledge_id: str
    parent_id: str | None
    name: str
    user_id: str
    created_at: int
    updated_at: int


class KnowledgeResponse(SharedResponse):
    """A knowledge base. `data.file_ids` names its files."""

    noun = "knowledge"

    id: str
    name: str
    description: str
    data: dict[str, Any]
    meta: dict[str, Any] | None
    created_at: int
    updated_at: int
    files: list[FileMeta]


class KnowledgeFilesResponse(KnowledgeResponse):
    """A knowledge base with its files."""

    files: list[FileResponse]  # type: ignore[assignment]  # the contract shows them whole here
    write_access: bool = False


class ListedKnowledge(KnowledgeResponse):
    """A knowledge base with its owner, as it stands in lists."""

    user: Owner | None
    file_count: int
    write_access: bool = False


class KnowledgePage(Schema):
    """One page of a list."""

    items: list[ListedKnowledge]
    total: int


class FilePage(Schema):
    """Files of a knowledge base, and its directories."""

    items: list[FileResponse]
    directories: list[DirectoryResponse] = Field(default_factory=list)
    breadcrumbs: list[DirectoryResponse] = Field(default_factory=list)
    total: int


def shown(knowledge: Knowledge, files: Sequence[File]) -> dict[str, Any]:
    """Give a knowledge base as the API shows it; how much of its files, its form decides."""
    data = {**(knowledge.data or {}), "file_ids": [file.id for file in files]}
    return {
        "id": knowledge.id,
        "user_id": knowledge.user_id,
        "name": knowledge.name,
        "description": knowledge.description,
        "data": data,
        "meta": knowledge.meta,
        "access_control": knowledge.access_control,
        "created_at": knowledge.created_at,
        "updated_at": knowledge.updated_at,
        "files": [file_schemas.shown(file) for file in files],
    }


def listed(knowledge: Knowledge, files: Sequence[File], owner: User | None) -> dict[str, Any]:
    """Give a knowledge base as lists show it."""
    user = None if owner is None else Owner.model_validate(owner, from_attributes=True)
    return {**shown(knowledge, files), "user": user, "file_count": len(files)}
