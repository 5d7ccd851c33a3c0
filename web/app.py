"""The web application."""

import time
from typing import Any

from flask import Flask, current_app, g, request
from flask.sessions import NullSession, SessionInterface
from flask_sqlalchemy import SQLAlchemy
from werkzeug.middleware.proxy_fix import ProxyFix

from shared import db
from shared.config.options import get_options
from shared.config.settings import Settings, get_settings
from shared.ids import new_id
from shared.log import request_id
from shared.metrics.catalogue import HTTP
from shared.models import Base
from shared.services import quotas
from web import areas, audit, auth, errors, headers, tracing
from web.audit import requests as audited
from web.completions import problems
from web.entrance import SOCKETIO_PATH, Entrance
from web.page.routes import check_build
from web.quotas import remaining
from web.stream.outlet import Upgrades
from web.stream.socket import SUBPROTOCOL, sock
from web.stream.socketio import Door

tables = SQLAlchemy(model_class=Base)

_READING = ("GET", "HEAD", "OPTIONS")
# What scripts of other origins may read of an answer's head.
_EXPOSED = "X-Job-Id, X-Request-Id, Retry-After"
# JSON bodies; uploads have a limit of their own.
_MAX_BODY_BYTES = 64 * 1024 * 1024


class _NoSessions(SessionInterface):
    """Flask's own sessions, which nobody uses: the same nothing for every request."""

    _nothing = NullSession()

    def open_session(self, app: Flask, request: Any) -> NullSession:  # noqa: ARG002 -- Flask's signature
        """Give what no view may change."""
        return self._nothing


class _Application(Flask):
    """Flask without what costs every request something and is of use to none of ours."""

    session_interface = _NoSessions()

    def ensure_sync(self, func: Any) -> Any:
        """Take a view as it is: none is a coroutine, nor need it be looked at for that."""
        return func


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application.

    Args:
        settings: Those of the process when None.
    """
    settings = settings or get_settings()
    get_options()  # a wrong value stops the start
    app = _Application(__name__, static_folder=None)
    app.url_map.strict_slashes = False
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.sqlalchemy_url,
        SQLALCHEMY_ENGINE_OPTIONS=db.engine_options(settings),
        MAX_CONTENT_LENGTH=_MAX_BODY_BYTES,
        SOCK_SERVER_OPTIONS={
            "ping_interval": 25,
            "max_message_size": 65_536,
            "subprotocols": [SUBPROTOCOL],
        },
        PROPAGATE_EXCEPTIONS=False,
        WANTED_HEADERS=headers.wanted(settings),
    )
    tables.init_app(app)
    with app.app_context():
        db.bind(tables.engine)
    auth.register(app)
    errors.register(app)
    sock.init_app(app)
    areas.register(app)
    if settings.trusted_proxies:
        trusted = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted, x_proto=trusted, x_host=trusted)  # type: ignore[method-assign]  # Flask documents this form
    tracing.register(app)
    app.before_request(_begin)
    app.after_request(_finish)
    audited.register(app)
    # The last one is called first: what is counted and audited is the status that goes out.
    app.after_request(problems.complete)
    return app


def _begin() -> None:
    g.began_at = time.monotonic()
    quotas.left.set(())
    # Looking for a header that is not there is dear.
    request_id.set(request.environ.get("HTTP_X_REQUEST_ID", "")[:64] or new_id())


def _finish(response: Any) -> Any:
    if request.method not in _READING:
        audit.note_the_rest(areas.is_for_admins(), response.status_code)
    head = response.headers
    seconds = time.monotonic() - g.began_at
    HTTP.observe(seconds, request.blueprint or "none", request.method, str(response.status_code))
    head.add("X-Request-Id", request_id.get())
    head.add("X-Process-Time", str(int(seconds)))
    for name, value in current_app.config["WANTED_HEADERS"].items():
        head.setdefault(name, value)
    for name, value in remaining.headers().items():
        head.add(name, value)
    origin, allowed = request.environ.get("HTTP_ORIGIN"), get_settings().cors_allow_origin
    if origin and (allowed == "*" or origin in allowed.split(";")):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED
        response.headers["Vary"] = "Origin"
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "*")
            asked = request.headers.get("Access-Control-Request-Headers", "*")
            response.headers["Access-Control-Allow-Headers"] = asked
            response.headers["Access-Control-Max-Age"] = "600"
    return response


def create_wsgi() -> Any:
    """Make what gunicorn serves: the application, with Socket.IO beside it."""
    import socketio  # noqa: PLC0415 -- commands such as `flask db upgrade` do without

    check_build(get_settings())
    app = create_app()
    door = Door()
    app.extensions["socketio_door"] = door
    pages = socketio.WSGIApp(door.server, socketio_path=SOCKETIO_PATH)
    return Upgrades(Entrance(app, pages))
