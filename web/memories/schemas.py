"""Forms and answers of the memory routes."""

from pydantic import BaseModel, ConfigDict, Field

_MAX_LENGTH = 20_000


class MemoryForm(BaseModel):
    """Something to remember."""

    content: str = Field(min_length=1, max_length=_MAX_LENGTH)


class MemoryChangeForm(BaseModel):
    """Other words for it; null changes nothing."""

    content: str | None = Field(None, min_length=1, max_length=_MAX_LENGTH)


class MemoryResponse(BaseModel):
    """A memory."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    user_id: str
    content: str
    updated_at: int
    created_at: int
