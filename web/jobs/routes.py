"""Routes of jobs."""

from flask import Blueprint, Response

from shared import db
from shared.models.job import Job
from shared.services import jobs
from web import audit
from web.api import endpoint
from web.auth import Permit, current_user
from web.jobs.cancelling import cancel
from web.jobs.schemas import (
    AcceptedResponse,
    CancelResponse,
    JobDetailResponse,
    JobListResponse,
    ListQuery,
)
from web.stream import sse
from web.stream.hub import Follow

bp = Blueprint("jobs", __name__)
_UNKNOWN = {404: "No such job, or not yours"}


@bp.get("/")
@endpoint(query=ListQuery, response=JobListResponse)
def list_jobs(query: ListQuery) -> dict[str, object]:
    """List one's own jobs, newest first."""
    found = jobs.listed(current_user(), query.status, query.before, query.limit)
    return {"items": found, "next_before": found[-1].id if len(found) == query.limit else None}


@bp.get("/<job_id>")
@endpoint(response=JobDetailResponse, errors=_UNKNOWN)
def show_job(job_id: str) -> Job:
    """Show a job, with its result once it has ended."""
    return jobs.find(current_user(), job_id)


@bp.get("/<job_id>/events")
@endpoint(transaction=None, errors=_UNKNOWN, media_type="text/event-stream")
def follow_job(job_id: str) -> Response:
    """Follow a job: every event after `after` or `Last-Event-ID`, then live, until the last one."""
    with db.reading():
        jobs.find(current_user(), job_id)
    follow = Follow(job_id, sse.cursor())
    return sse.response(sse.job_events(follow, sse.ClientConnection(), Permit()))


@bp.post("/<job_id>/cancel")
@endpoint(response=CancelResponse, transaction=None, errors=_UNKNOWN)
def cancel_job(job_id: str) -> CancelResponse:
    """End a job before its work is done; what it has made is kept. As often as one likes."""
    return CancelResponse(job=job_id, status=cancel(current_user(), job_id))


@bp.post("/<job_id>/retry")
@endpoint(
    response=AcceptedResponse,
    status=202,
    errors={**_UNKNOWN, 400: "It did not fail", 429: "Too many wait"},
)
def retry_job(job_id: str) -> AcceptedResponse:
    """Do a failed or cancelled job again, as a new job."""
    again = jobs.retry(current_user(), job_id)
    if (owner := jobs.find(current_user(), job_id).user_id) != current_user().id:
        audit.note("did job %s of user %s again", job_id, owner)
    return AcceptedResponse(job=again)
