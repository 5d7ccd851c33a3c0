"""Forms and answers of the prompt routes."""

from pydantic import AliasChoices, Field, computed_field

from shared.schema import Schema
from shared.services.prompts import Draft
from web.sharing import Owner, SharedForm, SharedResponse


class ListQuery(Schema):
    """Which prompts are listed."""

    page: int | None = Field(
        None, ge=1, le=100_000, description="30 a page, answered as `{items, total}`."
    )
    query: str = Field("", description="With a page: a piece of command or title.")


class PromptForm(SharedForm):
    """What somebody writes of a prompt; newer clients call the title `name`."""

    command: str = Field(pattern=r"^/?[^\s/\x00]+$", max_length=255)
    title: str = Field(max_length=1000, validation_alias=AliasChoices("title", "name"))
    content: str

    @property
    def draft(self) -> Draft:
        """What of it is stored."""
        return Draft(self.title, self.content, self.control)


class PromptResponse(SharedResponse):
    """A prompt; `id` and `name` are what newer clients read."""

    noun = "prompt"

    command: str
    title: str
    content: str
    timestamp: int

    @computed_field  # type: ignore[prop-decorator]  # pydantic documents this order
    @property
    def id(self) -> str:
        """The command without its slash."""
        return self.command.removeprefix("/")

    @computed_field  # type: ignore[prop-decorator]  # pydantic documents this order
    @property
    def name(self) -> str:
        """The title."""
        return self.title


class OwnedPromptResponse(PromptResponse):
    """A prompt with its owner."""

    user: Owner | None = None


class PromptPage(Schema):
    """A page of a list."""

    items: list[OwnedPromptResponse]
    total: int
