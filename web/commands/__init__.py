"""What the flask command can do beside serving; no server process loads it."""

from flask import Flask
from flask_migrate import Migrate

from web.commands import config, jobs, movein, purge, users


def register(app: Flask) -> None:
    """Give an application its commands: `flask --app wsgi db …`, `jobs …`, `users …`."""
    Migrate(app, app.extensions["sqlalchemy"], directory="migrations")
    for group in (jobs.jobs, users.users, config.config, purge.purge, movein.import_openwebui):
        app.cli.add_command(group)
