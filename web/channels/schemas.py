"""Forms and answers of the channel routes."""

from typing import Any

from pydantic import ConfigDict, Field

from shared.schema import Schema
from shared.services.channels import Draft
from web.sharing import SharedForm, SharedResponse


class ChannelForm(SharedForm):
    """What somebody writes of a channel."""

    name: str = Field(min_length=1, max_length=200)
    description: str | None = Field(None, max_length=10_000)
    data: dict[str, Any] | None = None
    meta: dict[str, Any] | None = None

    @property
    def draft(self) -> Draft:
        """What of it is stored."""
        return Draft(self.name, self.description, self.data, self.meta, self.control)

    @property
    def changes(self) -> dict[str, Any]:
        """What of it was sent."""
        draft = vars(self.draft)
        sent = {name: value for name, value in draft.items() if name in self.model_fields_set}
        is_shared = {"access_control", "access_grants"} & self.model_fields_set
        return {**sent, "access_control": self.control} if is_shared else sent


class ChannelResponse(SharedResponse):
    """A channel; times in nanoseconds since the epoch."""

    noun = "channel"

    id: str
    type: str | None
    name: str
    description: str | None
    data: dict[str, Any] | None
    meta: dict[str, Any] | None
    created_at: int
    updated_at: int


class PieceQuery(Schema):
    """Which piece of a list."""

    skip: int = Field(0, ge=0, le=1_000_000_000)
    limit: int = Field(50, ge=1, le=1000)


class MessageForm(Schema):
    """What somebody writes in a channel; with a parent it is a reply."""

    content: str = Field(max_length=1_000_000)
    parent_id: str | None = None
    data: dict[str, Any] | None = None
    meta: dict[str, Any] | None = None


class ReactionForm(Schema):
    """The short name of an emoji."""

    name: str = Field(min_length=1, max_length=128)


class MessageResponse(Schema):
    """A message; times in nanoseconds since the epoch."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    user_id: str
    channel_id: str
    parent_id: str | None
    content: str
    data: dict[str, Any] | None
    meta: dict[str, Any] | None
    created_at: int
    updated_at: int


class ReactionResponse(Schema):
    """Who reacted to a message with one emoji; `users` is what newer clients read."""

    name: str
    user_ids: list[str]
    count: int
    users: list[dict[str, str]]


class AuthorResponse(Schema):
    """Who wrote a message."""

    id: str
    name: str
    role: str
    profile_image_url: str


class WholeMessageResponse(MessageResponse):
    """A message with its author, its reactions, and how many replies it has."""

    latest_reply_at: int | None
    reply_count: int
    reactions: list[ReactionResponse]
    user: AuthorResponse
