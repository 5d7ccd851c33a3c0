"""What the flask command can do beside serving; no server process loads it."""

from flask import Flask
from flask_migrate import Migrate


def register(app: Flask) -> None:
    """Give an application its commands: `flask --app wsgi db …`."""
    Migrate(app, app.extensions["sqlalchemy"], directory="migrations")
