"""The forms of the Responses API.

Source: OpenAI API reference, "Responses".
"""

from typing import Any

from pydantic import ConfigDict, Field

from shared.schema import Schema


class ResponseForm(Schema):
    """A request for a response; other parameters than these are accepted and do nothing."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1)
    input: str | list[dict[str, Any]] = ""
    instructions: str | None = None
    previous_response_id: str | None = None
    background: bool = False
    stream: bool = False
    store: bool = True
    metadata: dict[str, str] = Field(default_factory=dict)
    tools: list[dict[str, Any]] = Field(default_factory=list)
    tool_choice: str | dict[str, Any] = "auto"
    parallel_tool_calls: bool = True
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    text: dict[str, Any] | None = None
    reasoning: dict[str, Any] | None = None


class ShowQuery(Schema):
    """How a response is looked at: as it stands, or as a stream from some event on."""

    stream: bool = False
    starting_after: int = Field(-1, ge=-1)


class DeletedResponse(Schema):
    """That a response is gone."""

    id: str
    object: str = "response"
    deleted: bool = True
