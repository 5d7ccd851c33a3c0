"""A span for each request, where traces are wanted; without, none of this is called."""

from typing import Any

from flask import Flask, g, request

from shared import tracing


def register(app: Flask) -> None:
    """Trace the application's requests if a setting says so."""
    if tracing.is_on():
        app.before_request(_begin)
        app.after_request(_end)


def _begin() -> None:
    rule = request.url_rule.rule if request.url_rule is not None else "unknown"
    parent = request.environ.get("HTTP_TRACEPARENT")
    g.span = tracing.begin(f"{request.method} {rule}", tracing.SERVER, parent or "none")
    g.span.values = {"http.request.method": request.method, "http.route": rule}


def _end(response: Any) -> Any:
    span = g.get("span")
    if span is not None:
        span.values["http.response.status_code"] = response.status_code
        if job := response.headers.get("X-Job-Id"):
            span.values["switchyard.job"] = job
        if response.status_code >= 500:
            span.problem = str(response.status_code)
        tracing.end(span)
    return response
