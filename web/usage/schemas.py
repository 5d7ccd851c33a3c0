"""Forms and answers of the usage route."""

from datetime import UTC, date, datetime, timedelta
from typing import Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from shared.schema import Schema

GROUPS = ("day", "user", "model")
_DEFAULT_DAYS = 30


class UsageQuery(Schema):
    """Which usage to sum up, and how."""

    model_config = ConfigDict(populate_by_name=True)

    first: date | None = Field(None, alias="from", description="First day (UTC); else 30 days ago.")
    last: date | None = Field(None, alias="to", description="Last day (UTC); else today.")
    by: str = Field("day,model", description="Of `day`, `user`, `model`, divided by commas.")
    user: str | None = Field(None, max_length=64, description="Only this user's; for admins.")
    model: str | None = Field(None, max_length=512)
    limit: int = Field(200, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=10_000_000)

    @field_validator("by")
    @classmethod
    def _is_known(cls, by: str) -> str:
        names = [name.strip() for name in by.split(",")]
        if len(set(names)) != len(names) or not set(names) <= set(GROUPS):
            raise ValueError("it has to be of day, user and model, divided by commas")
        return ",".join(names)

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if self.days[0] > self.days[1]:
            raise ValueError("`from` has to be before `to`")
        return self

    @property
    def groups(self) -> tuple[str, ...]:
        """What there is a row for each of."""
        return tuple(self.by.split(","))

    @property
    def days(self) -> tuple[str, str]:
        """First and last day."""
        last = self.last or datetime.now(UTC).date()
        first = self.first or last - timedelta(days=min(_DEFAULT_DAYS, last.toordinal() - 1))
        return first.isoformat(), last.isoformat()


class UsageRow(Schema):
    """Usage of one day, user or model, as far as these were asked for."""

    day: str | None = None
    user_id: str | None = None
    model: str | None = None
    requests: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    estimated_requests: int = Field(
        description="Requests whose provider told no usage; their tokens are guessed."
    )


class UsageResponse(Schema):
    """Usage, newest day first."""

    items: list[UsageRow]
    next_offset: int | None
