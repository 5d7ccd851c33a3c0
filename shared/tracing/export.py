"""Sends spans to a collector, over OTLP/HTTP in JSON: in the background, and never in the way.

The vendor's own library would do the same with protobuf and requests, 16 MB in every process.

Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp.
"""

import logging
import os
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from shared.config.settings import get_settings
from shared.outage import Outage
from shared.version import VERSION

log = logging.getLogger(__name__)

_DEFAULT = "http://localhost:4318"
_PATH = "/v1/traces"
_PAUSE_S, _TIMEOUT_S = 2.0, 5.0
# Spans that wait; while no collector takes them the oldest are dropped.
_MOST_WAITING, _AT_ONCE = 5000, 500


@dataclass
class _Outbox:
    """The spans of this process that were not sent yet."""

    waiting: deque[dict[str, object]] = field(default_factory=lambda: deque(maxlen=_MOST_WAITING))
    wakes: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None
    outage: Outage = field(default_factory=lambda: Outage(log, "sending traces"))


_outbox = _Outbox()


def keep(span: dict[str, object]) -> None:
    """Send a span soon."""
    _outbox.waiting.append(span)
    if _outbox.thread is None:
        _outbox.thread = threading.Thread(target=_run, name="traces", daemon=True)
        _outbox.thread.start()
    elif len(_outbox.waiting) >= _AT_ONCE:
        _outbox.wakes.set()


def _run() -> None:
    while True:
        _outbox.wakes.wait(_PAUSE_S)
        _outbox.wakes.clear()
        flush()


def flush() -> None:
    """Send what waits; what the collector does not take stays for the next time."""
    from http.client import HTTPException  # noqa: PLC0415 -- most processes send no traces

    outbox = _outbox
    while outbox.waiting:
        spans = [outbox.waiting.popleft() for _ in range(min(len(outbox.waiting), _AT_ONCE))]
        try:
            _post(orjson.dumps(_written(spans)))
        except (OSError, HTTPException) as error:
            outbox.outage.goes_on(error)
            room = _MOST_WAITING - len(outbox.waiting)
            outbox.waiting.extendleft(reversed(spans[-room:] if room else []))
            return
        outbox.outage.is_over()


def _post(body: bytes) -> None:
    import http.client  # noqa: PLC0415 -- most processes send no traces

    settings = get_settings()
    url = urlsplit(settings.otel_exporter_otlp_endpoint or _DEFAULT)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "localhost", url.port, timeout=_TIMEOUT_S)
    try:
        path = url.path.rstrip("/") + _PATH
        headers = {"Content-Type": "application/json", **_headers()}
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status == 429 or answer.status >= 500:
            raise http.client.HTTPException(f"the collector answered {answer.status}")
        if answer.status >= 400:
            log.warning("the collector refuses traces: it answered %d", answer.status)
    finally:
        connection.close()


def _headers() -> dict[str, str]:
    pairs = get_settings().otel_exporter_otlp_headers.split(",")
    named = (pair.partition("=") for pair in pairs if "=" in pair)
    return {name.strip(): unquote(value.strip()) for name, _, value in named}


def _written(spans: list[dict[str, object]]) -> dict[str, Any]:
    scope = {"name": "switchyard", "version": VERSION}
    about = {"attributes": attributes(_resource())}
    return {
        "resourceSpans": [{"resource": about, "scopeSpans": [{"scope": scope, "spans": spans}]}]
    }


def _resource() -> dict[str, str | int]:
    settings = get_settings()
    pairs = (p.partition("=") for p in settings.otel_resource_attributes.split(",") if "=" in p)
    given = {name.strip(): unquote(value.strip()) for name, _, value in pairs}
    own: dict[str, str | int] = {"service.version": VERSION, "process.pid": os.getpid()}
    return {**own, **given, "service.name": settings.otel_service_name}


def attributes(values: Mapping[str, str | int | float | bool]) -> list[dict[str, Any]]:
    """Write attributes as OTLP's JSON has them."""
    return [{"key": name, "value": _value(value)} for name, value in values.items()]


def _value(value: str | float | bool) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}


def _start_afresh() -> None:
    """Leave what the parent has kept to the parent."""
    global _outbox  # noqa: PLW0603 -- one for each process
    _outbox = _Outbox()


os.register_at_fork(after_in_child=_start_afresh)
