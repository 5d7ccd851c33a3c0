"""The border at which errors become answers: one table, and `{"detail": …}`."""

import logging
import math

import orjson
from flask import Blueprint, Flask, Response
from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from werkzeug.exceptions import HTTPException

from shared import db
from shared.errors import (
    BadSession,
    Busy,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    NotSignedIn,
    SwitchyardError,
    Unavailable,
    UpstreamFailed,
)
from web.api import BadBody

log = logging.getLogger(__name__)

_BROKEN = "Something went wrong inside the server. The operators find the details in the log."
# The contract answers 401 where a role is too low, and 403 where nobody is signed in.
_STATUS: dict[type[SwitchyardError], int] = {
    NotFound: 404,
    Forbidden: 401,
    NotSignedIn: 403,
    BadSession: 401,
    Invalid: 400,
    Conflict: 400,
    Busy: 429,
    Unavailable: 503,
    UpstreamFailed: 400,
}


def detail(words: object, status: int) -> Response:
    """Answer with an error in the contract's form."""
    return Response(orjson.dumps({"detail": words}), status, content_type="application/json")


class Status(SwitchyardError):
    """An error whose status the contract fixes for one route.

    Args:
        status: HTTP status.
        message: The detail that the client sees.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def as_response(error: SwitchyardError) -> Response:
    """Turn one of our errors into an answer."""
    answer = detail(error.message, _status_of(error))
    if error.retry_after_s is not None:
        answer.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    return answer


def _status_of(error: SwitchyardError) -> int:
    if isinstance(error, Status):
        return error.status
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)


def _bad_body(error: BadBody) -> Response:
    return detail(error.problems, 422)


def _http(error: HTTPException) -> Response:
    words = {404: "Not Found", 405: "Method Not Allowed"}.get(
        error.code or 500, error.description or error.name
    )
    return detail(words, error.code or 500)


def away(error: Exception) -> Unavailable:
    """Say in our words that the database or Redis does not answer; the log has theirs."""
    log.warning("a part of the system is away: %s", error)
    return Unavailable(
        "A part of the server is not available right now. Please try again in a moment."
    )


def of_database(error: DBAPIError) -> SwitchyardError:
    """Say in our words what the database refuses; the log has its own, without what was to be
    stored.
    """
    if db.is_passing(error):
        return away(error)
    log.info("the database refuses something: %s", type(error.orig).__name__)
    if isinstance(error, DataError):
        return Invalid("A part of the request is too long or too large, or has the character NUL.")
    if isinstance(error, IntegrityError):
        return Conflict("Something has changed this at the same moment. Please try again.")
    log.exception("a request failed")
    return SwitchyardError(_BROKEN)


def _unforeseen(_error: Exception) -> Response:
    log.exception("a request failed")
    return detail(_BROKEN, 500)


def hide_what_is_missing(blueprint: Blueprint) -> None:
    """Let a blueprint answer 401 for what is not there, as the contract wants it for some nouns."""
    blueprint.register_error_handler(NotFound, lambda e: detail(e.message, 401))


def register(app: Flask) -> None:
    """Let the application answer errors by this table."""
    app.register_error_handler(SwitchyardError, as_response)
    app.register_error_handler(BadBody, _bad_body)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(RedisError, lambda e: as_response(away(e)))
    app.register_error_handler(DBAPIError, lambda e: as_response(of_database(e)))
    app.register_error_handler(Exception, _unforeseen)
