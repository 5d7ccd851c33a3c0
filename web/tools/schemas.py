"""Forms and answers of the tool routes."""

from typing import Any

from pydantic import ConfigDict, Field

from shared.schema import Schema
from shared.services.descriptions import Description
from shared.services.tools import Draft
from web.sharing import Owner, SharedForm, SharedResponse


class MetaForm(Schema):
    """What a page shows of a tool or a function; the manifest is read from the source."""

    model_config = ConfigDict(extra="allow")

    description: str | None = None
    manifest: dict[str, Any] | None = {}


class ToolForm(SharedForm):
    """What somebody writes of a tool."""

    id: str = Field(max_length=256)
    name: str = Field(max_length=1000)
    content: str
    meta: MetaForm

    def draft(self, known: Description | None) -> Draft:
        """Give what of it is stored, with what is known of it."""
        return Draft(self.name, self.content, self.meta.model_dump(), self.control, known)


class ToolResponse(SharedResponse):
    """A tool in a list; its source and its valves are shown elsewhere."""

    noun = "tool"

    id: str
    name: str
    meta: dict[str, Any]
    updated_at: int
    created_at: int


class OwnedToolResponse(ToolResponse):
    """A tool in a list, with its owner."""

    user: Owner | None = None


class WholeToolResponse(ToolResponse):
    """A tool with its source and what is known of its functions."""

    content: str
    specs: list[dict[str, Any]]
    problem: str | None = None
