"""Forms of the batch routes.

Source: https://platform.openai.com/docs/api-reference/batch
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from shared.schema import Schema

_Note = Annotated[str, StringConstraints(max_length=512)]
_AFTER = Field(None, max_length=64, description="Id of the last one of the page before.")
_Name = Annotated[str, StringConstraints(max_length=64)]


class Expiry(Schema):
    """How long a file is kept: from 1 hour to 30 days after it was made."""

    anchor: Literal["created_at"]
    seconds: int = Field(ge=3600, le=2_592_000)


class BatchForm(Schema):
    """A batch to be run; keys that are not known here are ignored."""

    model_config = ConfigDict(extra="ignore")

    input_file_id: str = Field(max_length=64)
    endpoint: Literal["/v1/chat/completions", "/v1/embeddings", "/v1/responses"]
    completion_window: str = Field("24h", max_length=16)
    metadata: dict[_Name, _Note] | None = Field(None, max_length=16)
    output_expires_after: Expiry | None = None


class PageQuery(Schema):
    """Which part of a list to give."""

    after: str | None = _AFTER
    limit: int = Field(20, ge=1, le=100)


class FileQuery(Schema):
    """Which part of the list of files to give."""

    after: str | None = _AFTER
    limit: int = Field(1000, ge=1, le=10_000)
    order: Literal["asc", "desc"] = "desc"
    purpose: str | None = Field(None, max_length=64)
