"""Traces in OpenTelemetry's terms, from a request through its job to the provider; off unless a
setting says where they go.
"""

from shared.tracing.export import flush
from shared.tracing.spans import (
    CLIENT,
    CONSUMER,
    SERVER,
    Span,
    begin,
    current,
    end,
    headers,
    is_on,
    past,
    span,
    traceparent,
)

__all__ = [
    "CLIENT",
    "CONSUMER",
    "SERVER",
    "Span",
    "begin",
    "current",
    "end",
    "flush",
    "headers",
    "is_on",
    "past",
    "span",
    "traceparent",
]
