"""`flask --app wsgi import-openwebui`: brings what an Open WebUI has."""

from pathlib import Path

import click

from shared.movein import NotReadable, move_in
from web.commands.output import clear_failures


@click.command("import-openwebui")
@click.option("--database", required=True, help="Address of its database, or path of its webui.db.")
@click.option(
    "--uploads",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with its uploads.",
)
@click.option("--dry-run", is_flag=True, help="Look only; store nothing.")
def import_openwebui(database: str, uploads: Path, dry_run: bool) -> None:
    """Bring accounts, chats, files and all else from an Open WebUI of 0.4 to 0.6.

    A run that was interrupted is begun again; nothing comes twice.
    """
    try:
        with clear_failures():
            report = move_in(database, uploads, dry_run)
    except NotReadable as problem:
        raise click.ClickException(str(problem)) from None
    click.echo("\n".join(report.lines()))
