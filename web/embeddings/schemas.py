"""The form of an embeddings request."""

from typing import Any

from pydantic import ConfigDict, Field

from shared.schema import Schema


class EmbeddingsForm(Schema):
    """OpenAI's embeddings request; keys that are not named here go to the provider.

    Source: OpenAI API reference, "Create embeddings".
    """

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1)
    input: str | list[str] | list[int] | list[list[int]]


class EmbeddingsResponse(Schema):
    """OpenAI's list of vectors."""

    model_config = ConfigDict(extra="allow")

    object: str = "list"
    data: list[dict[str, Any]]
    model: str
