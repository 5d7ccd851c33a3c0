"""Batches: made, listed, cancelled, and how far they are.

Source: https://platform.openai.com/docs/api-reference/batch
"""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from shared import db
from shared.errors import Invalid, NotFound
from shared.ids import new_id, now_s
from shared.kinds.batches import RUN_BATCH, RunBatch
from shared.models import batch as states
from shared.models.batch import Batch
from shared.models.file import File
from shared.models.job import CANCELLED, Job
from shared.models.job import ENDED as JOB_ENDED
from shared.queue import Subject
from shared.services import access, files, jobs, quotas
from shared.services.accounts import Principal

ENDPOINTS = ("/v1/chat/completions", "/v1/embeddings", "/v1/responses")
PURPOSE, OUTPUT_PURPOSE = "batch", "batch_output"
_WINDOW = re.compile(r"([1-9]\d{0,3})([mhd])")
_UNITS_S = {"m": 60, "h": 3600, "d": 86_400}
_LONGEST_WINDOW_S = 7 * 86_400


def window_s(text: str) -> int:
    """Read a completion window such as 24h.

    Raises:
        Invalid: It is written otherwise, or longer than a week.
    """
    found = _WINDOW.fullmatch(text)
    seconds = int(found[1]) * _UNITS_S[found[2]] if found else 0
    if not 0 < seconds <= _LONGEST_WINDOW_S:
        raise Invalid("completion_window has to be a time such as 24h, up to 7d.")
    return seconds


@dataclass(frozen=True)
class Wanted:
    """A batch that is asked for.

    Attributes:
        details: The client's own notes.
        output_lasts_s: How long the files of its answers are kept; None for ever.
    """

    endpoint: str
    input_file_id: str
    window: str
    details: dict[str, Any] | None = None
    output_lasts_s: int | None = None


def create(user: Principal, wanted: Wanted) -> Batch:
    """Accept a batch.

    Raises:
        NotFound: There is no such file for this user.
        Invalid: The file was not uploaded for a batch, or the window cannot be read.
        Busy: Too many of the user's jobs wait, or a quota is used up.
    """
    file = files.find(user, wanted.input_file_id)
    if purpose_of(file) != PURPOSE:
        raise Invalid(f"The file was not uploaded with the purpose '{PURPOSE}'.")
    now = now_s()
    row = Batch(
        id=f"batch_{new_id().replace('-', '')}",
        user_id=user.id,
        job_id="",
        endpoint=wanted.endpoint,
        input_file_id=file.id,
        completion_window=wanted.window,
        details=wanted.details,
        status=states.VALIDATING,
        total=0,
        completed=0,
        failed=0,
        created_at=now,
        expires_at=now + window_s(wanted.window),
    )
    payload = RunBatch(
        batch_id=row.id,
        is_by_program=quotas.is_by_key.get(),
        output_lasts_s=wanted.output_lasts_s,
    )
    row.job_id = jobs.accept(RUN_BATCH, payload, Subject(user.id))
    db.session().add(row)
    db.session().flush()
    return row


def purpose_of(file: File) -> str | None:
    """Give what a file was uploaded for, if it was by OpenAI's door."""
    return file.meta.get("purpose")


def find(user: Principal, batch_id: str, action: str = "read") -> Batch:
    """Give a batch to those who may have it.

    Raises:
        NotFound: There is none, or not for this user; the two are not told apart.
    """
    row = db.session().get(Batch, batch_id)
    if row is None or not access.can(user, action, row):
        raise NotFound("No such batch.")
    return row


def listed(user: Principal, after: str | None, limit: int) -> list[Batch]:
    """List a user's own batches, newest first.

    Args:
        after: Id of the last one of the page before.
        limit: At most this many.

    Raises:
        NotFound: There is no such batch before it for this user.
    """
    query = select(Batch).where(Batch.user_id == user.id)
    if after is not None:
        query = query.where(Batch.id < find(user, after).id)
    return list(db.session().scalars(query.order_by(Batch.id.desc()).limit(limit)))


def cancel(user: Principal, batch_id: str) -> Batch:
    """Ask for the end of a batch; what is answered stays. Runs its own transactions.

    Raises:
        NotFound: No such batch for this user.
        Invalid: It has ended.
    """
    with db.transaction():
        row = find(user, batch_id, "cancel")
        if row.status in states.ENDED:
            raise Invalid(f"The batch cannot be cancelled: it is {row.status}.")
        row.status = states.CANCELLING
        row.cancelling_at = row.cancelling_at or now_s()
        job_id = row.job_id
    if jobs.cancel(user, job_id) == CANCELLED:
        _end_before_its_start(batch_id)
    with db.transaction():
        return find(user, batch_id)


def _end_before_its_start(batch_id: str) -> None:
    with db.transaction() as session:
        session.execute(
            update(Batch)
            .where(Batch.id == batch_id, Batch.status == states.CANCELLING)
            .values(status=states.CANCELLED, ended_at=now_s())
        )


def problem(
    code: str, message: str, line: int | None = None, param: str | None = None
) -> dict[str, Any]:
    """Write one thing that is wrong with a batch in OpenAI's form.

    Args:
        line: Of the input file, from 1.
        param: Which key of the line it is about.
    """
    return {"code": code, "message": message, "line": line, "param": param}


def as_json(row: Batch) -> dict[str, Any]:
    """Write a batch in OpenAI's form."""
    status, problems = _state(row)
    ended = {name: row.ended_at if status == name else None for name in states.ENDED}
    return {
        "id": row.id,
        "object": "batch",
        "endpoint": row.endpoint,
        "errors": {"object": "list", "data": problems} if problems else None,
        "input_file_id": row.input_file_id,
        "completion_window": row.completion_window,
        "status": status,
        "output_file_id": row.output_file_id,
        "error_file_id": row.error_file_id,
        "created_at": row.created_at,
        "in_progress_at": row.in_progress_at,
        "expires_at": row.expires_at,
        "finalizing_at": row.finalizing_at,
        "completed_at": ended[states.COMPLETED],
        "failed_at": ended[states.FAILED],
        "expired_at": ended[states.EXPIRED],
        "cancelling_at": row.cancelling_at,
        "cancelled_at": ended[states.CANCELLED],
        "request_counts": {"total": row.total, "completed": row.completed, "failed": row.failed},
        "metadata": row.details,
        "job": row.job_id,
    }


def _state(row: Batch) -> tuple[str, list[Any]]:
    """Tell how a batch stands; one whose job was given up has failed, whatever its row says."""
    if row.status in states.ENDED:
        return row.status, row.errors or []
    job = db.session().get(Job, row.job_id)
    if job is None or job.status in JOB_ENDED:
        words = (job.error if job is not None else None) or "The job of the batch has ended."
        if job is not None and job.status == CANCELLED:
            return states.CANCELLED, []
        return states.FAILED, [problem("job_failed", words)]
    return row.status, []
