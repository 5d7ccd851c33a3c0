"""Forms and answers of the feedback routes."""

from typing import Any

from pydantic import ConfigDict, Field

from shared.schema import Schema
from shared.services.feedback import Draft


class RatingForm(Schema):
    """The rating itself; what else a page says of it is kept."""

    model_config = ConfigDict(extra="allow")

    rating: str | int | None = None
    model_id: str | None = None
    sibling_model_ids: list[str] | None = None
    reason: str | None = None
    comment: str | None = None


class SnapshotForm(Schema):
    """The chat as it was."""

    model_config = ConfigDict(extra="allow")

    chat: dict[str, Any] | None = {}


class FeedbackForm(Schema):
    """What a user says of an answer."""

    type: str = Field(max_length=64, pattern=r"^[^\x00]*$")
    data: RatingForm | None = None
    meta: dict[str, Any] | None = None
    snapshot: SnapshotForm | None = None

    @property
    def draft(self) -> Draft:
        """What of it is stored."""
        return Draft(
            self.type,
            None if self.data is None else self.data.model_dump(exclude_unset=True),
            self.meta,
            None if self.snapshot is None else self.snapshot.model_dump(),
        )


class FeedbackResponse(Schema):
    """Feedback in a list, without its snapshot."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    user_id: str
    version: int
    type: str
    data: dict[str, Any] | None
    meta: dict[str, Any] | None
    created_at: int
    updated_at: int


class AuthorResponse(Schema):
    """Who has said it."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    email: str
    role: str
    profile_image_url: str
    last_active_at: int
    updated_at: int
    created_at: int


class AuthoredFeedbackResponse(FeedbackResponse):
    """Feedback in a list, with its author."""

    user: AuthorResponse | None = None


class WholeFeedbackResponse(FeedbackResponse):
    """Feedback with the chat as it was."""

    snapshot: dict[str, Any] | None


class FeedbackPage(Schema):
    """A page of a list."""

    items: list[AuthoredFeedbackResponse]
    total: int


class FeedbackIdResponse(Schema):
    """That there is feedback, and whose."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    user_id: str
    created_at: int
    updated_at: int


class LeaderboardQuery(Schema):
    """What the models were asked about, when only that counts."""

    query: str = ""


class StandingResponse(Schema):
    """Where a model stands."""

    model_id: str
    rating: int
    won: int
    lost: int
    count: int
    top_tags: list[dict[str, Any]]


class LeaderboardResponse(Schema):
    """All models that were compared, best first."""

    entries: list[StandingResponse]


class PageQuery(Schema):
    """Which page."""

    page: int = Field(1, ge=1, le=100_000)
