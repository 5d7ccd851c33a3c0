"""How responses are looked at; the form of a request stands in `shared.services.responses`.

Source: OpenAI API reference, "Responses".
"""

from typing import Literal

from pydantic import Field

from shared.schema import Schema


class ShowQuery(Schema):
    """How a response is looked at: as it stands, or as a stream from some event on."""

    stream: bool = False
    starting_after: int = Field(-1, ge=-1)


class ItemsQuery(Schema):
    """Which part of what a response was asked to list."""

    after: str | None = Field(None, max_length=128, description="Id of the last item before.")
    limit: int = Field(20, ge=1, le=100)
    order: Literal["asc", "desc"] = "desc"


class DeletedResponse(Schema):
    """That a response is gone."""

    id: str
    object: str = "response"
    deleted: bool = True
