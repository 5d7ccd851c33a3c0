"""`flask --app wsgi purge`: deletes now what beat lets workers delete every hour."""

import click

from shared.config.settings import get_settings
from shared.services import purging
from web import audit
from web.commands.output import clear_failures


@click.command()
@click.option(
    "--days",
    type=click.IntRange(0),
    help="Jobs that ended longer ago than so many days; else JOB_RETENTION_DAYS.",
)
def purge(days: int | None) -> None:
    """Delete old jobs with their webhooks' messages, expired sign-ins and spoken texts now."""
    with clear_failures():
        done = purging.purge(get_settings().job_retention_days if days is None else days)
    audit.note_command("purged %d jobs", done.jobs)
    click.echo(f"deleted {done.jobs} jobs, {done.sign_ins} sign-ins, {done.clips} spoken texts")
