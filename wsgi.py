"""What servers and the flask command import: `gunicorn wsgi:app`, `flask --app wsgi db upgrade`."""

import sys
from pathlib import Path
from typing import Any

from shared import lean
from shared.config.settings import BadSetting

# With this status a worker tells gunicorn that another try would not help: it ends as well.
_BOOT_FAILED = 3


def _application() -> Any:
    """Make Flask's application for the flask command, and what a server serves otherwise."""
    with lean.without(lean.WEB_EXTRAS):
        from web.app import create_app, create_wsgi  # noqa: PLC0415 -- after the extras are hidden
    if Path(sys.argv[0]).name != "flask":
        return create_wsgi()
    from web import commands  # noqa: PLC0415 -- a server does without

    app = create_app()
    commands.register(app)
    return app


def _application_or_end() -> Any:
    try:
        return _application()
    except BadSetting as problem:
        sys.stderr.write(f"{problem}\n")
        sys.exit(_BOOT_FAILED)


app = _application_or_end()
