"""Forms and answers of the small services."""

from typing import Any

from pydantic import BaseModel, Field, field_validator

_MOST_CHARACTERS = 1_000_000


class EmailQuery(BaseModel):
    """Whose picture."""

    email: str = Field(max_length=320)


class CodeForm(BaseModel):
    """A piece of Python."""

    code: str = Field(max_length=131_072)


class CodeResponse(BaseModel):
    """A piece of Python."""

    code: str


class MarkdownForm(BaseModel):
    """A text in Markdown."""

    md: str = Field(max_length=_MOST_CHARACTERS)


class HTMLResponse(BaseModel):
    """The same in HTML."""

    html: str


class ChatForm(BaseModel):
    """A chat as the page shows it."""

    title: str = Field(max_length=10_000)
    messages: list[dict[str, Any]] = Field(max_length=10_000)

    @field_validator("messages")
    @classmethod
    def _are_not_too_long(cls, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if sum(len(str(message.get("content", ""))) for message in messages) > _MOST_CHARACTERS:
            raise ValueError(f"the messages have more than {_MOST_CHARACTERS} characters")
        return messages
