"""Forms and answers of the quota routes."""

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from shared.schema import Schema

_LONGEST_WINDOW_S = 366 * 86_400


class QuotaForm(Schema):
    """A limit: so much of something for somebody."""

    model_config = ConfigDict(extra="forbid")

    scope: Literal["user", "group", "api_key", "model"]
    subject: str = Field(
        "*",
        min_length=1,
        max_length=512,
        pattern=r"^[^\x00]*$",
        description="Id of the user (for `user` and `api_key`), the group or the model; `*` for "
        "each of them that has no quota of its own.",
    )
    measure: Literal["requests", "tokens", "running"]
    amount: int = Field(ge=0, le=2**53)
    window_s: int | None = Field(
        None,
        ge=1,
        le=_LONGEST_WINDOW_S,
        description="Seconds in which `amount` counts; windows begin at whole multiples of it. "
        "None for `running`.",
    )
    is_each: bool = Field(
        False, description="Whether every user of the group or model has the amount alone."
    )

    @model_validator(mode="after")
    def _has_a_window(self) -> Self:
        if (self.window_s is None) != (self.measure == "running"):
            raise ValueError("window_s belongs to requests and tokens, and to these only")
        return self


class QuotaResponse(Schema):
    """A quota; times in seconds since the epoch."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    scope: str
    subject: str
    measure: str
    amount: int
    window_s: int | None
    is_each: bool
    created_at: int
    updated_at: int
