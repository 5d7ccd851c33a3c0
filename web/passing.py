"""Failures of foreign servers at the doors that speak for them: with the server's own status."""

from flask import Blueprint, Response

from shared.errors import Reason, UpstreamFailed
from web import errors

# Why a job failed that no foreign server has refused; for all else the contract has 500.
_STATUS_OF_REASON: dict[str, int] = {
    Reason.BAD_REQUEST: 400,
    Reason.FORBIDDEN: 401,
    Reason.NOT_FOUND: 404,
    Reason.RATE_LIMITED: 429,
}


def register(area: Blueprint) -> None:
    """Let an area answer with the status of the server that it has asked; 500 where there was
    none, or none that tells of a failure.
    """
    area.register_error_handler(UpstreamFailed, _answer)


def _answer(error: UpstreamFailed) -> Response:
    answer = errors.as_response(error)
    status = error.upstream_status or _STATUS_OF_REASON.get(error.reason, 500)
    answer.status_code = status if 400 <= status < 600 else 500
    return answer
