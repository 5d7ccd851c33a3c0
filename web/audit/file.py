"""DATA_DIR/audit.log: what is audited, one JSON object a line, where AUDIT_LOG_LEVEL wants it."""

import logging
import time
from functools import lru_cache
from typing import Any

import orjson

from shared.config.settings import get_settings
from shared.ids import new_id
from shared.logfile import SharedRotatingFile

NONE, METADATA, REQUEST, REQUEST_RESPONSE = "NONE", "METADATA", "REQUEST", "REQUEST_RESPONSE"
_KEPT = 5


@lru_cache(maxsize=1)
def _handler() -> logging.Handler:
    settings = get_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    path, size = settings.data_dir / "audit.log", settings.audit_log_rotation_bytes
    return SharedRotatingFile(path, size, _KEPT)


def is_wanted() -> bool:
    """Whether there is such a file at all."""
    return get_settings().audit_log_level != NONE


def event(who: str, address: str | None, what: str) -> None:
    """Write what somebody has done, in words."""
    if is_wanted():
        write({"event": f"{who} {what}", "source_ip": address, "audit_level": METADATA})


def write(entry: dict[str, Any]) -> None:
    """Write a line."""
    line = orjson.dumps({"id": new_id(), "timestamp": int(time.time()), **entry}).decode()
    made = logging.LogRecord("audit", logging.INFO, "", 0, "%s", (line,), None)
    _handler().handle(made)
