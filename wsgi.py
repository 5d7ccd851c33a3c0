"""What servers and the flask command import: `gunicorn wsgi:app`, `flask --app wsgi db upgrade`."""

import sys
from pathlib import Path

from web.app import create_app, create_wsgi

# The flask command wants the Flask application itself; a server wants Socket.IO beside it.
app = create_app() if Path(sys.argv[0]).name == "flask" else create_wsgi()
