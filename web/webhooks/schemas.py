"""Forms and answers of the webhook routes."""

from typing import Literal

from pydantic import ConfigDict, Field

from shared.schema import Schema

Event = Literal["job.completed", "job.failed", "job.cancelled"]
_ALL: list[Event] = ["job.completed", "job.failed", "job.cancelled"]


class WebhookForm(Schema):
    """An address and what it is to hear."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=2000, pattern=r"^[^\x00]*$")
    events: list[Event] = Field(_ALL, min_length=1, max_length=10)
    is_active: bool = True


class WebhookResponse(Schema):
    """A webhook; times in seconds since the epoch."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    url: str
    events: list[str]
    is_active: bool
    created_at: int
    updated_at: int


class NewWebhookResponse(WebhookResponse):
    """A new webhook with its secret, which is shown this once."""

    secret: str


class DeliveriesQuery(Schema):
    """How many messages to list."""

    limit: int = Field(50, ge=1, le=200)


class DeliveryResponse(Schema):
    """A message and what came of it; times in seconds since the epoch."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    event: str
    tries: int
    due_at: int | None
    delivered_at: int | None
    outcome: str | None
    created_at: int
