"""Forms and answers of the skill routes."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from shared.schema import Schema
from shared.services.skills import Draft, Wanted
from web.sharing import Owner, OwnForm, SharedResponse

_LONGEST_NAME, _LONGEST_DESCRIPTION, _LONGEST_TEXT = 256, 4000, 100_000


class MetaForm(Schema):
    """What a page shows of a skill."""

    model_config = ConfigDict(extra="allow")

    tags: list[str] | None = []


class SkillForm(OwnForm):
    """What somebody writes of a skill."""

    id: str = Field(max_length=256, description="In small letters, with - for spaces.")
    name: str = Field(min_length=1, max_length=_LONGEST_NAME)
    description: str | None = Field(None, max_length=_LONGEST_DESCRIPTION)
    content: str = Field(max_length=_LONGEST_TEXT)
    meta: MetaForm = MetaForm()
    is_active: bool = True

    @property
    def draft(self) -> Draft:
        """What of it is stored."""
        meta = self.meta.model_dump()
        return Draft(self.name, self.description, self.content, meta, self.is_active)


class ListQuery(Schema):
    """Which skills are looked for."""

    query: str = ""
    view_option: Literal["", "created", "shared"] = ""
    page: int = Field(1, ge=1, le=100_000, description="30 a page.")

    @property
    def wanted(self) -> Wanted:
        """What of it decides."""
        return Wanted(self.query, self.view_option)


class SkillResponse(SharedResponse):
    """A skill without its text."""

    noun = "skill"

    id: str
    name: str
    description: str | None
    meta: dict[str, Any]
    is_active: bool
    updated_at: int
    created_at: int


class WholeSkillResponse(SkillResponse):
    """A skill with its text."""

    content: str


class OwnedSkillResponse(SkillResponse):
    """A skill in a list, with its owner."""

    user: Owner | None = None


class ListedSkillResponse(OwnedSkillResponse):
    """A skill on a page of the list."""

    write_access: bool


class SeenSkillResponse(WholeSkillResponse):
    """A skill with its text, its owner, and whether the user may change it."""

    user: Owner | None = None
    write_access: bool = False


class SkillPage(Schema):
    """A page of the list."""

    items: list[ListedSkillResponse]
    total: int
