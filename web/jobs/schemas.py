"""Forms and answers of the job routes."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from shared.schema import Schema


class ListQuery(Schema):
    """Which of one's jobs to list."""

    status: Literal["queued", "running", "completed", "failed", "cancelled"] | None = None
    before: str | None = Field(None, description="Id of the last job of the page before.")
    limit: int = Field(50, ge=1, le=200)


class JobResponse(Schema):
    """A job as its owner sees it; times in seconds since the epoch."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: str
    queue: str
    status: str
    attempt: int
    model: str | None
    chat_id: str | None
    message_id: str | None
    parent_id: str | None
    cancel_requested: bool
    error: str | None
    usage: dict[str, Any] | None
    created_at: int
    started_at: int | None
    finished_at: int | None


class JobDetailResponse(JobResponse):
    """A job with its result, once it has ended."""

    result: dict[str, Any] | None


class JobListResponse(Schema):
    """A page of jobs, newest first."""

    items: list[JobResponse]
    next_before: str | None = Field(
        description="Give it as `before` for the next page; null on the last one."
    )


class CancelResponse(Schema):
    """What a cancel came upon: `cancelled` (had not started), `running` (its worker is told), or
    how it had ended.
    """

    job: str
    status: str


class AcceptedResponse(Schema):
    """A job that was accepted."""

    job: str
    status: str = "queued"
