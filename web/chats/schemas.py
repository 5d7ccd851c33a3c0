"""Forms and answers of the chat routes."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class ChatForm(BaseModel):
    """A chat as the client writes it; top-level keys are laid over those stored."""

    chat: dict[str, Any]
    folder_id: str | None = None


class PageQuery(BaseModel):
    """Which page of a list, from 1; all without it."""

    page: int | None = Field(None, ge=1, le=1_000_000)


class FolderForm(BaseModel):
    """Which folder a chat lies in; none when null."""

    folder_id: str | None = None


class TagForm(BaseModel):
    """A tag by its name."""

    name: str = Field(min_length=1, max_length=200)


class ChatTitleResponse(BaseModel):
    """A chat in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    title: str
    updated_at: int
    created_at: int


class ChatResponse(BaseModel):
    """A chat with all its messages."""

    id: str
    user_id: str
    title: str
    chat: dict[str, Any]
    updated_at: int
    created_at: int
    share_id: str | None = None
    archived: bool
    pinned: bool | None = False
    meta: dict[str, Any] | None = {}
    folder_id: str | None = None


class TagResponse(BaseModel):
    """A tag of a user."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    user_id: str
    meta: dict[str, Any] | None = None
