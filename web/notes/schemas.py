"""Forms and answers of the note routes."""

from typing import Any, Literal

from pydantic import Field

from shared.schema import Schema
from shared.services.notes import Draft, Wanted
from web.sharing import Owner, OwnForm, SharedResponse

_LONGEST_TITLE = 1000


class NoteForm(OwnForm):
    """A note; unless it says whom it lets in it is its owner's only."""

    title: str = Field(max_length=_LONGEST_TITLE)
    data: dict[str, Any] | None = None
    meta: dict[str, Any] | None = None

    @property
    def draft(self) -> Draft:
        """What of it is stored."""
        return Draft(self.title, self.data, self.meta, self.wanted)


class NoteChangeForm(OwnForm):
    """What changes of a note; of `data` and `meta` the named fields."""

    title: str | None = Field(None, max_length=_LONGEST_TITLE)
    data: dict[str, Any] | None = None
    meta: dict[str, Any] | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """What is changed, by its name."""
        return self.model_dump(include={"title", "data", "meta"}, exclude_none=True)


class SearchQuery(Schema):
    """Which notes are looked for."""

    query: str = ""
    view_option: Literal["", "created", "shared"] = ""
    permission: Literal["", "read", "write"] = ""
    order_by: Literal["", "updated_at", "created_at", "title"] = ""
    direction: Literal["", "asc", "desc"] = ""
    page: int = Field(1, ge=1, le=100_000, description="60 a page.")

    @property
    def wanted(self) -> Wanted:
        """What of it decides."""
        order, action = self.order_by or "updated_at", self.permission or "read"
        return Wanted(self.query, self.view_option, action, order, self.direction != "asc")


class NoteResponse(SharedResponse):
    """A note; times are nanoseconds since the epoch."""

    noun = "note"

    id: str
    title: str
    data: dict[str, Any] | None
    meta: dict[str, Any] | None
    is_pinned: bool = False
    created_at: int
    updated_at: int


class OwnedNoteResponse(NoteResponse):
    """A note with its owner."""

    user: Owner | None = None


class NotePage(Schema):
    """A page of a list."""

    items: list[OwnedNoteResponse]
    total: int
