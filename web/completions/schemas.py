"""The form of a completion request."""

from typing import Any

from pydantic import ConfigDict, Field, field_validator

from shared.schema import Schema
from shared.services.messages import LONGEST_ID

# PostgreSQL stores no such character.
_NO_NUL = r"^[^\x00]*$"


class CompletionForm(Schema):
    """OpenAI's chat completion request, with the page's own keys beside it; unknown keys go to the
    provider.

    Source: contract, chat-flow §2.
    """

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1)
    messages: list[dict[str, Any]] = Field(min_length=1)
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    options: dict[str, Any] | None = None
    background: bool = False
    chat_id: str | None = Field(None, max_length=LONGEST_ID, pattern=_NO_NUL)
    id: str | None = Field(None, max_length=LONGEST_ID, pattern=_NO_NUL)
    session_id: str | None = None
    params: dict[str, Any] = {}
    background_tasks: dict[str, Any] | None = None
    variables: dict[str, Any] | None = None
    files: list[Any] | None = None
    features: dict[str, Any] | None = None
    tool_ids: list[Any] | None = None
    filter_ids: list[Any] | None = None
    skill_ids: list[Any] | None = None
    tool_servers: list[Any] | None = None
    model_item: dict[str, Any] | None = None

    @field_validator("messages")
    @classmethod
    def _are_messages(cls, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Refuse what no adapter could read; the rest is the provider's to judge."""
        for place, message in enumerate(messages):
            content = message.get("content")
            if not isinstance(content, str | list | None):
                raise ValueError(f"the content of message {place} must be text or a list of parts")
            parts = content if isinstance(content, list) else []
            if not _are_objects(parts) or not _are_objects(message.get("tool_calls") or []):
                raise ValueError(f"parts and tool calls of message {place} must be objects")
        return messages

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends with the usage."""
        return bool((self.stream_options or {}).get("include_usage"))

    @property
    def words(self) -> dict[str, str]:
        """What the page puts for the placeholders of a system prompt."""
        return {name: str(value) for name, value in (self.variables or {}).items()}

    @property
    def wanted_features(self) -> dict[str, bool]:
        """What else is to be done for the answer."""
        return {name: True for name, value in (self.features or {}).items() if value is True}

    @property
    def is_page_turn(self) -> bool:
        """Whether the answer goes to the page's sockets and into a chat's message."""
        return bool(self.session_id and self.chat_id and self.id)


def _are_objects(items: Any) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


class CompletedForm(Schema):
    """What the page posts when it has seen the end of an answer."""

    model_config = ConfigDict(extra="allow")

    model: str
    messages: list[dict[str, Any]]
    chat_id: str
    session_id: str
    id: str
    model_item: dict[str, Any] | None = None
