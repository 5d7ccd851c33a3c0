"""Answers of the channel routes."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class ChannelResponse(BaseModel):
    """A channel; times in nanoseconds since the epoch."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    user_id: str
    type: str | None
    name: str
    description: str | None
    data: dict[str, Any] | None
    meta: dict[str, Any] | None
    access_control: dict[str, Any] | None
    created_at: int
    updated_at: int
