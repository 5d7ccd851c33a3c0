"""Forms and answers of the memory routes."""

from typing import Any

from pydantic import ConfigDict, Field

from shared.schema import Schema

_MAX_LENGTH = 20_000


class MemoryForm(Schema):
    """Something to remember."""

    content: str = Field(min_length=1, max_length=_MAX_LENGTH)


class MemoryChangeForm(Schema):
    """Other words for it; null changes nothing."""

    content: str | None = Field(None, min_length=1, max_length=_MAX_LENGTH)


class QueryForm(Schema):
    """A text for which memories are looked for."""

    content: str = Field(min_length=1, max_length=_MAX_LENGTH)
    k: int | None = Field(1, ge=1, le=100, description="At most so many; 1 when null.")


class MatchesResponse(Schema):
    """What was found, one list for the one question; `distances` are 0 to 1, higher is nearer."""

    ids: list[list[str]]
    documents: list[list[str]]
    metadatas: list[list[dict[str, Any]]]
    distances: list[list[float]]


class MemoryResponse(Schema):
    """A memory."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    user_id: str
    content: str
    updated_at: int
    created_at: int
