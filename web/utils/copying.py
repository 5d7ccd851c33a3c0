"""A copy of the SQLite database, as of one moment, while everybody goes on writing."""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from flask import Response, send_file

from shared import db
from shared.errors import Invalid
from shared.offload import off_loop


def database() -> Response:
    """Copy the database into a nameless file and send that.

    Raises:
        Invalid: The database is no SQLite.
    """
    url = db.get_engine().url
    if url.get_backend_name() != "sqlite" or not url.database:
        raise Invalid("Only a SQLite database can be downloaded.")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.db"
        off_loop(_copy, url.database, str(copy))
        # Open files outlive their names: the folder goes now, the content with the last byte.
        file = copy.open("rb")
    return send_file(file, "application/octet-stream", as_attachment=True, download_name="webui.db")


def _copy(source: str, target: str) -> None:
    """Copy with SQLite's own means; releases the GIL while it works."""
    with closing(sqlite3.connect(source)) as old:
        old.execute("VACUUM INTO ?", (target,))
