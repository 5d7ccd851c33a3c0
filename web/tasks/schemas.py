"""Forms of the small tasks; what the page sends beside is passed over."""

from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator

from shared.schema import Schema

_MOST_CHARACTERS = 1_000_000


class TaskForm(Schema):
    """What every task has."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(min_length=1)


class MessagesForm(TaskForm):
    """A task about messages."""

    messages: list[dict[str, Any]]
    chat_id: str | None = None

    @field_validator("messages")
    @classmethod
    def _are_messages(cls, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for place, message in enumerate(messages):
            content = message.get("content")
            parts = content if isinstance(content, list) else []
            if not isinstance(content, str | list | None) or not all(
                isinstance(part, dict) for part in parts
            ):
                raise ValueError(f"the content of message {place} must be text or a list of parts")
        return messages


class QueriesForm(MessagesForm):
    """What to look for, in what is stored or in the web."""

    type: Literal["web_search", "retrieval"]
    prompt: str | None = Field(None, max_length=_MOST_CHARACTERS)


class AutocompleteForm(MessagesForm):
    """How a text goes on."""

    messages: list[dict[str, Any]] = []
    prompt: str = Field(max_length=_MOST_CHARACTERS)
    type: str | None = Field(None, max_length=100)


class EmojiForm(TaskForm):
    """Which emoji fits a text."""

    prompt: str = Field(max_length=_MOST_CHARACTERS)
    chat_id: str | None = None


class MergeForm(TaskForm):
    """Several answers to one question."""

    prompt: str = Field(max_length=_MOST_CHARACTERS)
    responses: list[str] = Field(max_length=50)
    stream: bool | None = None
