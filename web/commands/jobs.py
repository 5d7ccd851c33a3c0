"""`flask --app wsgi jobs …`: looks at jobs of everybody, ends them, sends them again."""

from typing import Any

import click

from shared import broker, db
from shared.errors import Invalid, NotFound
from shared.kinds.base import QUEUES
from shared.models.job import ENDED, QUEUED, RUNNING, Job
from shared.services import board
from shared.services import jobs as all_jobs
from shared.services.board import Wanted
from web import audit
from web.commands.output import as_json, clear_failures, moment, table
from web.commands.users import find

_HEADS = ("id", "kind", "user", "model", "status", "try", "accepted (UTC)", "why")
_STATUSES = (QUEUED, RUNNING, *ENDED)
# A request may hold what a user wrote, and so may a result.
_PRIVATE = ("request", "result", "held")


@click.group()
def jobs() -> None:
    """Look at jobs of everybody, end them, send them again."""


@jobs.command("list")
@click.option("--status", type=click.Choice(_STATUSES), help="Only these.")
@click.option("--queue", type=click.Choice(QUEUES), help="Only of this queue.")
@click.option("--kind", help="Only of this kind, such as inference.run_chat.")
@click.option("--model", help="Only of this model.")
@click.option("--user", help="Only of this user: id or email address.")
@click.option("--before", metavar="JOB", help="Only jobs accepted before this one.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def list_jobs(limit: int, is_json: bool, user: str | None, **wanted: Any) -> None:
    """List jobs, newest first."""
    with clear_failures(), db.reading():
        user_id = None if user is None else find(user).id
        found = board.listed(Wanted(user_id=user_id, **wanted), limit)
    if is_json:
        as_json(found)
        return
    rows = [
        (
            *(job.id, job.kind, job.user or job.user_id, job.model, job.status, job.attempt),
            *(moment(job.created_at), job.reason),
        )
        for job in found
    ]
    table(_HEADS, rows)


@jobs.command("show")
@click.argument("job_id", metavar="JOB")
@click.option("--with-texts", is_flag=True, help="Also what was asked and answered.")
def show_job(job_id: str, with_texts: bool) -> None:
    """Show one job as JSON."""
    with clear_failures(), db.reading() as session:
        job = _known(session.get(Job, job_id))
        columns = [column.key for column in Job.__table__.columns]
        hidden = () if with_texts else _PRIVATE
        as_json({name: getattr(job, name) for name in columns if name not in hidden})


@jobs.command("cancel")
@click.argument("job_ids", metavar="JOB...", nargs=-1, required=True)
def cancel_jobs(job_ids: tuple[str, ...]) -> None:
    """End jobs; what they have made is kept."""
    with clear_failures():
        for job_id in job_ids:
            status = all_jobs.cancel(audit.OPERATOR, job_id)
            audit.note_command("cancelled job %s", job_id)
            click.echo(f"{job_id}  {_CANCELLED.get(status, f'had ended already: {status}')}")


_CANCELLED = {"cancelled": "cancelled", RUNNING: "its worker is being told"}


@jobs.command("requeue")
@click.argument("job_ids", metavar="JOB...", nargs=-1, required=True)
def requeue_jobs(job_ids: tuple[str, ...]) -> None:
    """Send jobs again: a queued one to its workers, a failed or cancelled one as a new job."""
    with clear_failures():
        for job_id in job_ids:
            click.echo(f"{job_id}  {_requeue(job_id)}")


def _requeue(job_id: str) -> str:
    with db.transaction() as session:
        job = _known(session.get(Job, job_id))
        if job.status == RUNNING:
            raise Invalid(f"Job {job_id} is running; cancel it first.")
        if job.status == QUEUED:
            db.after_commit(lambda: broker.ring(job_id, job.kind, job.queue, job.user_id))
            return "sent again"
        again = all_jobs.retry(audit.OPERATOR, job_id)
        audit.note_command("did job %s again", job_id)
        return f"accepted again as {again}"


def _known(job: Job | None) -> Job:
    if job is None:
        raise NotFound("There is no such job.")
    return job
