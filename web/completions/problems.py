"""What goes wrong with a completion: the `error` object of an OpenAI server beside the contract's
`detail`, and at `/v1` an OpenAI server's statuses.

Source: https://platform.openai.com/docs/guides/error-codes
"""

from typing import Any

import orjson
from flask import Blueprint, Response, current_app, request
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from shared.errors import (
    Forbidden,
    NotSignedIn,
    Reason,
    SwitchyardError,
    UnknownModel,
    UpstreamFailed,
)
from web import errors
from web.api import BadBody

# Why a job failed. That the provider does not take our key is not the fault of who asked us.
_STATUS_OF_REASON: dict[str, int] = {
    Reason.BAD_REQUEST: 400,
    Reason.FORBIDDEN: 403,
    Reason.INTERNAL: 500,
    Reason.MISCONFIGURED: 502,
    Reason.NOT_FOUND: 404,
    Reason.RATE_LIMITED: 429,
    Reason.TIMEOUT: 504,
    Reason.UNAVAILABLE: 502,
}
# Where OpenAI's statuses are not the contract's.
_STATUS_OF_ERROR: dict[type[SwitchyardError], int] = {NotSignedIn: 401, Forbidden: 403}
# OpenAI's `type` and `code`; a job that failed has its reason for a code.
_WORDS: dict[int, tuple[str, str | None]] = {
    401: ("invalid_request_error", "invalid_api_key"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    500: ("server_error", None),
    502: ("upstream_error", None),
    503: ("server_error", None),
    504: ("upstream_error", None),
}
_READING, _PAGE = frozenset({"GET", "HEAD", "OPTIONS"}), "page.show"
_COMPLAINT = ("invalid_request_error", None)


def register(blueprint: Blueprint, keeps_statuses: bool = False) -> None:
    """Let an area tell errors as an OpenAI server does.

    Args:
        keeps_statuses: Whether the statuses stay those of the contract.
    """

    def answer(error: SwitchyardError) -> Response:
        return _as_response(error, keeps_statuses)

    blueprint.register_error_handler(SwitchyardError, answer)
    blueprint.register_error_handler(BadBody, lambda e: _bad_body(e, keeps_statuses))
    blueprint.register_error_handler(RedisError, lambda e: answer(errors.away(e)))
    blueprint.register_error_handler(DBAPIError, lambda e: answer(errors.of_database(e)))


def complete(answer: Response) -> Response:
    """Give an error below `/v1` its `error` object where no area has: an unknown path, a wrong
    method.
    """
    is_bare = answer.status_code in (404, 405) and answer.is_json
    if is_bare and request.path.startswith("/v1/"):
        told = orjson.loads(answer.get_data())
        if answer.status_code == 405 and not _is_known():
            answer.status_code, told = 404, {"detail": "Not Found"}
            answer.headers.pop("Allow", None)
        if isinstance(told, dict) and "error" not in told:
            words = f"{request.method} {request.path[:200]} is not offered here."
            answer.set_data(orjson.dumps({**told, "error": _object(words, answer.status_code)}))
    return answer


def _is_known() -> bool:
    """Whether something stands at the request's path but the page, which has any address."""
    paths = current_app.url_map.bind_to_environ(request.environ)
    if not _READING.issuperset(paths.allowed_methods()):
        return True
    return bool(paths.match(method="GET")[0] != _PAGE)


def of_ending(ending: dict[str, Any]) -> dict[str, Any]:
    """Write the `error` object of a job that failed in the middle of its answer.

    Args:
        ending: Data of the job's last event.
    """
    return of_error(UpstreamFailed(ending))


def of_error(error: SwitchyardError) -> dict[str, Any]:
    """Write the `error` object of what goes wrong in the middle of an answer."""
    return _object(error.message, _status_of(error, 500), code=error.reason)


def _as_response(error: SwitchyardError, keeps_status: bool) -> Response:
    answer = errors.as_response(error)
    status = _status_of(error, answer.status_code)
    told = _object(error.message, status, code=_code_of(error))
    answer.set_data(orjson.dumps({"detail": error.message, "error": told}))
    if not keeps_status:
        answer.status_code = status
    if error.reason == Reason.MISCONFIGURED:
        # OpenAI's libraries ask again after a 502, unless they are told that it is of no use.
        answer.headers["x-should-retry"] = "false"
    return answer


def _status_of(error: SwitchyardError, otherwise: int) -> int:
    if isinstance(error, UpstreamFailed):
        return _STATUS_OF_REASON.get(error.reason, 500)
    return _STATUS_OF_ERROR.get(type(error), otherwise)


def _code_of(error: SwitchyardError) -> str | None:
    if isinstance(error, UnknownModel):
        return "model_not_found"
    return error.reason if isinstance(error, UpstreamFailed) else None


def _bad_body(error: BadBody, keeps_status: bool) -> Response:
    status = 422 if keeps_status else 400
    problem = error.problems[0]
    place, words = ".".join(str(part) for part in problem["loc"][1:]), problem["msg"]
    if problem["type"] == "json_invalid":
        place, words = "", f"{words}: {problem['ctx']['error']}"
    answer = errors.detail(error.problems, status)
    told = _object(f"{place}: {words}" if place else words, status, param=place or None)
    answer.set_data(orjson.dumps({"detail": error.problems, "error": told}))
    return answer


def _object(
    message: str, status: int, code: str | None = None, param: str | None = None
) -> dict[str, Any]:
    kind, usual_code = _WORDS.get(status, _COMPLAINT)
    return {"message": message, "type": kind, "param": param, "code": code or usual_code}
