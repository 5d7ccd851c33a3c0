"""A line of audit.log for each request that changes something, in the form of Open WebUI's.

Secrets are never in it, also not at the level REQUEST_RESPONSE.
"""

import re
from typing import Any

import orjson
from flask import Flask, g, request

from shared.config.settings import get_settings
from shared.services.accounts import Principal
from web.audit import file
from web.auth import credential_of_request

_CHANGING = ("POST", "PUT", "PATCH", "DELETE")
_SECRET = re.compile(
    r"password|passwd|secret|credential|authorization|cookie|api_?key|(^|_)keys?$|(^|_)tokens?$",
    re.IGNORECASE,
)
_MASK = "********"


def register(app: Flask) -> None:
    """Audit the application's requests if AUDIT_LOG_LEVEL says so."""
    if file.is_wanted():
        app.after_request(_audit)


def _audit(response: Any) -> Any:
    if request.method in _CHANGING and credential_of_request() and not _is_excluded(request.path):
        level = get_settings().audit_log_level
        file.write(
            {
                "user": _user(),
                "audit_level": level,
                "verb": request.method,
                "request_uri": request.path,
                "user_agent": request.headers.get("User-Agent", "")[:300],
                "source_ip": request.remote_addr,
                "request_object": None if level == file.METADATA else _body_of_request(),
                "response_object": _body_of(response) if level == file.REQUEST_RESPONSE else None,
                "response_status_code": response.status_code,
            }
        )
    return response


def _user() -> dict[str, str] | None:
    who: Principal | None = g.get("principal")
    if who is None:
        return None
    return {"id": who.id, "name": who.name, "email": who.email, "role": who.role}


def _is_excluded(path: str) -> bool:
    names = filter(None, (p.strip(" /") for p in get_settings().audit_excluded_paths.split(",")))
    parts = path.strip("/").split("/")
    first = parts[2:3] if parts[:2] == ["api", "v1"] else parts[1:2]
    return bool(set(first) & set(names))


def _body_of_request() -> str | None:
    if not request.is_json:
        size = request.content_length or 0
        return f"{size} bytes of {request.mimetype or 'no type'}" if size else None
    return shown(request.get_data(cache=True))


def _body_of(response: Any) -> str | None:
    if response.mimetype != "application/json" or response.is_streamed:
        return None
    return shown(response.get_data())


def shown(body: bytes) -> str:
    """Write a JSON body without its secrets, and no more of it than MAX_BODY_LOG_SIZE."""
    try:
        text = orjson.dumps(_masked(orjson.loads(body))).decode() if body else ""
    except (orjson.JSONDecodeError, TypeError):
        return f"{len(body)} bytes that are no JSON"
    return text[: get_settings().max_body_log_size]


def _masked(value: Any) -> Any:
    if isinstance(value, list):
        return [_masked(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _MASK if _SECRET.search(name) and isinstance(one, str | list) else _masked(one)
        for name, one in value.items()
    }
