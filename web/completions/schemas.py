"""The form of a completion request."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class CompletionForm(BaseModel):
    """OpenAI's chat completion request, with the page's own keys beside it; unknown keys go to the
    provider.

    Source: contract, chat-flow §2.
    """

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1)
    messages: list[dict[str, Any]] = Field(min_length=1)
    stream: bool | None = None
    background: bool = False
    chat_id: str | None = None
    id: str | None = None
    session_id: str | None = None
    params: dict[str, Any] = {}
    background_tasks: dict[str, Any] | None = None

    @property
    def is_page_turn(self) -> bool:
        """Whether the answer goes to the page's sockets and into a chat's message."""
        return bool(self.session_id and self.chat_id and self.id)


class CompletedForm(BaseModel):
    """What the page posts when it has seen the end of an answer."""

    model_config = ConfigDict(extra="allow")

    model: str
    messages: list[dict[str, Any]]
    chat_id: str
    session_id: str
    id: str
