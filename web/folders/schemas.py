"""Forms and answers of the folder routes."""

from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator

from shared.schema import Schema


class FolderForm(Schema):
    """A new folder; at the top unless a parent is named."""

    name: str = Field(min_length=1, max_length=200)
    parent_id: str | None = None
    meta: dict[str, Any] | None = None
    data: dict[str, Any] | None = None


class NameForm(Schema):
    """A new name for a folder; `meta` and `data` are replaced when they are sent."""

    name: str | None = Field(None, min_length=1, max_length=200)
    meta: dict[str, Any] | None = None
    data: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.name is None and not {"meta", "data"} & self.model_fields_set:
            raise ValueError("`name` is needed")
        return self


class ParentForm(Schema):
    """A new place for a folder; the top when null."""

    parent_id: str | None = None


class DeleteQuery(Schema):
    """Whether the chats in a folder are deleted with it, or come out of it."""

    delete_contents: bool = True


class ExpandedForm(Schema):
    """Whether the sidebar shows what is inside."""

    is_expanded: bool


class FolderResponse(Schema):
    """A folder. `items` is `{"chats": [{"id", "title"}]}` in lists, else null."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    parent_id: str | None
    user_id: str
    name: str
    items: dict[str, Any] | None = None
    meta: dict[str, Any] | None
    data: dict[str, Any] | None = None
    is_expanded: bool
    created_at: int
    updated_at: int
