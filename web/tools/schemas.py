"""Answers of the tool routes."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class ToolResponse(BaseModel):
    """A tool in a list; its source and its valves are shown elsewhere."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    user_id: str
    name: str
    meta: dict[str, Any]
    access_control: dict[str, Any] | None
    updated_at: int
    created_at: int
