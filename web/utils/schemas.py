"""Forms and answers of the small services."""

from typing import Any

from pydantic import Field, field_validator

from shared.schema import Schema

_MOST_CHARACTERS = 1_000_000


class EmailQuery(Schema):
    """Whose picture."""

    email: str = Field(max_length=320)


class CodeForm(Schema):
    """A piece of Python."""

    code: str = Field(max_length=131_072)


class CodeResponse(Schema):
    """A piece of Python."""

    code: str


class OutputResponse(Schema):
    """What a piece of code has said; pictures are lines of `result`, as data URIs."""

    stdout: str
    stderr: str
    result: str


class MarkdownForm(Schema):
    """A text in Markdown."""

    md: str = Field(max_length=_MOST_CHARACTERS)


class HTMLResponse(Schema):
    """The same in HTML."""

    html: str


class ChatForm(Schema):
    """A chat as the page shows it."""

    title: str = Field(max_length=10_000)
    messages: list[dict[str, Any]] = Field(max_length=10_000)

    @field_validator("messages")
    @classmethod
    def _are_not_too_long(cls, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if sum(len(str(message.get("content", ""))) for message in messages) > _MOST_CHARACTERS:
            raise ValueError(f"the messages have more than {_MOST_CHARACTERS} characters")
        return messages
